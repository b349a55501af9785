/* transport/ingest.h - the ingest thread: broadcasters' transports and the producer side of every
 * stream. It turns what broadcasters send into packets, gives one reference to each worker that has
 * viewers of the stream, and sends upstream what stream.h says must go upstream.
 * Thread: create, attach, start, stop and destroy on one thread (main); the posting functions on
 * any thread, in order for each poster, applied on the ingest thread; events come on the ingest
 * thread. Posting allocates with g_malloc: no memory ends the process, as everywhere in GLib. */
#ifndef TRANSPORT_INGEST_H
#define TRANSPORT_INGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/stats.h"
#include "core/status.h"
#include "core/stream.h"
#include "transport/data.h"
#include "transport/dtls.h"
#include "transport/feed.h"
#include "transport/ice.h"
#include "transport/media.h"

enum {
    INGEST_PUBLISHERS_MAX = 1024, /* at a time; one more is closed with MEDIA_CLOSED_RESOURCE */
    INGEST_STREAMS_MAX = 65536    /* open at a time */
};

struct ingest;

/* As in media_events (media.h), but called on the ingest thread: they must not block. */
struct ingest_events {
    void *context;
    void (*on_publisher_local)(void *context, uint64_t session, const struct media_local *local);
    void (*on_connected)(void *context, uint64_t session);
    void (*on_stream_report)(void *context, uint32_t stream_id, const struct stream_report *report);
    void (*on_closed)(void *context, uint64_t session, enum media_close_reason reason);
};

/* Makes the packet pool and the loop; starts no thread. settings and events are copied,
 * dtls_context and data (NULL: no data channels) borrowed. */
MUST_CHECK enum status ingest_create(const struct media_settings *settings,
                                     struct dtls_context *dtls_context, struct data *data,
                                     const struct ingest_events *events, struct ingest **ingest);
/* Before ingest_start. outlet is copied; its ring is borrowed until ingest_stop has returned: the
 * ingest thread pushes struct packet references, the worker pops and drops them (also those left
 * over at the end). wake is called on the ingest thread, at most once a loop turn, after it pushed
 * something. worker: 0..MEDIA_WORKERS_MAX-1. */
void ingest_attach_worker(struct ingest *ingest, unsigned worker, const struct outlet *outlet);
/* Before ingest_start. monitor is borrowed: it is stopped after ingest_stop, before ingest_destroy,
 * and destroyed after that. */
void ingest_attach_monitor(struct ingest *ingest, struct audio_monitor *monitor);
MUST_CHECK enum status ingest_start(struct ingest *ingest);
/* Ends all sessions politely (DTLS close_notify, on_closed) and joins the thread. Packets stay
 * valid until ingest_destroy. Does nothing when not started. */
void ingest_stop(struct ingest *ingest);
/* Stops, then frees everything, packets too: all workers must have dropped their references. NULL
 * is allowed. */
void ingest_destroy(struct ingest *ingest);

/* Counters of the ingest thread, borrowed. */
const struct stats *ingest_stats(const struct ingest *ingest);

/* Posting functions. Unknown streams and sessions are ignored. */

void ingest_stream_open(struct ingest *ingest, uint32_t stream_id);
/* Ends its broadcaster (on_closed BY_US, PACKET_UNPUBLISHED to its workers), frees it. */
void ingest_stream_close(struct ingest *ingest, uint32_t stream_id);

/* All broadcasters are told from now on that they may send so much. */
void ingest_set_bandwidth(struct ingest *ingest, uint32_t bandwidth_bps);

/* publish is copied. on_publisher_local follows; exactly one on_closed ends it, also when the
 * stream is not open (MEDIA_CLOSED_RESOURCE). A broadcaster that the stream has is ended BY_US. */
void ingest_publish(struct ingest *ingest, const struct media_publish *publish);
/* candidate NULL: no more. */
void ingest_candidate(struct ingest *ingest, uint64_t session,
                      const struct ice_candidate *candidate);
/* on_publisher_local follows, with new credentials; media goes on over the old pair meanwhile. */
void ingest_restart(struct ingest *ingest, uint64_t session, const struct ice_credentials *remote,
                    const struct ice_candidate *candidates, unsigned candidate_count);
/* publication and data are copied. */
void ingest_update(struct ingest *ingest, uint64_t session, const struct publication *publication,
                   const struct datachannel_terms *data);
void ingest_end(struct ingest *ingest, uint64_t session);

/* worker gets the stream's packets through its ring from now on (until unsubscribed: what was
 * pushed before may still be in the ring). What a live stream kept is given
 * first; when that is nothing it is asked for a key frame. */
void ingest_subscribe(struct ingest *ingest, uint32_t stream_id, unsigned worker);
void ingest_unsubscribe(struct ingest *ingest, uint32_t stream_id, unsigned worker);
void ingest_want_key_frame(struct ingest *ingest, uint32_t stream_id);

#endif
