/* core/source.h - one track of a stream as its broadcaster sends it: which SSRC it has, what was
 * received and is missing, and where a packet belongs in the stream's own numbering. Held by value;
 * thread: the ingest thread that owns the stream. */
#ifndef CORE_SOURCE_H
#define CORE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bitrate.h"
#include "core/codec.h"
#include "core/loss.h"
#include "core/reception.h"
#include "core/rewrite.h"
#include "core/rtp.h"

enum source_verdict {
    SOURCE_FORWARD,
    SOURCE_PADDING,   /* counted, nothing to forward */
    SOURCE_DUPLICATE, /* or too old, or before the first */
    SOURCE_UNKNOWN,   /* not this track's SSRC */
};

struct source_place {
    int64_t sequence_number;
    uint32_t timestamp;
    bool newest; /* ahead of all before it */
};

struct source {
    uint32_t clock_hz;
    bool known; /* ssrc is */
    uint32_t ssrc;
    uint32_t rtx_ssrc; /* 0: any with the RTX payload type */
    int64_t newest_ns; /* when its newest packet came, or when it began */
    int32_t restart;   /* RFC 3550 A.1, bad_seq: the number that would prove a restart; -1 none */
    struct loss loss;
    struct reception reception;
    struct rewrite rewrite;
    struct bitrate bitrate;
    struct codec_format format; /* of the newest packet; CODEC_NONE: nothing came since begin */
    bool key_frame_seen;
    uint32_t key_frame_timestamp;
    uint32_t key_frames;
};

void source_init(struct source *source, uint32_t clock_hz, uint32_t first_timestamp);
/* A broadcaster begins. SSRCs are 0 when they are to be learned. */
void source_begin(struct source *source, uint32_t ssrc, uint32_t rtx_ssrc, int64_t now_ns);
/* A packet of the track's media payload types. place is written for SOURCE_FORWARD only. */
enum source_verdict source_receive(struct source *source, const struct rtp *rtp, int64_t now_ns,
                                   struct source_place *place);
/* The packet that an RTX packet restores: rtp is the RTX packet's, original its OSN. */
enum source_verdict source_receive_rtx(struct source *source, const struct rtp *rtp,
                                       uint16_t original, int64_t now_ns,
                                       struct source_place *place);
/* Takes note of a packet that is forwarded; returns whether viewers can begin with it: the first
 * packet of a key frame can, not what else of the same frame says so. */
bool source_on_forward(struct source *source, const struct codec_format *format,
                       const struct codec_peek *peek, uint32_t timestamp);

#endif
