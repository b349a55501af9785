/* tests/core/test_fanout_resend.c - what a fanout sends again, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "fanout_scene.h"

static struct fanout_scene *const scene = &fanout_scene;

static void fanout_resends_as_rtx(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    fanout_scene_push_video(1, true);
    fanout_scene_push_video(2, false);
    fanout_scene_run();
    uint32_t first_rtx = scene->viewers[0].track[TRACK_VIDEO].rtx_index;
    assert_true(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_VIDEO, 21,
                              &scene->fake.egress, scene->now_ns));
    assert_int_equal(scene->fake.sent_count, 2); /* gathered */
    fanout_finish_resends(scene->fanout, &scene->viewers[0], &scene->fake.egress);
    assert_int_equal(scene->fake.sent_count, 3);
    fanout_scene_expect_sent(2, 300, first_rtx, 6000);
    assert_int_equal(scene->fake.sent[2].rtp.payload_type, 97);
    assert_int_equal(scene->fake.sent[2].payload_bytes, 1002);
    assert_int_equal(scene->fake.sent[2].payload[0], 0);
    assert_int_equal(scene->fake.sent[2].payload[1], 21);
    assert_int_equal(scene->fake.sent[2].payload[2], 2);
    assert_int_equal(scene->fake.unflushed, 0);
    assert_int_equal(scene->stats.packets_resent, 1);
}

static void fanout_resends_the_same_packet_without_rtx(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    fanout_scene_push_audio(1);
    fanout_scene_push_audio(2);
    fanout_scene_run();
    assert_true(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_AUDIO, 10,
                              &scene->fake.egress, scene->now_ns));
    fanout_finish_resends(scene->fanout, &scene->viewers[0], &scene->fake.egress);
    assert_int_equal(scene->fake.sent_count, 3);
    assert_memory_equal(&scene->fake.sent[2], &scene->fake.sent[0], sizeof scene->fake.sent[0]);
}

/* The same SRTP index must never protect other bytes: AES-GCM would give its key stream away. */
static void fanout_resends_padding_as_it_was(void **state)
{
    (void)state;
    uint8_t sent[EGRESS_HEADER_BYTES_MAX + PACKET_BYTES_MAX];
    uint8_t again[sizeof sent];

    scene->viewers[0].track[TRACK_VIDEO].rtx_ssrc = 0;
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    for (uint8_t i = 1; i <= 40; i++) {
        struct packet *packet = fake_video(scene->pool, i, i == 1);
        packet->padding_bytes = i % 32;
        packet->data[12 + 999] = i % 32;
        fanout_scene_push(packet);
    }
    fanout_scene_run();
    for (uint16_t i = 0; i < 40; i++) {
        assert_int_equal(scene->fake.sent[i].rtp.padding_bytes, (i + 1) % 32);
        size_t bytes = fake_egress_bytes(&scene->fake, i, sent, sizeof sent);
        assert_true(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_VIDEO,
                                  (uint16_t)(20 + i), &scene->fake.egress, scene->now_ns));
        fanout_finish_resends(scene->fanout, &scene->viewers[0], &scene->fake.egress);
        assert_int_equal(scene->fake.sent_count, 41 + i);
        assert_int_equal(fake_egress_bytes(&scene->fake, 40u + i, again, sizeof again), bytes);
        assert_memory_equal(again, sent, bytes);
    }
}

static void fanout_resends_rtx_without_padding(void **state)
{
    (void)state;
    struct packet *packet = fake_video(scene->pool, 1, true);

    packet->padding_bytes = 5;
    packet->data[12 + 999] = 5;
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    fanout_scene_push(packet);
    fanout_scene_run();
    assert_int_equal(scene->viewers[0].track[TRACK_VIDEO].octets_sent, 995);
    assert_int_equal(scene->fake.sent[0].payload_bytes, 1000);
    assert_true(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_VIDEO, 20,
                              &scene->fake.egress, scene->now_ns));
    fanout_finish_resends(scene->fanout, &scene->viewers[0], &scene->fake.egress);
    assert_int_equal(scene->fake.sent[1].rtp.padding_bytes, 0);
    assert_int_equal(scene->fake.sent[1].payload_bytes, 2 + 995);
}

static void fanout_resend_refuses_what_the_viewer_never_got(void **state)
{
    (void)state;
    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    assert_false(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_VIDEO, 20,
                               &scene->fake.egress, scene->now_ns));
    fanout_scene_push_video(1, false);
    fanout_scene_push_video(2, true);
    fanout_scene_run();
    static const uint16_t refused[] = {0, 19, 21, 60000};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_VIDEO, refused[i],
                                   &scene->fake.egress, scene->now_ns));
    }
    scene->now_ns += 2 * MONO_SECOND; /* too old */
    assert_false(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_VIDEO, 20,
                               &scene->fake.egress, scene->now_ns));
}

static void fanout_resend_is_bounded(void **state)
{
    (void)state;
    unsigned asked = 0;

    assert_int_equal(fanout_add(scene->fanout, &scene->viewers[0]), STATUS_OK);
    for (int64_t i = 0; i < 200; i++) {
        fanout_scene_push_video(i, i == 0);
        fanout_scene_run();
    }
    scene->fake.sent_count = 0;
    for (; asked < 200; asked++) {
        assert_true(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_VIDEO,
                                  (uint16_t)(20 + asked), &scene->fake.egress, scene->now_ns));
    }
    fanout_finish_resends(scene->fanout, &scene->viewers[0], &scene->fake.egress);
    /* Half of the budget is kept for what is asked for twice: the others may only be late. */
    unsigned sent = 64 * 1024 / 1000;
    assert_int_equal(scene->fake.sent_count, sent);
    scene->now_ns += 20 * MONO_MS;
    for (uint16_t i = 190; i < 200; i++) {
        assert_true(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_VIDEO,
                                  (uint16_t)(20 + i), &scene->fake.egress, scene->now_ns));
    }
    fanout_finish_resends(scene->fanout, &scene->viewers[0], &scene->fake.egress);
    sent += 10;
    assert_int_equal(scene->fake.sent_count, sent);
    /* What was sent a moment ago is not sent again; later it is. */
    scene->now_ns += 5 * MONO_MS;
    for (unsigned i = 0; i < 2; i++) {
        assert_true(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_VIDEO, 20 + 199,
                                  &scene->fake.egress, scene->now_ns));
        scene->now_ns += 20 * MONO_MS;
    }
    fanout_finish_resends(scene->fanout, &scene->viewers[0], &scene->fake.egress);
    sent += 1;
    assert_int_equal(scene->fake.sent_count, sent);
    /* Nor does a request that is repeated for ever get beyond the whole budget. */
    scene->viewers[0].resend_budget_bytes = 0;
    scene->viewers[0].resend_refill_ns = scene->now_ns;
    assert_true(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_VIDEO, 20 + 199,
                              &scene->fake.egress, scene->now_ns));
    fanout_finish_resends(scene->fanout, &scene->viewers[0], &scene->fake.egress);
    assert_int_equal(scene->fake.sent_count, sent);
}

static void fanout_cuts_a_slow_viewer_to_the_next_key_frame(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(fanout_add(scene->fanout, &scene->viewers[i]), STATUS_OK);
    fanout_scene_push_video(1, true);
    fanout_scene_run();
    assert_false(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
    scene->fake.slow = &scene->viewers[0];
    fanout_scene_push_video(2, false);
    fanout_scene_run();
    assert_int_equal(scene->stats.viewers_cut, 1);
    scene->fake.slow = NULL;
    scene->fake.sent_count = 0;
    scene->now_ns += MONO_SECOND;
    fanout_scene_push_video(3, false);
    fanout_scene_push_audio(100);
    fanout_scene_run();
    assert_int_equal(scene->fake.sent_count, 3); /* sound to both, the picture to one */
    assert_int_equal(scene->viewers[0].track[TRACK_VIDEO].packets_sent, 2);
    /* It costs the others nothing: neither resends nor a key frame, however it asks. */
    fanout_want_key_frame(scene->fanout, &scene->viewers[0], scene->now_ns);
    assert_true(fanout_resend(scene->fanout, &scene->viewers[0], TRACK_VIDEO, 21,
                              &scene->fake.egress, scene->now_ns));
    fanout_finish_resends(scene->fanout, &scene->viewers[0], &scene->fake.egress);
    assert_int_equal(scene->fake.sent_count, 3);
    assert_false(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
    scene->now_ns += 2 * MONO_SECOND; /* unless none comes */
    fanout_scene_push_video(4, false);
    fanout_scene_run();
    assert_true(fanout_take_key_frame_request(scene->fanout, scene->now_ns));
    fanout_scene_push_video(5, true);
    fanout_scene_push_video(6, false);
    fanout_scene_run();
    assert_int_equal(scene->viewers[0].track[TRACK_VIDEO].packets_sent, 4);
    assert_int_equal(scene->viewers[0].track[TRACK_VIDEO].highest_index,
                     23); /* no gap for the cut */
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, fanout_scene_set_up, fanout_scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fanout_resends_as_rtx),
        TEST(fanout_resends_the_same_packet_without_rtx),
        TEST(fanout_resends_padding_as_it_was),
        TEST(fanout_resends_rtx_without_padding),
        TEST(fanout_resend_refuses_what_the_viewer_never_got),
        TEST(fanout_resend_is_bounded),
        TEST(fanout_cuts_a_slow_viewer_to_the_next_key_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
