/* transport/data_relay.h - who gets what over data channels: each channel of a broadcaster is open
 * to every viewer of its stream that has data channels, under the same label, protocol and
 * reliability, and what it says there goes to all of them; what a viewer says on a channel `chat`
 * is a line of the room. A viewer that falls behind on a reliable channel loses its data channels,
 * not its picture. Knows no thread and no mailbox: time and datagrams come in. Thread: data. */
#ifndef TRANSPORT_DATA_RELAY_H
#define TRANSPORT_DATA_RELAY_H

#include <stddef.h>
#include <stdint.h>

#include "core/stats.h"
#include "core/status.h"
#include "transport/data_peer.h"

struct data_events {
    void *context;
    /* On the data thread. text is borrowed, UTF-8 or not, DATA_VIEWER_MESSAGE_BYTES_MAX at most. */
    void (*on_chat)(void *context, uint64_t session, const char *text, size_t text_bytes);
};

struct data_relay;

/* limits and events are copied; stats are borrowed, the data thread's own. Starts SCTP.
 * STATUS_EXISTS: there is one in the process. */
MUST_CHECK enum status data_relay_create(const struct data_limits *limits,
                                         const struct data_events *events, struct stats *stats,
                                         struct data_relay **relay);
/* Sends nothing, tells nobody; NULL is allowed. */
void data_relay_destroy(struct data_relay *relay);

/* Takes session->dtls. A session that cannot be served is told so by its owner's on_over. */
void data_relay_open(struct data_relay *relay, const struct data_session *session, int64_t now_ns);
/* Datagrams of sessions that are over are dropped. */
void data_relay_receive(struct data_relay *relay, uint64_t session, const uint8_t *datagram,
                        size_t datagram_bytes, int64_t now_ns);
/* Its transport is gone: nothing is sent to it, on_over does not follow. */
void data_relay_close(struct data_relay *relay, uint64_t session);
/* Timers, and what came in; returns when to come again, MONO_NEVER while nobody is there. */
int64_t data_relay_turn(struct data_relay *relay, int64_t now_ns);
unsigned data_relay_sessions(const struct data_relay *relay);

#endif
