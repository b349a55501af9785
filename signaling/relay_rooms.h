/* signaling/relay_rooms.h - rooms for two browsers that talk directly, and the lobby of those who
 * are in none (PROTOCOL.md section 4): who is in which, and who is told what. It knows events and
 * their arguments, and nothing of the connections that carry them. Thread: main. */
#ifndef SIGNALING_RELAY_ROOMS_H
#define SIGNALING_RELAY_ROOMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "transport/host_addresses.h"

struct relay_rooms;
struct relay_seat;

struct relay_event {
    const char *name;
    json_t *arguments; /* array; borrowed. NULL: they cannot be read, only passed on */
    /* The event as it came, in a form that only the connections know: what is passed on unchanged
     * is this. NULL: the event is the relay's own, or was changed; name and arguments are it. */
    const void *original;
    bool binary; /* there is binary data among the arguments */
};

/* Embedded in a connection. All but id is relay_rooms' own. */
struct relay_client {
    const char *id; /* the socket id; borrowed from enter to leave */
    struct relay_seat *seats;
    unsigned rooms;
    uint64_t gathered;         /* for the delivery of this number */
    struct relay_client *next; /* in the lobby */
    struct relay_client *previous;
};

struct relay_outlet {
    void *context;
    /* One event to all of to, count > 0; all borrowed during the call. Must not enter, leave or
     * take: a connection that is too slow is closed later. */
    void (*deliver)(void *context, const struct relay_event *event, struct relay_client *const *to,
                    size_t count);
    /* The server's own addresses: host_addresses_read. */
    void (*read_addresses)(struct host_addresses *addresses);
};

struct relay_settings {
    unsigned rooms_max;
    unsigned rooms_per_client_max;
    unsigned lobby_told_max; /* in a lobby of more than so many, a leaver is not announced */
};

/* What tells the relay's events from those of the media rooms that have the same name. */
struct relay_media {
    bool joined; /* the sender is in a media room */
    void *context;
    /* Whether the sender has a peer connection of that id with the server. */
    bool (*is_open)(void *context, const char *id);
};

/* Both are copied. */
MUST_CHECK enum status relay_rooms_create(const struct relay_settings *settings,
                                          const struct relay_outlet *outlet,
                                          struct relay_rooms **rooms);
/* After the last client left. NULL is allowed. */
void relay_rooms_destroy(struct relay_rooms *rooms);

/* A client, zero but for its id, connected: it is in the lobby. */
void relay_rooms_enter(struct relay_rooms *rooms, struct relay_client *client);
/* It is gone; the others are told. */
void relay_rooms_leave(struct relay_rooms *rooms, struct relay_client *client);

/* Whether an event of a client is the relay's. arguments is an array or NULL, media borrowed. */
bool relay_rooms_is_event(const char *name, const json_t *arguments,
                          const struct relay_media *media);
/* Does what an event for which relay_rooms_is_event asks. Returns the error that answers it
 * ({type: error, ...}, a new reference), or NULL when there is nothing to answer. */
json_t *relay_rooms_take(struct relay_rooms *rooms, struct relay_client *client,
                         const struct relay_event *event);

/* Rooms with somebody in them. */
size_t relay_rooms_count(const struct relay_rooms *rooms);

#endif
