/* transport/viewers.h - all viewers that one worker owns: found by session or by address, admitted,
 * watched over (handshake deadlines, consent), ended. Thread: the worker that owns it. */
#ifndef TRANSPORT_VIEWERS_H
#define TRANSPORT_VIEWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mono.h"
#include "core/status.h"
#include "transport/audience.h"
#include "transport/data.h"
#include "transport/media.h"
#include "transport/mux.h"
#include "transport/ticket.h"
#include "transport/viewer_session.h"

#define VIEWERS_HANDSHAKE_TURN_NS (10 * MONO_MS) /* how exact handshake timers are */

/* Called on the worker's thread; must not block. */
struct viewer_events {
    void *context;
    void (*on_connected)(void *context, uint64_t session);
    void (*on_closed)(void *context, uint64_t session, enum media_close_reason reason);
};

struct viewers_settings {
    int64_t consent_ns;
    int64_t handshake_deadline_ns;
    unsigned handshakes_max;
    struct mux *mux; /* this and the following are borrowed */
    struct ticket_table *tickets;
    struct audiences *audiences;
    struct viewer_egress *out;
    struct stats *stats;
    struct data *data;            /* NULL: no data channels */
    struct data_owner data_owner; /* of the viewers; copied, as the next */
    struct viewer_events events;
};

struct viewers;

MUST_CHECK enum status viewers_create(const struct viewers_settings *settings,
                                      struct viewers **viewers);
void viewers_destroy(struct viewers *viewers); /* all must have been closed; NULL is allowed */

struct viewer_session *viewers_find(const struct viewers *viewers, uint64_t session);
unsigned viewers_count(const struct viewers *viewers);
/* A claimed ticket becomes a viewer. */
MUST_CHECK enum status viewers_admit(struct viewers *viewers, const struct ticket *ticket,
                                     int64_t now_ns, struct viewer_session **session);
/* True while as many handshakes as may be are half open. */
bool viewers_handshakes_full(const struct viewers *viewers);
/* An authenticated check of session came over path. */
void viewers_on_check(struct viewers *viewers, struct viewer_session *session,
                      const struct path *path, bool use_candidate, int64_t now_ns);
/* What a DTLS datagram led to; session may be gone afterwards. */
void viewers_on_outcome(struct viewers *viewers, struct viewer_session *session,
                        enum viewer_session_outcome outcome, int64_t now_ns);
/* on_closed follows at once. session is gone. */
void viewers_close(struct viewers *viewers, struct viewer_session *session,
                   enum media_close_reason reason, int64_t now_ns);
void viewers_close_stream(struct viewers *viewers, uint32_t stream_id, int64_t now_ns);
void viewers_close_all(struct viewers *viewers, int64_t now_ns);

/* Retransmissions and deadlines of handshakes; returns when to come again, MONO_NEVER. */
int64_t viewers_handshake_turn(struct viewers *viewers, int64_t now_ns);
/* Once a second: consent. */
void viewers_sweep(struct viewers *viewers, int64_t now_ns);

#endif
