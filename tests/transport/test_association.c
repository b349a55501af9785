#include "transport/association.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "association_pair.h"

enum { QUEUE_BYTES = 64 * 1024, HANDSHAKE_MS = 1000 };

static const struct association_delivery reliable = {
    .stream = 1, .payload_protocol = DATACHANNEL_TEXT, .ordered = true};
static const struct association_delivery once = {.stream = 3,
                                                 .payload_protocol = DATACHANNEL_BINARY,
                                                 .ordered = false,
                                                 .reliability = DATACHANNEL_RETRANSMITS,
                                                 .limit = 0};

static struct pair pair; /* static: too large for a stack */

static int open_pair(void **state)
{
    (void)state;
    pair_open(&pair, QUEUE_BYTES, QUEUE_BYTES);
    pair_run(&pair, HANDSHAKE_MS);
    return pair.ends[0].up && pair.ends[1].up ? 0 : -1;
}

static int close_pair(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

static void association_carries_messages_both_ways(void **state)
{
    (void)state;
    assert_int_equal(pair_send(&pair.ends[0], &reliable, 7, 4), STATUS_OK);
    assert_int_equal(pair_send(&pair.ends[0], &once, 8, 3000), STATUS_OK);
    assert_int_equal(pair_send(&pair.ends[1], &reliable, 9, 1), STATUS_OK);
    pair_run(&pair, 100);
    assert_int_equal(pair.ends[1].message_count, 2);
    for (unsigned i = 0; i < 2; i++) {
        const struct pair_message *message = &pair.ends[1].messages[i];
        const bool is_first = message->number == 7;
        assert_int_equal(message->stream, is_first ? 1 : 3);
        assert_int_equal(message->payload_protocol,
                         is_first ? DATACHANNEL_TEXT : DATACHANNEL_BINARY);
        assert_int_equal(message->bytes, is_first ? 4 : 3000);
    }
    assert_int_equal(pair.ends[0].message_count, 1);
    assert_int_equal(pair.ends[0].messages[0].bytes, 1);
}

static void association_keeps_order_and_loses_nothing_when_reliable(void **state)
{
    (void)state;
    pair.loss_percent = 20;
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(pair_send(&pair.ends[0], &reliable, i, 200), STATUS_OK);
    pair_run(&pair, 60 * 1000);
    assert_int_equal(pair.ends[1].message_count, 200);
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(pair.ends[1].messages[i].number, i);
}

static void association_gives_up_what_may_not_be_sent_again(void **state)
{
    (void)state;
    pair.loss_percent = 20;
    for (uint32_t i = 0; i < 200; i++) {
        assert_int_equal(pair_send(&pair.ends[0], &once, i, 1000), STATUS_OK);
        pair_run(&pair, 20);
    }
    pair_run(&pair, 10 * 1000);
    assert_in_range(pair.ends[1].message_count, 100, 195);
    assert_false(pair.ends[1].over);
}

static void association_refuses_more_than_the_queue_holds(void **state)
{
    (void)state;
    unsigned taken = 0;

    pair.loss_percent = 100;
    while (pair_send(&pair.ends[0], &reliable, taken, 1000) == STATUS_OK)
        assert_true(++taken <= QUEUE_BYTES / 1000);
    assert_true(taken > QUEUE_BYTES / 2000);
    assert_int_equal(pair_send(&pair.ends[0], &reliable, 0, 1000), STATUS_FULL);
    assert_int_equal(pair_send(&pair.ends[0], &reliable, 0, 2 * QUEUE_BYTES), STATUS_FULL);
    pair.loss_percent = 0;
    pair_run(&pair, 30 * 1000);
    assert_int_equal(pair.ends[1].message_count, taken);
    assert_int_equal(pair_send(&pair.ends[0], &reliable, 0, 1000), STATUS_OK);
}

/* Flow control: who does not read makes the sender wait, and nothing is lost. */
static void association_waits_for_a_peer_that_does_not_read(void **state)
{
    (void)state;
    unsigned taken = 0;

    pair.ends[1].reads = false;
    for (unsigned i = 0; i < 400; i++) {
        taken += pair_send(&pair.ends[0], &reliable, taken, 1000) == STATUS_OK;
        pair_run(&pair, 10);
    }
    assert_true(taken < 250); /* two queues of 64 KiB */
    pair.ends[1].reads = true;
    pair_run(&pair, 60 * 1000);
    assert_int_equal(pair.ends[1].message_count, taken);
}

static void association_tells_a_message_that_is_too_long_once(void **state)
{
    (void)state;
    assert_int_equal(pair_send(&pair.ends[0], &reliable, 1, 20000), STATUS_OK);
    assert_int_equal(pair_send(&pair.ends[0], &reliable, 2, 100), STATUS_OK);
    pair_run(&pair, 1000);
    assert_int_equal(pair.ends[1].message_count, 2);
    assert_true(pair.ends[1].messages[0].too_long);
    assert_false(pair.ends[1].messages[1].too_long);
    assert_int_equal(pair.ends[1].messages[1].number, 2);
}

static void association_closes_streams_after_what_was_sent(void **state)
{
    (void)state;
    const struct association_delivery other = {
        .stream = 5, .payload_protocol = DATACHANNEL_TEXT, .ordered = true};

    pair.loss_percent = 10;
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(pair_send(&pair.ends[0], &reliable, i, 1000), STATUS_OK);
        assert_int_equal(pair_send(&pair.ends[0], &other, i, 1000), STATUS_OK);
    }
    association_close_stream(pair.ends[0].association, 1);
    association_close_stream(pair.ends[0].association, 5);
    association_close_stream(pair.ends[0].association, 7);
    pair_run(&pair, 60 * 1000);
    assert_int_equal(pair.ends[1].message_count, 40);
    assert_int_equal(pair.ends[1].closed[1], 1);
    assert_int_equal(pair.ends[1].closed[5], 1);
    assert_int_equal(pair.ends[1].closed[7], 1);
    assert_int_equal(pair.ends[1].closed[3], 0);
    assert_int_equal(pair.ends[0].done[1], 1);
    assert_int_equal(pair.ends[0].done[5], 1);
    assert_int_equal(pair.ends[0].done[3], 0);
    assert_int_equal(pair.ends[0].closed[1], 0);
    /* it may be used again */
    association_close_stream(pair.ends[1].association, 1);
    pair_run(&pair, 10 * 1000);
    assert_int_equal(pair.ends[0].closed[1], 1);
    assert_int_equal(pair_send(&pair.ends[0], &reliable, 99, 4), STATUS_OK);
    pair_run(&pair, 10 * 1000);
    assert_int_equal(pair.ends[1].messages[40].number, 99);
}

static void association_is_over_when_the_peer_aborts_or_is_lost(void **state)
{
    (void)state;
    association_destroy(pair.ends[0].association);
    pair.ends[0].association = NULL;
    pair.ends[0].over = true;
    pair_run(&pair, 100);
    assert_true(pair.ends[1].over);
    assert_int_equal(pair_send(&pair.ends[1], &reliable, 1, 4), STATUS_CLOSED);
}

static void association_is_over_when_nobody_answers(void **state)
{
    (void)state;
    pair.loss_percent = 100;
    assert_int_equal(pair_send(&pair.ends[0], &reliable, 1, 4), STATUS_OK);
    pair_run(&pair, 120 * 1000);
    assert_true(pair.ends[0].over);
    assert_false(pair.ends[1].over);
}

static void association_drops_what_is_no_packet(void **state)
{
    (void)state;
    uint8_t garbage[64];

    for (unsigned i = 0; i < sizeof garbage; i++) {
        memset(garbage, (int)i, sizeof garbage);
        association_receive(pair.ends[1].association, garbage, i);
    }
    assert_int_equal(pair_send(&pair.ends[0], &reliable, 7, 4), STATUS_OK);
    pair_run(&pair, 100);
    assert_int_equal(pair.ends[1].message_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(association_carries_messages_both_ways, open_pair,
                                        close_pair),
        cmocka_unit_test_setup_teardown(association_keeps_order_and_loses_nothing_when_reliable,
                                        open_pair, close_pair),
        cmocka_unit_test_setup_teardown(association_gives_up_what_may_not_be_sent_again, open_pair,
                                        close_pair),
        cmocka_unit_test_setup_teardown(association_refuses_more_than_the_queue_holds, open_pair,
                                        close_pair),
        cmocka_unit_test_setup_teardown(association_waits_for_a_peer_that_does_not_read, open_pair,
                                        close_pair),
        cmocka_unit_test_setup_teardown(association_tells_a_message_that_is_too_long_once,
                                        open_pair, close_pair),
        cmocka_unit_test_setup_teardown(association_closes_streams_after_what_was_sent, open_pair,
                                        close_pair),
        cmocka_unit_test_setup_teardown(association_is_over_when_the_peer_aborts_or_is_lost,
                                        open_pair, close_pair),
        cmocka_unit_test_setup_teardown(association_is_over_when_nobody_answers, open_pair,
                                        close_pair),
        cmocka_unit_test_setup_teardown(association_drops_what_is_no_packet, open_pair, close_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
