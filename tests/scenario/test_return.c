/* The broadcaster goes and comes back, in every way that it can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mono.h"
#include "sim.h"

enum { VIEWERS = 4 };

static struct sim *begin_room(const struct sim_publish *publish, unsigned loss_per_mille)
{
    const struct sim_link link = {
        .delay_ns = 20 * MONO_MS, .jitter_ns = 5 * MONO_MS, .loss_per_mille = loss_per_mille};
    struct sim *sim = sim_create(&(struct sim_settings){.seed = sim_seed(),
                                                        .viewers = VIEWERS,
                                                        .viewer_rtx = true,
                                                        .uplink = {.delay_ns = 20 * MONO_MS},
                                                        .downlink = link});

    sim_publish(sim, publish);
    for (unsigned i = 0; i < VIEWERS; i++)
        sim_join(sim, i);
    sim_run(sim, 3 * MONO_SECOND);
    return sim;
}

/* The viewers themselves hold SSRC, continuity of sequence numbers, and timestamps against the
 * rules; here: nothing was missed, and time passed as it should have. */
static void expect_continuity(struct sim *sim, unsigned shown_least)
{
    for (unsigned i = 0; i < VIEWERS; i++) {
        const struct sim_viewer *viewer = &sim->viewers[i];
        assert_int_equal(viewer->violations, 0);
        assert_int_equal(viewer->track[TRACK_VIDEO].lost, 0);
        assert_int_equal(viewer->track[TRACK_AUDIO].lost, 0);
        assert_in_range(viewer->shown, shown_least, UINT32_MAX);
    }
}

static void another_codec_after_ten_seconds(void **state)
{
    (void)state;
    const struct sim_publish before = {.video = CODEC_VP8, .audio = true, .rtx = true, .parts = 3};
    const struct sim_publish after = {.video = CODEC_H264, .audio = true, .rtx = true, .parts = 5};
    struct sim *sim = begin_room(&before, 0);
    struct sim_viewer_track then[TRACK_COUNT];

    for (int i = 0; i < TRACK_COUNT; i++)
        then[i] = sim->viewers[0].track[i];
    sim_unpublish(sim);
    sim_run(sim, 10 * MONO_SECOND);
    int64_t back_ns = sim->now_ns;
    sim_publish(sim, &after);
    sim_run(sim, 3 * MONO_SECOND);
    expect_continuity(sim, 85 + 85);
    for (unsigned i = 0; i < VIEWERS; i++) {
        const struct sim_viewer *viewer = &sim->viewers[i];
        assert_int_equal(viewer->track[TRACK_VIDEO].nacked, 0);
        assert_int_equal(viewer->track[TRACK_AUDIO].nacked, 0);
        /* Shown without a pause since the first key frame, which came at once. */
        assert_true(viewer->longest_freeze_ns < 10 * MONO_SECOND + 300 * MONO_MS);
        assert_true(viewer->last_shown_ns > back_ns + 2900 * MONO_MS);
    }
    const struct sim_viewer_track *now = sim->viewers[0].track;
    uint32_t video = now[TRACK_VIDEO].highest_timestamp - then[TRACK_VIDEO].highest_timestamp;
    uint32_t audio = now[TRACK_AUDIO].highest_timestamp - then[TRACK_AUDIO].highest_timestamp;
    assert_in_range(video, 13 * 90000 - 9000, 13 * 90000 + 9000);
    assert_in_range(audio, 13 * 48000 - 4800, 13 * 48000 + 4800);
    sim_destroy(sim);
}

static void at_once_and_many_times(void **state)
{
    (void)state;
    const struct sim_publish browser = {.video = CODEC_VP8, .audio = true, .rtx = true, .parts = 3};
    struct sim *sim = begin_room(&browser, 0);

    for (unsigned i = 0; i < 20; i++) { /* takes over, without an end in between */
        sim_publish(sim, &browser);
        sim_run(sim, MONO_SECOND);
    }
    expect_continuity(sim, 20 * 25);
    sim_destroy(sim);
}

static void behind_a_network_that_loses(void **state)
{
    (void)state;
    const struct sim_publish browser = {.video = CODEC_VP8, .audio = true, .rtx = true, .parts = 3};
    struct sim *sim = begin_room(&browser, 30);

    for (unsigned i = 0; i < 5; i++) {
        sim_unpublish(sim);
        sim_run(sim, MONO_SECOND);
        sim_publish(sim, &browser);
        sim_run(sim, 3 * MONO_SECOND);
    }
    /* A packet may be lost at the very end of a broadcast, and be told missing only when the next
     * begins: too old to be resent. */
    for (unsigned i = 0; i < VIEWERS; i++) {
        assert_int_equal(sim->viewers[i].violations, 0);
        assert_true(sim->viewers[i].shown > 6 * 75);
        assert_in_range(sim->viewers[i].track[TRACK_VIDEO].lost, 0, 10);
    }
    sim_destroy(sim);
}

static void without_video_and_with_it_again(void **state)
{
    (void)state;
    const struct sim_publish browser = {.video = CODEC_VP8, .audio = true, .rtx = true, .parts = 3};
    const struct sim_publish radio = {.video = CODEC_NONE, .audio = true};
    struct sim *sim = begin_room(&browser, 0);

    sim_publish(sim, &radio);
    sim_run(sim, 3 * MONO_SECOND);
    sim_publish(sim, &browser);
    sim_run(sim, 3 * MONO_SECOND);
    expect_continuity(sim, 85 + 80);
    for (unsigned i = 0; i < VIEWERS; i++)
        assert_in_range(sim->viewers[i].track[TRACK_AUDIO].received, 430, 450);
    sim_destroy(sim);
}

/* Sender reports tell viewers, at any time and after each return, how audio lies to video. */
static void lips_stay_in_step(void **state)
{
    (void)state;
    const struct sim_publish browser = {.video = CODEC_VP8, .audio = true, .rtx = true, .parts = 3};
    struct sim *sim = begin_room(&browser, 0);

    for (unsigned round = 0; round < 3; round++) {
        sim_unpublish(sim);
        sim_run(sim, 1234 * MONO_MS);
        sim_publish(sim, &browser);
        sim_run(sim, 3 * MONO_SECOND);
        const struct sim_viewer_track *audio = &sim->viewers[0].track[TRACK_AUDIO];
        const struct sim_viewer_track *video = &sim->viewers[0].track[TRACK_VIDEO];
        /* What was captured when: newest timestamps carried back to NTP by the reports. */
        double audio_at = (double)audio->ntp_timestamp / 4294967296.0 +
                          (int32_t)(audio->highest_timestamp - audio->report_timestamp) / 48000.0;
        double video_at = (double)video->ntp_timestamp / 4294967296.0 +
                          (int32_t)(video->highest_timestamp - video->report_timestamp) / 90000.0;
        double now = 3900000000.0 + (double)sim->now_ns / 1e9;
        assert_true(now - audio_at > 0.0 && now - audio_at < 0.1);
        assert_true(now - video_at > 0.0 && now - video_at < 0.1);
    }
    sim_destroy(sim);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_codec_after_ten_seconds),
        cmocka_unit_test(at_once_and_many_times),
        cmocka_unit_test(behind_a_network_that_loses),
        cmocka_unit_test(without_video_and_with_it_again),
        cmocka_unit_test(lips_stay_in_step),
    };
    sim_read_seed(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
