#include "core/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "fake_egress.h"

static struct packet_pool *pool;
static struct history *history;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(packet_pool_create(64, &pool), STATUS_OK);
    assert_int_equal(history_create(7, MONO_SECOND, &history), STATUS_OK); /* 8 slots */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    history_destroy(history);
    packet_pool_destroy(pool);
    return 0;
}

static void push(int64_t number, int64_t now_ns)
{
    struct packet *packet = fake_video(pool, number, false);

    packet->arrival_ns = now_ns;
    history_push(history, packet, now_ns);
    packet_unref(packet);
}

static void expect_kept(const int64_t *numbers, unsigned count, int64_t now_ns)
{
    for (unsigned i = 0; i < count; i++) {
        const struct packet *packet = history_find(history, numbers[i], now_ns);
        assert_non_null(packet);
        assert_true(packet->sequence_number == numbers[i]);
    }
}

static void history_keeps_the_latest(void **state)
{
    (void)state;
    for (int64_t i = 100; i < 120; i++)
        push(i, 0);
    expect_kept((const int64_t[]){112, 113, 119}, 3, 0);
    assert_null(history_find(history, 111, 0));
    assert_null(history_find(history, 120, 0));
    assert_int_equal(packet_pool_taken(pool), 8);
}

static void history_takes_late_ones_in_their_place(void **state)
{
    (void)state;
    push(10, 0);
    push(12, 0);
    assert_null(history_find(history, 11, 0));
    push(11, 0);
    push(8, 0); /* before the first one */
    expect_kept((const int64_t[]){8, 10, 11, 12}, 4, 0);
    push(4, 0); /* too far behind */
    assert_null(history_find(history, 4, 0));
}

static void history_lets_go_what_is_too_old(void **state)
{
    (void)state;
    push(1, 0);
    push(2, MONO_SECOND);
    assert_null(history_find(history, 1, MONO_SECOND + 1));
    push(3, MONO_SECOND + MONO_MS);
    assert_int_equal(packet_pool_taken(pool), 2);
    push(4, 10 * MONO_SECOND);
    assert_int_equal(packet_pool_taken(pool), 1);
    expect_kept((const int64_t[]){4}, 1, 10 * MONO_SECOND);
}

static void history_survives_a_jump(void **state)
{
    (void)state;
    push(1, 0);
    push(2, 0);
    push(INT64_C(1) << 40, 0);
    assert_int_equal(packet_pool_taken(pool), 1);
    expect_kept((const int64_t[]){INT64_C(1) << 40}, 1, 0);
}

static void history_clear_lets_go_of_everything(void **state)
{
    (void)state;
    history_clear(history);
    push(5, 0);
    push(7, 0);
    history_clear(history);
    assert_int_equal(packet_pool_taken(pool), 0);
    assert_null(history_find(history, 5, 0));
    push(3, 0);
    expect_kept((const int64_t[]){3}, 1, 0);
}

static void history_replaces_the_same_number(void **state)
{
    (void)state;
    push(1, 0);
    push(1, 0);
    assert_int_equal(packet_pool_taken(pool), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(history_keeps_the_latest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(history_takes_late_ones_in_their_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(history_lets_go_what_is_too_old, set_up, tear_down),
        cmocka_unit_test_setup_teardown(history_survives_a_jump, set_up, tear_down),
        cmocka_unit_test_setup_teardown(history_clear_lets_go_of_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(history_replaces_the_same_number, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
