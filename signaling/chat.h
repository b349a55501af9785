/* signaling/chat.h - what people say in a room and how much they like it: who may say how much how
 * fast, which words are masked, and when it goes out. In a room of up to chat.crowd members a line
 * goes out at once; in a larger one all lines of a tick go out together, so that a viewer is
 * written to once however many talk. Likes are summed up and told at most once a second. Thread:
 * main. */
#ifndef SIGNALING_CHAT_H
#define SIGNALING_CHAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "signaling/config.h"
#include "signaling/directory.h"
#include "signaling/rate.h"
#include "signaling/request.h"

enum {
    CHAT_TEXT_POINTS_MAX = 500,
    CHAT_LIKES_MAX = 100, /* in one message */
    CHAT_LIKES_INTERVAL_MS = 1000,
};

struct chat; /* of the process */

/* How chat reaches a room. Both take what they are given. */
struct chat_outlet {
    void *context;
    /* lines: chat messages, an array of one at least. */
    void (*say)(void *context, const struct directory_room *room, json_t *lines);
    void (*like)(void *context, const struct directory_room *room, json_t *message);
};

/* What chat keeps of one who may speak; embedded. */
struct chat_person {
    struct rate lines;
    struct rate likes;
    bool muted;
};

/* One who speaks; borrowed during the call. */
struct chat_speaker {
    struct directory_room *room;
    struct chat_person *person;
    const char *from;
    const char *name;
};

/* config is borrowed for chat's life; outlet is copied. STATUS_NOT_FOUND, STATUS_MALFORMED: of the
 * file of words; logged. */
MUST_CHECK enum status chat_create(const struct config *config, const struct chat_outlet *outlet,
                                   struct chat **chat);
/* The rooms are gone, or say nothing any more. NULL is allowed. */
void chat_destroy(struct chat *chat);

void chat_person_init(const struct chat *chat, struct chat_person *person, int64_t now_ns);
/* A person's name, with what is masked in it; the name gets no longer. */
void chat_mask_name(const struct chat *chat, char *name);
/* Says text (terminated) to all in the speaker's room. STATUS_MALFORMED: not 1 to
 * CHAT_TEXT_POINTS_MAX code points of UTF-8; STATUS_DENIED: muted; STATUS_AGAIN: the person talks
 * too fast; STATUS_FULL: the room does; STATUS_NO_MEMORY. */
MUST_CHECK enum status chat_say(struct chat *chat, const struct chat_speaker *speaker,
                                const char *text, int64_t now_ns);
/* `chat` and `like`: the error that answers, a new reference, or NULL. */
json_t *chat_on_line(struct chat *chat, const struct chat_speaker *speaker,
                     const struct request *request, int64_t now_ns);
json_t *chat_on_like(struct chat *chat, const struct chat_speaker *speaker,
                     const struct request *request, int64_t now_ns);
/* Sends what waits. */
void chat_tick(struct chat *chat, int64_t now_ns);

#endif
