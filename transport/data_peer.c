#include "transport/data_peer.h"

#include <stdlib.h>

#include "core/log.h"
#include "transport/association.h"

enum {
    VIEWER_RECEIVE_BYTES = 4 * DATA_VIEWER_MESSAGE_BYTES_MAX,
    PUBLISHER_SEND_BYTES = 16 * 1024, /* acknowledgements of channels are all that goes there */
};

#define BURST_NS MONO_SECOND /* so much of what a peer may say in a time may come at once */

_Static_assert(2 * DATA_CHANNELS_MAX <= ASSOCIATION_STREAMS_MAX, "a stream for each channel");

static void send_datagram(void *context, const uint8_t *datagram, size_t datagram_bytes)
{
    const struct data_peer *peer = context;

    const struct data_owner *owner = &peer->session.owner;

    if (!peer->silent &&
        !owner->send(owner->context, peer->session.session, datagram, datagram_bytes))
        STATS_ADD(peer->stats, data_drop_handover, 1);
}

static void send_packet(void *context, const uint8_t *packet, size_t packet_bytes)
{
    struct data_peer *peer = context;

    if (peer->session.dtls == NULL)
        send_datagram(peer, packet, packet_bytes);
    else if (!peer->silent && dtls_send(peer->session.dtls, packet, packet_bytes) != STATUS_OK)
        LOG_DEBUG("data", "session %llu: a packet was not sent",
                  (unsigned long long)peer->session.session);
}

static void on_data(void *context, const uint8_t *data, size_t data_bytes)
{
    const struct data_peer *peer = context;

    association_receive(peer->association, data, data_bytes);
}

enum status data_peer_create(const struct data_session *session, const struct data_limits *limits,
                             struct stats *stats, void (*on_ready)(void *peer),
                             struct data_peer **peer)
{
    const unsigned streams = 2 * limits->channels_max;
    struct data_peer *made = calloc(1, sizeof *made + streams * sizeof made->channels[0]);

    if (made == NULL) {
        dtls_destroy(session->dtls);
        return STATUS_NO_MEMORY;
    }
    made->session = *session;
    made->limits = limits;
    made->stats = stats;
    made->stream_count = streams;
    if (session->dtls != NULL) {
        const struct dtls_output output = {
            .context = made, .send = send_datagram, .on_data = on_data};
        dtls_hand_over(session->dtls, &output);
    }
    const struct association_settings settings = {
        .id = session->session,
        .local_port = DATACHANNEL_PORT,
        .remote_port = session->terms.port,
        .streams = (uint16_t)streams,
        .send_queue_bytes = session->publishes ? PUBLISHER_SEND_BYTES : limits->queue_bytes_max,
        .receive_queue_bytes =
            session->publishes ? 2 * limits->message_bytes_max : VIEWER_RECEIVE_BYTES,
        .context = made,
        .send = send_packet,
        .on_ready = on_ready};
    const enum status status = association_create(&settings, &made->association);
    if (status != STATUS_OK) {
        data_peer_destroy(made);
        return status;
    }
    *peer = made;
    return STATUS_OK;
}

void data_peer_destroy(struct data_peer *peer)
{
    if (peer == NULL)
        return;
    association_destroy(peer->association);
    dtls_destroy(peer->session.dtls);
    free(peer);
}

void data_peer_receive(struct data_peer *peer, const uint8_t *datagram, size_t datagram_bytes,
                       int64_t now_ns)
{
    if (peer->over)
        return;
    if (peer->session.dtls == NULL) {
        association_receive(peer->association, datagram, datagram_bytes);
        return;
    }
    const enum status status = dtls_receive(peer->session.dtls, datagram, datagram_bytes, now_ns);
    peer->over = status != STATUS_OK;
    peer->left = status == STATUS_CLOSED;
    peer->silent = peer->over;
}

/* --- how much it may say --- */

/* Each message moves the time until which the peer has paid; it may be a burst ahead of the clock.
 */
static void charge(struct data_peer *peer, size_t bytes, int64_t now_ns)
{
    const struct data_limits *limits = peer->limits;
    const unsigned messages_max =
        peer->session.publishes ? limits->publisher_messages_max : limits->viewer_messages_max;

    if (peer->messages_paid_ns < now_ns)
        peer->messages_paid_ns = now_ns;
    peer->messages_paid_ns += MONO_SECOND / messages_max;
    if (!peer->session.publishes)
        return;
    if (peer->bytes_paid_ns < now_ns)
        peer->bytes_paid_ns = now_ns;
    peer->bytes_paid_ns += (int64_t)bytes * 8 * MONO_SECOND / limits->publisher_bps;
}

int64_t data_peer_due_ns(const struct data_peer *peer, int64_t now_ns)
{
    const int64_t paid_ns =
        peer->messages_paid_ns > peer->bytes_paid_ns ? peer->messages_paid_ns : peer->bytes_paid_ns;

    return paid_ns - now_ns > BURST_NS ? paid_ns - BURST_NS : MONO_NEVER;
}

/* --- channels --- */

static struct data_channel *channel_of(struct data_peer *peer, uint16_t stream)
{
    return stream < peer->stream_count ? &peer->channels[stream] : NULL;
}

static void free_if_closed(struct data_channel *channel)
{
    if (channel->ours_closed && channel->theirs_closed)
        *channel = (struct data_channel){.state = DATA_CHANNEL_FREE};
}

static enum status send_control(struct data_peer *peer, uint16_t stream, const uint8_t *data,
                                size_t data_bytes)
{
    const struct association_delivery delivery = {
        .stream = stream, .payload_protocol = DATACHANNEL_CONTROL, .ordered = true};

    return association_send(peer->association, &delivery, data, data_bytes);
}

void data_peer_accept(struct data_peer *peer, uint16_t stream, uint32_t tag)
{
    uint8_t ack[DATACHANNEL_ACK_BYTES];

    peer->channels[stream] =
        (struct data_channel){.state = DATA_CHANNEL_OPEN, .acknowledged = true, .tag = tag};
    /* Without it the peer's channel works all the same (RFC 8832 section 6). */
    if (send_control(peer, stream, ack, datachannel_write_ack(ack)) != STATUS_OK)
        LOG_DEBUG("data", "session %llu: no acknowledgement of a channel",
                  (unsigned long long)peer->session.session);
}

void data_peer_refuse(struct data_peer *peer, uint16_t stream)
{
    STATS_ADD(peer->stats, data_refused, 1);
    peer->channels[stream].state = DATA_CHANNEL_OPEN;
    data_peer_close_channel(peer, stream);
}

enum status data_peer_open(struct data_peer *peer, const struct datachannel *channel, uint32_t tag)
{
    uint8_t open[DATACHANNEL_OPEN_BYTES_MAX];
    uint16_t stream = 1;

    while (stream < peer->stream_count && peer->channels[stream].state != DATA_CHANNEL_FREE)
        stream += 2;
    if (stream >= peer->stream_count)
        return STATUS_FULL;
    const enum status status =
        send_control(peer, stream, open, datachannel_write_open(channel, open));
    if (status == STATUS_OK)
        peer->channels[stream] = (struct data_channel){.state = DATA_CHANNEL_OPEN, .tag = tag};
    return status;
}

void data_peer_close_channel(struct data_peer *peer, uint16_t stream)
{
    if (peer->channels[stream].state != DATA_CHANNEL_OPEN)
        return;
    peer->channels[stream].state = DATA_CHANNEL_CLOSING;
    association_close_stream(peer->association, stream);
}

struct data_channel *data_peer_find(struct data_peer *peer, uint32_t tag, uint16_t *stream)
{
    for (unsigned i = 1; i < peer->stream_count; i += 2) {
        if (peer->channels[i].state == DATA_CHANNEL_OPEN && peer->channels[i].tag == tag) {
            *stream = (uint16_t)i;
            return &peer->channels[i];
        }
    }
    return NULL;
}

void data_peer_send(struct data_peer *peer, uint16_t stream, const struct datachannel *channel,
                    uint32_t payload_protocol, const uint8_t *data, size_t data_bytes)
{
    const uint32_t bytes_max = peer->session.terms.message_bytes_max;
    /* What overtook the message that opens the channel would be on no channel (RFC 8832 section 6).
     */
    const bool ordered = channel->ordered || !peer->channels[stream].acknowledged;
    const struct association_delivery delivery = {.stream = stream,
                                                  .payload_protocol = payload_protocol,
                                                  .ordered = ordered,
                                                  .reliability = channel->reliability,
                                                  .limit = channel->limit};

    if (peer->over)
        return;
    if (bytes_max != 0 && data_bytes > bytes_max) {
        STATS_ADD(peer->stats, data_drop_too_long, 1);
        return;
    }
    const enum status status = association_send(peer->association, &delivery, data, data_bytes);
    if (status == STATUS_OK) {
        STATS_ADD(peer->stats, data_messages_out, 1);
        STATS_ADD(peer->stats, data_bytes_out, data_bytes);
    } else if (channel->reliability != DATACHANNEL_RELIABLE) {
        STATS_ADD(peer->stats, data_drop_queue, 1);
    } else {
        STATS_ADD(peer->stats, data_cut_slow, status == STATUS_FULL);
        peer->over = true;
    }
}

/* --- reading --- */

/* A control message; DATA_PEER_NOTHING when it asks nothing of the relay. */
static enum data_peer_event take_control(struct data_peer *peer, const uint8_t *data, size_t bytes,
                                         struct data_news *news)
{
    struct data_channel *channel = channel_of(peer, news->stream);
    enum datachannel_message message = DATACHANNEL_ACK;
    const enum status status = datachannel_read(data, bytes, &message, &news->channel);

    if (channel == NULL || status == STATUS_SHORT || status == STATUS_MALFORMED) {
        STATS_ADD(peer->stats, data_drop_unwanted, 1);
        return DATA_PEER_NOTHING;
    }
    if (status == STATUS_OK && message == DATACHANNEL_ACK) {
        channel->acknowledged = true;
        return DATA_PEER_NOTHING;
    }
    if (channel->state != DATA_CHANNEL_FREE) {
        STATS_ADD(peer->stats, data_drop_unwanted, 1);
        return DATA_PEER_NOTHING;
    }
    if (status != STATUS_OK) {
        data_peer_refuse(peer, news->stream);
        return DATA_PEER_NOTHING;
    }
    return DATA_PEER_OPENED;
}

static enum data_peer_event take_message(struct data_peer *peer,
                                         const struct association_message *message,
                                         const uint8_t *data, struct data_news *news)
{
    struct data_channel *channel = channel_of(peer, message->stream);

    news->stream = message->stream;
    news->payload_protocol = message->payload_protocol;
    news->bytes = message->bytes;
    if (message->too_long) {
        STATS_ADD(peer->stats, data_drop_too_long, 1);
        return DATA_PEER_NOTHING;
    }
    if (message->payload_protocol == DATACHANNEL_CONTROL)
        return take_control(peer, data, message->bytes, news);
    STATS_ADD(peer->stats, data_messages_in, 1);
    if (channel == NULL || channel->state != DATA_CHANNEL_OPEN ||
        !datachannel_is_payload(message->payload_protocol)) {
        STATS_ADD(peer->stats, data_drop_unwanted, 1);
        return DATA_PEER_NOTHING;
    }
    channel->acknowledged = true; /* who speaks on it knows it */
    return DATA_PEER_MESSAGE;
}

/* The peer closed its side: ours follows (RFC 8831 section 6.7). */
static enum data_peer_event take_closed(struct data_peer *peer, uint16_t stream,
                                        struct data_news *news)
{
    struct data_channel *channel = channel_of(peer, stream);

    if (channel == NULL || channel->state == DATA_CHANNEL_FREE)
        return DATA_PEER_NOTHING;
    const bool was_open = channel->state == DATA_CHANNEL_OPEN;
    channel->theirs_closed = true;
    data_peer_close_channel(peer, stream);
    news->stream = stream;
    if (was_open)
        return DATA_PEER_CLOSED;
    free_if_closed(channel);
    return DATA_PEER_NOTHING;
}

static void take_done(struct data_peer *peer, uint16_t stream)
{
    struct data_channel *channel = channel_of(peer, stream);

    if (channel == NULL || channel->state != DATA_CHANNEL_CLOSING)
        return;
    channel->ours_closed = true;
    free_if_closed(channel);
}

enum data_peer_event data_peer_read(struct data_peer *peer, uint8_t *room, size_t room_bytes,
                                    int64_t now_ns, struct data_news *news)
{
    enum data_peer_event event = DATA_PEER_NOTHING;
    struct association_message message;

    while (event == DATA_PEER_NOTHING) {
        if (peer->over)
            return DATA_PEER_OVER;
        if (data_peer_due_ns(peer, now_ns) != MONO_NEVER)
            return DATA_PEER_NOTHING;
        switch (association_read(peer->association, room, room_bytes, &message)) {
        case ASSOCIATION_NOTHING:
            return DATA_PEER_NOTHING;
        case ASSOCIATION_UP:
            peer->up = true;
            event = DATA_PEER_UP;
            break;
        case ASSOCIATION_MESSAGE:
            charge(peer, message.bytes, now_ns);
            event = take_message(peer, &message, room, news);
            break;
        case ASSOCIATION_REST:
            charge(peer, message.bytes, now_ns); /* or a message without end would be free */
            break;
        case ASSOCIATION_STREAM_CLOSED:
            event = take_closed(peer, message.stream, news);
            break;
        case ASSOCIATION_STREAM_DONE:
            take_done(peer, message.stream);
            break;
        case ASSOCIATION_OVER:
            peer->over = true;
            break;
        }
    }
    return event;
}
