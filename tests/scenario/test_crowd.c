/* A thousand viewers behind bad networks: nobody starves, the broadcaster hears of it only once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/mono.h"
#include "sim.h"

static void a_thousand_viewers_lose_ten_percent(void **state)
{
    (void)state;
    enum { VIEWERS = 1000, SECONDS = 4 };
    const struct sim_publish browser = {.video = CODEC_VP8, .audio = true, .rtx = true, .parts = 3};
    struct sim *sim = sim_create(&(struct sim_settings){
        .seed = sim_seed(),
        .viewers = VIEWERS,
        .viewer_rtx = true,
        .uplink = {.delay_ns = 20 * MONO_MS},
        .downlink = {.delay_ns = 30 * MONO_MS, .jitter_ns = 10 * MONO_MS, .loss_per_mille = 100}});
    unsigned frozen = 0;
    unsigned lost = 0;
    unsigned received = 0;
    unsigned least_shown = UINT32_MAX;

    sim_publish(sim, &browser);
    for (unsigned i = 0; i < VIEWERS; i++)
        sim_join(sim, i);
    sim_run(sim, SECONDS * MONO_SECOND);
    for (unsigned i = 0; i < VIEWERS; i++) {
        const struct sim_viewer *viewer = &sim->viewers[i];
        assert_int_equal(viewer->violations, 0);
        least_shown = viewer->shown < least_shown ? viewer->shown : least_shown;
        frozen += viewer->longest_freeze_ns > 500 * MONO_MS;
        lost += viewer->track[TRACK_VIDEO].lost;
        received += viewer->track[TRACK_VIDEO].received;
    }
    printf("shown at least %u of %u, received %u, lost %u, frozen for over 500 ms: %u viewers, "
           "PLIs %u\n",
           least_shown, SECONDS * 30, received, lost, frozen, sim->broadcaster.plis);
    assert_true(lost * 1000 < received);
    assert_true(frozen < VIEWERS / 20);
    assert_in_range(sim->broadcaster.plis, 0, 2 * SECONDS);
    assert_int_equal(sim->broadcaster.nacked, 0); /* their losses are not the broadcaster's */
    sim_destroy(sim);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_viewers_lose_ten_percent),
    };
    sim_read_seed(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
