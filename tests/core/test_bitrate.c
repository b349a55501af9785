#include "core/bitrate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"

static void bitrate_counts_the_last_second(void **state)
{
    (void)state;
    struct bitrate bitrate = {0};
    int64_t now_ns = 5000 * MONO_SECOND;

    assert_int_equal(bitrate_bps(&bitrate, now_ns), 0);
    for (int i = 0; i < 30; i++)
        bitrate_add(&bitrate, 1250, now_ns + i * 100 * MONO_MS);
    now_ns += 2900 * MONO_MS;
    assert_int_equal(bitrate_bps(&bitrate, now_ns), 100000);
    assert_int_equal(bitrate_bps(&bitrate, now_ns + 500 * MONO_MS), 50000);
    assert_int_equal(bitrate_bps(&bitrate, now_ns + 2 * MONO_SECOND), 0);
    bitrate_add(&bitrate, 10, now_ns + 100 * MONO_SECOND);
    assert_int_equal(bitrate_bps(&bitrate, now_ns + 100 * MONO_SECOND), 80);
}

static void bitrate_does_not_wrap(void **state)
{
    (void)state;
    struct bitrate bitrate = {0};

    bitrate_add(&bitrate, UINT64_C(1) << 33, 1);
    assert_true(bitrate_bps(&bitrate, 2) == UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bitrate_counts_the_last_second),
        cmocka_unit_test(bitrate_does_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
