#include "transport/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/mono.h"

enum { LIMIT = 200, KEPT_FREE = LIMIT / 4 };

static int64_t now_ns;

static void count(void)
{
    now_ns += 10 * MONO_SECOND;
    descriptors_count(now_ns);
}

/* Takes all there are; returns how many. */
static unsigned take_all(void)
{
    unsigned taken = 0;

    while (taken < LIMIT && descriptors_take(1))
        taken++;
    return taken;
}

static void descriptors_are_kept_free_in_the_end(void **state)
{
    const struct rlimit limit = {LIMIT, LIMIT};
    int pipes[20];

    (void)state;
    assert_true(descriptors_take(1000)); /* not counted yet */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    count();
    const unsigned first = take_all();
    assert_in_range(first, LIMIT - KEPT_FREE - 40, LIMIT - KEPT_FREE - 3);
    assert_false(descriptors_take(1));
    for (unsigned i = 0; i < 20; i += 2)
        assert_int_equal(pipe(pipes + i), 0);
    count(); /* what was taken is not open */
    assert_int_equal(take_all(), first - 20);
    for (unsigned i = 0; i < 20; i++)
        close(pipes[i]);
    assert_false(descriptors_take(1));
    count();
    assert_false(descriptors_take(first + 1));
    assert_true(descriptors_take(first));
    assert_false(descriptors_take(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_are_kept_free_in_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
