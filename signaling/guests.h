/* signaling/guests.h - who asks to join the host on stage, and who was let in: the messages ask,
 * withdraw, accept, decline, and what follows from them (DESIGN.md section 5, "Guests"). The host
 * is the client that publishes `main`; where a program does (WHIP), whoever may publish. A guest
 * publishes a stream of its own beside it, `guest-1` and so on, for which it needs no stream key. A
 * client is known here by its struct peers. Thread: main. */
#ifndef SIGNALING_GUESTS_H
#define SIGNALING_GUESTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "signaling/endpoint.h"
#include "signaling/peers.h"
#include "signaling/request.h"

enum {
    /* A guest who publishes nothing for so long, or for the room's grace time if that is longer,
     * has left. */
    GUESTS_PATIENCE_MS = 30000,
};

struct guests; /* of all rooms */
struct guest;  /* one who asks, or was let in */

/* On whose behalf; borrowed during the call, but for peers and guest: until guests_forget. */
struct guests_client {
    struct peers *peers;
    struct guest **guest; /* the client's own place for it; NULL there: neither asks nor is one */
    bool may_host;        /* it showed a key or a token with which it may publish */
    const char *room;
    const char *from; /* DIRECTORY_FROM_CHARS: what others know the client by */
    const char *name;
};

/* The way to those who may host. */
struct guests_outlet {
    void *context;
    /* Sends message, which is taken, to all of the room's clients that may host; returns how many
     * there are. message NULL: only counts them. Must not call back. */
    unsigned (*tell_hosts)(void *context, const char *room, json_t *message);
};

/* endpoint is borrowed, outlet copied. */
MUST_CHECK enum status guests_create(struct endpoint *endpoint, const struct guests_outlet *outlet,
                                     struct guests **guests);
/* Does not touch clients any more. NULL is allowed. */
void guests_destroy(struct guests *guests);

/* One of the four messages. Returns what answers it, a new reference, or NULL: nothing. */
json_t *guests_receive(struct guests *guests, const struct request *request,
                       const struct guests_client *client);
/* The stream that the guest may publish; NULL: none. guest may be NULL. Borrowed. */
const char *guests_stream(const struct guest *guest);
/* Somebody came to the room, or came back: the hosts hear the list again. */
void guests_greet(const struct guests *guests, const char *room);
/* The client has no connection now: it asks no more, but a guest may come back. NULL is allowed. */
void guests_lose(struct guest *guest);
/* The client left the room: its stream is over. NULL is allowed. */
void guests_forget(struct guest *guest);
/* Tells hosts what changed, ends what nobody uses or hosts any more. */
void guests_tick(struct guests *guests, int64_t now_ns);

#endif
