/* transport/publisher.h - one broadcaster's transport: ICE, then DTLS in either role, then SRTP
 * (RFC 8445, RFC 5764, RFC 7983 for telling them apart). What it opens goes into its feed, what the
 * feed wants upstream goes out. Nothing from the net is believed before the peer's certificate has
 * matched the fingerprint of its offer.
 * Thread: ingest. A publisher that is over stays until the owner destroys it, outside of the
 * GMainContext's dispatch. */
#ifndef TRANSPORT_PUBLISHER_H
#define TRANSPORT_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/stats.h"
#include "core/status.h"
#include "transport/data.h"
#include "transport/dtls.h"
#include "transport/feed.h"
#include "transport/ice.h"
#include "transport/media.h"

struct _GMainContext;
struct publisher;

/* Borrowed for the publisher's life. */
struct publisher_environment {
    const struct media_settings *settings;
    struct dtls_context *dtls_context;
    struct _GMainContext *main_context;
    struct stats *stats;
    struct data *data;            /* NULL: no data channels */
    struct data_owner data_owner; /* of the publishers */
};

/* publish is borrowed during the call. STATUS_FULL: no port is free; STATUS_SYSTEM. */
MUST_CHECK enum status publisher_create(const struct publisher_environment *environment,
                                        const struct media_publish *publish, struct feed *feed,
                                        int64_t now_ns, struct publisher **publisher);
/* Must be over. NULL is allowed. */
void publisher_destroy(struct publisher *publisher);

uint64_t publisher_session(const struct publisher *publisher);
struct feed *publisher_feed(const struct publisher *publisher); /* borrowed */
void publisher_read_local(const struct publisher *publisher, struct media_local *local);

void publisher_add_candidates(struct publisher *publisher, const struct ice_candidate *candidates,
                              unsigned count);
/* ICE restart; publisher_read_local then gives the new side of ours. */
MUST_CHECK enum status publisher_restart(struct publisher *publisher,
                                         const struct ice_credentials *remote,
                                         const struct ice_candidate *candidates, unsigned count);
/* What it sends changed: its tracks, or whether it has data channels (data->port). Both are copied.
 */
void publisher_update(struct publisher *publisher, const struct publication *publication,
                      const struct datachannel_terms *data, int64_t now_ns);
/* What the data thread has for the peer: an SCTP packet, which DTLS carries (RFC 8261). */
void publisher_send_data(struct publisher *publisher, const uint8_t *packet, size_t packet_bytes);
/* Says close_notify when connected; over from now on. Nothing when it is over already. */
void publisher_end(struct publisher *publisher, enum media_close_reason reason, int64_t now_ns);

/* Timers, RTCP upstream, reports: once a loop turn. */
void publisher_turn(struct publisher *publisher, int64_t now_ns);
/* When publisher_turn must run next, if nothing comes in between. */
int64_t publisher_due_ns(const struct publisher *publisher);

/* True once, after DTLS came up. */
bool publisher_take_connected(struct publisher *publisher);
/* reason is written when true. */
bool publisher_is_over(const struct publisher *publisher, enum media_close_reason *reason);

#endif
