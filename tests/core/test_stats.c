#include "core/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void stats_sum_adds_every_counter(void **state)
{
    (void)state;
    static struct stats one, two, sum;

    STATS_ADD(&one, packets_in, 2);
    STATS_ADD(&one, packets_in, 3);
    STATS_ADD(&two, packets_in, 10);
    STATS_ADD(&two, drop_handshake_limit, 1);
    stats_sum(&sum, &one);
    stats_sum(&sum, &two);
    assert_int_equal(sum.packets_in, 15);
    assert_int_equal(sum.drop_handshake_limit, 1);
    assert_int_equal(sum.bytes_in, 0);
}

static void stats_observe_counts_up_to_the_bound(void **state)
{
    (void)state;
    static struct stats part, sum;

    STATS_OBSERVE(&part, batch_size, 1);
    STATS_OBSERVE(&part, batch_size, 3);
    STATS_OBSERVE(&part, batch_size, 4);
    STATS_OBSERVE(&part, batch_size, 64);
    stats_sum(&sum, &part);
    assert_int_equal(sum.batch_size.buckets[0], 1);
    assert_int_equal(sum.batch_size.buckets[2], 2);
    assert_int_equal(sum.batch_size.buckets[STATS_BOUNDS], 1);
    assert_int_equal(sum.batch_size.sum, 72);
}

static void stats_observe_ms_takes_less_than_nothing_for_nothing(void **state)
{
    (void)state;
    static struct stats stats;

    STATS_OBSERVE_MS(&stats, join_ice_ms, INT64_C(-5000000));
    STATS_OBSERVE_MS(&stats, join_ice_ms, INT64_C(0));
    STATS_OBSERVE_MS(&stats, join_ice_ms, INT64_C(10999999));
    STATS_OBSERVE_MS(&stats, join_ice_ms, INT64_C(11000000));
    assert_int_equal(stats.join_ice_ms.buckets[0], 3);
    assert_int_equal(stats.join_ice_ms.buckets[1], 1);
    assert_int_equal(stats.join_ice_ms.sum, 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stats_sum_adds_every_counter),
        cmocka_unit_test(stats_observe_counts_up_to_the_bound),
        cmocka_unit_test(stats_observe_ms_takes_less_than_nothing_for_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
