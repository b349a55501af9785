/* transport/feed.h - one stream on the ingest thread: core's stream behind a broadcaster's
 * transport, and before the workers that have viewers of it. Each packet goes into the ring of each
 * of these workers as one reference. A live stream's video since its last key frame is kept
 * (core/gop_cache.h): a worker that comes later is given it first, and the last sender reports, so
 * that sound and picture of its viewers keep together from the start. It outlives its broadcasters.
 * Thread: ingest. */
#ifndef TRANSPORT_FEED_H
#define TRANSPORT_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/gop_cache.h"
#include "core/packet.h"
#include "core/ring.h"
#include "core/stats.h"
#include "core/status.h"
#include "core/stream.h"
#include "transport/audio_monitor.h"
#include "transport/media.h"

/* The way to one worker. */
struct outlet {
    struct ring *ring; /* borrowed; NULL: no such worker */
    void (*wake)(void *context);
    void *wake_context; /* of wake and give */
    /* Hands over what the stream kept for those who join: takes the references to the packets,
     * which the worker knows before the first one in the ring that follows them. */
    void (*give)(void *context, uint32_t stream_id, struct packet *const *packets, unsigned count);
    bool pushed; /* something since the last outlets_wake */
};

struct outlets {
    struct outlet worker[MEDIA_WORKERS_MAX];
    struct audio_monitor *monitor; /* borrowed; NULL: nobody listens */
};

/* Once a loop turn: wakes the workers that were given something. */
void outlets_wake(struct outlets *outlets);

struct feed_settings {
    struct packet_pool *pool; /* borrowed, as are the next two */
    struct stats *stats;
    struct outlets *outlets;
    uint32_t bandwidth_bps;
    struct gop_cache_limits cache; /* bytes_max 0 or age_max_ns 0: nothing is kept */
    uint32_t random_seed;
    void (*on_report)(void *context, uint32_t stream_id, const struct stream_report *report);
    void *context;
};

struct feed;

MUST_CHECK enum status feed_create(uint32_t stream_id, const struct feed_settings *settings,
                                   struct feed **feed);
void feed_destroy(struct feed *feed); /* NULL is allowed */
uint32_t feed_stream_id(const struct feed *feed);

/* A broadcaster is connected; the one before has been ended. */
void feed_begin(struct feed *feed, const struct publication *publication, int64_t now_ns);
/* It goes on with other tracks; those that are the same as before go on unbroken. */
void feed_update(struct feed *feed, const struct publication *publication, int64_t now_ns);
/* It is gone; reports that the stream is not live. */
void feed_end(struct feed *feed, int64_t now_ns);
/* Plain, authenticated packets, borrowed. */
void feed_receive_rtp(struct feed *feed, const uint8_t *rtp, size_t rtp_bytes, int64_t now_ns);
void feed_receive_rtcp(struct feed *feed, const uint8_t *compound, size_t compound_bytes,
                       int64_t now_ns);

/* worker: 0..MEDIA_WORKERS_MAX-1, attached. */
void feed_subscribe(struct feed *feed, unsigned worker, int64_t now_ns);
void feed_unsubscribe(struct feed *feed, unsigned worker);
void feed_want_key_frame(struct feed *feed, int64_t now_ns);

/* As stream_set_bandwidth. */
void feed_set_bandwidth(struct feed *feed, uint32_t bandwidth_bps);
/* RTCP for the broadcaster: as stream_write_feedback. */
size_t feed_write_feedback(struct feed *feed, uint8_t *out, int64_t now_ns);
/* When feed_write_feedback or feed_report has something to do; MONO_NEVER without broadcaster. */
int64_t feed_due_ns(const struct feed *feed);
/* Reports when the tracks or their formats changed, and once a second while media comes. */
void feed_report(struct feed *feed, int64_t now_ns);

#endif
