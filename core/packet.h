/* core/packet.h - an immutable, counted, plaintext RTP packet of a stream, and the pool that it
 * comes from. The pool's owner (an ingest thread) takes packets; any thread may drop a reference.
 * No malloc after creation. */
#ifndef CORE_PACKET_H
#define CORE_PACKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/codec.h"
#include "core/profile.h"
#include "core/status.h"

enum { PACKET_BYTES_MAX = 1500 }; /* an RTP packet, header to last payload byte */

enum packet_kind {
    PACKET_MEDIA,
    PACKET_SENDER_REPORT, /* carries ntp_timestamp and timestamp, no data */
    PACKET_PUBLISHED,     /* a broadcaster begins or is back: viewers wait for a key frame */
    PACKET_UNPUBLISHED,   /* the broadcaster is gone (grace time runs) */
};

struct packet_pool;

struct packet_extension {
    uint16_t offset; /* into data; of the element's payload */
    uint8_t bytes;   /* 0: absent */
};

struct packet {
    _Atomic uint32_t references;
    uint8_t kind;             /* enum packet_kind */
    uint8_t track;            /* enum track_kind */
    struct packet_pool *pool; /* borrowed */
    struct packet *next_free; /* the pool's own */
    int64_t arrival_ns;
    uint32_t stream_id;
    /* In the stream's own, continuous numbering, whatever broadcaster sent it (see core/stream.h).
     */
    int64_t sequence_number; /* extended: never wraps */
    uint32_t timestamp;
    uint64_t ntp_timestamp; /* PACKET_SENDER_REPORT: RFC 3550 section 4 format */
    struct codec_format format;
    bool marker;
    bool key_frame_start;
    bool frame_start;
    bool cached; /* follows the last key frame without a break and is kept for those who join */
    uint8_t temporal_layer;
    uint8_t spatial_layer;
    struct packet_extension extension[EXTENSION_COUNT];
    uint16_t payload_offset; /* into data */
    uint16_t payload_bytes;  /* with padding_bytes */
    uint8_t padding_bytes; /* of RTP padding that core/padding.h put behind the payload, mostly 0 */
    uint8_t data[PACKET_BYTES_MAX];
};

/* Creates a pool of count packets. */
MUST_CHECK enum status packet_pool_create(unsigned count, struct packet_pool **pool);
/* All packets must be back; asserts it in debug builds. NULL is allowed. */
void packet_pool_destroy(struct packet_pool *pool);
/* Packets out of the pool now; the owner thread. */
unsigned packet_pool_taken(const struct packet_pool *pool);

/* True when little is left: what is kept for convenience should be let go. The owner thread. */
bool packet_pool_is_short(const struct packet_pool *pool);

/* Takes a packet with one reference and all metadata zero (data is not cleared); NULL when the pool
 * is empty. Owner only. */
struct packet *packet_take_or_null(struct packet_pool *pool);
struct packet *packet_ref(struct packet *packet);
/* NULL is allowed. Any thread. */
void packet_unref(struct packet *packet);

#endif
