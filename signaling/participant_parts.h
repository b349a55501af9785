/* signaling/participant_parts.h - what the files of participant share: participant.c (joining and
 * life), participant_answer.c (what answers each message), participant_join.c (`join` and
 * `joined`), participant_events.c (what lines and rooms are told), participant_host.c (what a host
 * may do to others). Thread: main. */
#ifndef SIGNALING_PARTICIPANT_PARTS_H
#define SIGNALING_PARTICIPANT_PARTS_H

#include <glib.h>
#include <jansson.h>

#include "signaling/chat.h"
#include "signaling/guests.h"
#include "signaling/outcasts.h"
#include "signaling/participant.h"
#include "signaling/peers.h"

/* Events beyond PROTOCOL.md section 3 that a client asks for when it joins (`wants`). */
enum participant_want {
    PARTICIPANT_WANTS_CHATS = 1,
    PARTICIPANT_WANTS_LIKES = 2,
    PARTICIPANT_WANTS_PRESENCE = 4,
};

enum { PARTICIPANT_USER_AGENT_BYTES_MAX = 255 }; /* longer ones are cut */

struct participants {
    struct endpoint *endpoint;
    struct chat *chat;
    struct outcasts *outcasts;
    struct guests *guests;
    GHashTable *by_resume; /* participant->resume: struct participant; holds all */
    unsigned lost;         /* of them, without a line */
};

struct participant {
    struct directory_member member; /* first: the directory's lists are lists of participants */
    struct participants *all;
    struct participant_line *line; /* NULL: lost since lost_ns */
    int64_t lost_ns;
    struct peers peers;
    struct guest *guest; /* guests' own */
    struct chat_person person;
    bool is_named; /* by its token, so it may not call itself otherwise */
    bool may_publish;
    uint64_t credential; /* with which it may, of access_answer */
    char subject[ACCESS_SUBJECT_BYTES_MAX + 1];
    unsigned wants; /* enum participant_want */
    char you[DIRECTORY_FROM_CHARS + 1];
    char resume[PARTICIPANT_RESUME_CHARS + 1];
    char name[NAME_BYTES_MAX + 1];
    char address[ICE_ADDRESS_CHARS_MAX + 1];
    char user_agent[PARTICIPANT_USER_AGENT_BYTES_MAX + 1];
    enum session_via via;
};

struct participant_line {
    struct participants *all;
    struct participant_output output;
    struct participant *participant; /* NULL: not joined */
    char address[ICE_ADDRESS_CHARS_MAX + 1];
    char user_agent[PARTICIPANT_USER_AGENT_BYTES_MAX + 1];
    enum session_via via;
};

/* What `join` says; borrowed from the request. */
struct participant_join {
    const char *room;
    const char *name;
    const char *token; /* NULL: none */
    const char *resume;
    unsigned wants;      /* enum participant_want */
    bool is_named;       /* name is its token's */
    const char *subject; /* its token's `sub`, "" */
};

/* participant.c */

/* Answers `join`; NULL: `joined` was sent. */
json_t *participant_on_join(struct participant_line *line, const struct request *request);

/* Leaves the room, ends its media, frees it. */
void participant_part(struct participant *participant);

struct chat_speaker participant_speaker(struct participant *participant);

/* participant_join.c */

/* Returns the error, or NULL. */
json_t *participant_read_join(const struct request *request, struct participant_join *join);
/* A name that a token gave is changed by a token only. */
void participant_rename(struct participant *participant, const char *name, bool by_token);
/* Whether it may publish, by the token of join; who comes back with one that has expired keeps what
 * it was good for. */
void participant_take_rights(struct participant *participant, const struct participant_join *join,
                             bool resumes);
/* The answer. */
json_t *participant_make_joined(const struct participant *participant);

/* participant_say.c: what comes over data channels. */

/* context is the participants; whoever has not joined speaks without a name. */
void participant_on_say(void *context, struct session *session, const char *text);

/* participant_events.c */

/* Takes object; NULL: nothing to say. */
void participant_send(struct participant_line *line, json_t *object);
/* Hears the directory, context being the participants. */
struct directory_listener participant_listener(struct participants *all);
struct chat_outlet participant_chat_outlet(struct participants *all);
/* Tells those who want it that participant came or goes, unless the room is a crowd. */
void participant_tell_presence(const struct participant *participant, bool here);
/* Who has joined, and may know, hears how the streams sound now; later changes follow. */
void participant_tell_sounds(const struct participant *participant);

/* participant_host.c: `mute` and `kick`. */

/* With stream keys the host is who showed the key; without, who publishes `main`. */
bool participant_is_host(const struct participant *participant);
/* The way to all of a room's hosts. */
struct guests_outlet participant_guests_outlet(struct participants *all);

json_t *participant_on_mute(struct participant_line *line, const struct request *request);
json_t *participant_on_kick(struct participant_line *line, const struct request *request);

#endif
