#include "signaling/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"

enum { PER_SECOND = 10, BURST = 20 };

static void rate_passes_a_burst_then_the_rate(void **state)
{
    struct rate rate;
    int64_t now_ns = MONO_SECOND;

    (void)state;
    rate_init(&rate, PER_SECOND, BURST, now_ns);
    for (unsigned i = 0; i < BURST; i++)
        assert_int_equal(rate_take(&rate, now_ns), RATE_PASS);
    assert_int_equal(rate_take(&rate, now_ns), RATE_REFUSE);
    assert_int_equal(rate_take(&rate, now_ns), RATE_REFUSE_MUTE);
    now_ns += 100 * MONO_MS;
    assert_int_equal(rate_take(&rate, now_ns), RATE_PASS);
    assert_int_equal(rate_take(&rate, now_ns), RATE_REFUSE_MUTE);
    now_ns += 60 * MONO_SECOND;
    for (unsigned i = 0; i < BURST; i++)
        assert_int_equal(rate_take(&rate, now_ns), RATE_PASS);
    assert_int_equal(rate_take(&rate, now_ns), RATE_REFUSE);
}

/* Twice as many as admitted, for so long. */
static enum rate_verdict flood(struct rate *rate, int64_t *now_ns, unsigned ms)
{
    enum rate_verdict verdict = RATE_PASS;

    for (unsigned passed = 0; passed < ms && verdict != RATE_CLOSE; passed += 50) {
        *now_ns += 50 * MONO_MS;
        verdict = rate_take(rate, *now_ns);
    }
    return verdict;
}

static void rate_closes_when_a_flood_lasts(void **state)
{
    struct rate rate;
    int64_t now_ns = MONO_SECOND;

    (void)state;
    rate_init(&rate, PER_SECOND, 1, now_ns);
    assert_int_not_equal(flood(&rate, &now_ns, 9000), RATE_CLOSE);
    assert_int_equal(flood(&rate, &now_ns, 2000), RATE_CLOSE);
}

static void rate_forgets_a_flood_after_a_pause(void **state)
{
    struct rate rate;
    int64_t now_ns = MONO_SECOND;

    (void)state;
    rate_init(&rate, PER_SECOND, 1, now_ns);
    assert_int_not_equal(flood(&rate, &now_ns, 9000), RATE_CLOSE);
    now_ns += 2 * MONO_SECOND;
    assert_int_not_equal(flood(&rate, &now_ns, 9000), RATE_CLOSE);
}

static void rate_has_no_limit_when_zero(void **state)
{
    struct rate rate;

    (void)state;
    rate_init(&rate, 0, 0, MONO_SECOND);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(rate_take(&rate, MONO_SECOND), RATE_PASS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_passes_a_burst_then_the_rate),
        cmocka_unit_test(rate_closes_when_a_flood_lasts),
        cmocka_unit_test(rate_forgets_a_flood_after_a_pause),
        cmocka_unit_test(rate_has_no_limit_when_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
