/* core/viewer.h - one viewer of one stream, as the packet core sees it: what it negotiated, where
 * its own numbering stands, what it reported. Embedded in transport's own record. Thread: the
 * worker that owns it. No allocation. */
#ifndef CORE_VIEWER_H
#define CORE_VIEWER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/codec.h"
#include "core/packet.h"
#include "core/profile.h"

enum { VIEWER_RESENT_KEPT = 16 }; /* latest resends remembered, a power of two */

/* A packet that was sent again a moment ago: what is asked for twice in a round trip is sent once.
 */
struct viewer_resent {
    uint32_t at_ms; /* monotonic, wraps */
    uint16_t sequence_number;
    uint8_t track; /* enum track_kind; TRACK_COUNT: free */
    bool sent;     /* false: the budget was too small for a first request */
};

struct viewer_track {
    /* The viewer's SRTP index of a packet = the packet's stream sequence number + sequence_offset.
     * Set anew whenever a run of packets begins (video: at a key frame), such that the run's first
     * index follows highest_index: the viewer sees no gap where nothing was lost. */
    int64_t sequence_offset;
    int64_t highest_index; /* of what was sent; before the first: one below the first to come */
    int64_t run_index;     /* first of the current run; what comes before it is not this viewer's */
    /* Of the packets below squeezed_index those before squeezed_until were sent faster than live,
     * at timestamps that lie squeeze times as close to it (core/replay.h). */
    int64_t squeezed_index;
    uint32_t squeezed_until;
    uint8_t squeeze;
    bool replaying; /* live packets wait until it has caught up */
    uint32_t timestamp_offset;
    uint32_t ssrc;
    uint32_t rtx_ssrc;     /* 0: resend on ssrc */
    uint32_t packets_sent; /* wraps, as in the sender report */
    uint32_t octets_sent;
    uint32_t rtx_index;
    bool wanted;           /* negotiated: its m-line is not inactive */
    bool started;          /* in a run of packets; video: since a key frame */
    bool reported;         /* a report block told of it: the following hold */
    uint8_t fraction_lost; /* of the last report block, 1/256 */
    uint32_t packets_lost; /* cumulative, of the last report block */
    uint32_t jitter;       /* RTP timestamp units */
};

enum replay_state { REPLAY_NONE, REPLAY_WAITS, REPLAY_RUNS };

/* Where the viewer stands in its fanout's line of replays; replay's own. */
struct viewer_replay {
    struct viewer *next;
    struct viewer *previous;
    int64_t since_ns;         /* in line since then */
    int64_t begun_ns;         /* the last one began then; 0: there was none */
    int64_t asked_ns;         /* fanout's: asked for a key frame then, none came since; 0: not */
    uint32_t begun_timestamp; /* what the viewer saw first of it */
    uint8_t
        restarts; /* replays begun anew since the last live key frame, on the viewer's request */
    bool heard;   /* a report told that packets of it arrived */
    enum replay_state state;
};

struct viewer {
    const struct profile *profile; /* borrowed */
    uint32_t fanout_slot;          /* fanout's own */
    int64_t round_trip_ns;         /* of the last report block that told, 0 unknown */
    uint32_t resend_budget_bytes;  /* resend's own: bounds what NACKs cost */
    int64_t resend_refill_ns;      /* resend's own: when the budget was last refilled */
    int64_t first_sent_ns;         /* the first packet of media was sent then; 0: none was */
    int64_t cut_ns;                /* its video was cut then, see viewer_cut; 0: it goes on */
    uint32_t nacks;
    uint32_t plis;
    uint64_t bytes_sent;
    struct viewer_resent resent[VIEWER_RESENT_KEPT]; /* resend's own, by sequence number */
    struct viewer_replay replay;
    struct viewer_track track[TRACK_COUNT];
};

/* What each track of a new viewer starts with. */
struct viewer_start {
    uint32_t ssrc[TRACK_COUNT];
    uint32_t rtx_ssrc[TRACK_COUNT];              /* 0: none */
    uint16_t first_sequence_number[TRACK_COUNT]; /* random, 1..2^14 (RFC 3711 section 3.3.1) */
    bool wanted[TRACK_COUNT];
};

/* profile is borrowed, start during the call only. */
void viewer_init(struct viewer *viewer, const struct profile *profile,
                 const struct viewer_start *start);

/* The viewer negotiated anew: other formats, tracks that come or rest. profile is borrowed; of
 * start only rtx_ssrc and wanted count. What was sent before is not sent again: under its index
 * nothing but the same bytes may go out. */
void viewer_renegotiate(struct viewer *viewer, const struct profile *profile,
                        const struct viewer_start *start);

/* The run's first index is the one after all that the viewer was sent, so that it sees no gap for
 * what was never meant for it. */
void viewer_begin_run(struct viewer_track *track, const struct packet *packet);

/* The viewer takes less than it is sent: its video ends here and goes on at a key frame. */
void viewer_cut(struct viewer *viewer, int64_t now_ns);

/* What viewer sees of a packet's timestamp, always the same for the same index. */
static inline uint32_t viewer_timestamp(const struct viewer_track *track, int64_t index,
                                        uint32_t timestamp)
{
    int32_t before = (int32_t)(track->squeezed_until - timestamp);

    if (index < track->squeezed_index && before > 0)
        timestamp = track->squeezed_until - (uint32_t)before / track->squeeze;
    return timestamp + track->timestamp_offset;
}

#endif
