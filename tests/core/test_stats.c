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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stats_sum_adds_every_counter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
