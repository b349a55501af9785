#include "transport/data_relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "relay_peers.h"

enum { STREAM = 7, OTHER_STREAM = 8, SETTLE_MS = 1000, LONG_MS = 30 * 1000 };

static struct relay_peers *all;

static int open_relay(void **state)
{
    (void)state;
    all = malloc(sizeof *all);
    if (all == NULL)
        return -1;
    relay_peers_open(all);
    return 0;
}

static int close_relay(void **state)
{
    (void)state;
    relay_peers_close(all);
    free(all);
    return 0;
}

static struct relay_peer *add(uint32_t stream_id, bool publishes)
{
    struct relay_peer *peer = relay_peers_add(all, stream_id, publishes, 0);

    relay_peers_run(all, SETTLE_MS);
    assert_true(peer->up);
    return peer;
}

/* A broadcaster with that channel on stream 0. */
static struct relay_peer *publish(const char *label, enum datachannel_reliability reliability)
{
    struct relay_peer *publisher = add(STREAM, true);
    struct datachannel channel = relay_channel_of(label);

    channel.reliability = reliability;
    relay_peer_open(publisher, 0, &channel);
    relay_peers_run(all, SETTLE_MS);
    return publisher;
}

static unsigned count_of(const struct relay_peer *peer, const char *label)
{
    unsigned stream = 0;

    return relay_peer_count(peer, label, &stream);
}

static void data_relay_opens_channels_to_viewers_as_they_are(void **state)
{
    static const struct {
        bool ordered;
        enum datachannel_reliability reliability;
        uint32_t limit;
        uint16_t priority;
        const char *label;
    } cases[] = {
        {true, DATACHANNEL_RELIABLE, 0, 256, "captions"},
        {false, DATACHANNEL_RELIABLE, 0, 0, ""},
        {false, DATACHANNEL_RETRANSMITS, 0, 512, "cursor"},
        {true, DATACHANNEL_LIFETIME, 500, 1024, "\xE5\xAD\x97\xE5\xB9\x95"},
    };
    struct relay_peer *publisher = add(STREAM, true);
    const struct relay_peer *viewers[] = {add(STREAM, false), add(STREAM, false)};
    const struct relay_peer *stranger = add(OTHER_STREAM, false);
    unsigned stream = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct datachannel channel = relay_channel_of(cases[i].label);
        channel.ordered = cases[i].ordered;
        channel.reliability = cases[i].reliability;
        channel.limit = cases[i].limit;
        channel.priority = cases[i].priority;
        channel.protocol = relay_channel_of("json").label;
        relay_peer_open(publisher, 2 * i, &channel);
        relay_peers_run(all, SETTLE_MS);
        assert_int_equal(relay_peer_send(publisher, 2 * i, DATACHANNEL_TEXT, (uint8_t)i, 10),
                         STATUS_OK);
        relay_peers_run(all, SETTLE_MS);
        for (unsigned k = 0; k < 2; k++) {
            assert_int_equal(relay_peer_count(viewers[k], cases[i].label, &stream), 1);
            const struct datachannel *opened = &viewers[k]->channels[stream];
            assert_int_equal(opened->ordered, channel.ordered);
            assert_int_equal(opened->reliability, channel.reliability);
            assert_int_equal(opened->limit, channel.limit);
            assert_int_equal(opened->priority, channel.priority);
            assert_memory_equal(opened->protocol.text, "json", 4);
            assert_int_equal(viewers[k]->message_count, i + 1);
            assert_int_equal(viewers[k]->messages[i].first, i);
            assert_int_equal(viewers[k]->messages[i].stream, stream);
        }
    }
    assert_int_equal(all->stats.data_channels, 4);
    assert_int_equal(all->stats.data_messages_out, 8);
    for (unsigned i = 0; i < RELAY_STREAMS; i++)
        assert_false(stranger->is_open[i]);
    assert_int_equal(publisher->message_count, 0);
}

static void data_relay_passes_payloads_of_data_channels_only(void **state)
{
    static const struct {
        uint32_t payload_protocol;
        size_t bytes;
        bool passes;
    } cases[] = {
        {DATACHANNEL_TEXT, 1, true},
        {DATACHANNEL_BINARY, 5000, true},
        {DATACHANNEL_TEXT_EMPTY, 1, true},
        {DATACHANNEL_BINARY_EMPTY, 1, true},
        {DATACHANNEL_BINARY, RELAY_MESSAGE_BYTES_MAX, true},
        {DATACHANNEL_BINARY, RELAY_MESSAGE_BYTES_MAX + 1, false},
        {DATACHANNEL_BINARY, 200 * 1000, false},
        {52, 10, false}, /* pieces, deprecated */
        {54, 10, false},
        {0, 10, false},
        {UINT32_MAX, 10, false},
        {DATACHANNEL_CONTROL, 1, false},
        {DATACHANNEL_CONTROL, 9000, false},
        {DATACHANNEL_TEXT, 3, true}, /* after all that */
    };
    struct relay_peer *publisher = publish("x", DATACHANNEL_RELIABLE);
    const struct relay_peer *viewer = add(STREAM, false);
    unsigned passed = 0;
    uint64_t dropped = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            relay_peer_send(publisher, 0, cases[i].payload_protocol, (uint8_t)i, cases[i].bytes),
            STATUS_OK);
        relay_peers_run(all, SETTLE_MS);
        passed += cases[i].passes;
        dropped += !cases[i].passes;
        assert_int_equal(viewer->message_count, passed);
        assert_int_equal(all->stats.data_drop_unwanted + all->stats.data_drop_too_long, dropped);
        if (!cases[i].passes)
            continue;
        const struct relay_message *message = &viewer->messages[passed - 1];
        assert_int_equal(message->payload_protocol, cases[i].payload_protocol);
        assert_int_equal(message->bytes, cases[i].bytes);
        assert_int_equal(message->first, i);
    }
    assert_false(publisher->told_over);
}

static void data_relay_opens_what_is_open_to_who_comes_late(void **state)
{
    struct relay_peer *publisher = publish("kept", DATACHANNEL_RELIABLE);
    const struct datachannel ended = relay_channel_of("ended");

    (void)state;
    relay_peer_open(publisher, 2, &ended);
    assert_int_equal(relay_peer_send(publisher, 0, DATACHANNEL_TEXT, 1, 10), STATUS_OK);
    relay_peers_run(all, SETTLE_MS);
    relay_peer_close(publisher, 2);
    relay_peers_run(all, SETTLE_MS);
    const struct relay_peer *late = add(STREAM, false);
    assert_int_equal(count_of(late, "kept"), 1);
    assert_int_equal(count_of(late, "ended"), 0);
    assert_int_equal(late->message_count, 0);
    assert_int_equal(relay_peer_send(publisher, 0, DATACHANNEL_TEXT, 2, 10), STATUS_OK);
    relay_peers_run(all, SETTLE_MS);
    assert_int_equal(late->message_count, 1);
    assert_int_equal(late->messages[0].first, 2);
}

static void data_relay_cuts_who_is_too_slow_for_a_reliable_channel(void **state)
{
    struct relay_peer *publisher = publish("x", DATACHANNEL_RELIABLE);
    const struct relay_peer *viewer = add(STREAM, false);
    struct relay_peer *slow = add(STREAM, false);
    unsigned sent = 0;

    (void)state;
    slow->is_deaf = true;
    for (; sent < 2 * RELAY_QUEUE_BYTES_MAX / 1000; sent++) {
        assert_int_equal(relay_peer_send(publisher, 0, DATACHANNEL_TEXT, 0, 1000), STATUS_OK);
        relay_peers_run(all, 20);
    }
    assert_true(slow->told_over);
    assert_int_equal(all->stats.data_cut_slow, 1);
    assert_int_equal(all->stats.data_drop_queue, 0);
    assert_int_equal(viewer->message_count, sent);
    assert_false(viewer->told_over);
    assert_false(publisher->told_over);
    assert_int_equal(data_relay_sessions(all->relay), 2);
}

static void data_relay_drops_what_a_slow_viewer_may_lose(void **state)
{
    struct relay_peer *publisher = publish("x", DATACHANNEL_RETRANSMITS);
    const struct relay_peer *viewer = add(STREAM, false);
    struct relay_peer *slow = add(STREAM, false);
    unsigned sent = 0;

    (void)state;
    slow->is_deaf = true;
    for (; sent < 2 * RELAY_QUEUE_BYTES_MAX / 1000; sent++) {
        assert_int_equal(relay_peer_send(publisher, 0, DATACHANNEL_TEXT, 0, 1000), STATUS_OK);
        relay_peers_run(all, 10);
    }
    relay_peers_run(all, SETTLE_MS);
    assert_false(slow->told_over);
    assert_true(all->stats.data_drop_queue > 0);
    assert_int_equal(all->stats.data_cut_slow, 0);
    assert_int_equal(viewer->message_count, sent);
    slow->is_deaf = false;
    relay_peers_run(all, LONG_MS);
    const unsigned heard = slow->message_count;
    assert_int_equal(relay_peer_send(publisher, 0, DATACHANNEL_TEXT, 1, 10), STATUS_OK);
    relay_peers_run(all, SETTLE_MS);
    assert_int_equal(slow->message_count, heard + 1);
}

static void data_relay_drops_what_is_longer_than_a_viewer_takes(void **state)
{
    struct relay_peer *publisher = publish("x", DATACHANNEL_RELIABLE);
    const struct relay_peer *viewer = relay_peers_add(all, STREAM, false, 1000);

    (void)state;
    relay_peers_run(all, SETTLE_MS);
    assert_int_equal(relay_peer_send(publisher, 0, DATACHANNEL_TEXT, 1, 1001), STATUS_OK);
    assert_int_equal(relay_peer_send(publisher, 0, DATACHANNEL_TEXT, 2, 1000), STATUS_OK);
    relay_peers_run(all, SETTLE_MS);
    assert_int_equal(viewer->message_count, 1);
    assert_int_equal(viewer->messages[0].first, 2);
    assert_int_equal(all->stats.data_drop_too_long, 1);
}

/* Streams are used again, and nobody misses a channel. */
static void data_relay_serves_channels_opened_and_closed_for_ever(void **state)
{
    struct relay_peer *publisher = add(STREAM, true);
    const struct relay_peer *viewer = add(STREAM, false);
    const struct datachannel channel = relay_channel_of("x");

    (void)state;
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < RELAY_CHANNELS_MAX; i++)
            relay_peer_open(publisher, 2 * i, &channel);
        relay_peers_run(all, 400);
        assert_int_equal(count_of(viewer, "x"), RELAY_CHANNELS_MAX);
        for (unsigned i = 0; i < RELAY_CHANNELS_MAX; i++)
            relay_peer_close(publisher, 2 * i);
        relay_peers_run(all, 2000);
        assert_int_equal(count_of(viewer, "x"), 0);
        assert_int_equal(viewer->closed, (round + 1) * RELAY_CHANNELS_MAX);
    }
    assert_int_equal(all->stats.data_refused, 0);
    assert_int_equal(all->stats.data_drop_unwanted, 0);
}

static void data_relay_refuses_more_channels_than_may_be(void **state)
{
    struct relay_peer *publisher = add(STREAM, true);
    const struct relay_peer *viewer = add(STREAM, false);
    const struct datachannel channel = relay_channel_of("x");

    (void)state;
    for (unsigned i = 0; i < RELAY_CHANNELS_MAX + 2; i++)
        relay_peer_open(publisher, i, &channel);
    relay_peers_run(all, SETTLE_MS);
    assert_int_equal(count_of(viewer, "x"), RELAY_CHANNELS_MAX);
    assert_int_equal(all->stats.data_refused, 2);
    assert_int_equal(publisher->closed, 2);
}

/* A viewer that is slow to let go of old channels has the new ones when it did. */
static void data_relay_opens_a_channel_when_the_viewer_has_a_stream_for_it(void **state)
{
    struct relay_peer *publisher = add(STREAM, true);
    struct relay_peer *viewer = add(STREAM, false);
    const struct datachannel old = relay_channel_of("old");
    const struct datachannel new = relay_channel_of("new");

    (void)state;
    viewer->keeps_open = true;
    for (unsigned i = 0; i < RELAY_CHANNELS_MAX; i++)
        relay_peer_open(publisher, 2 * i, &old);
    relay_peers_run(all, SETTLE_MS);
    for (unsigned i = 0; i < RELAY_CHANNELS_MAX; i++)
        relay_peer_close(publisher, 2 * i);
    relay_peers_run(all, 3 * SETTLE_MS);
    relay_peer_open(publisher, 0, &new);
    relay_peers_run(all, SETTLE_MS);
    assert_int_equal(count_of(viewer, "new"), 0);
    for (unsigned i = 0; i < RELAY_CHANNELS_MAX; i++)
        relay_peer_close(viewer, 2 * i + 1);
    relay_peers_run(all, 3 * SETTLE_MS);
    assert_int_equal(count_of(viewer, "new"), 1);
    assert_int_equal(relay_peer_send(publisher, 0, DATACHANNEL_TEXT, 1, 10), STATUS_OK);
    relay_peers_run(all, SETTLE_MS);
    assert_int_equal(viewer->message_count, 1);
}

/* The message that opens a channel may wait for room in the viewer's queue. */
static void data_relay_opens_a_channel_when_the_queue_has_room_for_it(void **state)
{
    struct relay_peer *publisher = publish("x", DATACHANNEL_RETRANSMITS);
    struct relay_peer *slow = add(STREAM, false);
    struct datachannel late = relay_channel_of("late");

    (void)state;
    late.protocol.bytes = DATACHANNEL_NAME_BYTES_MAX;
    slow->is_deaf = true;
    for (unsigned bytes = 1000; bytes > 10; bytes /= 4) {
        const uint64_t dropped = all->stats.data_drop_queue;
        for (unsigned i = 0; all->stats.data_drop_queue == dropped; i++) {
            assert_true(i < 1000);
            assert_int_equal(relay_peer_send(publisher, 0, DATACHANNEL_TEXT, 0, bytes), STATUS_OK);
            relay_peers_run(all, 10);
        }
    }
    relay_peer_open(publisher, 2, &late);
    relay_peers_run(all, 100);
    slow->is_deaf = false;
    relay_peers_run(all, LONG_MS);
    assert_false(slow->told_over);
    assert_int_equal(count_of(slow, "late"), 1);
}

static void data_relay_takes_chat_lines_of_viewers_and_nothing_else(void **state)
{
    static const struct {
        const char *label;
        uint32_t payload_protocol;
        size_t bytes;
        bool is_line;
    } cases[] = {
        {"chat", DATACHANNEL_TEXT, 10, true},
        {"chat", DATACHANNEL_TEXT, DATA_VIEWER_MESSAGE_BYTES_MAX, true},
        {"chat", DATACHANNEL_TEXT, DATA_VIEWER_MESSAGE_BYTES_MAX + 1, false},
        {"chat", DATACHANNEL_TEXT, 100 * 1000, false},
        {"chat", DATACHANNEL_BINARY, 10, false},
        {"chat", DATACHANNEL_TEXT_EMPTY, 1, false},
        {"chats", DATACHANNEL_TEXT, 10, false},
        {"", DATACHANNEL_TEXT, 10, false},
    };
    const struct relay_peer *publisher = publish("x", DATACHANNEL_RELIABLE);
    const struct relay_peer *other = add(STREAM, false);
    struct relay_peer *viewer = add(STREAM, false);
    unsigned lines = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct datachannel channel = relay_channel_of(cases[i].label);
        relay_peer_open(viewer, 0, &channel);
        assert_int_equal(relay_peer_send(viewer, 0, cases[i].payload_protocol, 'c', cases[i].bytes),
                         STATUS_OK);
        relay_peers_run(all, 5 * SETTLE_MS);
        lines += cases[i].is_line;
        assert_int_equal(all->chat_count, lines);
        relay_peer_close(viewer, 0);
        relay_peers_run(all, 3 * SETTLE_MS);
    }
    /* what it says on the broadcaster's channel is no line, and goes to nobody */
    assert_int_equal(relay_peer_send(viewer, 1, DATACHANNEL_TEXT, 'c', 10), STATUS_OK);
    relay_peers_run(all, SETTLE_MS);
    assert_int_equal(all->chat_count, lines);
    assert_int_equal(other->message_count + publisher->message_count, 0);
}

static void data_relay_takes_chat_lines_on_the_broadcasters_channel(void **state)
{
    (void)publish("chat", DATACHANNEL_RELIABLE);
    struct relay_peer *viewer = add(STREAM, false);
    unsigned stream = 0;

    (void)state;
    assert_int_equal(relay_peer_count(viewer, "chat", &stream), 1);
    assert_int_equal(relay_peer_send(viewer, stream, DATACHANNEL_TEXT, 'c', 10), STATUS_OK);
    relay_peers_run(all, SETTLE_MS);
    assert_int_equal(all->chat_count, 1);
}

static void data_relay_reads_no_more_than_a_viewer_may_say(void **state)
{
    const struct datachannel channel = relay_channel_of("chat");
    struct relay_peer *viewer = add(STREAM, false);

    (void)state;
    relay_peer_open(viewer, 0, &channel);
    for (unsigned i = 0; i < 60; i++)
        assert_int_equal(relay_peer_send(viewer, 0, DATACHANNEL_TEXT, 'c', 10), STATUS_OK);
    relay_peers_run(all, SETTLE_MS);
    assert_in_range(all->chat_count, 10, 22); /* 10 a second, and as many at once */
    relay_peers_run(all, 10 * SETTLE_MS);
    assert_int_equal(all->chat_count, 60); /* it waited; nothing was lost */
}

/* A message without end is paid for as well. */
static void data_relay_reads_no_more_of_a_message_that_is_too_long(void **state)
{
    const struct datachannel channel = relay_channel_of("chat");
    struct relay_peer *viewer = add(STREAM, false);
    unsigned sent = 0;

    (void)state;
    relay_peer_open(viewer, 0, &channel);
    for (unsigned i = 0; i < 100; i++) {
        sent += relay_peer_send(viewer, 0, DATACHANNEL_TEXT, 'c', 400 * 1000) == STATUS_OK;
        relay_peers_run(all, 100);
    }
    /* 10 pieces a second, a queue of the sender's, and of ours */
    assert_in_range(sent, 1, 12);
    assert_false(viewer->told_over);
}

static void data_relay_closes_channels_when_the_broadcaster_goes(void **state)
{
    struct relay_peer *publisher = publish("x", DATACHANNEL_RELIABLE);
    const struct relay_peer *viewer = add(STREAM, false);

    (void)state;
    assert_int_equal(count_of(viewer, "x"), 1);
    assert_int_equal(relay_peer_send(publisher, 0, DATACHANNEL_TEXT, 1, 10), STATUS_OK);
    data_relay_close(all->relay, publisher->session); /* what is on the wire finds nobody */
    relay_peers_run(all, SETTLE_MS);
    assert_false(publisher->told_over);
    assert_int_equal(count_of(viewer, "x"), 0);
    assert_int_equal(viewer->message_count, 0);
    (void)publish("x", DATACHANNEL_RELIABLE);
    assert_int_equal(count_of(viewer, "x"), 1);
    assert_false(viewer->told_over);
}

static void data_relay_lets_a_new_broadcaster_take_over(void **state)
{
    const struct relay_peer *first = publish("x", DATACHANNEL_RELIABLE);
    const struct relay_peer *viewer = add(STREAM, false);
    struct relay_peer *second = publish("y", DATACHANNEL_RELIABLE);

    (void)state;
    assert_true(first->told_over);
    assert_int_equal(count_of(viewer, "x"), 0);
    assert_int_equal(count_of(viewer, "y"), 1);
    assert_int_equal(relay_peer_send(second, 0, DATACHANNEL_TEXT, 1, 10), STATUS_OK);
    relay_peers_run(all, SETTLE_MS);
    assert_int_equal(viewer->message_count, 1);
}

/* Closed at any point: in the handshake, with messages queued, twice, and by those who never were.
 */
static void data_relay_closes_sessions_at_any_time(void **state)
{
    struct relay_peer *publisher = publish("x", DATACHANNEL_RELIABLE);

    (void)state;
    for (int64_t after_ms = 0; after_ms < 60; after_ms += 10) {
        struct relay_peer *viewer = relay_peers_add(all, STREAM, false, 0);
        relay_peers_run(all, after_ms);
        assert_int_equal(relay_peer_send(publisher, 0, DATACHANNEL_BINARY, 1, 9000), STATUS_OK);
        relay_peers_run(all, 10);
        data_relay_close(all->relay, viewer->session);
        data_relay_close(all->relay, viewer->session);
        relay_peers_run(all, 50);
        assert_false(viewer->told_over);
        association_destroy(viewer->association);
        *viewer = (struct relay_peer){.session = 0};
    }
    data_relay_close(all->relay, UINT64_MAX);
    data_relay_receive(all->relay, UINT64_MAX, (const uint8_t *)"", 1, all->now_ns);
    assert_int_equal(data_relay_sessions(all->relay), 1);
    assert_int_equal(all->stats.data_opened - all->stats.data_closed, 1);
}

static void data_relay_refuses_more_sessions_than_may_be(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RELAY_SESSIONS_MAX; i++)
        assert_false(relay_peers_add(all, STREAM, false, 0)->told_over);
    assert_true(relay_peers_add(all, STREAM, false, 0)->told_over);
    assert_int_equal(all->stats.data_refused, 1);
    assert_int_equal(data_relay_sessions(all->relay), RELAY_SESSIONS_MAX);
}

#define RELAY_TEST(function) cmocka_unit_test_setup_teardown(function, open_relay, close_relay)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RELAY_TEST(data_relay_opens_channels_to_viewers_as_they_are),
        RELAY_TEST(data_relay_passes_payloads_of_data_channels_only),
        RELAY_TEST(data_relay_opens_what_is_open_to_who_comes_late),
        RELAY_TEST(data_relay_cuts_who_is_too_slow_for_a_reliable_channel),
        RELAY_TEST(data_relay_drops_what_a_slow_viewer_may_lose),
        RELAY_TEST(data_relay_drops_what_is_longer_than_a_viewer_takes),
        RELAY_TEST(data_relay_serves_channels_opened_and_closed_for_ever),
        RELAY_TEST(data_relay_refuses_more_channels_than_may_be),
        RELAY_TEST(data_relay_opens_a_channel_when_the_viewer_has_a_stream_for_it),
        RELAY_TEST(data_relay_opens_a_channel_when_the_queue_has_room_for_it),
        RELAY_TEST(data_relay_takes_chat_lines_of_viewers_and_nothing_else),
        RELAY_TEST(data_relay_takes_chat_lines_on_the_broadcasters_channel),
        RELAY_TEST(data_relay_reads_no_more_than_a_viewer_may_say),
        RELAY_TEST(data_relay_reads_no_more_of_a_message_that_is_too_long),
        RELAY_TEST(data_relay_closes_channels_when_the_broadcaster_goes),
        RELAY_TEST(data_relay_lets_a_new_broadcaster_take_over),
        RELAY_TEST(data_relay_closes_sessions_at_any_time),
        RELAY_TEST(data_relay_refuses_more_sessions_than_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
