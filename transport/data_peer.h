/* transport/data_peer.h - one peer of the data channels: its association, the DTLS that carries it
 * when that was handed over, its channels, and how much it may say. Knows no other peer. Thread:
 * data. */
#ifndef TRANSPORT_DATA_PEER_H
#define TRANSPORT_DATA_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/stats.h"
#include "core/status.h"
#include "transport/datachannel.h"
#include "transport/dtls.h"

enum {
    DATA_CHANNELS_MAX = 64, /* what data.channels may be */
    /* A viewer says chat lines, and nothing longer is taken from it. */
    DATA_VIEWER_MESSAGE_BYTES_MAX = 4096,
};

struct data_limits {
    unsigned sessions_max; /* peers with data channels at a time */
    unsigned channels_max; /* a broadcaster's; as many again of a viewer's own */
    uint32_t message_bytes_max;
    uint32_t queue_bytes_max;        /* sent to a viewer and not acknowledged */
    uint32_t publisher_bps;          /* taken from a broadcaster */
    unsigned publisher_messages_max; /* a second, as the next */
    unsigned viewer_messages_max;
};

/* The media thread that owns the peer's transport (data_inbox.h). Called on the data thread. */
struct data_owner {
    void *context;
    /* One datagram to the peer, copied; without DTLS of ours, what DTLS is to carry. False:
     * dropped, for too many wait. */
    bool (*send)(void *context, uint64_t session, const uint8_t *datagram, size_t datagram_bytes);
    /* It has no data channels any more. left: it said close_notify. */
    void (*on_over)(void *context, uint64_t session, bool left);
};

/* A peer whose transport is connected. */
struct data_session {
    uint64_t session;
    uint32_t stream_id; /* what it publishes or watches */
    bool publishes;
    struct datachannel_terms terms;
    struct dtls *dtls; /* taken; NULL: the owner's, and datagrams are SCTP packets */
    struct data_owner owner;
};

enum data_channel_state {
    DATA_CHANNEL_FREE,
    DATA_CHANNEL_OPEN,
    DATA_CHANNEL_CLOSING /* ours, theirs or both are not closed yet */
};

struct data_channel {
    uint8_t state;     /* enum data_channel_state */
    bool acknowledged; /* opened by us: the peer knows it */
    bool ours_closed;
    bool theirs_closed;
    uint32_t tag; /* whatever the opener or accepter says: the relay's */
};

struct data_peer {
    struct data_session session; /* dtls: owned */
    const struct data_limits *limits;
    struct stats *stats;
    struct association *association;
    bool up;
    bool over;                /* ends at the next occasion */
    bool left;                /* because it said so */
    bool silent;              /* nothing is sent to it any more */
    int64_t messages_paid_ns; /* until when what it said is within its rate */
    int64_t bytes_paid_ns;
    /* The relay's own. */
    struct data_relay *relay;
    struct data_peer *next, *previous;
    struct data_peer *ready_next;
    bool ready;
    bool lacks;                     /* a channel that could not be opened to it yet */
    unsigned stream_count;          /* of the following, by stream number: ours are odd */
    struct data_channel channels[]; /* to a viewer, theirs are even, its browser being */
};                                  /* the DTLS client (RFC 8832 section 6) */

/* on_ready (context is the peer): data_peer_read has something. Takes session->dtls, also on
 * failure. */
MUST_CHECK enum status data_peer_create(const struct data_session *session,
                                        const struct data_limits *limits, struct stats *stats,
                                        void (*on_ready)(void *peer), struct data_peer **peer);
/* NULL is allowed. */
void data_peer_destroy(struct data_peer *peer);

void data_peer_receive(struct data_peer *peer, const uint8_t *datagram, size_t datagram_bytes,
                       int64_t now_ns);

enum data_peer_event {
    DATA_PEER_NOTHING,
    DATA_PEER_UP,
    DATA_PEER_OPENED,  /* a channel: accept or refuse it */
    DATA_PEER_MESSAGE, /* on an open channel */
    DATA_PEER_CLOSED,  /* a channel, by the peer */
    DATA_PEER_OVER
};

struct data_news {
    uint16_t stream;
    uint32_t payload_protocol;
    size_t bytes;
    struct datachannel channel;
};

/* What happened next. DATA_PEER_NOTHING also when it said more than it may: data_peer_due_ns tells
 * when to come again, and the peer waits until then (SCTP's flow control). */
enum data_peer_event data_peer_read(struct data_peer *peer, uint8_t *room, size_t room_bytes,
                                    int64_t now_ns, struct data_news *news);
/* MONO_NEVER while it is within its rate. */
int64_t data_peer_due_ns(const struct data_peer *peer, int64_t now_ns);

/* Answers DATA_PEER_OPENED. */
void data_peer_accept(struct data_peer *peer, uint16_t stream, uint32_t tag);
void data_peer_refuse(struct data_peer *peer, uint16_t stream);
/* Opens a channel to the peer. STATUS_FULL: it has as many as it may. */
MUST_CHECK enum status data_peer_open(struct data_peer *peer, const struct datachannel *channel,
                                      uint32_t tag);
void data_peer_close_channel(struct data_peer *peer, uint16_t stream);
/* The open channel of that tag that we opened; NULL: none. */
struct data_channel *data_peer_find(struct data_peer *peer, uint32_t tag, uint16_t *stream);
/* One message as channel says. What does not fit into the peer's queue is dropped when the channel
 * may lose something, else the peer is over. */
void data_peer_send(struct data_peer *peer, uint16_t stream, const struct datachannel *channel,
                    uint32_t payload_protocol, const uint8_t *data, size_t data_bytes);

#endif
