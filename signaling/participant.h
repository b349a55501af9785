/* signaling/participant.h - who joined a room, whatever carries the messages: join, leave, resume,
 * chat, hosts, and the room's events to all in it (PROTOCOL.md section 3). A line is one
 * connection; a participant is who joined over it, and outlives a lost line for
 * PARTICIPANT_RESUME_MS, its media going on. Thread: main. */
#ifndef SIGNALING_PARTICIPANT_H
#define SIGNALING_PARTICIPANT_H

#include <jansson.h>
#include <stdbool.h>

#include "core/status.h"
#include "signaling/endpoint.h"
#include "signaling/request.h"
#include "signaling/shared_text.h"

enum {
    PARTICIPANT_RESUME_MS = 30000,
    /* Kept for their return at a time, of those without media; more are forgotten at once. */
    PARTICIPANT_IDLE_LOST_MAX = 1000,
    PARTICIPANT_RESUME_CHARS = 32, /* 128 random bits: a secret */
};

struct participants; /* all of the process */
struct participant_line;

/* One message on its way out; valid during the call. */
struct participant_message {
    json_t *object;
    const char *text; /* the same, serialized once for all who get it */
    size_t text_bytes;
    struct shared_text *shared; /* what text lies in; whoever sends it later keeps a reference */
    bool may_drop;              /* a slow client can do without it */
};

struct participant_output {
    void *context;
    /* Must not call back. */
    void (*send)(void *context, const struct participant_message *message);
};

/* endpoint is borrowed; its listener and its directory's are taken. */
MUST_CHECK enum status participants_create(struct endpoint *endpoint,
                                           struct participants **participants);
/* All lines are closed before. NULL is allowed. */
void participants_destroy(struct participants *participants);

/* Who is at the other end. */
struct participant_caller {
    const char *address;    /* literal */
    const char *user_agent; /* "": unknown */
    enum session_via via;
};

/* A connection came. output and caller are copied. NULL: out of memory. */
struct participant_line *participant_open(struct participants *participants,
                                          const struct participant_output *output,
                                          const struct participant_caller *caller);
/* The connection is lost, or closed: whoever joined over it may resume. Frees line. */
void participant_close(struct participant_line *line);
/* One message; value is NULL when it was not JSON. */
void participant_receive(struct participant_line *line, const json_t *value);
/* The same, but returns the answer, a new reference, instead of sending it; NULL: there is none, or
 * it was sent (`joined`), or comes later (an offer's). */
json_t *participant_answer(struct participant_line *line, const json_t *value);
/* Who opened session: id and name ("": none), borrowed until it ends. False: nobody who joined. */
bool participant_identify(const struct session *session, const char **from, const char **name,
                          bool *muted);
bool participant_is_joined(const struct participant_line *line);
/* Whether it has an open peer connection of that id. */
bool participant_has_peer(const struct participant_line *line, const char *id);
/* The operator's word: who is known in room as `from` is not heard in its chat, nor whoever comes
 * back from that address for chat.kick_seconds; off: heard again. STATUS_NOT_FOUND. */
MUST_CHECK enum status participant_mute(const struct directory_room *room, const char *from,
                                        bool off);
/* Sends {type: error} for what was not even read. */
void participant_refuse(struct participant_line *line, const char *code, const char *message);

#endif
