/* core/stream.h - a stream's producer side: turns one broadcaster's RTP after another's into one
 * continuous stream of packets, and says what must go back upstream (RR, NACK, PLI, transport-wide
 * feedback or REMB). Whatever broadcaster sends and whatever codec, sequence numbers (extended, one
 * count per track) and timestamps go on without a gap, so that viewers never notice a change of
 * SSRC (RFC 3550), and timestamps advance by the time that passed. RTX from the broadcaster (RFC
 * 4588) is undone here. Thread: the ingest thread that owns it. No allocation after creation. */
#ifndef CORE_STREAM_H
#define CORE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/packet.h"
#include "core/profile.h"
#include "core/stats.h"
#include "core/status.h"

enum { STREAM_FEEDBACK_BYTES_MAX = 1200 };

struct stream;

struct stream_settings {
    uint32_t stream_id;
    uint32_t random_seed;          /* any; first timestamps come from it */
    uint32_t bandwidth_bps;        /* REMB sent upstream */
    int64_t key_frame_interval_ns; /* least time between two PLIs upstream; default 500 ms */
};

/* What the broadcaster's answer settled. */
struct publication {
    struct profile negotiated;  /* payload types and extension ids of what it sends */
    bool offered[TRACK_COUNT];  /* it sends such a track */
    uint32_t ssrc[TRACK_COUNT]; /* from a=ssrc; 0: learned from the first packet by payload type */
    uint32_t rtx_ssrc[TRACK_COUNT]; /* 0: learned by rtx payload type */
    bool nack_pli;                  /* RFC 4585 PLI may be sent */
    bool fir;                       /* RFC 5104 FIR may be sent (used when PLI may not) */
    bool transport_wide;            /* transport-wide-cc feedback may be sent */
    bool remb;
};

/* What the pages and the API tell of a live stream. */
struct stream_report {
    bool live;                               /* media arrived since stream_begin */
    bool has[TRACK_COUNT];                   /* a packet of that track arrived since stream_begin */
    struct codec_format format[TRACK_COUNT]; /* of the newest packet */
    uint32_t bitrate_bps[TRACK_COUNT];       /* over the last second */
    uint32_t packets_lost[TRACK_COUNT];      /* after NACK, since stream_begin */
    uint32_t key_frames;
    int64_t last_packet_ns;
};

/* settings during the call only; pool and stats are borrowed. */
MUST_CHECK enum status stream_create(const struct stream_settings *settings,
                                     struct packet_pool *pool, struct stats *stats,
                                     struct stream **stream);
void stream_destroy(struct stream *stream); /* NULL is allowed */

/* A broadcaster begins, or another one takes over. Returns the PACKET_PUBLISHED to hand on (a
 * reference), NULL when the pool is empty. publication is copied. */
struct packet *stream_begin(struct stream *stream, const struct publication *publication,
                            int64_t now_ns);
/* The broadcaster goes on with other tracks: those that are the same as before go on unbroken. */
void stream_update(struct stream *stream, const struct publication *publication, int64_t now_ns);
/* It is gone. Returns the PACKET_UNPUBLISHED to hand on (a reference), NULL when the pool is empty.
 */
struct packet *stream_end(struct stream *stream, int64_t now_ns);

/* Takes one authenticated, plain RTP packet (borrowed). Returns the stream's packet (a reference)
 * or NULL when nothing is to be forwarded: malformed, unknown, duplicate, padding only, pool empty;
 * each counted. */
struct packet *stream_receive_rtp(struct stream *stream, const uint8_t *rtp, size_t rtp_bytes,
                                  int64_t now_ns);
/* Takes one authenticated, plain RTCP compound. May return a PACKET_SENDER_REPORT for each track:
 * up to TRACK_COUNT references are written to reports, their number returned. */
unsigned stream_receive_rtcp(struct stream *stream, const uint8_t *compound, size_t compound_bytes,
                             struct packet *reports[TRACK_COUNT], int64_t now_ns);

/* A worker's viewers want a key frame; coalesced. */
void stream_want_key_frame(struct stream *stream, int64_t now_ns);

/* What the broadcaster is told by REMB that it may send, from the next report on. */
void stream_set_bandwidth(struct stream *stream, uint32_t bandwidth_bps);

/* Writes one RTCP compound (plain) that is due now into out (STREAM_FEEDBACK_BYTES_MAX); returns
 * its bytes, 0 when nothing is due. Call until 0. */
size_t stream_write_feedback(struct stream *stream, uint8_t *out, int64_t now_ns);
/* When stream_write_feedback has something next; MONO_NEVER when there is no broadcaster. */
int64_t stream_feedback_due_ns(const struct stream *stream);

void stream_read_report(struct stream *stream, struct stream_report *report, int64_t now_ns);

#endif
