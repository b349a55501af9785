/* signaling/chat_room.h - what a room remembers of its chat: its last lines, what waits to be sent,
 * how fast its people talk and like. The directory keeps one for each room in which something was
 * said, and frees it with the room. Thread: main. */
#ifndef SIGNALING_CHAT_ROOM_H
#define SIGNALING_CHAT_ROOM_H

#include <jansson.h>
#include <stdint.h>

#include "signaling/rate.h"

struct directory_room;
struct chat_line; /* one that was said, as small as it gets */

struct chat_room {
    struct chat_room *next;  /* in the list of rooms that have something to send */
    struct chat_room **link; /* NULL: not in it */
    const struct directory_room *room;
    struct chat_line **lines; /* ring */
    unsigned lines_max;
    unsigned first;
    unsigned count;
    json_t *waiting; /* chat messages, an array; NULL: none */
    struct rate rate;
    uint64_t likes; /* of all since the room exists */
    unsigned likes_waiting;
    int64_t likes_told_ns;
};

/* room is borrowed; lines_max are kept. NULL: out of memory. */
struct chat_room *chat_room_create(const struct directory_room *room, unsigned lines_max);
/* NULL is allowed. */
void chat_room_free(struct chat_room *chat);
/* Keeps a line {from, name, text, at}; the oldest goes. */
void chat_room_keep(struct chat_room *chat, const char *from, const char *name, const char *text,
                    int64_t at_ms);
/* The last lines, an array, oldest first: a new reference. NULL chat: empty. */
json_t *chat_room_history(const struct chat_room *chat);
/* Puts the room into a list; nothing if it is in it. */
void chat_room_list(struct chat_room *chat, struct chat_room **list);
void chat_room_unlist(struct chat_room *chat);

#endif
