#include "core/rewrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"

static struct rewrite rewrite;
static int64_t number;
static uint32_t timestamp;

static int set_up(void **state)
{
    (void)state;
    rewrite_init(&rewrite, 90000, 1000000);
    return 0;
}

static bool place(int64_t sequence_in, uint32_t timestamp_in, int64_t now_ns)
{
    return rewrite_place(&rewrite, sequence_in, timestamp_in, now_ns, &number, &timestamp);
}

static void expect_place(int64_t sequence_in, int64_t expected)
{
    assert_true(place(sequence_in, 0, MONO_SECOND));
    assert_true(number == expected);
}

static void rewrite_numbers_from_one(void **state)
{
    (void)state;
    assert_false(rewrite_timestamp(&rewrite, 5, &timestamp));
    assert_true(place(65000, 7, MONO_SECOND));
    assert_int_equal(number, 1);
    assert_int_equal(timestamp, 1000000);
    assert_true(place(65537, 3007, MONO_SECOND));
    assert_int_equal(number, 538);
    assert_int_equal(timestamp, 1003000);
    assert_true(rewrite_timestamp(&rewrite, 6007, &timestamp));
    assert_int_equal(timestamp, 1006000);
}

static void rewrite_gives_late_packets_their_true_place(void **state)
{
    (void)state;
    expect_place(100, 1);
    expect_place(105, 6);
    expect_place(103, 4);
    assert_false(place(99, 0, MONO_SECOND)); /* before the first */
}

static void rewrite_goes_on_after_another_broadcaster(void **state)
{
    (void)state;
    expect_place(100, 1);
    assert_true(place(101, 3000, 2 * MONO_SECOND));
    rewrite_end(&rewrite);
    assert_false(rewrite_timestamp(&rewrite, 5, &timestamp));
    assert_true(place(40000, 0xffffff00, 2 * MONO_SECOND + 500 * MONO_MS));
    assert_int_equal(number, 3);
    assert_int_equal(timestamp, 1003000 + 45000);
    rewrite_end(&rewrite); /* at once: still one step further */
    assert_true(place(7, 12, 2 * MONO_SECOND + 500 * MONO_MS));
    assert_int_equal(number, 4);
    assert_int_equal(timestamp, 1003000 + 45000 + 1800);
}

static void rewrite_closes_the_holes_of_padding(void **state)
{
    (void)state;
    rewrite_skip(&rewrite, 99); /* before anything: nothing to close */
    expect_place(100, 1);
    rewrite_skip(&rewrite, 101);
    rewrite_skip(&rewrite, 102);
    expect_place(104, 3); /* 103 is missing */
    rewrite_skip(&rewrite, 105);
    expect_place(106, 4);
    expect_place(103, 2);        /* late, after two skips and before one */
    rewrite_skip(&rewrite, 103); /* passed already */
    expect_place(107, 5);
}

static void rewrite_gives_no_number_again_that_padding_overtook(void **state)
{
    (void)state;
    expect_place(100, 1);
    rewrite_skip(&rewrite, 103);
    expect_place(102, 3); /* late, but the highest number given out */
    rewrite_end(&rewrite);
    expect_place(500, 4);
}

static void rewrite_refuses_what_it_cannot_place_any_more(void **state)
{
    (void)state;
    expect_place(100, 1);
    for (int64_t i = 0; i < REWRITE_SKIPS_KEPT + 5; i++)
        rewrite_skip(&rewrite, 110 + 2 * i);
    assert_false(place(109, 0, MONO_SECOND));
    assert_false(place(115, 0, MONO_SECOND));
    assert_true(place(121, 0, MONO_SECOND));
    assert_int_equal(number, 16); /* 22 after the first, 6 of them skipped */
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rewrite_numbers_from_one),
        TEST(rewrite_gives_late_packets_their_true_place),
        TEST(rewrite_goes_on_after_another_broadcaster),
        TEST(rewrite_closes_the_holes_of_padding),
        TEST(rewrite_gives_no_number_again_that_padding_overtook),
        TEST(rewrite_refuses_what_it_cannot_place_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
