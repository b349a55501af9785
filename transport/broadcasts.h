/* transport/broadcasts.h - what the ingest thread looks after: the open streams, and the
 * broadcaster that each has or has not. Knows what follows from what (a takeover ends the one
 * before, a closed stream its broadcaster) and tells it by events; knows no thread and no mailbox.
 * Thread: ingest, outside of the GMainContext's dispatch. */
#ifndef TRANSPORT_BROADCASTS_H
#define TRANSPORT_BROADCASTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "transport/feed.h"
#include "transport/ingest.h"
#include "transport/publisher.h"

struct broadcasts;

/* environment, feed_settings and events are copied; what they point to is borrowed. */
struct broadcasts *broadcasts_create(const struct publisher_environment *environment,
                                     const struct feed_settings *feed_settings,
                                     const struct ingest_events *events);
/* All broadcasters must have been ended. NULL is allowed. */
void broadcasts_destroy(struct broadcasts *broadcasts);

void broadcasts_open_stream(struct broadcasts *broadcasts, uint32_t stream_id);
void broadcasts_close_stream(struct broadcasts *broadcasts, uint32_t stream_id);
/* NULL when it is not open. Borrowed until broadcasts_close_stream. */
struct feed *broadcasts_find_stream(const struct broadcasts *broadcasts, uint32_t stream_id);

/* As the functions of ingest.h; unknown sessions are ignored. */
void broadcasts_set_bandwidth(struct broadcasts *broadcasts, uint32_t bandwidth_bps);
void broadcasts_publish(struct broadcasts *broadcasts, const struct media_publish *publish);
/* Says that session failed to begin, for want of resources. */
void broadcasts_refuse(struct broadcasts *broadcasts, uint64_t session, enum status why);
void broadcasts_add_candidate(struct broadcasts *broadcasts, uint64_t session,
                              const struct ice_candidate *candidate);
void broadcasts_restart(struct broadcasts *broadcasts, uint64_t session,
                        const struct ice_credentials *remote,
                        const struct ice_candidate *candidates, unsigned candidate_count);
void broadcasts_update(struct broadcasts *broadcasts, uint64_t session,
                       const struct publication *publication, const struct datachannel_terms *data);
void broadcasts_send_data(struct broadcasts *broadcasts, uint64_t session, const uint8_t *packet,
                          size_t packet_bytes);
void broadcasts_end(struct broadcasts *broadcasts, uint64_t session);
void broadcasts_end_all(struct broadcasts *broadcasts);

/* Timers of all, and farewells; returns when the next turn is due, MONO_NEVER when nothing is. */
int64_t broadcasts_turn(struct broadcasts *broadcasts, int64_t now_ns);

#endif
