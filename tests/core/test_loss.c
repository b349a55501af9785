#include "core/loss.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"

static struct loss loss;
static uint16_t numbers[LOSS_MISSING_MAX];

static int set_up(void **state)
{
    (void)state;
    loss_reset(&loss);
    return 0;
}

static enum loss_verdict on_packet(int64_t number, int64_t now_ms)
{
    return loss_on_packet(&loss, number, now_ms * MONO_MS);
}

static unsigned take(int64_t now_ms)
{
    return loss_take_nacks(&loss, numbers, LOSS_MISSING_MAX, now_ms * MONO_MS);
}

static void loss_tells_new_late_and_duplicate(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        enum loss_verdict verdict;
    } cases[] = {
        {100, LOSS_FIRST_TIME}, {100, LOSS_DUPLICATE}, {99, LOSS_TOO_OLD}, {103, LOSS_FIRST_TIME},
        {101, LOSS_LATE},       {101, LOSS_DUPLICATE}, {102, LOSS_LATE},   {5000, LOSS_FIRST_TIME},
        {4999, LOSS_LATE},      {103, LOSS_TOO_OLD},   {2953, LOSS_LATE},  {2952, LOSS_TOO_OLD},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (on_packet(cases[i].number, 0) != cases[i].verdict)
            fail_msg("case %zu", i);
}

static void loss_tolerates_reordering(void **state)
{
    (void)state;
    on_packet(1, 0);
    on_packet(3, 0);
    assert_int_equal(take(5), 0);
    on_packet(2, 5);
    assert_true(loss_due_ns(&loss) == MONO_NEVER);
    assert_int_equal(take(50), 0);
}

static void loss_asks_at_once_when_the_gap_is_wide(void **state)
{
    (void)state;
    on_packet(65530, 0);
    on_packet(65541, 0);
    assert_int_equal(take(0), 10);
    assert_int_equal(numbers[0], 65531);
    assert_int_equal(numbers[9], 4); /* 65540 in 16 bits */
}

static void loss_asks_again_until_it_gives_up(void **state)
{
    (void)state;
    unsigned asked = 0;

    on_packet(1, 0);
    on_packet(3, 0);
    for (int64_t now_ms = 0; now_ms < 3000; now_ms++)
        asked += take(now_ms);
    assert_int_equal(asked, 10);
    assert_int_equal(loss.given_up, 1);
    assert_true(loss_due_ns(&loss) == MONO_NEVER);
    assert_int_equal(on_packet(2, 3000), LOSS_LATE);
    assert_int_equal(loss.given_up, 0);
}

static void loss_learns_the_round_trip(void **state)
{
    (void)state;
    on_packet(1, 0);
    on_packet(3, 0);
    assert_int_equal(take(8), 1);
    on_packet(2, 128);
    assert_true(loss.round_trip_ns == 120 * MONO_MS);
    on_packet(5, 200);
    assert_int_equal(take(208), 1);
    assert_int_equal(take(208 + 149), 0); /* 1.25 round trips */
    assert_int_equal(take(208 + 150), 1);
}

static void loss_bounds_what_it_remembers(void **state)
{
    (void)state;
    on_packet(1, 0);
    on_packet(1002, 0);
    assert_int_equal(take(0), LOSS_MISSING_MAX);
    assert_int_equal(numbers[0], 1002 - LOSS_MISSING_MAX);
    assert_int_equal(loss.given_up, 1000 - LOSS_MISSING_MAX);
    on_packet(1013, 0);
    assert_int_equal(loss.missing_count, LOSS_MISSING_MAX);
    assert_int_equal(loss.given_up, 1010 - LOSS_MISSING_MAX);
    on_packet(INT64_C(1) << 33, 0);
    assert_int_equal(loss.missing_count, LOSS_MISSING_MAX);
}

static void loss_expires_without_being_asked(void **state)
{
    (void)state;
    on_packet(1, 0);
    on_packet(3, 0);
    assert_int_equal(loss_take_nacks(&loss, NULL, 0, 500 * MONO_MS), 0);
    assert_int_equal(loss.given_up, 0);
    assert_int_equal(loss_take_nacks(&loss, NULL, 0, MONO_SECOND), 0);
    assert_int_equal(loss.given_up, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(loss_tells_new_late_and_duplicate),
        TEST(loss_tolerates_reordering),
        TEST(loss_asks_at_once_when_the_gap_is_wide),
        TEST(loss_asks_again_until_it_gives_up),
        TEST(loss_learns_the_round_trip),
        TEST(loss_bounds_what_it_remembers),
        TEST(loss_expires_without_being_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
