/* signaling/peers_parts.h - what the files of peers share and nobody else may see. Thread: main. */
#ifndef SIGNALING_PEERS_PARTS_H
#define SIGNALING_PEERS_PARTS_H

#include "signaling/name.h"
#include "signaling/peers.h"

enum { PEERS_REASON_CHARS_MAX = 32, PEERS_EARLY_CANDIDATES_MAX = 32 };

/* An offer that waits for the operator's hook. */
struct peer_wait {
    struct hooks_ask *ask;
    uint64_t session; /* its number, should it be let in */
    char *sdp;
    struct ice_candidate candidates[PEERS_EARLY_CANDIDATES_MAX];
    unsigned candidate_count;
    bool has_all_candidates;
};

struct peer {
    struct peer *next;
    struct peers *peers;
    struct session *session; /* NULL: it waits, or ended and the client does not know yet */
    struct peer_wait *wait;  /* NULL: it does not wait */
    enum session_kind kind;
    char id[4 * REQUEST_ID_POINTS_MAX + 1];
    char stream[NAME_BYTES_MAX + 1];
    char ended[PEERS_REASON_CHARS_MAX + 1];
};

/* The open one of that id; NULL: there is none. id may be NULL. */
struct peer *peers_find(const struct peers *peers, const char *id);
/* Frees it; nobody waits any more. Its session is the caller's. */
void peers_forget(struct peers *peers, struct peer *peer);
/* It is over, and the client is told, or will be when it is back. */
void peers_tell_over(struct peer *peer, const char *reason);
/* NULL is allowed. */
void peer_wait_free(struct peer_wait *wait);

#endif
