/* core/gop_cache.h - a stream's video since its last key frame, kept for those who join in between:
 * references to packets, in the order of their numbers, whatever order they came in. The ingest
 * thread keeps one a live stream and decides what is kept (packet->cached); each worker that has
 * viewers follows it with one of its own, which core/replay.h plays to them. Held by value; thread:
 * its owner's. Allocates only when a longer group of pictures than ever before needs room. */
#ifndef CORE_GOP_CACHE_H
#define CORE_GOP_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/packet.h"

enum { GOP_CACHE_PACKETS_MAX = 1 << 15 };

/* When one is passed the cache empties itself, until the next key frame. */
struct gop_cache_limits {
    uint64_t bytes_max; /* of payload; 0: no limit of its own */
    int64_t age_max_ns; /* from the key frame's arrival to the newest packet's; 0: none */
};

struct gop_cache {
    struct gop_cache_limits limits;
    struct packet **slots; /* number & mask; NULL where none came (yet) */
    int64_t mask;          /* slots - 1; -1: there are none */
    int64_t first;         /* the key frame's first packet */
    int64_t newest;
    uint64_t bytes; /* of payload */
    bool holds;     /* a key frame and what followed */
};

/* limits is copied. */
void gop_cache_init(struct gop_cache *cache, const struct gop_cache_limits *limits);
/* Drops all references and the memory. */
void gop_cache_close(struct gop_cache *cache);
/* Keeps a reference to a video packet: a key frame begins anew, others continue it or fill a hole.
 * False when it is not kept: there is no key frame, it belongs before it, or a limit was passed. */
bool gop_cache_push(struct gop_cache *cache, struct packet *packet);
/* Drops all references: nothing is kept until the next key frame. */
void gop_cache_clear(struct gop_cache *cache);
bool gop_cache_holds(const struct gop_cache *cache);
/* The packet of that number, or else the next one that is kept; NULL: none. Borrowed until the
 * cache changes. */
struct packet *gop_cache_next(const struct gop_cache *cache, int64_t sequence_number);
/* The packet of that number; NULL: it is not kept. Borrowed likewise. */
struct packet *gop_cache_find(const struct gop_cache *cache, int64_t sequence_number);

#endif
