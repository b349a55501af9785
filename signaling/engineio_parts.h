/* signaling/engineio_parts.h - a session and what its two transports share: inside of engineio
 * alone. Thread: main. */
#ifndef SIGNALING_ENGINEIO_PARTS_H
#define SIGNALING_ENGINEIO_PARTS_H

#include <glib.h>

#include "signaling/deadline.h"
#include "signaling/engineio.h"

enum { ENGINEIO_PEER_BYTES_MAX = 64 };

/* The reference's error codes: {"code":..,"message":..}. */
enum engineio_error {
    ENGINEIO_TRANSPORT_UNKNOWN,
    ENGINEIO_SID_UNKNOWN,
    ENGINEIO_BAD_METHOD,
    ENGINEIO_BAD_REQUEST,
    ENGINEIO_FORBIDDEN,
    ENGINEIO_BAD_VERSION,
    ENGINEIO_SERVER_FULL, /* not the reference's */
    ENGINEIO_NO_ERROR
};

struct engineio {
    struct engineio_settings settings;
    struct engineio_handler handler;
    struct engineio_clock clock;
    struct socket_handler sockets;
    GHashTable *sessions;           /* by sid; holds all that are open */
    unsigned polls;                 /* that wait */
    struct engineio_session *ended; /* freed at the next tick */
    struct deadline_queue pings;    /* protocol 4: the next ping */
    struct deadline_queue pongs;    /* protocol 4: its answer */
    struct deadline_queue silences; /* protocol 3: the client's next ping */
    struct deadline_queue doomed;   /* at once: no delay */
    struct deadline_queue probes;   /* a WebSocket's probe, to its end */
};

/* A WebSocket: the record of its socket. */
struct engineio_wire {
    struct engineio *engine;
    struct socket *socket;
    struct engineio_session *session; /* NULL: ended, or never taken on */
};

/* A packet that waits for a poll. */
struct engineio_waiting {
    struct engineio_waiting *next;
    struct engineio_packet packet; /* its data follow */
};

struct engineio_session {
    struct engineio *engine;
    char sid[ENGINEIO_SID_CHARS + 1];
    char peer[ENGINEIO_PEER_BYTES_MAX];
    char *user_agent; /* NULL: none */
    enum engineio_protocol protocol;
    bool text_only; /* takes no binary: base64 instead (b64=1) */
    bool closed;
    bool doomed; /* ends at the next tick; nothing more is sent */
    struct engineio_session *next_ended;
    void *record;
    struct engineio_wire *wire;  /* its transport; NULL: long polling */
    struct engineio_wire *probe; /* would become it */
    bool probed;                 /* the probe asked: polls are sent home */
    uint64_t poll;               /* the exchange that waits for packets; 0: none */
    uint64_t post;               /* the one whose packets are still to come; 0: none */
    struct engineio_waiting *first;
    struct engineio_waiting **last;
    size_t waiting_bytes;
    struct deadline heartbeat; /* in pings, pongs or silences */
    struct deadline upgrade;   /* in probes */
};

/* What a query says. */
struct engineio_query {
    char sid[ENGINEIO_SID_CHARS + 1];
    bool has_sid; /* a wrong one leaves sid "" */
    bool polling;
    bool websocket;
    bool jsonp;
    bool text_only;
    enum engineio_protocol protocol; /* 0: neither 3 nor 4 */
};

void engineio_query_read(const char *query, struct engineio_query *out);
/* Checks of a request that are the same for both transports. session: of the sid, NULL when the
 * query has none. */
enum engineio_error engineio_verify(const struct engineio *engine,
                                    const struct engineio_query *query, bool is_upgrade,
                                    struct engineio_session **session);
const char *engineio_error_text(enum engineio_error error);
/* Whether one more may come from peer. */
bool engineio_has_room(const struct engineio *engine, const char *peer);

/* Opens one over wire (NULL: long polling) and gives its handshake, which the caller frees; NULL:
 * refused. The session is not told to its handler before engineio_session_begin. */
char *engineio_session_open(struct engineio *engine, const struct engineio_query *query,
                            const char *peer, const char *user_agent, struct engineio_wire *wire,
                            struct engineio_session **opened);
/* Tells the handler. The session may be gone afterwards. */
void engineio_session_begin(struct engineio_session *session);
/* One packet came. False: the session is closed. */
bool engineio_session_take(struct engineio_session *session, const struct engineio_packet *packet);
/* Sends over whatever transport there is. */
void engineio_session_send(struct engineio_session *session, const struct engineio_packet *packet);

/* Ends it at the next tick, not in the midst of what somebody does with many. */
void engineio_session_doom(struct engineio_session *session);
/* The probe has so long to become the transport. */
void engineio_session_expect_upgrade(struct engineio_session *session);
/* The probe is the transport from now on. */
void engineio_session_upgrade(struct engineio_session *session);

/* engineio_polling.c: answers the poll that waits, if there is one, with what waits for it. */
void engineio_polling_flush(struct engineio_session *session);
/* The same with this one packet, whatever waits. */
void engineio_polling_end(struct engineio_session *session, enum engineio_type type);

/* engineio_websocket.c */
void engineio_websocket_send(const struct engineio_session *session,
                             const struct engineio_packet *packet);
void engineio_websocket_init(struct engineio *engine);
/* Takes wire away from its session and closes it. NULL is allowed. */
void engineio_websocket_drop(struct engineio_wire *wire);

#endif
