/* Networks that lose and reorder, on either side. */
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mono.h"
#include "sim.h"

struct loss_case {
    const char *what;
    bool broadcaster_rtx;
    bool viewer_rtx;
    struct sim_link uplink;
    struct sim_link downlink;
    unsigned padding_per_mille;
    unsigned lost_max_per_mille; /* of a viewer's video packets, after NACK */
    int64_t freeze_max_ns;
};

#define WAY(delay_ms, jitter_ms, loss)                                                             \
    {                                                                                              \
        .delay_ns = (delay_ms)*MONO_MS, .jitter_ns = (jitter_ms)*MONO_MS, .loss_per_mille = (loss) \
    }

static const struct loss_case cases[] = {
    {"viewers lose 2 %, RTX", true, true, WAY(20, 0, 0), WAY(30, 5, 20), 0, 0, 400 * MONO_MS},
    {"viewers lose 2 %, no RTX", true, false, WAY(20, 0, 0), WAY(30, 5, 20), 0, 0, 400 * MONO_MS},
    {"viewers lose 10 %, RTX", true, true, WAY(20, 0, 0), WAY(30, 5, 100), 0, 1, 800 * MONO_MS},
    {"viewers lose 10 %, no RTX", true, false, WAY(20, 0, 0), WAY(30, 5, 100), 0, 1, 800 * MONO_MS},
    {"broadcaster loses 2 %, RTX", true, true, WAY(20, 5, 20), WAY(20, 0, 0), 0, 0, 400 * MONO_MS},
    {"broadcaster loses 2 %, no RTX", false, true, WAY(20, 5, 20), WAY(20, 0, 0), 0, 0,
     400 * MONO_MS},
    {"broadcaster loses 10 %", true, true, WAY(20, 5, 100), WAY(20, 0, 0), 0, 1, 800 * MONO_MS},
    {"both lose 2 %", true, true, WAY(20, 5, 20), WAY(20, 5, 20), 0, 1, 500 * MONO_MS},
    {"both reorder", true, true, WAY(10, 30, 0), WAY(10, 30, 0), 0, 0, 150 * MONO_MS},
    {"padding between frames", true, true, WAY(20, 0, 0), WAY(20, 0, 0), 300, 0, 60 * MONO_MS},
};

static void run_case(const struct loss_case *c)
{
    enum { VIEWERS = 8 };
    const struct sim_publish publish = {.video = CODEC_VP8,
                                        .audio = true,
                                        .rtx = c->broadcaster_rtx,
                                        .parts = 4,
                                        .padding_per_mille = c->padding_per_mille};
    struct sim *sim = sim_create(&(struct sim_settings){.seed = sim_seed(),
                                                        .viewers = VIEWERS,
                                                        .viewer_rtx = c->viewer_rtx,
                                                        .uplink = c->uplink,
                                                        .downlink = c->downlink});
    unsigned least_shown = UINT32_MAX;
    unsigned lost = 0;
    int64_t freeze_ns = 0;

    sim_publish(sim, &publish);
    for (unsigned i = 0; i < VIEWERS; i++)
        sim_join(sim, i);
    sim_run(sim, 20 * MONO_SECOND);
    for (unsigned i = 0; i < VIEWERS; i++) {
        const struct sim_viewer *viewer = &sim->viewers[i];
        const struct sim_viewer_track *video = &viewer->track[TRACK_VIDEO];
        assert_int_equal(viewer->violations, 0);
        least_shown = viewer->shown < least_shown ? viewer->shown : least_shown;
        lost = video->lost > lost ? video->lost : lost;
        freeze_ns = viewer->longest_freeze_ns > freeze_ns ? viewer->longest_freeze_ns : freeze_ns;
        assert_int_equal(viewer->rtx_next_index != 0, c->viewer_rtx && video->nacked > 0);
        assert_true(video->lost * 1000 <= video->received * c->lost_max_per_mille);
    }
    printf("%-30s shown %3u of 600, lost %u, longest freeze %3d ms, PLIs %u, resent %d, asked "
           "upstream %u\n",
           c->what, least_shown, lost, (int)mono_to_ms(freeze_ns), sim->broadcaster.plis,
           (int)sim->stats.packets_resent, sim->broadcaster.nacked);
    assert_true(freeze_ns <= c->freeze_max_ns);
    assert_true(least_shown >= 540);
    sim_destroy(sim);
}

static void frames_are_recovered(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        run_case(&cases[i]);
}

/* What nobody answers is given up, and counted. */
static void upstream_loss_is_counted_when_nobody_answers(void **state)
{
    (void)state;
    struct sim *sim = sim_create(&(struct sim_settings){
        .seed = sim_seed(), .viewers = 1, .uplink = WAY(20, 0, 0), .downlink = WAY(20, 0, 0)});
    struct stream_report report;

    sim_publish(sim, &(struct sim_publish){.video = CODEC_VP8, .audio = true, .parts = 4});
    sim_join(sim, 0);
    sim_run(sim, 2 * MONO_SECOND);
    sim->broadcaster.track[TRACK_VIDEO].sequence_number += 5; /* never sent, so never kept */
    sim_run(sim, 3 * MONO_SECOND);
    stream_read_report(sim->stream, &report, sim->now_ns);
    assert_int_equal(report.packets_lost[TRACK_VIDEO], 5);
    assert_int_equal(sim->viewers[0].track[TRACK_VIDEO].lost, 5);
    assert_int_equal(sim->viewers[0].violations, 0);
    assert_in_range(sim->broadcaster.nacked, 5, 5 * 10);
    sim_destroy(sim);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_recovered),
        cmocka_unit_test(upstream_loss_is_counted_when_nobody_answers),
    };
    sim_read_seed(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
