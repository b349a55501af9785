#include "core/sender_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"

static void sender_clock_runs_on_between_reports(void **state)
{
    (void)state;
    struct sender_clock clock = {0};
    uint64_t ntp = 0;
    uint32_t timestamp = 0;

    assert_false(sender_clock_now(&clock, 90000, 0, &ntp, &timestamp));
    sender_clock_set(&clock, UINT64_C(100) << 32, 0xfffffff0, 10 * MONO_SECOND);
    assert_true(sender_clock_now(&clock, 90000, 11500 * MONO_MS, &ntp, &timestamp));
    assert_true(ntp == ((UINT64_C(101) << 32) | UINT64_C(0x80000000)));
    assert_int_equal(timestamp, (uint32_t)(0xfffffff0 + 135000));
    assert_true(sender_clock_now(&clock, 90000, 9 * MONO_SECOND, &ntp, &timestamp));
    assert_true(ntp == UINT64_C(100) << 32);
}

static void sender_clock_tells_round_trips(void **state)
{
    (void)state;
    struct sender_clock clock = {0};
    uint64_t ntp = 0;
    uint32_t timestamp = 0;

    for (int i = 0; i < 6; i++) {
        int64_t arrival_ns = (10 + i) * MONO_SECOND + i * 7 * MONO_MS; /* jitter */
        sender_clock_set(&clock, (uint64_t)(100 + i) << 32, 0, arrival_ns);
    }
    int64_t sent_ns = 15500 * MONO_MS;
    assert_true(sender_clock_now(&clock, 90000, sent_ns, &ntp, &timestamp));
    uint32_t last = (uint32_t)(ntp >> 16);

    /* Held for half a second, back 40 ms after that; other reports may have come meanwhile. */
    int64_t round_trip_ns =
        sender_clock_round_trip_ns(&clock, last, 32768, sent_ns + 540 * MONO_MS);
    assert_in_range(round_trip_ns, 39 * MONO_MS, 41 * MONO_MS);
    sender_clock_set(&clock, UINT64_C(106) << 32, 0, 16 * MONO_SECOND);
    round_trip_ns = sender_clock_round_trip_ns(&clock, last, 32768, sent_ns + 540 * MONO_MS);
    assert_in_range(round_trip_ns, 39 * MONO_MS, 41 * MONO_MS);
    /* What cannot be is not told. */
    assert_int_equal(sender_clock_round_trip_ns(&clock, 0, 0, sent_ns), 0);
    assert_int_equal(sender_clock_round_trip_ns(&clock, last, 65536 * 5, sent_ns + MONO_MS), 0);
    assert_int_equal(sender_clock_round_trip_ns(&clock, last, 0, sent_ns + 60 * MONO_SECOND), 0);
    assert_int_equal(sender_clock_round_trip_ns(&clock, 1 << 16, 0, sent_ns), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sender_clock_runs_on_between_reports),
        cmocka_unit_test(sender_clock_tells_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
