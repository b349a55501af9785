#include "relay_peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wall_clock.h"

enum { ROOM_BYTES = 256 * 1024, TURN_MS = 10, FAR_QUEUE_BYTES = 512 * 1024 };

#define FAR_IDS UINT64_C(1000000) /* of the associations at the far ends, beside the sessions */

static void put_packet(struct relay_peers *all, const struct relay_packet *to, const uint8_t *data,
                       size_t data_bytes)
{
    assert_true(data_bytes <= ASSOCIATION_PACKET_BYTES_MAX);
    if (all->packet_count == RELAY_PACKETS_MAX)
        return;
    struct relay_packet *packet = &all->packets[all->packet_count++];
    packet->from = to->from;
    packet->to = to->to;
    packet->bytes = data_bytes;
    memcpy(packet->data, data, data_bytes);
}

static bool on_relay_sends(void *context, uint64_t session, const uint8_t *data, size_t data_bytes)
{
    put_packet(context, &(struct relay_packet){.to = session}, data, data_bytes);
    return true;
}

static void on_peer_sends(void *context, const uint8_t *data, size_t data_bytes)
{
    struct relay_peer *peer = context;

    put_packet(peer->all, &(struct relay_packet){.from = peer}, data, data_bytes);
}

static struct relay_peer *find_peer(struct relay_peers *all, uint64_t session)
{
    for (unsigned i = 0; i < RELAY_PEERS_MAX; i++)
        if (all->peers[i].session == session)
            return &all->peers[i];
    return NULL;
}

static void on_over(void *context, uint64_t session, bool left)
{
    struct relay_peer *peer = find_peer(context, session);

    assert_non_null(peer);
    assert_false(left); /* without DTLS nobody can say so */
    assert_false(peer->told_over);
    peer->told_over = true;
}

static void on_ready(void *context)
{
    (void)context; /* relay_peers_run reads anyway */
}

static void on_chat(void *context, uint64_t session, const char *text, size_t text_bytes)
{
    struct relay_peers *all = context;

    assert_non_null(find_peer(all, session));
    assert_in_range(text_bytes, 1, DATA_VIEWER_MESSAGE_BYTES_MAX);
    assert_int_equal(text[0], 'c');
    all->chat_count++;
}

void relay_peers_open(struct relay_peers *all)
{
    const struct data_limits limits = {.sessions_max = RELAY_SESSIONS_MAX,
                                       .channels_max = RELAY_CHANNELS_MAX,
                                       .message_bytes_max = RELAY_MESSAGE_BYTES_MAX,
                                       .queue_bytes_max = RELAY_QUEUE_BYTES_MAX,
                                       .publisher_bps = 20 * 1000 * 1000,
                                       .publisher_messages_max = 500,
                                       .viewer_messages_max = 10};
    const struct data_events events = {.context = all, .on_chat = on_chat};

    memset(all, 0, sizeof *all);
    all->packets = calloc(RELAY_PACKETS_MAX, sizeof *all->packets);
    assert_non_null(all->packets);
    all->now_ns = wall_clock_ns();
    assert_int_equal(data_relay_create(&limits, &events, &all->stats, &all->relay), STATUS_OK);
}

void relay_peers_close(struct relay_peers *all)
{
    for (unsigned i = 0; i < RELAY_PEERS_MAX; i++)
        association_destroy(all->peers[i].association);
    data_relay_destroy(all->relay);
    free(all->packets);
}

struct relay_peer *relay_peers_add(struct relay_peers *all, uint32_t stream_id, bool publishes,
                                   uint32_t message_bytes_max)
{
    static uint64_t last_session = 0;
    struct relay_peer *peer = find_peer(all, 0);

    assert_non_null(peer);
    peer->all = all;
    peer->session = ++last_session;
    const struct data_session session = {
        .session = peer->session,
        .stream_id = stream_id,
        .publishes = publishes,
        .terms = {.port = DATACHANNEL_PORT, .message_bytes_max = message_bytes_max},
        .owner = {.context = all, .send = on_relay_sends, .on_over = on_over}};
    data_relay_open(all->relay, &session, all->now_ns);
    const struct association_settings settings = {.id = FAR_IDS + peer->session,
                                                  .local_port = DATACHANNEL_PORT,
                                                  .remote_port = DATACHANNEL_PORT,
                                                  .streams = RELAY_STREAMS,
                                                  .send_queue_bytes = FAR_QUEUE_BYTES,
                                                  .receive_queue_bytes = FAR_QUEUE_BYTES,
                                                  .context = peer,
                                                  .send = on_peer_sends,
                                                  .on_ready = on_ready};
    assert_int_equal(association_create(&settings, &peer->association), STATUS_OK);
    return peer;
}

static void take_message(struct relay_peer *peer, const struct association_message *message,
                         const uint8_t *data)
{
    static const uint8_t ack[] = {2};
    const struct association_delivery reply = {
        .stream = message->stream, .payload_protocol = DATACHANNEL_CONTROL, .ordered = true};
    enum datachannel_message kind = DATACHANNEL_ACK;

    assert_false(message->too_long);
    if (message->payload_protocol != DATACHANNEL_CONTROL) {
        assert_true(peer->message_count < RELAY_MESSAGES_MAX);
        peer->messages[peer->message_count++] =
            (struct relay_message){.stream = message->stream,
                                   .payload_protocol = message->payload_protocol,
                                   .bytes = message->bytes,
                                   .first = data[0]};
        return;
    }
    assert_int_equal(
        datachannel_read(data, message->bytes, &kind, &peer->channels[message->stream]), STATUS_OK);
    if (kind == DATACHANNEL_ACK)
        return;
    assert_int_equal(message->stream % 2, 1); /* the relay is the DTLS server */
    assert_false(peer->is_open[message->stream]);
    peer->is_open[message->stream] = true;
    assert_int_equal(association_send(peer->association, &reply, ack, sizeof ack), STATUS_OK);
}

static void read_peer(struct relay_peer *peer)
{
    static union {
        uint64_t aligned;
        uint8_t bytes[ROOM_BYTES];
    } room;
    struct association_message message;
    enum association_event event = ASSOCIATION_UP;

    while (peer->association != NULL && !peer->over && event != ASSOCIATION_NOTHING) {
        event = association_read(peer->association, room.bytes, sizeof room.bytes, &message);
        peer->up = peer->up || event == ASSOCIATION_UP;
        peer->over = event == ASSOCIATION_OVER;
        if (event == ASSOCIATION_MESSAGE)
            take_message(peer, &message, room.bytes);
        if (event == ASSOCIATION_STREAM_CLOSED) {
            peer->closed++;
            peer->is_open[message.stream] = false;
            if (!peer->keeps_open)
                association_close_stream(peer->association, message.stream);
        }
    }
}

static void carry(struct relay_peers *all)
{
    for (unsigned i = 0; i < all->packet_count; i++) { /* answers join the queue */
        const struct relay_packet *packet = &all->packets[i];
        const struct relay_peer *to = packet->from == NULL ? find_peer(all, packet->to) : NULL;
        if (packet->from != NULL)
            data_relay_receive(all->relay, packet->from->session, packet->data, packet->bytes,
                               all->now_ns);
        else if (to != NULL && to->association != NULL && !to->is_deaf)
            association_receive(to->association, packet->data, packet->bytes);
    }
    all->packet_count = 0;
}

void relay_peers_run(struct relay_peers *all, int64_t for_ms)
{
    for (int64_t passed_ms = 0; passed_ms < for_ms; passed_ms += TURN_MS) {
        carry(all);
        all->now_ns += mono_from_ms(TURN_MS);
        wall_clock_set(all->now_ns);
        (void)data_relay_turn(all->relay, all->now_ns);
        for (unsigned i = 0; i < RELAY_PEERS_MAX; i++)
            read_peer(&all->peers[i]);
    }
}

static enum status send_from(struct relay_peer *peer, const struct association_delivery *delivery,
                             const uint8_t *data, size_t data_bytes)
{
    return association_send(peer->association, delivery, data, data_bytes);
}

void relay_peer_open(struct relay_peer *peer, unsigned stream, const struct datachannel *channel)
{
    uint8_t open[DATACHANNEL_OPEN_BYTES_MAX];
    const struct association_delivery delivery = {
        .stream = (uint16_t)stream, .payload_protocol = DATACHANNEL_CONTROL, .ordered = true};
    const size_t open_bytes = datachannel_write_open(channel, open);

    assert_int_equal(send_from(peer, &delivery, open, open_bytes), STATUS_OK);
}

void relay_peer_close(struct relay_peer *peer, unsigned stream)
{
    association_close_stream(peer->association, (uint16_t)stream);
}

enum status relay_peer_send(struct relay_peer *peer, unsigned stream, uint32_t payload_protocol,
                            uint8_t first, size_t bytes)
{
    const struct association_delivery delivery = {
        .stream = (uint16_t)stream, .payload_protocol = payload_protocol, .ordered = true};
    uint8_t *data = calloc(1, bytes);

    assert_non_null(data);
    data[0] = first;
    const enum status status = send_from(peer, &delivery, data, bytes);
    free(data);
    return status;
}

unsigned relay_peer_count(const struct relay_peer *peer, const char *label, unsigned *stream)
{
    unsigned count = 0;

    for (unsigned i = 0; i < RELAY_STREAMS; i++) {
        if (peer->is_open[i] && datachannel_is_named(&peer->channels[i], label)) {
            count++;
            *stream = i;
        }
    }
    return count;
}

struct datachannel relay_channel_of(const char *label)
{
    struct datachannel channel = {.ordered = true};

    channel.label.bytes = (uint8_t)strlen(label);
    memcpy(channel.label.text, label, channel.label.bytes);
    return channel;
}
