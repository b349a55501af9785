#include "core/packet.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ring.h"

enum { POOL_PACKETS = 16, THREADED_PACKETS = 50000, THREADED_WORKERS = 2 };

static void packet_pool_runs_dry_and_recovers(void **state)
{
    (void)state;
    struct packet_pool *pool = NULL;
    struct packet *taken[POOL_PACKETS];

    assert_int_equal(packet_pool_create(POOL_PACKETS, &pool), STATUS_OK);
    for (unsigned i = 0; i < POOL_PACKETS; i++) {
        taken[i] = packet_take_or_null(pool);
        assert_non_null(taken[i]);
    }
    assert_null(packet_take_or_null(pool));
    assert_int_equal(packet_pool_taken(pool), POOL_PACKETS);
    packet_unref(taken[3]);
    assert_int_equal(packet_pool_taken(pool), POOL_PACKETS - 1);
    assert_ptr_equal(packet_take_or_null(pool), taken[3]);
    for (unsigned i = 0; i < POOL_PACKETS; i++)
        packet_unref(taken[i]);
    assert_int_equal(packet_pool_taken(pool), 0);
    packet_pool_destroy(pool);
    packet_pool_destroy(NULL);
}

static void packet_returns_with_its_last_reference(void **state)
{
    (void)state;
    struct packet_pool *pool = NULL;

    assert_int_equal(packet_pool_create(1, &pool), STATUS_OK);
    struct packet *packet = packet_take_or_null(pool);
    assert_ptr_equal(packet_ref(packet), packet);
    packet_unref(packet);
    assert_null(packet_take_or_null(pool));
    packet->marker = true;
    packet->sequence_number = 5;
    packet_unref(packet);
    packet_unref(NULL);
    assert_ptr_equal(packet_take_or_null(pool), packet);
    assert_false(packet->marker);
    assert_int_equal(packet->sequence_number, 0);
    packet_unref(packet);
    packet_pool_destroy(pool);
}

static void *drop_references(void *context)
{
    void *items[8];

    for (unsigned dropped = 0; dropped < THREADED_PACKETS;) {
        unsigned count = ring_pop(context, items, 8);
        for (unsigned i = 0; i < count; i++, dropped++) {
            const struct packet *packet = items[i];
            assert_int_equal(packet->data[0], (uint8_t)packet->sequence_number);
            packet_unref(items[i]);
        }
        if (count == 0)
            sched_yield();
    }
    return NULL;
}

static void packet_is_shared_between_threads(void **state)
{
    (void)state;
    struct packet_pool *pool = NULL;
    struct ring *rings[THREADED_WORKERS];
    pthread_t threads[THREADED_WORKERS];

    assert_int_equal(packet_pool_create(POOL_PACKETS, &pool), STATUS_OK);
    for (unsigned i = 0; i < THREADED_WORKERS; i++) {
        assert_int_equal(ring_create(POOL_PACKETS, &rings[i]), STATUS_OK);
        assert_int_equal(pthread_create(&threads[i], NULL, drop_references, rings[i]), 0);
    }
    for (unsigned number = 0; number < THREADED_PACKETS;) {
        struct packet *packet = packet_take_or_null(pool);
        if (packet == NULL) {
            sched_yield();
            continue;
        }
        packet->sequence_number = number;
        packet->data[0] = (uint8_t)number++;
        for (unsigned i = 0; i < THREADED_WORKERS; i++)
            assert_true(ring_push(rings[i], packet_ref(packet)));
        packet_unref(packet);
    }
    for (unsigned i = 0; i < THREADED_WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        ring_destroy(rings[i]);
    }
    packet_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_pool_runs_dry_and_recovers),
        cmocka_unit_test(packet_returns_with_its_last_reference),
        cmocka_unit_test(packet_is_shared_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
