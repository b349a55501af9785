/* Viewers come between two key frames of a broadcaster that sends none when asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mono.h"
#include "sim.h"

static const struct sim_publish studio = {.video = CODEC_VP8,
                                          .audio = true,
                                          .rtx = true,
                                          .parts = 3,
                                          .key_frame_every = 300,
                                          .ignores_plis = true};

/* 3 packets of 120 bytes a frame: 86 kbit/s; so replays run about 30 times as fast. */
static const struct sim_settings room = {
    .viewers = 10,
    .viewer_rtx = true,
    .cache = {.bytes_max = 1 << 20, .age_max_ns = 12 * MONO_SECOND},
    .replay_bps = 2600000,
    .uplink = {.delay_ns = 20 * MONO_MS},
    .downlink = {.delay_ns = 20 * MONO_MS}};

static struct sim *open_room(struct sim_settings settings, const struct sim_publish *publish)
{
    settings.seed = sim_seed();
    struct sim *sim = sim_create(&settings);

    sim_publish(sim, publish);
    return sim;
}

/* Frames that were captured but not shown yet. */
static uint32_t frames_behind(const struct sim *sim, unsigned viewer)
{
    return sim->broadcaster.track[TRACK_VIDEO].frame - sim->viewers[viewer].next_frame;
}

static void joiner_gets_the_key_frame_and_all_that_followed(void **state)
{
    (void)state;
    struct sim *sim = open_room(room, &studio);

    sim_run(sim, 1234 * MONO_MS);
    for (unsigned i = 0; i < 10; i++) { /* also right before and after the next key frame */
        sim_join(sim, i);
        sim_run(sim, 977 * MONO_MS);
        const struct sim_viewer *viewer = &sim->viewers[i];
        assert_in_range(viewer->first_frame_ns - viewer->joined_ns, 1, 60 * MONO_MS);
        assert_in_range(frames_behind(sim, i), 0, 3);
    }
    sim_run(sim, 12 * MONO_SECOND);
    for (unsigned i = 0; i < 10; i++) {
        const struct sim_viewer *viewer = &sim->viewers[i];
        assert_int_equal(viewer->violations, 0);
        assert_int_equal(viewer->track[TRACK_VIDEO].nacked, 0); /* no gap was shown */
        assert_int_equal(viewer->track[TRACK_VIDEO].duplicates, 0);
        assert_int_equal(viewer->plis, 0);
        assert_in_range(viewer->longest_freeze_ns, 1, 50 * MONO_MS);
        assert_in_range(viewer->key_frames, 2, 3);
    }
    assert_int_equal(sim->broadcaster.plis, 0);
    assert_int_equal(sim->stats.replays, 10);
    sim_destroy(sim);
}

/* What a player needs to keep no delay: it finds no packet later than others, by its timestamp. */
static void timestamps_are_live_all_the_way(void **state)
{
    (void)state;
    struct sim *sim = open_room(room, &studio);

    sim_run(sim, 7 * MONO_SECOND);
    sim_join(sim, 0);
    const struct sim_viewer_track *video = &sim->viewers[0].track[TRACK_VIDEO];
    for (unsigned i = 0; i < 1000; i++) {
        sim_run(sim, MONO_MS);
        if (!video->begun)
            continue;
        assert_true(video->sender_reports > 0);
        double at = (double)video->ntp_timestamp / 4294967296.0 +
                    (int32_t)(video->highest_timestamp - video->report_timestamp) / 90000.0;
        double late = 3900000000.0 + (double)sim->now_ns / 1e9 - at;
        assert_true(late > 0.02 && late < 0.14); /* two links, a frame, and what a replay lags */
    }
    assert_in_range(frames_behind(sim, 0), 0, 3);
    sim_destroy(sim);
}

static void losses_are_filled_with_the_same_bytes(void **state)
{
    (void)state;
    for (unsigned rtx = 0; rtx < 2; rtx++) {
        struct sim_settings lossy = room;
        lossy.viewer_rtx = rtx == 1;
        lossy.downlink.loss_per_mille = 30;
        lossy.downlink.jitter_ns = 4 * MONO_MS;
        struct sim *sim = open_room(lossy, &studio);

        sim_run(sim, 100 * MONO_MS); /* the very first packet of a broadcast cannot come late */
        sim->settings.uplink.loss_per_mille = 20;
        sim->settings.uplink.jitter_ns = 8 * MONO_MS;
        sim_run(sim, 3 * MONO_SECOND);
        for (unsigned i = 0; i < 10; i++) {
            sim_join(sim, i);
            sim_run(sim, 313 * MONO_MS);
        }
        sim_run(sim, 2 * MONO_SECOND);
        for (unsigned i = 0; i < 10; i++) {
            const struct sim_viewer *viewer = &sim->viewers[i];
            assert_int_equal(viewer->violations, 0); /* the same index twice, other bytes: one */
            assert_true(viewer->track[TRACK_VIDEO].nacked > 0);
            assert_in_range(frames_behind(sim, i), 0, 15);
        }
        sim_destroy(sim);
    }
}

static void another_codec_in_the_middle_of_a_replay(void **state)
{
    (void)state;
    struct sim_publish other = studio;
    other.video = CODEC_H264;
    struct sim *sim = open_room(room, &studio);

    sim_run(sim, 8 * MONO_SECOND);
    for (unsigned i = 0; i < 5; i++)
        sim_join(sim, i);
    sim_run(sim, 100 * MONO_MS);
    assert_true(fanout_is_replaying(sim->fanout));
    sim_publish(sim, &other);
    sim_run(sim, MONO_SECOND);
    for (unsigned i = 5; i < 10; i++)
        sim_join(sim, i);
    sim_run(sim, MONO_SECOND);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(sim->viewers[i].violations, 0);
        assert_int_equal(sim->viewers[i].track[TRACK_VIDEO].nacked, 0);
        assert_int_equal(sim->viewers[i].broadcast, 2);
        assert_in_range(frames_behind(sim, i), 0, 3);
    }
    sim_destroy(sim);
}

static void broadcaster_goes_in_the_middle_of_a_replay(void **state)
{
    (void)state;
    struct sim *sim = open_room(room, &studio);

    sim_run(sim, 8 * MONO_SECOND);
    sim_join(sim, 0);
    sim_run(sim, 100 * MONO_MS);
    sim_unpublish(sim);
    sim_run(sim, 2 * MONO_SECOND);
    assert_false(fanout_is_replaying(sim->fanout));
    sim_publish(sim, &studio);
    sim_run(sim, MONO_SECOND);
    assert_int_equal(sim->viewers[0].violations, 0);
    assert_in_range(frames_behind(sim, 0), 0, 3);
    sim_destroy(sim);
}

/* Without it, and for groups of pictures that pass its bounds, key frames are asked for as ever. */
static void falls_back_to_key_frames_on_request(void **state)
{
    (void)state;
    static const struct gop_cache_limits limits[] = {
        {.bytes_max = 0}, {.bytes_max = 20000}, {.age_max_ns = MONO_SECOND, .bytes_max = 1 << 20}};

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct sim_settings settings = room;
        struct sim_publish browser = studio;
        browser.ignores_plis = false;
        settings.cache = limits[i];
        struct sim *sim = open_room(settings, &browser);

        sim_run(sim, 5 * MONO_SECOND);
        sim_join(sim, 0);
        sim_run(sim, MONO_SECOND);
        assert_int_equal(sim->stats.replays, 0);
        assert_int_equal(sim->broadcaster.plis, 1);
        assert_int_equal(sim->viewers[0].violations, 0);
        assert_in_range(sim->viewers[0].first_frame_ns - sim->viewers[0].joined_ns, 1,
                        200 * MONO_MS);
        sim_destroy(sim);
    }
}

static void replay_goes_on_when_the_cache_is_full_meanwhile(void **state)
{
    (void)state;
    struct sim_settings settings = room;
    settings.cache.age_max_ns = 8 * MONO_SECOND;
    struct sim *sim = open_room(settings, &studio);

    sim_run(sim, 7950 * MONO_MS);
    sim_join(sim, 0);
    sim_run(sim, MONO_SECOND);
    sim_join(sim, 1); /* too late */
    sim_run(sim, 500 * MONO_MS);
    assert_int_equal(sim->viewers[0].violations, 0);
    assert_in_range(frames_behind(sim, 0), 0, 3);
    assert_true(sim->viewers[1].first_frame_ns == 0);
    sim_run(sim, 2 * MONO_SECOND); /* the next key frame */
    assert_in_range(frames_behind(sim, 1), 0, 3);
    assert_int_equal(sim->viewers[1].violations, 0);
    sim_destroy(sim);
}

static void viewer_that_lost_the_thread_begins_anew(void **state)
{
    (void)state;
    struct sim *sim = open_room(room, &studio);

    sim_run(sim, MONO_SECOND);
    sim_join(sim, 0);
    sim_run(sim, MONO_SECOND);
    sim->settings.downlink.loss_per_mille = 1000; /* for longer than anything is kept for NACKs */
    sim_run(sim, 1500 * MONO_MS);
    sim->settings.downlink.loss_per_mille = 0;
    sim_run(sim, 2500 * MONO_MS); /* the next key frame is three seconds away */
    assert_in_range(frames_behind(sim, 0), 0, 3);
    assert_int_equal(sim->viewers[0].violations, 0);
    assert_true(sim->broadcaster.plis > 0); /* asked first, in vain */
    assert_int_equal(sim->stats.replays, 2);
    sim_destroy(sim);
}

static void viewer_whose_player_was_not_ready_begins_anew(void **state)
{
    (void)state;
    struct sim *sim = open_room(room, &studio);

    sim_run(sim, 3 * MONO_SECOND);
    sim_join(sim, 0);
    sim->viewers[0].deaf_until_ns = sim->now_ns + 50 * MONO_MS;
    sim_run(sim, 500 * MONO_MS);
    assert_in_range(sim->viewers[0].first_frame_ns - sim->viewers[0].joined_ns, 50 * MONO_MS,
                    150 * MONO_MS);
    assert_in_range(frames_behind(sim, 0), 0, 3);
    assert_int_equal(sim->viewers[0].violations, 0);
    assert_int_equal(sim->broadcaster.plis, 0);
    assert_int_equal(sim->stats.replays, 2);
    sim_destroy(sim);
}

static void a_storm_of_joins_spares_those_who_watch(void **state)
{
    (void)state;
    for (unsigned ignores = 0; ignores < 2; ignores++) {
        struct sim_settings settings = room;
        struct sim_publish publish = studio;
        settings.viewers = ignores ? 310 : 1010;
        publish.ignores_plis = ignores == 1;
        struct sim *sim = open_room(settings, &publish);

        for (unsigned i = 0; i < 10; i++)
            sim_join(sim, i);
        sim_run(sim, 3 * MONO_SECOND);
        for (unsigned i = 10; i < settings.viewers; i++) {
            sim_join(sim, i);
            sim_run(sim, MONO_MS);
        }
        sim_run(sim, 3 * MONO_SECOND);
        assert_in_range(sim->replayed_most, 1, REPLAY_BUDGET_PACKETS);
        for (unsigned i = 0; i < 10; i++)
            assert_in_range(sim->viewers[i].longest_freeze_ns, 1, 40 * MONO_MS);
        for (unsigned i = 0; i < settings.viewers; i++) {
            const struct sim_viewer *viewer = &sim->viewers[i];
            assert_int_equal(viewer->violations, 0);
            assert_int_equal(viewer->track[TRACK_VIDEO].nacked, 0);
            assert_in_range(frames_behind(sim, i), 0, 3);
            /* One key frame serves all who wait, if the broadcaster sends it. */
            assert_in_range(viewer->first_frame_ns - viewer->joined_ns, 1,
                            (ignores ? 3000 : 500) * MONO_MS);
        }
        sim_destroy(sim);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joiner_gets_the_key_frame_and_all_that_followed),
        cmocka_unit_test(timestamps_are_live_all_the_way),
        cmocka_unit_test(losses_are_filled_with_the_same_bytes),
        cmocka_unit_test(another_codec_in_the_middle_of_a_replay),
        cmocka_unit_test(broadcaster_goes_in_the_middle_of_a_replay),
        cmocka_unit_test(falls_back_to_key_frames_on_request),
        cmocka_unit_test(replay_goes_on_when_the_cache_is_full_meanwhile),
        cmocka_unit_test(viewer_that_lost_the_thread_begins_anew),
        cmocka_unit_test(viewer_whose_player_was_not_ready_begins_anew),
        cmocka_unit_test(a_storm_of_joins_spares_those_who_watch),
    };
    sim_read_seed(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
