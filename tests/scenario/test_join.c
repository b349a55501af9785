/* Viewers come late, go, and come to rooms without video. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mono.h"
#include "sim.h"

static const struct sim_publish browser = {
    .video = CODEC_VP8, .audio = true, .rtx = true, .parts = 3};

static const struct sim_link fair = {.delay_ns = 20 * MONO_MS};

static void late_joiner_sees_a_picture_within_half_a_second(void **state)
{
    (void)state;
    struct sim *sim = sim_create(&(struct sim_settings){
        .seed = sim_seed(), .viewers = 10, .viewer_rtx = true, .uplink = fair, .downlink = fair});

    sim_publish(sim, &browser);
    sim_run(sim, 3 * MONO_SECOND);
    for (unsigned i = 0; i < 10; i++) { /* one after another, at odd times */
        sim_join(sim, i);
        sim_run(sim, 777 * MONO_MS);
    }
    sim_run(sim, MONO_SECOND);
    for (unsigned i = 0; i < 10; i++) {
        const struct sim_viewer *viewer = &sim->viewers[i];
        assert_int_equal(viewer->violations, 0);
        assert_in_range(viewer->first_frame_ns - viewer->joined_ns, 1, 500 * MONO_MS);
        assert_true(viewer->longest_freeze_ns < 60 * MONO_MS);
        assert_int_equal(viewer->track[TRACK_VIDEO].nacked, 0); /* no gap was shown */
        assert_int_equal(viewer->track[TRACK_AUDIO].nacked, 0);
        assert_true(viewer->track[TRACK_VIDEO].sender_reports > 0);
    }
    assert_in_range(sim->broadcaster.plis, 1, 11);
    sim_destroy(sim);
}

static void a_storm_of_joins_costs_two_key_frames_a_second(void **state)
{
    (void)state;
    struct sim *sim = sim_create(&(struct sim_settings){
        .seed = sim_seed(), .viewers = 200, .uplink = fair, .downlink = fair});

    sim_publish(sim, &browser);
    sim_run(sim, MONO_SECOND);
    for (unsigned i = 0; i < 200; i++) {
        sim_join(sim, i);
        sim_run(sim, 10 * MONO_MS);
    }
    sim_run(sim, MONO_SECOND);
    assert_in_range(sim->broadcaster.plis, 1, 6);
    assert_true(sim->broadcaster.least_pli_gap_ns >= 500 * MONO_MS);
    for (unsigned i = 0; i < 200; i++) {
        const struct sim_viewer *viewer = &sim->viewers[i];
        assert_int_equal(viewer->violations, 0);
        assert_in_range(viewer->first_frame_ns - viewer->joined_ns, 1, 700 * MONO_MS);
    }
    sim_destroy(sim);
}

static void viewer_gone_leaves_the_others_alone(void **state)
{
    (void)state;
    struct sim *sim = sim_create(
        &(struct sim_settings){.seed = sim_seed(), .viewers = 5, .uplink = fair, .downlink = fair});

    sim_publish(sim, &browser);
    for (unsigned i = 0; i < 5; i++)
        sim_join(sim, i);
    sim_run(sim, 2 * MONO_SECOND);
    sim_leave(sim, 1);
    sim_run(sim, MONO_SECOND);
    sim_leave(sim, 3);
    sim_run(sim, MONO_SECOND);
    sim_join(sim, 1); /* and back, as a new viewer */
    sim_run(sim, 2 * MONO_SECOND);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(sim->viewers[i].violations, 0);
        assert_true(sim->viewers[i].shown > 40);
        assert_true(sim->viewers[i].longest_freeze_ns < 60 * MONO_MS);
    }
    sim_destroy(sim);
}

static void audio_only_asks_for_no_key_frames(void **state)
{
    (void)state;
    struct sim *sim = sim_create(
        &(struct sim_settings){.seed = sim_seed(), .viewers = 3, .uplink = fair, .downlink = fair});

    sim_publish(sim, &(struct sim_publish){.video = CODEC_NONE, .audio = true});
    for (unsigned i = 0; i < 3; i++)
        sim_join(sim, i);
    sim_run(sim, 5 * MONO_SECOND);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(sim->viewers[i].violations, 0);
        assert_in_range(sim->viewers[i].track[TRACK_AUDIO].received, 240, 250);
        assert_int_equal(sim->viewers[i].track[TRACK_AUDIO].nacked, 0);
        assert_int_equal(sim->viewers[i].track[TRACK_VIDEO].received, 0);
    }
    assert_int_equal(sim->broadcaster.plis, 0);
    assert_true(sim->broadcaster.reports >= 4);
    assert_true(sim->broadcaster.wide >= 40);
    sim_destroy(sim);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_joiner_sees_a_picture_within_half_a_second),
        cmocka_unit_test(a_storm_of_joins_costs_two_key_frames_a_second),
        cmocka_unit_test(viewer_gone_leaves_the_others_alone),
        cmocka_unit_test(audio_only_asks_for_no_key_frames),
    };
    sim_read_seed(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
