/* signaling/socketio.h - a Socket.IO server on Engine.IO: namespaces, events, acknowledgements,
 * binary attachments, for clients 1.x to 4.x (socketio/socket.io-protocol, revisions 4 and 5). It
 * knows nothing of rooms, nor of what the events mean. Thread: main. */
#ifndef SIGNALING_SOCKETIO_H
#define SIGNALING_SOCKETIO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "signaling/engineio.h"
#include "signaling/rate.h"
#include "signaling/socketio_packet.h"

struct socketio;
struct socketio_socket; /* a client in a namespace */

/* Binary arguments, in the order of their placeholders. Borrowed. */
struct socketio_attachments {
    const struct text *first;
    unsigned count;
};

struct socketio_event {
    struct text name;        /* as it was written: a JSON string, or a number */
    struct text arguments;   /* as written, without the brackets; empty: none */
    int64_t acknowledgement; /* SOCKETIO_NO_ACKNOWLEDGEMENT: none is asked */
    struct socketio_attachments attachments;
};

struct socketio_handler {
    void *context;
    const char *const *spaces; /* the namespaces, ended by NULL; borrowed */
    /* A client came to a namespace; payload is a JSON object, what its auth says. Returns the
     * handler's own record; NULL refuses. */
    void *(*on_connect)(void *context, struct socketio_socket *socket, struct text payload);
    /* event is borrowed. The socket may be disconnected from here. */
    void (*on_event)(struct socketio_socket *socket, const struct socketio_event *event);
    /* It left, or its connection ended; nothing more is sent. */
    void (*on_disconnect)(struct socketio_socket *socket);
};

struct socketio_settings {
    struct engineio_settings engine;
    int64_t connect_timeout_ns; /* in which a client must be in a namespace */
    /* What one connection may say, its requests for namespaces counted; 0 a second: no limit. */
    unsigned messages_per_second;
    unsigned message_burst;
};

/* All are copied. */
MUST_CHECK enum status socketio_create(const struct socketio_settings *settings,
                                       const struct socketio_handler *handler,
                                       const struct engineio_clock *clock,
                                       struct socketio **created);
/* As engineio_destroy. NULL is allowed. */
void socketio_destroy(struct socketio *all);
/* For requests and WebSockets. Borrowed. */
struct engineio *socketio_engine(struct socketio *all);
/* As engineio_tick, which it calls. */
int64_t socketio_tick(struct socketio *all, int64_t now_ns);

void *socketio_record(const struct socketio_socket *socket);
/* The socket id: its own for clients 3.x and 4.x, the session's for 1.x and 2.x. */
const char *socketio_id(const struct socketio_socket *socket);
const char *socketio_space(const struct socketio_socket *socket);
const char *socketio_peer(const struct socketio_socket *socket);
const char *socketio_user_agent(const struct socketio_socket *socket);
/* Sends an event; acknowledgement is not looked at. Never calls back. */
void socketio_emit(struct socketio_socket *socket, const struct socketio_event *event);
/* Answers an event: arguments as in an event. */
void socketio_acknowledge(struct socketio_socket *socket, int64_t acknowledgement,
                          struct text arguments, const struct socketio_attachments *attachments);
/* One event came: the verdict of its connection's token bucket. The handler asks and says so. */
enum rate_verdict socketio_rate_take(struct socketio_socket *socket);
/* Ends the connection with all its namespaces; on_disconnect is called before this returns. */
void socketio_close(struct socketio_socket *socket);

#endif
