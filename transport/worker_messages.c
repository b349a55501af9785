#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transport/mono_clock.h"
#include "transport/worker_parts.h"

/* Messages; each is handled and freed on the worker's own thread. */

struct session_message {
    struct message message;
    uint64_t session;
};

struct renegotiate_message {
    struct message message;
    uint64_t session;
    const struct profile *profile;
    struct viewer_start start;
};

struct stream_message {
    struct message message;
    uint32_t stream_id;
};

struct gift_message {
    struct message message;
    uint32_t stream_id;
    unsigned count;
    struct packet *packets[];
};

struct datagram_message {
    struct message message;
    struct path path;
    size_t bytes;
    uint8_t datagram[];
};

struct connection_message {
    struct message message;
    struct tcp_handover handover;
};

static void handle_end(struct message *message, void *owner)
{
    struct session_message *end = (struct session_message *)(void *)message;
    struct worker *worker = owner;
    struct viewer_session *session =
        worker->stopping ? NULL : viewers_find(worker->viewers, end->session);

    if (session != NULL)
        viewers_close(worker->viewers, session, MEDIA_CLOSED_BY_US, mono_clock_ns());
    free(end);
}

static void handle_renegotiate(struct message *message, void *owner)
{
    struct renegotiate_message *changed = (struct renegotiate_message *)(void *)message;
    struct worker *worker = owner;
    struct viewer_session *session =
        worker->stopping ? NULL : viewers_find(worker->viewers, changed->session);

    if (session != NULL && session->audience != NULL) {
        audience_renegotiate(session->audience, &session->viewer, changed->profile, &changed->start,
                             mono_clock_ns());
    } else if (session != NULL) {
        viewer_renegotiate(&session->viewer, changed->profile, &changed->start);
    }
    free(changed);
}

static void handle_close_stream(struct message *message, void *owner)
{
    struct stream_message *close_stream = (struct stream_message *)(void *)message;
    struct worker *worker = owner;

    if (!worker->stopping)
        viewers_close_stream(worker->viewers, close_stream->stream_id, mono_clock_ns());
    free(close_stream);
}

static void handle_gift(struct message *message, void *owner)
{
    struct gift_message *gift = (struct gift_message *)(void *)message;
    struct worker *worker = owner;

    audiences_adopt(worker->audiences, gift->stream_id, gift->packets, gift->count);
    free(gift);
}

static void handle_datagram(struct message *message, void *owner)
{
    struct datagram_message *forwarded = (struct datagram_message *)(void *)message;
    struct worker *worker = owner;

    atomic_fetch_sub_explicit(&worker->forwarded, 1, memory_order_relaxed);
    if (!worker->stopping)
        intake_take(worker->intake, &forwarded->path, forwarded->datagram, forwarded->bytes, true,
                    mono_clock_ns());
    free(forwarded);
}

static void handle_connection(struct message *message, void *owner)
{
    struct connection_message *connection = (struct connection_message *)(void *)message;
    struct worker *worker = owner;

    if (worker->stopping || worker->tcp == NULL)
        close(connection->handover.descriptor);
    else
        tcp_take_in(worker->tcp, &connection->handover, mono_clock_ns());
    free(connection);
}

static void handle_stop(struct message *message, void *owner)
{
    struct worker *worker = owner;

    worker->stopping = true;
    free(message);
}

void worker_forward_datagram(void *context, int number, const struct path *path,
                             const uint8_t *datagram, size_t datagram_bytes)
{
    struct worker *worker = context;
    struct worker *peer = (unsigned)number < worker->peer_count ? worker->peers[number] : NULL;

    worker_assert_own_thread(worker);
    if (peer == NULL ||
        atomic_load_explicit(&peer->forwarded, memory_order_relaxed) >= WORKER_FORWARDED_MAX) {
        STATS_ADD(&worker->stats, drop_unknown_address, 1);
        return;
    }
    struct datagram_message *forwarded = malloc(sizeof *forwarded + datagram_bytes);
    if (forwarded == NULL)
        return;
    forwarded->message.handle = handle_datagram;
    forwarded->path = *path;
    forwarded->bytes = datagram_bytes;
    memcpy(forwarded->datagram, datagram, datagram_bytes);
    atomic_fetch_add_explicit(&peer->forwarded, 1, memory_order_relaxed);
    mailbox_post(&peer->mailbox, &forwarded->message);
}

void worker_hand_over_connection(void *context, int number, const struct tcp_handover *handover)
{
    struct worker *worker = context;
    struct connection_message *connection = malloc(sizeof *connection);

    if (connection == NULL || (unsigned)number >= worker->peer_count) {
        close(handover->descriptor);
        free(connection);
        return;
    }
    connection->message.handle = handle_connection;
    connection->handover = *handover;
    mailbox_post(&worker->peers[number]->mailbox, &connection->message);
}

void worker_give(void *context, uint32_t stream_id, struct packet *const *packets, unsigned count)
{
    struct worker *worker = context;
    struct gift_message *gift = malloc(sizeof *gift + count * sizeof(struct packet *));

    if (gift == NULL) {
        for (unsigned i = 0; i < count; i++)
            packet_unref(packets[i]);
        return;
    }
    gift->message.handle = handle_gift;
    gift->stream_id = stream_id;
    gift->count = count;
    memcpy(gift->packets, packets, count * sizeof(struct packet *));
    mailbox_post(&worker->gifts, &gift->message);
}

void worker_post_stop(struct worker *worker)
{
    struct message *stop = calloc(1, sizeof *stop);

    if (stop == NULL)
        abort(); /* nothing could be ended any more */
    stop->handle = handle_stop;
    mailbox_post(&worker->mailbox, stop);
}

void worker_end(struct worker *worker, uint64_t session)
{
    struct session_message *end = malloc(sizeof *end);

    if (end == NULL)
        return; /* consent or the peer will end it */
    end->message.handle = handle_end;
    end->session = session;
    mailbox_post(&worker->mailbox, &end->message);
}

void worker_renegotiate(struct worker *worker, uint64_t session, const struct profile *profile,
                        const struct viewer_start *start)
{
    struct renegotiate_message *changed = malloc(sizeof *changed);

    if (changed == NULL)
        return; /* the viewer sees that nothing comes, and begins anew */
    changed->message.handle = handle_renegotiate;
    changed->session = session;
    changed->profile = profile;
    changed->start = *start;
    mailbox_post(&worker->mailbox, &changed->message);
}

void worker_close_stream(struct worker *worker, uint32_t stream_id)
{
    struct stream_message *close_stream = malloc(sizeof *close_stream);

    if (close_stream == NULL)
        return;
    close_stream->message.handle = handle_close_stream;
    close_stream->stream_id = stream_id;
    mailbox_post(&worker->mailbox, &close_stream->message);
}
