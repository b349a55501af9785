/* signaling/session.h - the table of media sessions: the number that the media plane and the logs
 * use, and the public ID (128 random bits, a secret: whoever knows the URL may end the session) of
 * WHIP and WHEP. A session is in the table from its acceptance until the media plane closed it; its
 * public ID is found only while it is open. Thread: main. */
#ifndef SIGNALING_SESSION_H
#define SIGNALING_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "signaling/user_agent.h"
#include "transport/ice.h"

enum {
    SESSION_ID_CHARS = 32,  /* hexadecimal */
    SESSION_TAG_CHARS = 18, /* strong entity tag, quotes included */
};

enum session_kind { SESSION_PUBLISHER, SESSION_VIEWER };

/* What carried its offer. */
enum session_via {
    SESSION_VIA_WHIP,
    SESSION_VIA_WHEP,
    SESSION_VIA_WEBSOCKET,
    SESSION_VIA_SOCKETIO
};

enum session_state {
    SESSION_OPENING,   /* a publisher's candidates are awaited */
    SESSION_ANSWERED,  /* the answer is out */
    SESSION_CONNECTED, /* DTLS is up */
    SESSION_ENDING     /* ended; on_closed of the media plane is awaited */
};

struct session;
struct directory_stream;
struct chat_person;
struct hooks_visit;

/* Who opened a session and hears of it. Callbacks may be NULL. */
struct session_owner {
    void *context;
    uint64_t number; /* the owner's own, such as that of a deferred exchange */
    /* The SDP answer or, after endpoint_restart, the fragment; NULL: failed; a session
     * that did not begin is over then, and on_ended does not follow. Borrowed. */
    void (*on_answer)(struct session *session, const char *answer);
    /* The session ended from our or the other side; reason is a short code (PROTOCOL.md
     * section 3, bye): stream-ended, taken-over, kicked, closed-by-peer, consent ... The session
     * must not be used afterwards. */
    void (*on_ended)(struct session *session, const char *reason);
};

struct publishing; /* endpoint's own */
struct viewing;    /* endpoint's own */

struct session {
    uint64_t number;
    char id[SESSION_ID_CHARS + 1];
    char tag[SESSION_TAG_CHARS + 1]; /* of the present ICE session */
    char peer[ICE_ADDRESS_CHARS_MAX + 1];
    enum session_kind kind;
    enum session_via via;
    struct user_agent agent;
    enum session_state state;
    int64_t opened_ns;
    int64_t connected_ns; /* 0: not yet */
    struct session_owner owner;
    struct directory_stream *stream; /* borrowed; NULL when it is gone */
    struct session *stream_next;     /* the stream's sessions: a list kept by endpoint */
    struct session *stream_previous;
    struct publishing *publishing; /* exactly one of the two, by kind */
    struct viewing *viewing;
    struct hooks_visit *visit;   /* owned by endpoint; NULL: nobody is told of the end */
    struct chat_person *speaker; /* owned; who talks over its data channel without having joined
                                    the room; NULL: nobody yet */
};

struct session_table;

MUST_CHECK enum status session_table_create(struct session_table **table);
/* Frees the sessions' records too, not publishing and viewing. NULL is allowed. */
void session_table_destroy(struct session_table *table);

/* A number that no session has or will be given; session_table_add_as may use it. */
uint64_t session_table_reserve(struct session_table *table);
/* Returns a new session with fresh number, id and tag, state SESSION_OPENING; owned by the table.
 * NULL: out of memory. */
struct session *session_table_add(struct session_table *table, enum session_kind kind,
                                  const char *peer, int64_t now_ns);
/* The same with a reserved number. */
struct session *session_table_add_as(struct session_table *table, uint64_t number,
                                     enum session_kind kind, const char *peer, int64_t now_ns);
void session_table_remove(struct session_table *table, struct session *session);
/* Withdraws the public ID and sets SESSION_ENDING. */
void session_table_end(struct session_table *table, struct session *session);

/* Calls visit for each, ending ones too; visit must not add or remove. */
void session_table_each(const struct session_table *table,
                        void (*visit)(void *context, struct session *session), void *context);
/* NULL when unknown. */
struct session *session_table_by_number(const struct session_table *table, uint64_t number);
struct session *session_table_by_id(const struct session_table *table, const char *id,
                                    size_t id_chars);
/* Sessions of a kind that are not ending. */
unsigned session_table_count(const struct session_table *table, enum session_kind kind);
/* Of either kind, not ending, opened from peer. */
unsigned session_table_count_peer(const struct session_table *table, const char *peer);

/* As operators read it: whip, whep, websocket, socketio. */
const char *session_via_text(enum session_via via);
/* Gives the session a new entity tag. */
void session_renew_tag(struct session *session);
/* Whether an If-Match header (RFC 9110 section 13.1.1) names the present tag; "*" with quotes too
 * (RFC 9725 prints it so). */
bool session_matches(const struct session *session, const char *if_match);

#endif
