#include "core/fanout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "core/rtcp.h"
#include "fake_egress.h"

enum { VIEWERS = 3 };

static struct packet_pool *pool;
static struct fanout *fanout;
static struct fake_egress fake;
static struct stats stats;
static struct viewer viewers[VIEWERS];
static int64_t now_ns;

static int set_up(void **state)
{
    (void)state;
    const struct fanout_settings settings = {
        .stream_id = 9, .history_packets = {64, 256}, .history_age_ns = MONO_SECOND};

    now_ns = 1000 * MONO_SECOND;
    memset(&stats, 0, sizeof stats);
    fake_egress_init(&fake);
    assert_int_equal(packet_pool_create(512, &pool), STATUS_OK);
    assert_int_equal(fanout_create(&settings, &stats, &fanout), STATUS_OK);
    for (unsigned i = 0; i < VIEWERS; i++) {
        const struct viewer_start start = {.ssrc = {100 + i, 200 + i},
                                           .rtx_ssrc = {0, 300 + i},
                                           .first_sequence_number = {10, 20},
                                           .wanted = {true, true}};
        viewer_init(&viewers[i], fake_profile(), &start);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    while (fanout_viewers(fanout) > 0) {
        for (unsigned i = 0; i < VIEWERS; i++) {
            viewers[i].fanout_slot < fanout_viewers(fanout) ? fanout_remove(fanout, &viewers[i])
                                                            : (void)0;
        }
    }
    fanout_destroy(fanout);
    packet_pool_destroy(pool);
    return 0;
}

static void push(struct packet *packet)
{
    packet->arrival_ns = now_ns;
    fanout_push(fanout, packet);
}

static void push_video(int64_t number, bool key_frame)
{
    push(fake_video(pool, number, key_frame));
}

static void push_audio(int64_t number)
{
    push(fake_packet(pool, TRACK_AUDIO, CODEC_OPUS, number, 80));
}

static void run(void)
{
    fanout_run(fanout, NULL, &fake.egress, now_ns);
    assert_true(fanout_is_empty(fanout));
    assert_int_equal(fake.unflushed, 0);
}

static void expect_sent(unsigned i, uint32_t ssrc, uint64_t index, uint32_t timestamp)
{
    assert_true(i < fake.sent_count);
    assert_int_equal(fake.sent[i].ssrc, ssrc);
    assert_int_equal(fake.sent[i].index, index);
    assert_int_equal(fake.sent[i].timestamp, timestamp);
}

static void fanout_sends_each_viewer_its_own_numbers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIEWERS; i++)
        assert_int_equal(fanout_add(fanout, &viewers[i]), STATUS_OK);
    push_audio(5000);
    push_video(9000, true);
    push_video(9001, false);
    run();
    assert_int_equal(fake.send_calls, VIEWERS); /* once a viewer, not once a packet */
    assert_int_equal(fake.sent_count, 3 * VIEWERS);
    for (unsigned i = 0; i < VIEWERS; i++) {
        assert_ptr_equal(fake.sent[3 * i].viewer, &viewers[i]);
        expect_sent(3 * i, 200 + i, 20, 9000 * 3000);
        expect_sent(3 * i + 1, 200 + i, 21, 9001 * 3000);
        expect_sent(3 * i + 2, 100 + i, 10, 5000 * 3000); /* ends the message */
        assert_int_equal(fake.sent[3 * i].rtp.payload_type, 96);
        assert_int_equal(fake.sent[3 * i + 2].rtp.payload_type, 111);
        assert_int_equal(viewers[i].track[TRACK_VIDEO].packets_sent, 2);
        assert_int_equal(viewers[i].track[TRACK_VIDEO].octets_sent, 2000);
    }
    assert_int_equal(stats.batches, 1);
    assert_int_equal(stats.batch_packets, 3);
}

static void fanout_starts_video_at_a_key_frame_only(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    push_video(1, false);
    push_video(2, false);
    run();
    assert_int_equal(fake.sent_count, 0);
    assert_true(fanout_take_key_frame_request(fanout, now_ns));
    push_video(3, true);
    push_video(4, false);
    push_video(2, false); /* late, from before the start */
    run();
    assert_int_equal(fake.sent_count, 2);
    expect_sent(0, 200, 20, 9000);
    expect_sent(1, 200, 21, 12000);
}

static void fanout_puts_late_packets_in_their_place(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    push_video(3, true);
    push_video(5, false);
    push_video(4, false);
    run();
    expect_sent(1, 200, 22, 15000);
    expect_sent(2, 200, 21, 12000);
    assert_int_equal(viewers[0].track[TRACK_VIDEO].highest_index, 22);
}

static void fanout_shows_no_gap_when_the_broadcaster_is_back(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    push_video(3, true);
    push_audio(1);
    push(fake_control(pool, PACKET_UNPUBLISHED));
    run();
    assert_false(fanout_take_key_frame_request(fanout, now_ns));
    push(fake_control(pool, PACKET_PUBLISHED));
    push_audio(2);
    push_video(4, false);
    push_video(5, false);
    run();
    assert_int_equal(fake.sent_count, 3); /* no video but the first */
    expect_sent(2, 100, 11, 6000);
    assert_true(fanout_take_key_frame_request(fanout, now_ns));
    struct packet *other = fake_packet(pool, TRACK_VIDEO, CODEC_VP9, 6, 500);
    other->key_frame_start = true;
    push(other);
    run();
    expect_sent(3, 200, 21, 18000); /* 4 and 5 were never meant for it */
    assert_int_equal(fake.sent[3].rtp.payload_type, 98);
}

static void fanout_holds_no_packets_of_who_is_gone(void **state)
{
    (void)state;
    push_video(3, true);
    push_audio(1);
    run();
    assert_int_equal(packet_pool_taken(pool), 2); /* for NACKs */
    push(fake_control(pool, PACKET_UNPUBLISHED));
    run();
    assert_int_equal(packet_pool_taken(pool), 0);
}

static void fanout_skips_a_track_that_the_profile_cannot_take(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    struct packet *packet = fake_packet(pool, TRACK_VIDEO, CODEC_AV1, 1, 500);
    packet->key_frame_start = true;
    push(packet);
    push_audio(1);
    run();
    assert_int_equal(fake.sent_count, 1);
    assert_int_equal(fake.sent[0].ssrc, 100);
    /* No key frame would help this viewer: none is asked for. */
    now_ns += MONO_SECOND;
    assert_false(fanout_take_key_frame_request(fanout, now_ns));
}

static void fanout_sends_nothing_that_was_not_wanted(void **state)
{
    (void)state;
    viewers[0].track[TRACK_VIDEO].wanted = false;
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    push_video(3, true);
    push_audio(1);
    run();
    assert_int_equal(fake.sent_count, 1);
    assert_false(fanout_take_key_frame_request(fanout, now_ns));
}

static void fanout_asks_for_key_frames_while_viewers_wait(void **state)
{
    (void)state;
    assert_false(fanout_take_key_frame_request(fanout, now_ns));
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    /* Nothing came yet: the subscription asks, if there is nothing to be replayed. */
    assert_false(fanout_take_key_frame_request(fanout, now_ns));
    push_video(1, false);
    run();
    assert_true(fanout_take_key_frame_request(fanout, now_ns));
    assert_false(fanout_take_key_frame_request(fanout, now_ns + 99 * MONO_MS));
    assert_true(fanout_take_key_frame_request(fanout, now_ns + 100 * MONO_MS));
    push_video(2, true);
    run();
    assert_false(fanout_take_key_frame_request(fanout, now_ns + MONO_SECOND));
    fanout_want_key_frame(fanout, &viewers[0], now_ns);
    assert_true(fanout_take_key_frame_request(fanout, now_ns + 2 * MONO_SECOND));
}

static void fanout_is_due_when_a_frame_ends(void **state)
{
    (void)state;
    struct packet *middle = fake_video(pool, 1, true);

    middle->marker = false;
    push(middle);
    assert_false(fanout_is_due(fanout, false));
    assert_false(fanout_is_empty(fanout));
    push_video(2, false);
    assert_true(fanout_is_due(fanout, false));
    run();
    assert_false(fanout_is_due(fanout, false));
    push_audio(1);
    assert_true(fanout_is_due(fanout, false));
    for (int64_t i = 0; !fanout_is_full(fanout); i++)
        push_video(3 + i, false);
    run();
}

static void fanout_keeps_its_viewers_dense(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIEWERS; i++)
        assert_int_equal(fanout_add(fanout, &viewers[i]), STATUS_OK);
    fanout_remove(fanout, &viewers[0]);
    assert_int_equal(fanout_viewers(fanout), 2);
    push_audio(1);
    run();
    assert_int_equal(fake.sent_count, 2);
    assert_int_equal(fake.sent[0].ssrc, 102);
    assert_int_equal(fake.sent[1].ssrc, 101);
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
}

static void push_report(enum track_kind track, uint64_t ntp_timestamp, uint32_t timestamp)
{
    struct packet *report = fake_control(pool, PACKET_SENDER_REPORT);

    report->track = (uint8_t)track;
    report->ntp_timestamp = ntp_timestamp;
    report->timestamp = timestamp;
    push(report);
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
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    push_video(1, true);
    run();
    assert_int_equal(fake.rtcp_count, 0);
    push_report(TRACK_VIDEO, UINT64_C(7) << 32, 777);
    push_report(TRACK_AUDIO, UINT64_C(7) << 32, 888); /* audio does not run yet */
    run();
    assert_int_equal(fake.rtcp_count, 1);
    struct bytes compound = bytes_of(fake.rtcp, fake.rtcp_bytes);
    expect_report(&compound, 200, UINT64_C(7) << 32, 777);
    assert_int_equal(bytes_left(&compound), 0);

    /* Audio begins: how both lie to each other is told at once, as of now. */
    now_ns += 500 * MONO_MS;
    push_audio(1);
    run();
    assert_int_equal(fake.rtcp_count, 2);
    compound = bytes_of(fake.rtcp, fake.rtcp_bytes);
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
        assert_int_equal(fanout_add(fanout, &many[i]), STATUS_OK);
    }
    push_audio(1);
    run();
    assert_int_equal(fake.sent_count, 40);
    assert_true(fake.flushes > 1);
    for (unsigned i = 0; i < 40; i++)
        fanout_remove(fanout, &many[i]);
}

static void fanout_resends_as_rtx(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    push_video(1, true);
    push_video(2, false);
    run();
    uint32_t first_rtx = viewers[0].track[TRACK_VIDEO].rtx_index;
    assert_true(fanout_resend(fanout, &viewers[0], TRACK_VIDEO, 21, &fake.egress, now_ns));
    assert_int_equal(fake.sent_count, 2); /* gathered */
    fanout_finish_resends(fanout, &viewers[0], &fake.egress);
    assert_int_equal(fake.sent_count, 3);
    expect_sent(2, 300, first_rtx, 6000);
    assert_int_equal(fake.sent[2].rtp.payload_type, 97);
    assert_int_equal(fake.sent[2].payload_bytes, 1002);
    assert_int_equal(fake.sent[2].payload[0], 0);
    assert_int_equal(fake.sent[2].payload[1], 21);
    assert_int_equal(fake.sent[2].payload[2], 2);
    assert_int_equal(fake.unflushed, 0);
    assert_int_equal(stats.packets_resent, 1);
}

static void fanout_resends_the_same_packet_without_rtx(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    push_audio(1);
    push_audio(2);
    run();
    assert_true(fanout_resend(fanout, &viewers[0], TRACK_AUDIO, 10, &fake.egress, now_ns));
    fanout_finish_resends(fanout, &viewers[0], &fake.egress);
    assert_int_equal(fake.sent_count, 3);
    assert_memory_equal(&fake.sent[2], &fake.sent[0], sizeof fake.sent[0]);
}

/* The same SRTP index must never protect other bytes: AES-GCM would give its key stream away. */
static void fanout_resends_padding_as_it_was(void **state)
{
    (void)state;
    uint8_t sent[EGRESS_HEADER_BYTES_MAX + PACKET_BYTES_MAX];
    uint8_t again[sizeof sent];

    viewers[0].track[TRACK_VIDEO].rtx_ssrc = 0;
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    for (uint8_t i = 1; i <= 40; i++) {
        struct packet *packet = fake_video(pool, i, i == 1);
        packet->padding_bytes = i % 32;
        packet->data[12 + 999] = i % 32;
        push(packet);
    }
    run();
    for (uint16_t i = 0; i < 40; i++) {
        assert_int_equal(fake.sent[i].rtp.padding_bytes, (i + 1) % 32);
        size_t bytes = fake_egress_bytes(&fake, i, sent, sizeof sent);
        assert_true(fanout_resend(fanout, &viewers[0], TRACK_VIDEO, (uint16_t)(20 + i),
                                  &fake.egress, now_ns));
        fanout_finish_resends(fanout, &viewers[0], &fake.egress);
        assert_int_equal(fake.sent_count, 41 + i);
        assert_int_equal(fake_egress_bytes(&fake, 40u + i, again, sizeof again), bytes);
        assert_memory_equal(again, sent, bytes);
    }
}

static void fanout_resends_rtx_without_padding(void **state)
{
    (void)state;
    struct packet *packet = fake_video(pool, 1, true);

    packet->padding_bytes = 5;
    packet->data[12 + 999] = 5;
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    push(packet);
    run();
    assert_int_equal(viewers[0].track[TRACK_VIDEO].octets_sent, 995);
    assert_int_equal(fake.sent[0].payload_bytes, 1000);
    assert_true(fanout_resend(fanout, &viewers[0], TRACK_VIDEO, 20, &fake.egress, now_ns));
    fanout_finish_resends(fanout, &viewers[0], &fake.egress);
    assert_int_equal(fake.sent[1].rtp.padding_bytes, 0);
    assert_int_equal(fake.sent[1].payload_bytes, 2 + 995);
}

static void fanout_resend_refuses_what_the_viewer_never_got(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    assert_false(fanout_resend(fanout, &viewers[0], TRACK_VIDEO, 20, &fake.egress, now_ns));
    push_video(1, false);
    push_video(2, true);
    run();
    static const uint16_t refused[] = {0, 19, 21, 60000};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(
            fanout_resend(fanout, &viewers[0], TRACK_VIDEO, refused[i], &fake.egress, now_ns));
    }
    now_ns += 2 * MONO_SECOND; /* too old */
    assert_false(fanout_resend(fanout, &viewers[0], TRACK_VIDEO, 20, &fake.egress, now_ns));
}

static void fanout_resend_is_bounded(void **state)
{
    (void)state;
    unsigned asked = 0;

    assert_int_equal(fanout_add(fanout, &viewers[0]), STATUS_OK);
    for (int64_t i = 0; i < 200; i++) {
        push_video(i, i == 0);
        run();
    }
    fake.sent_count = 0;
    for (; asked < 200; asked++) {
        assert_true(fanout_resend(fanout, &viewers[0], TRACK_VIDEO, (uint16_t)(20 + asked),
                                  &fake.egress, now_ns));
    }
    fanout_finish_resends(fanout, &viewers[0], &fake.egress);
    /* Half of the budget is kept for what is asked for twice: the others may only be late. */
    unsigned sent = 64 * 1024 / 1000;
    assert_int_equal(fake.sent_count, sent);
    now_ns += 20 * MONO_MS;
    for (uint16_t i = 190; i < 200; i++) {
        assert_true(fanout_resend(fanout, &viewers[0], TRACK_VIDEO, (uint16_t)(20 + i),
                                  &fake.egress, now_ns));
    }
    fanout_finish_resends(fanout, &viewers[0], &fake.egress);
    sent += 10;
    assert_int_equal(fake.sent_count, sent);
    /* What was sent a moment ago is not sent again; later it is. */
    now_ns += 5 * MONO_MS;
    for (unsigned i = 0; i < 2; i++) {
        assert_true(
            fanout_resend(fanout, &viewers[0], TRACK_VIDEO, 20 + 199, &fake.egress, now_ns));
        now_ns += 20 * MONO_MS;
    }
    fanout_finish_resends(fanout, &viewers[0], &fake.egress);
    sent += 1;
    assert_int_equal(fake.sent_count, sent);
    /* Nor does a request that is repeated for ever get beyond the whole budget. */
    viewers[0].resend_budget_bytes = 0;
    viewers[0].resend_refill_ns = now_ns;
    assert_true(fanout_resend(fanout, &viewers[0], TRACK_VIDEO, 20 + 199, &fake.egress, now_ns));
    fanout_finish_resends(fanout, &viewers[0], &fake.egress);
    assert_int_equal(fake.sent_count, sent);
}

enum { CROWD = 40 };

static int gathered; /* calls of gather_audio */

/* What came while the first viewers were served: sound, once. */
static void gather_audio(void *context)
{
    struct packet *packet = fake_packet(pool, TRACK_AUDIO, CODEC_OPUS, 7000, 80);
    struct packet *control = fake_control(pool, PACKET_UNPUBLISHED);

    assert_null(context);
    assert_false(fanout_can_push(fanout, control)); /* has to wait for the end of the run */
    assert_true(fanout_can_push(fanout, packet));
    packet_unref(control);
    if (gathered++ == 0)
        push(packet);
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
        assert_int_equal(fanout_add(fanout, &crowd[i]), STATUS_OK);
    }
    push_video(1, true);
    push_video(2, false);
    fanout_run(fanout, &gather, &fake.egress, now_ns);
    assert_true(fanout_is_empty(fanout));
    assert_int_equal(fake.unflushed, 0);
    assert_int_equal(fake.sent_count, 3 * CROWD); /* to each everything, once */
    for (unsigned i = 0; i < CROWD; i++) {
        assert_int_equal(crowd[i].track[TRACK_VIDEO].packets_sent, 2);
        assert_int_equal(crowd[i].track[TRACK_AUDIO].packets_sent, 1);
        fanout_remove(fanout, &crowd[CROWD - 1 - i]);
    }
    /* Only those who were served before it came got a message more. */
    assert_in_range(fake.send_calls, CROWD + 1, CROWD + CROWD / 2);
    assert_int_equal(stats.batches, 1);
    assert_int_equal(stats.batch_packets, 3);
}

static void fanout_cuts_a_slow_viewer_to_the_next_key_frame(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(fanout_add(fanout, &viewers[i]), STATUS_OK);
    push_video(1, true);
    run();
    assert_false(fanout_take_key_frame_request(fanout, now_ns));
    fake.slow = &viewers[0];
    push_video(2, false);
    run();
    assert_int_equal(stats.viewers_cut, 1);
    fake.slow = NULL;
    fake.sent_count = 0;
    now_ns += MONO_SECOND;
    push_video(3, false);
    push_audio(100);
    run();
    assert_int_equal(fake.sent_count, 3); /* sound to both, the picture to one */
    assert_int_equal(viewers[0].track[TRACK_VIDEO].packets_sent, 2);
    /* It costs the others nothing: neither resends nor a key frame, however it asks. */
    fanout_want_key_frame(fanout, &viewers[0], now_ns);
    assert_true(fanout_resend(fanout, &viewers[0], TRACK_VIDEO, 21, &fake.egress, now_ns));
    fanout_finish_resends(fanout, &viewers[0], &fake.egress);
    assert_int_equal(fake.sent_count, 3);
    assert_false(fanout_take_key_frame_request(fanout, now_ns));
    now_ns += 2 * MONO_SECOND; /* unless none comes */
    push_video(4, false);
    run();
    assert_true(fanout_take_key_frame_request(fanout, now_ns));
    push_video(5, true);
    push_video(6, false);
    run();
    assert_int_equal(viewers[0].track[TRACK_VIDEO].packets_sent, 4);
    assert_int_equal(viewers[0].track[TRACK_VIDEO].highest_index, 23); /* no gap for the cut */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        TEST(fanout_asks_for_key_frames_while_viewers_wait),
        TEST(fanout_is_due_when_a_frame_ends),
        TEST(fanout_keeps_its_viewers_dense),
        TEST(fanout_passes_sender_reports_on),
        TEST(fanout_flushes_when_profiles_are_too_many),
        TEST(fanout_resends_as_rtx),
        TEST(fanout_resends_the_same_packet_without_rtx),
        TEST(fanout_resends_padding_as_it_was),
        TEST(fanout_resends_rtx_without_padding),
        TEST(fanout_resend_refuses_what_the_viewer_never_got),
        TEST(fanout_resend_is_bounded),
        TEST(fanout_lets_late_packets_join_the_walk),
        TEST(fanout_cuts_a_slow_viewer_to_the_next_key_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
