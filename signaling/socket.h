/* signaling/socket.h - one WebSocket connection as handlers see it. Text messages are whole and
 * bounded (64 KiB, counted over fragments, where the route says nothing else) when they arrive; the
 * output queue is bounded too (256 KiB; then the connection is closed). Thread: main. */
#ifndef SIGNALING_SOCKET_H
#define SIGNALING_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "signaling/shared_text.h"

enum {
    SOCKET_MESSAGE_BYTES_MAX = 64 * 1024,
    SOCKET_QUEUE_BYTES_MAX = 256 * 1024,
    SOCKET_OFFER_BYTES_MAX = 96 * 1024, /* queued: what may be dropped is, from here on */
};

struct socket;

/* What a route does with its connections. All on main. socket is borrowed until on_close returns.
 */
struct socket_handler {
    void *context; /* socket_context */
    /* Admission beside the server's own: 0, or the HTTP status to refuse with. NULL: all may come.
     */
    unsigned (*on_admit)(const struct socket_handler *handler, const char *query, const char *peer);
    /* Returns the route's own record, kept as socket_record; NULL refuses (closed with 1013). */
    void *(*on_open)(struct socket *socket);
    void (*on_text)(struct socket *socket, const char *text, size_t text_bytes);
    void (*on_binary)(struct socket *socket, const void *data, size_t data_bytes);
    /* A message beyond its bound: the handler may send an error; the server then closes
     * with 1009. */
    void (*on_too_large)(struct socket *socket);
    void (*on_close)(struct socket *socket);
    size_t message_bytes_max; /* 0: SOCKET_MESSAGE_BYTES_MAX */
    size_t queue_bytes_max;   /* 0: SOCKET_QUEUE_BYTES_MAX */
};

void *socket_record(const struct socket *socket);
/* The context of the route's handler. */
void *socket_context(const struct socket *socket);
/* Raw request path ("/ws", "/signaling/ROOM"). */
const char *socket_path(const struct socket *socket);
/* Raw query without '?'. */
const char *socket_query(const struct socket *socket);
const char *socket_peer(const struct socket *socket);
/* Its User-Agent, "" when it has none or one of more than 1 KiB. */
const char *socket_user_agent(const struct socket *socket);
/* Queues one text frame; text is copied. Never calls back. */
void socket_send(struct socket *socket, const char *text, size_t text_bytes);
/* The same without a copy: keeps a reference. */
void socket_send_shared(struct socket *socket, struct shared_text *text);
/* The same for what a slow client can do without (chat): dropped and counted when much is queued.
 */
void socket_offer_shared(struct socket *socket, struct shared_text *text);
/* The same with a binary frame, of prefix and data. */
void socket_send_binary(struct socket *socket, const void *prefix, size_t prefix_bytes,
                        const void *data, size_t data_bytes);
/* Closes after what is queued was sent; code as RFC 6455 section 7.4. */
void socket_close(struct socket *socket, unsigned code, const char *reason);

#endif
