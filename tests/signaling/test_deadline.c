#include "signaling/deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mono.h"

static void deadline_take_gives_what_is_due_in_order(void **state)
{
    struct deadline_queue queue = {.delay_ns = 100};
    struct deadline deadlines[3] = {0};
    int owners[3];
    int64_t due_ns;

    (void)state;
    assert_int_equal(deadline_next_ns(&queue), MONO_NEVER);
    for (int i = 0; i < 3; i++)
        deadline_set(&queue, &deadlines[i], &owners[i], i);
    assert_int_equal(deadline_next_ns(&queue), 100);
    assert_null(deadline_take(&queue, 99, &due_ns));
    assert_ptr_equal(deadline_take(&queue, 200, &due_ns), &owners[0]);
    assert_int_equal(due_ns, 100);
    deadline_stop(&deadlines[1]);
    deadline_stop(&deadlines[1]);
    assert_ptr_equal(deadline_take(&queue, 200, &due_ns), &owners[2]);
    assert_null(deadline_take(&queue, 200, &due_ns));
}

static void deadline_set_moves_one_between_queues(void **state)
{
    struct deadline_queue first = {.delay_ns = 10};
    struct deadline_queue second = {.delay_ns = 20};
    struct deadline deadline = {0};

    (void)state;
    deadline_set(&first, &deadline, &first, 0);
    deadline_set(&first, &deadline, &first, 5);
    assert_int_equal(deadline_next_ns(&first), 15);
    deadline_set(&second, &deadline, &first, 5);
    assert_int_equal(deadline_next_ns(&first), MONO_NEVER);
    assert_int_equal(deadline_next_ns(&second), 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadline_take_gives_what_is_due_in_order),
        cmocka_unit_test(deadline_set_moves_one_between_queues),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
