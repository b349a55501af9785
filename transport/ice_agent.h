/* transport/ice_agent.h - the broadcaster's side of ICE: libnice's full agent in the controlled
 * role, one for each broadcaster, UDP only, host and peer-reflexive candidates (RFC 8445). Trickled
 * remote candidates and ICE restarts are taken at any time; a peer that names no candidates at all
 * is learned from its checks.
 * Thread: everything on the thread that runs the GMainContext; events come on it, inside its
 * dispatch, or inside ice_agent_create. The agent must not be destroyed inside an event. */
#ifndef TRANSPORT_ICE_AGENT_H
#define TRANSPORT_ICE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "transport/ice.h"
#include "transport/media.h"

struct _GMainContext;
struct ice_agent;

struct ice_agent_events {
    void *context;
    /* A pair is selected: ice_agent_send works. Again after each change of the pair. */
    void (*on_selected)(void *context);
    /* A datagram that is not STUN, from an address with an authenticated check; borrowed. */
    void (*on_datagram)(void *context, uint8_t *datagram, size_t datagram_bytes);
};

/* Binds a port of the settings' ingest range on each address of the machine. settings: during the
 * call only. STATUS_FULL: no port of the range is free; STATUS_SYSTEM. */
MUST_CHECK enum status ice_agent_create(const struct media_settings *settings,
                                        struct _GMainContext *main_context,
                                        const struct ice_agent_events *events,
                                        struct ice_agent **agent);
/* Closes the sockets; sends nothing. NULL is allowed. */
void ice_agent_destroy(struct ice_agent *agent);

/* Our credentials and complete candidate list: the announced addresses in place of the machine's
 * own when any are set. */
void ice_agent_read_local(const struct ice_agent *agent, struct media_local *local);

void ice_agent_set_remote(struct ice_agent *agent, const struct ice_credentials *remote);
/* Candidates that are not UDP are dropped. */
void ice_agent_add_remote(struct ice_agent *agent, const struct ice_candidate *candidates,
                          unsigned count);
/* New local credentials; sending and receiving go on over the old pair until a new one is found.
 * ice_agent_set_remote must follow. STATUS_SYSTEM: the old session goes on. */
MUST_CHECK enum status ice_agent_restart(struct ice_agent *agent);

/* Once a turn of the loop: a broadcaster that floods us is read only so far in one turn, so that
 * the others, timers and commands have theirs. */
void ice_agent_turn(struct ice_agent *agent);
/* STATUS_AGAIN: no pair yet, or the socket's buffer is full; STATUS_SYSTEM. */
MUST_CHECK enum status ice_agent_send(struct ice_agent *agent, const uint8_t *datagram,
                                      size_t datagram_bytes);
/* True while the peer answers our consent checks (asked every 4 to 6 s, lost after 10 s): libnice's
 * clock, stricter than RFC 7675, so false alone is no reason to end a session. */
bool ice_agent_is_answered(const struct ice_agent *agent);

#endif
