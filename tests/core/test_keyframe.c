#include "core/keyframe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"

static struct keyframe keyframe;

static int set_up(void **state)
{
    (void)state;
    keyframe_init(&keyframe, 500 * MONO_MS);
    return 0;
}

static bool take(int64_t now_ms)
{
    return keyframe_take(&keyframe, now_ms * MONO_MS);
}

static void want(int64_t now_ms)
{
    keyframe_want(&keyframe, now_ms * MONO_MS);
}

static void arrive(int64_t now_ms)
{
    keyframe_on_arrival(&keyframe, now_ms * MONO_MS);
}

static void keyframe_is_asked_for_at_once(void **state)
{
    (void)state;
    assert_true(keyframe_due_ns(&keyframe) == MONO_NEVER);
    assert_false(take(0));
    want(10);
    assert_true(keyframe_due_ns(&keyframe) <= 10 * MONO_MS);
    assert_true(take(10));
    assert_false(take(10));
}

static void keyframe_is_asked_for_once_in_the_interval(void **state)
{
    (void)state;
    unsigned asked = 0;

    for (int64_t now_ms = 0; now_ms < 5000; now_ms++) { /* a storm, answered each time */
        want(now_ms);
        if (take(now_ms)) {
            asked++;
            arrive(now_ms + 1);
        }
    }
    assert_in_range(asked, 9, 10);
}

static void keyframe_request_is_repeated_when_unanswered(void **state)
{
    (void)state;
    want(0);
    assert_true(take(0));
    want(400);
    assert_false(take(999));
    assert_true(take(1000)); /* still wanted: the request was lost */
    arrive(1100);
    assert_false(take(5000));
}

static void keyframe_that_arrived_answers_earlier_wishes(void **state)
{
    (void)state;
    want(0);
    arrive(50);
    assert_false(take(60));
    want(40); /* from a worker that had not seen it yet */
    want(65);
    assert_false(take(1000));
    want(80);
    assert_true(take(1000));
}

static void keyframe_reset_forgets_the_request_in_flight(void **state)
{
    (void)state;
    want(0);
    assert_true(take(0));
    keyframe_reset(&keyframe);
    assert_false(take(10));
    want(10);
    assert_true(take(10));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keyframe_is_asked_for_at_once),
        TEST(keyframe_is_asked_for_once_in_the_interval),
        TEST(keyframe_request_is_repeated_when_unanswered),
        TEST(keyframe_that_arrived_answers_earlier_wishes),
        TEST(keyframe_reset_forgets_the_request_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
