/* transport/ticket.h - admission of viewers: main publishes a ticket when it answers a viewer's
 * offer; the worker that first hears an authenticated STUN check for its user name claims it and
 * owns the viewer from then on (DESIGN.md section 3). The table is the one thing that threads share
 * under a lock: it is asked only for STUN from addresses that no viewer of the worker has, never
 * for media. A ticket unclaimed after its deadline is withdrawn. */
#ifndef TRANSPORT_TICKET_H
#define TRANSPORT_TICKET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/profile.h"
#include "core/status.h"
#include "core/viewer.h"
#include "transport/certificate.h"
#include "transport/datachannel.h"
#include "transport/ice.h"
#include "transport/viewer_quality.h"

struct ticket {
    uint64_t session; /* unique in the process; also what logs call the session */
    uint32_t stream_id;
    struct ice_credentials local;
    char remote_ufrag[ICE_UFRAG_CHARS_MAX + 1]; /* USERNAME must be "local:remote" */
    struct fingerprint fingerprint;             /* the viewer's certificate */
    const struct profile *profile;
    struct viewer_start start;
    struct datachannel_terms data; /* port 0: it has no data channels */
    int64_t deadline_ns;
    struct viewer_quality *quality; /* borrowed until on_closed; NULL: nobody wants to know */
};

enum { TICKET_UNCLAIMED = -1 };

struct ticket_table;

/* joining_max: of the tickets, those whose viewers are not connected yet. */
MUST_CHECK enum status ticket_table_create(unsigned most, unsigned joining_max,
                                           struct ticket_table **table);
void ticket_table_destroy(struct ticket_table *table); /* NULL is allowed */
/* Main. ticket is copied. STATUS_FULL, STATUS_EXISTS (ufrag or session in use). */
MUST_CHECK enum status ticket_table_put(struct ticket_table *table, const struct ticket *ticket);
/* Main. New credentials for a session (ICE restart); the old ones stay valid until the new are
 * used. STATUS_NOT_FOUND. */
MUST_CHECK enum status ticket_table_restart(struct ticket_table *table, uint64_t session,
                                            const struct ice_credentials *local,
                                            const char *remote_ufrag);
/* Main. Later answers changed what the viewer takes (media_viewer_update). STATUS_NOT_FOUND. */
MUST_CHECK enum status ticket_table_update(struct ticket_table *table, uint64_t session,
                                           const struct profile *profile,
                                           const struct viewer_start *start, int *owner_worker);
/* Any thread. Copies the ticket of local ufrag (not terminated) and its owner; during an ICE
 * restart with the credentials that the ufrag belongs to. STATUS_NOT_FOUND. */
MUST_CHECK enum status ticket_table_find(struct ticket_table *table, const char *ufrag,
                                         size_t ufrag_chars, struct ticket *ticket,
                                         int *owner_worker);
/* Worker, after it checked the integrity. STATUS_EXISTS: another was faster (*owner_worker tells).
 */
MUST_CHECK enum status ticket_table_claim(struct ticket_table *table, uint64_t session, int worker,
                                          int *owner_worker);
/* The owner: the viewer is connected, its join is over. */
void ticket_table_connected(struct ticket_table *table, uint64_t session);
/* The owner: an authenticated check used the credentials of local ufrag; those before it end. */
void ticket_table_settle(struct ticket_table *table, uint64_t session, const char *ufrag);
/* Main or the owner. Unknown sessions are ignored. */
void ticket_table_remove(struct ticket_table *table, uint64_t session);
/* Main. Removes the ticket if nobody claimed it. STATUS_EXISTS: somebody did (*owner_worker tells);
 * STATUS_NOT_FOUND. */
MUST_CHECK enum status ticket_table_withdraw(struct ticket_table *table, uint64_t session,
                                             int *owner_worker);
/* Main. Removes unclaimed tickets of a stream; writes up to most of their sessions, returns how
 * many. Call until 0. */
unsigned ticket_table_withdraw_stream(struct ticket_table *table, uint32_t stream_id,
                                      uint64_t *sessions, unsigned most);
/* Main. Removes unclaimed tickets past their deadline; writes up to most of their sessions, returns
 * how many. */
unsigned ticket_table_expire(struct ticket_table *table, int64_t now_ns, uint64_t *sessions,
                             unsigned most);

#endif
