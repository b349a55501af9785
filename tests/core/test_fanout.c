#include "core/fanout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "core/rtcp.h"
#include "fanout_scene.h"

static struct fanout_scene *const scene = &fanout_scene;

static void fanout_sends_each_viewer_its_own_numbers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FANOUT_SCENE_VIEWERS; i++)
        assert_int_equal(fanout_add(scene->fanout, &scene->viewers[i]), STATUS_OK);
    fanout_scene_push_audio(5000);
    fanout_scene_push_video(9000, true);
    fanout_scene_push_video(9001, false);
    fanout_scene_run();
    /* once a viewer, not once a packet */
    assert_int_equal(scene->fake.send_calls, FANOUT_SCENE_VIEWERS);
    assert_int_equal(scene->fake.sent_count, 3 * FANOUT_SCENE_VIEWERS);
    for (unsigned i = 0; i < FANOUT_SCENE_VIEWERS; i++) {
        assert_ptr_equal(scene->fake.sent[3 * i].viewer, &scene->viewers[i]);
        fanout_scene_expect_sent(3 * i, 200 + i, 20, 9000 * 3000);
        fanout_scene_expect_sent(3 * i + 1, 200 + i, 21, 9001 * 3000);
        fanout_scene_expect_sent(3 * i + 2, 100 + i, 10, 5000 * 3000); /* ends the message */
        assert_int_equal(scene->fake.sent[3 * i].rtp.payload_type, 96);
        assert_int_equal(scene->fake.sent[3 * i + 2].rtp.payload_type, 111);
        assert_int_equal(scene->viewers[i].track[TRACK_VIDEO].packets_sent, 2);
        assert_int_equal(scene->viewers[i].track[TRACK_VIDEO].octets_sent, 2000);
    }
    assert_int_equal(scene->stats.batches, 1);
    assert_int_equal(scene->stats.batch_packets, 3);
}

static void fanout_starts_video_at_a_key_frame_only(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    fanout_scene_push_video(1, false);
    fanout_scene_push_video(2, false);
    fanout_scene_run();
    assert_int_equal(scene->fake.sent_count, 0);
    assert_true(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
    fanout_scene_push_video(3, true);
    fanout_scene_push_video(4, false);
    fanout_scene_push_video(2, false); /* late, from before the start */
    fanout_scene_run();
    assert_int_equal(scene->fake.sent_count, 2);
    fanout_scene_expect_sent(0, 200, 20, 9000);
    fanout_scene_expect_sent(1, 200, 21, 12000);
}

static void fanout_puts_late_packets_in_their_place(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    fanout_scene_push_video(3, true);
    fanout_scene_push_video(5, false);
    fanout_scene_push_video(4, false);
    fanout_scene_run();
    fanout_scene_expect_sent(1, 200, 22, 15000);
    fanout_scene_expect_sent(2, 200, 21, 12000);
    assert_int_equal(scene->viewers[0].track[TRACK_VIDEO].highest_index, 22);
}

static void fanout_shows_no_gap_when_the_broadcaster_is_back(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    fanout_scene_push_video(3, true);
    fanout_scene_push_audio(1);
    fanout_scene_push(fake_control(scene->pool, PACKET_UNPUBLISHED));
    fanout_scene_run();
    assert_false(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
    fanout_scene_push(fake_control(scene->pool, PACKET_PUBLISHED));
    fanout_scene_push_audio(2);
    fanout_scene_push_video(4, false);
    fanout_scene_push_video(5, false);
    fanout_scene_run();
    assert_int_equal(scene->fake.sent_count, 3); /* no video but the first */
    fanout_scene_expect_sent(2, 100, 11, 6000);
    assert_true(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
    struct packet *other = fake_packet(scene->pool, TRACK_VIDEO, CODEC_VP9, 6, 500);
    other->key_frame_start = true;
    fanout_scene_push(other);
    fanout_scene_run();
    fanout_scene_expect_sent(3, 200, 21, 18000); /* 4 and 5 were never meant for it */
    assert_int_equal(scene->fake.sent[3].rtp.payload_type, 98);
}

static void fanout_holds_no_packets_of_who_is_gone(void **state)
{
    (void)state;
    fanout_scene_push_video(3, true);
    fanout_scene_push_audio(1);
    fanout_scene_run();
    assert_int_equal(packet_pool_taken(scene->pool), 2); /* for NACKs */
    fanout_scene_push(fake_control(scene->pool, PACKET_UNPUBLISHED));
    fanout_scene_run();
    assert_int_equal(packet_pool_taken(scene->pool), 0);
}

static void fanout_skips_a_track_that_the_profile_cannot_take(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    struct packet *packet = fake_packet(scene->pool, TRACK_VIDEO, CODEC_AV1, 1, 500);
    packet->key_frame_start = true;
    fanout_scene_push(packet);
    fanout_scene_push_audio(1);
    fanout_scene_run();
    assert_int_equal(scene->fake.sent_count, 1);
    assert_int_equal(scene->fake.sent[0].ssrc, 100);
    /* No key frame would help this viewer: none is asked for. */
    scene->now_ns += MONO_SECOND;
    assert_false(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
}

static void fanout_sends_nothing_that_was_not_wanted(void **state)
{
    (void)state;
    scene->viewers[0].track[TRACK_VIDEO].wanted = false;
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    fanout_scene_push_video(3, true);
    fanout_scene_push_audio(1);
    fanout_scene_run();
    assert_int_equal(scene->fake.sent_count, 1);
    assert_false(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
}

static void fanout_begins_a_picture_that_is_negotiated_later(void **state)
{
    static struct profile sound_alone;
    struct viewer *viewer = &scene->viewers[0];
    struct viewer_start start = {.rtx_ssrc = {0, 300}, .wanted = {true, false}};

    (void)state;
    for (unsigned i = 0; i < fake_profile()->format_count; i++)
        if (fake_profile()->formats[i].format.codec == CODEC_OPUS)
            sound_alone.formats[sound_alone.format_count++] = fake_profile()->formats[i];
    viewer->profile = &sound_alone;
    viewer->track[TRACK_VIDEO].wanted = false;
    assert_int_equal(fanout_add(scene->fanout, viewer), STATUS_OK);
    fanout_scene_push_video(1, true);
    fanout_scene_push_audio(1);
    fanout_scene_run();
    assert_int_equal(scene->fake.sent_count, 1);
    assert_false(fanout_take_key_frame_request(scene->fanout, scene->now_ns));

    start.wanted[TRACK_VIDEO] = true;
    fanout_renegotiate(scene->fanout, viewer, fake_profile(), &start);
    assert_true(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
    fanout_scene_push_video(2, true);
    fanout_scene_push_audio(2);
    fanout_scene_run();
    assert_int_equal(scene->fake.sent_count, 3);
    fanout_scene_expect_sent(1, 200, 20, 6000);
    fanout_scene_expect_sent(2, 100, 11, 6000); /* the sound goes on unbroken */
    /* Under an old index other bytes could leave now: it is not sent again. */
    assert_false(
        fanout_resend(scene->fanout, viewer, TRACK_AUDIO, 10, &scene->fake.egress, scene->now_ns));
    assert_true(
        fanout_resend(scene->fanout, viewer, TRACK_AUDIO, 11, &scene->fake.egress, scene->now_ns));
    fanout_finish_resends(scene->fanout, viewer, &scene->fake.egress);

    start.wanted[TRACK_VIDEO] = false;
    fanout_renegotiate(scene->fanout, viewer, &sound_alone, &start);
    scene->fake.sent_count = 0;
    fanout_scene_push_video(3, true);
    fanout_scene_run();
    assert_int_equal(scene->fake.sent_count, 0);
}

static void fanout_asks_for_key_frames_while_viewers_wait(void **state)
{
    (void)state;
    assert_false(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    /* Nothing came yet: the subscription asks, if there is nothing to be replayed. */
    assert_false(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
    fanout_scene_push_video(1, false);
    fanout_scene_run();
    assert_true(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
    assert_false(fanout_take_key_frame_request(scene->fanout, scene->now_ns + 99 * MONO_MS));
    assert_true(fanout_take_key_frame_request(scene->fanout, scene->now_ns + 100 * MONO_MS));
    fanout_scene_push_video(2, true);
    fanout_scene_run();
    assert_false(fanout_take_key_frame_request(scene->fanout, scene->now_ns + MONO_SECOND));
    fanout_want_key_frame(scene->fanout, &scene->viewers[0], scene->now_ns);
    assert_true(fanout_take_key_frame_request(scene->fanout, scene->now_ns + 2 * MONO_SECOND));
}

static void fanout_is_due_when_a_frame_ends(void **state)
{
    (void)state;
    struct packet *middle = fake_video(scene->pool, 1, true);

    middle->marker = false;
    fanout_scene_push(middle);
    assert_false(fanout_is_due(scene->fanout, false));
    assert_false(fanout_is_empty(scene->fanout));
    fanout_scene_push_video(2, false);
    assert_true(fanout_is_due(scene->fanout, false));
    fanout_scene_run();
    assert_false(fanout_is_due(scene->fanout, false));
    fanout_scene_push_audio(1);
    assert_true(fanout_is_due(scene->fanout, false));
    for (int64_t i = 0; !fanout_is_full(scene->fanout); i++)
        fanout_scene_push_video(3 + i, false);
    fanout_scene_run();
}

static void fanout_keeps_its_viewers_dense(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FANOUT_SCENE_VIEWERS; i++)
        assert_int_equal(fanout_add(scene->fanout, &scene->viewers[i]), STATUS_OK);
    fanout_remove(scene->fanout, &scene->viewers[0]);
    assert_int_equal(fanout_viewers(scene->fanout), 2);
    fanout_scene_push_audio(1);
    fanout_scene_run();
    assert_int_equal(scene->fake.sent_count, 2);
    assert_int_equal(scene->fake.sent[0].ssrc, 102);
    assert_int_equal(scene->fake.sent[1].ssrc, 101);
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
}

static void push_report(enum track_kind track, uint64_t ntp_timestamp, uint32_t timestamp)
{
    struct packet *report = fake_control(scene->pool, PACKET_SENDER_REPORT);

    report->track = (uint8_t)track;
    report->ntp_timestamp = ntp_timestamp;
    report->timestamp = timestamp;
    fanout_scene_push(report);
}

static void expect_report(struct bytes *compound, uint32_t ssrc, uint64_t ntp_timestamp,
                          uint32_t timestamp)
{
    struct rtcp_part part;
    struct rtcp_sender_info info;

    assert_int_equal(rtcp_next(compound, &part), STATUS_OK);
    assert_int_equal(part.type, RTCP_SENDER_REPORT);
    assert_int_equal(rtcp_read_sender_info(&part, &info), STATUS_OK);
    assert_int_equal(info.ssrc, ssrc);
    assert_true(info.ntp_timestamp == ntp_timestamp);
    assert_int_equal(info.timestamp, timestamp);
    assert_int_equal(rtcp_next(compound, &part), STATUS_OK);
    assert_int_equal(part.type, RTCP_SOURCE_DESCRIPTION);
}

static void fanout_passes_sender_reports_on(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    fanout_scene_push_video(1, true);
    fanout_scene_run();
    assert_int_equal(scene->fake.rtcp_count, 0);
    push_report(TRACK_VIDEO, UINT64_C(7) << 32, 777);
    push_report(TRACK_AUDIO, UINT64_C(7) << 32, 888); /* audio does not run yet */
    fanout_scene_run();
    assert_int_equal(scene->fake.rtcp_count, 1);
    struct bytes compound = bytes_of(scene->fake.rtcp, scene->fake.rtcp_bytes);
    expect_report(&compound, 200, UINT64_C(7) << 32, 777);
    assert_int_equal(bytes_left(&compound), 0);

    /* Audio begins: how both lie to each other is told at once, as of now. */
    scene->now_ns += 500 * MONO_MS;
    fanout_scene_push_audio(1);
    fanout_scene_run();
    assert_int_equal(scene->fake.rtcp_count, 2);
    compound = bytes_of(scene->fake.rtcp, scene->fake.rtcp_bytes);
    expect_report(&compound, 100, (UINT64_C(7) << 32) + 0x80000000, 888 + 24000);
    expect_report(&compound, 200, (UINT64_C(7) << 32) + 0x80000000, 777 + 45000);
}

static void fanout_flushes_when_profiles_are_too_many(void **state)
{
    (void)state;
    static struct viewer many[40];
    static struct profile profiles[40];
    const struct viewer_start start = {
        .ssrc = {1, 2}, .first_sequence_number = {1, 1}, .wanted = {true, true}};

    for (unsigned i = 0; i < 40; i++) {
        profiles[i] = *fake_profile();
        viewer_init(&many[i], &profiles[i], &start);
        assert_int_equal(fanout_add(scene->fanout, &many[i]), STATUS_OK);
    }
    fanout_scene_push_audio(1);
    fanout_scene_run();
    assert_int_equal(scene->fake.sent_count, 40);
    assert_true(scene->fake.flushes > 1);
    for (unsigned i = 0; i < 40; i++)
        fanout_remove(scene->fanout, &many[i]);
}

enum { CROWD = 40 };

static int gathered; /* calls of gather_audio */

/* What came while the first viewers were served: sound, once. */
static void gather_audio(void *context)
{
    struct packet *packet = fake_packet(scene->pool, TRACK_AUDIO, CODEC_OPUS, 7000, 80);
    struct packet *control = fake_control(scene->pool, PACKET_UNPUBLISHED);

    assert_null(context);
    assert_false(fanout_can_push(scene->fanout, control)); /* has to wait for the end of the run */
    assert_true(fanout_can_push(scene->fanout, packet));
    packet_unref(control);
    if (gathered++ == 0)
        fanout_scene_push(packet);
    else
        packet_unref(packet);
}

static void fanout_lets_late_packets_join_the_walk(void **state)
{
    static struct viewer crowd[CROWD];
    const struct fanout_gather gather = {NULL, gather_audio};
    const struct viewer_start start = {
        .ssrc = {1, 2}, .first_sequence_number = {10, 20}, .wanted = {true, true}};

    (void)state;
    gathered = 0;
    for (unsigned i = 0; i < CROWD; i++) {
        viewer_init(&crowd[i], fake_profile(), &start);
        assert_int_equal(fanout_add(scene->fanout, &crowd[i]), STATUS_OK);
    }
    fanout_scene_push_video(1, true);
    fanout_scene_push_video(2, false);
    fanout_run(scene->fanout, &gather, &scene->fake.egress, scene->now_ns);
    assert_true(fanout_is_empty(scene->fanout));
    assert_int_equal(scene->fake.unflushed, 0);
    assert_int_equal(scene->fake.sent_count, 3 * CROWD); /* to each everything, once */
    for (unsigned i = 0; i < CROWD; i++) {
        assert_int_equal(crowd[i].track[TRACK_VIDEO].packets_sent, 2);
        assert_int_equal(crowd[i].track[TRACK_AUDIO].packets_sent, 1);
        fanout_remove(scene->fanout, &crowd[CROWD - 1 - i]);
    }
    /* Only those who were served before it came got a message more. */
    assert_in_range(scene->fake.send_calls, CROWD + 1, CROWD + CROWD / 2);
    assert_int_equal(scene->stats.batches, 1);
    assert_int_equal(scene->stats.batch_packets, 3);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, fanout_scene_set_up, fanout_scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fanout_sends_each_viewer_its_own_numbers),
        TEST(fanout_starts_video_at_a_key_frame_only),
        TEST(fanout_puts_late_packets_in_their_place),
        TEST(fanout_shows_no_gap_when_the_broadcaster_is_back),
        TEST(fanout_holds_no_packets_of_who_is_gone),
        TEST(fanout_skips_a_track_that_the_profile_cannot_take),
        TEST(fanout_sends_nothing_that_was_not_wanted),
        TEST(fanout_begins_a_picture_that_is_negotiated_later),
        TEST(fanout_asks_for_key_frames_while_viewers_wait),
        TEST(fanout_is_due_when_a_frame_ends),
        TEST(fanout_keeps_its_viewers_dense),
        TEST(fanout_passes_sender_reports_on),
        TEST(fanout_flushes_when_profiles_are_too_many),
        TEST(fanout_lets_late_packets_join_the_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
