#include "core/viewer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void viewer_init_starts_each_numbering_below_2_to_15(void **state)
{
    (void)state;
    static const uint16_t firsts[] = {1, 2, 0x1555, 0x3fff, 0x4000};
    const struct profile profile = {0};

    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        struct viewer viewer;
        const struct viewer_start start = {.ssrc = {1, 2},
                                           .rtx_ssrc = {0, 3},
                                           .first_sequence_number = {firsts[i], firsts[i]},
                                           .wanted = {true, false}};
        viewer_init(&viewer, &profile, &start);
        assert_ptr_equal(viewer.profile, &profile);
        assert_int_equal(viewer.track[TRACK_VIDEO].highest_index + 1, firsts[i]);
        assert_true(viewer.track[TRACK_VIDEO].rtx_index < 0x8000);
        assert_int_equal(viewer.track[TRACK_VIDEO].rtx_ssrc, 3);
        assert_true(viewer.track[TRACK_AUDIO].wanted);
        assert_false(viewer.track[TRACK_VIDEO].wanted);
        assert_false(viewer.track[TRACK_AUDIO].started);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(viewer_init_starts_each_numbering_below_2_to_15),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
