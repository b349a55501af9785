/* transport/tcp.h - the TCP side of the viewers' port: passive candidates (RFC 6544), frames of
 * RFC 4571. A connection is a stranger until an authenticated check came over it; strangers are
 * few, have a deadline, and get nothing. A slow reader loses whole frames, counted, and hurts
 * nobody. Thread: the worker that owns it. */
#ifndef TRANSPORT_TCP_H
#define TRANSPORT_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mono.h"
#include "core/stats.h"
#include "core/status.h"
#include "transport/address.h"
#include "transport/tcp_framing.h"

enum {
    TCP_STRANGERS_MAX = 256,           /* connections without an authenticated check */
    TCP_STRANGERS_OF_ADDRESS_MAX = 64, /* a crowd behind one NAT */
    TCP_QUEUE_BYTES = 64 * 1024,       /* waiting for a slow reader; allocated while it is slow */
    TCP_SOCKET_BUFFER_BYTES = 128 * 1024,
    TCP_FRAMES_BYTES_MAX = 128 * 1024, /* written by one tcp_send */
    TCP_BACKLOG = 512
};

#define TCP_STRANGER_DEADLINE_NS (10 * MONO_SECOND)

struct tcp;
struct tcp_connection;
struct viewer_session;

struct tcp_handler {
    void *context;
    /* One frame, borrowed; may be changed in place. tcp_close and tcp_take_out are allowed. */
    void (*on_frame)(void *context, struct tcp_connection *connection, uint8_t *frame,
                     size_t frame_bytes);
    /* A connection with a viewer is gone; it is freed after the call. */
    void (*on_closed)(void *context, struct tcp_connection *connection);
};

/* A connection on its way to another worker. */
struct tcp_handover {
    int descriptor;
    struct tcp_framing unread;
};

/* handler and stats are borrowed. STATUS_SYSTEM: the port is in use (logged). */
MUST_CHECK enum status tcp_open(uint16_t port, unsigned connections_max,
                                const struct tcp_handler *handler, struct stats *stats,
                                struct tcp **tcp);
void tcp_shut(struct tcp *tcp); /* closes all without on_closed; NULL is allowed */
/* Readable when tcp_turn has something to do; borrowed, for epoll. */
int tcp_descriptor(const struct tcp *tcp);
/* Accepts, reads, writes: what is there, within a budget. */
void tcp_turn(struct tcp *tcp, int64_t now_ns);
/* Once a second: ends strangers past their deadline. */
void tcp_sweep(struct tcp *tcp, int64_t now_ns);
unsigned tcp_connections(const struct tcp *tcp);

/* NULL: a stranger. */
struct viewer_session *tcp_session(const struct tcp_connection *connection);
/* The connection is session's from now on (borrowed). */
void tcp_set_session(struct tcp_connection *connection, struct viewer_session *session);
const struct path *tcp_path(const struct tcp_connection *connection);
/* Ends it without on_closed. */
void tcp_close(struct tcp_connection *connection);
/* Takes the connection out, with the newest frame (of frame_bytes) unread; it is gone afterwards.
 */
void tcp_take_out(struct tcp_connection *connection, size_t frame_bytes,
                  struct tcp_handover *handover);
/* Takes the descriptor over; its frames are read at the next turn. */
void tcp_take_in(struct tcp *tcp, const struct tcp_handover *handover, int64_t now_ns);

/* Room for one datagram of at most most_bytes (together TCP_FRAMES_BYTES_MAX until tcp_send). */
uint8_t *tcp_reserve(struct tcp *tcp, size_t most_bytes);
void tcp_commit(struct tcp *tcp, size_t length_bytes);
/* Sends what was committed, as frames, over connection; false: some were dropped, for more waits
 * than its reader takes. */
bool tcp_send(struct tcp *tcp, struct tcp_connection *connection);

#endif
