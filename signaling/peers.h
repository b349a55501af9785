/* signaling/peers.h - the peer connections of one client over WebSocket: its ids, and the session
 * behind each (PROTOCOL.md section 3: offer, candidate, layer, bye). Each function that takes a
 * request returns the message that answers it, a new reference, or NULL when the answer is nothing
 * or comes later by send. Thread: main. */
#ifndef SIGNALING_PEERS_H
#define SIGNALING_PEERS_H

#include <jansson.h>
#include <stdbool.h>

#include "signaling/endpoint.h"
#include "signaling/request.h"

enum { PEERS_MAX = 16 };

struct peer;

/* On whose behalf; borrowed during the call. */
struct peers_client {
    const char *room;
    const char *name;
    const char *subject; /* `sub` of its token, "" */
    const char *address;
    enum session_via via;
    const char *user_agent;
    bool may_publish;    /* showed a key or a token for it, or none is needed */
    uint64_t credential; /* of access_answer, with which it may */
    const char *granted; /* the stream that it may publish without; NULL: none */
};

struct peers {
    struct endpoint *endpoint;
    struct peer *first;
    unsigned count;
    void *context;
    /* A message to the client; takes it. Returns false when there is nobody to take it now. */
    bool (*send)(void *context, json_t *message);
    /* Peer connections were opened or ended. */
    void (*on_change)(void *context);
    /* On whose behalf, as it is now. */
    struct peers_client (*client)(void *context);
};

json_t *peers_offer(struct peers *peers, const struct request *request);
json_t *peers_candidate(struct peers *peers, const struct request *request);
json_t *peers_layer(struct peers *peers, const struct request *request);
json_t *peers_bye(struct peers *peers, const struct request *request);

/* Whose session it is; NULL: it is not one of this protocol. */
struct peers *peers_of(const struct session *session);
/* Ends what it publishes as stream, if it does, for all at once; the client hears bye with reason.
 */
void peers_end_stream(struct peers *peers, const char *stream, const char *reason);
/* Ends all, without a word to the client. on_change is not called. */
void peers_end_all(struct peers *peers);
/* Ends all; the client hears bye with the reason `kicked`. on_change is called. */
void peers_kick_all(struct peers *peers);
/* Forgets all; their sessions go on without an owner. */
void peers_abandon_all(struct peers *peers);
/* The connection is lost: what waits for the operator's hook is over, since nobody would hear the
 * answer. */
void peers_lose(struct peers *peers);
/* Says bye for those that ended while send had nobody. */
void peers_tell_ended(struct peers *peers);
bool peers_publishes(const struct peers *peers);
bool peers_publishes_stream(const struct peers *peers, const char *stream);
/* One of that id is open. */
bool peers_has(const struct peers *peers, const char *id);
/* Some are open. */
bool peers_is_active(const struct peers *peers);

#endif
