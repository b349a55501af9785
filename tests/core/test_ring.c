#include "core/ring.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { THREADED_ITEMS = 100000 };

static uint8_t anchor[THREADED_ITEMS];

static void ring_keeps_order_and_wraps(void **state)
{
    (void)state;
    struct ring *ring = NULL;
    void *items[3];

    assert_int_equal(ring_create(4, &ring), STATUS_OK);
    for (unsigned round = 0; round < 100; round++) {
        for (unsigned i = 0; i < 3; i++)
            assert_true(ring_push(ring, &anchor[i]));
        assert_int_equal(ring_pop(ring, items, 3), 3);
        for (unsigned i = 0; i < 3; i++)
            assert_ptr_equal(items[i], &anchor[i]);
    }
    assert_true(ring_is_empty(ring));
    ring_destroy(ring);
}

static void ring_refuses_when_full(void **state)
{
    (void)state;
    struct ring *ring = NULL;
    void *items[8];

    assert_int_equal(ring_create(3, &ring), STATUS_OK); /* rounded up to 4 */
    for (unsigned i = 0; i < 4; i++)
        assert_true(ring_push(ring, &anchor[i]));
    assert_false(ring_push(ring, &anchor[4]));
    assert_int_equal(ring_pop(ring, items, 1), 1);
    assert_true(ring_push(ring, &anchor[4]));
    assert_int_equal(ring_pop(ring, items, 8), 4);
    assert_ptr_equal(items[3], &anchor[4]);
    assert_int_equal(ring_pop(ring, items, 8), 0);
    ring_destroy(ring);
}

static void ring_create_refuses_absurd_capacity(void **state)
{
    (void)state;
    struct ring *ring = NULL;

    assert_int_equal(ring_create(UINT32_MAX, &ring), STATUS_FULL);
    ring_destroy(NULL);
}

static void *produce(void *context)
{
    for (unsigned i = 0; i < THREADED_ITEMS; i++) {
        anchor[i] = (uint8_t)i;
        while (!ring_push(context, &anchor[i]))
            sched_yield();
    }
    return NULL;
}

static void ring_hands_over_between_threads(void **state)
{
    (void)state;
    struct ring *ring = NULL;
    pthread_t producer;
    void *items[16];
    unsigned next = 0;

    assert_int_equal(ring_create(64, &ring), STATUS_OK);
    assert_int_equal(pthread_create(&producer, NULL, produce, ring), 0);
    while (next < THREADED_ITEMS) {
        unsigned count = ring_pop(ring, items, 16);
        for (unsigned i = 0; i < count; i++, next++) {
            assert_ptr_equal(items[i], &anchor[next]);
            assert_int_equal(*(uint8_t *)items[i], (uint8_t)next);
        }
        if (count == 0)
            sched_yield();
    }
    assert_int_equal(pthread_join(producer, NULL), 0);
    ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_keeps_order_and_wraps),
        cmocka_unit_test(ring_refuses_when_full),
        cmocka_unit_test(ring_create_refuses_absurd_capacity),
        cmocka_unit_test(ring_hands_over_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
