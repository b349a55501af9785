/* signaling/engineio.h - an Engine.IO server, protocols 4 and 3 (socketio/engine.io-protocol):
 * sessions over long polling, over WebSocket, and moving from the one to the other. It knows
 * nothing of what is said over them. A JSONP transport (j=) is not served. Thread: main. */
#ifndef SIGNALING_ENGINEIO_H
#define SIGNALING_ENGINEIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "signaling/engineio_packet.h"
#include "signaling/exchange.h"
#include "signaling/socket.h"

enum { ENGINEIO_SID_CHARS = 20 };

struct engineio;
struct engineio_session;

struct engineio_settings {
    int64_t ping_interval_ns;
    int64_t ping_timeout_ns;
    int64_t upgrade_timeout_ns;    /* from a probing WebSocket to its "5" */
    size_t payload_bytes_max;      /* a frame, and a POST: maxPayload */
    size_t queue_bytes_max;        /* what waits for a client; beyond, its session ends */
    unsigned sessions_max;         /* at a time */
    unsigned sessions_per_address; /* 0: no limit */
    const char *origins;           /* signaling/origin.h; borrowed */
};

/* What is done with sessions. A session is borrowed from on_open until on_close returns. From any
 * of these but on_close, sending and closing are allowed; a session closed there is told on_close
 * at once. */
struct engineio_handler {
    void *context;
    /* Returns the handler's own record, kept as engineio_record; NULL refuses. */
    void *(*on_open)(void *context, struct engineio_session *session);
    void (*on_text)(struct engineio_session *session, struct text text);
    void (*on_binary)(struct engineio_session *session, struct text data);
    /* It ended, by whichever side; nothing more is sent. */
    void (*on_close)(struct engineio_session *session);
};

/* Time: now_ns reads the monotonic clock; set_alarm wants engineio_tick to be called at due_ns. */
struct engineio_clock {
    void *context;
    int64_t (*now_ns)(void);
    void (*set_alarm)(void *context, int64_t due_ns);
};

/* All are copied. */
MUST_CHECK enum status engineio_create(const struct engineio_settings *settings,
                                       const struct engineio_handler *handler,
                                       const struct engineio_clock *clock,
                                       struct engineio **created);
/* After the connections are gone (server_destroy); ends the sessions that are left. NULL is
 * allowed. */
void engineio_destroy(struct engineio *engine);
/* A request at the mount path whose body is still to come: before engineio_handle. It may be
 * answered here. */
void engineio_announce(struct engineio *engine, struct exchange *exchange);
/* A request at the mount path, whatever its method. */
void engineio_handle(struct engineio *engine, struct exchange *exchange);
/* For WebSockets at the mount path. */
const struct socket_handler *engineio_socket_handler(const struct engineio *engine);
/* Does what is due. Returns when to be called again; MONO_NEVER: not before set_alarm. */
int64_t engineio_tick(struct engineio *engine, int64_t now_ns);
unsigned engineio_sessions(const struct engineio *engine);
/* Of them, those with a GET that waits for packets; one whose client vanished counts until the next
 * packet for it. */
unsigned engineio_waiting_polls(const struct engineio *engine);

void *engineio_record(const struct engineio_session *session);
const char *engineio_sid(const struct engineio_session *session);
enum engineio_protocol engineio_protocol_of(const struct engineio_session *session);
/* Literal address of the client. */
const char *engineio_peer(const struct engineio_session *session);
/* Its User-Agent as it began, "" when it had none. */
const char *engineio_user_agent(const struct engineio_session *session);
/* Sends a message; copied. Nothing when the session ended. Never calls back: a session whose queue
 * is full ends at the next tick. */
void engineio_send_text(struct engineio_session *session, struct text text);
void engineio_send_binary(struct engineio_session *session, struct text data);
/* Ends the session; on_close is called before this returns. */
void engineio_close(struct engineio_session *session);

#endif
