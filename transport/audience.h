/* transport/audience.h - the streams that viewers of one worker watch: each has its fanout while it
 * has viewers and a few seconds longer, is asked for upstream when the first comes, and decides
 * when a batch goes out. Thread: the worker that owns it. */
#ifndef TRANSPORT_AUDIENCE_H
#define TRANSPORT_AUDIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/egress.h"
#include "core/fanout.h"
#include "core/mono.h"
#include "core/packet.h"
#include "core/stats.h"
#include "core/status.h"

enum {
    AUDIENCE_LARGE = 16, /* viewers for whom the end of a frame is worth waiting for */
    AUDIENCE_HUGE = 256, /* so many that sound waits for it too */
    AUDIENCE_HISTORY_VIDEO_PACKETS = 2048,
    AUDIENCE_HISTORY_AUDIO_PACKETS = 128
};

#define AUDIENCE_HOLD_NS (2 * MONO_MS)       /* longest wait for the end of a frame */
#define AUDIENCE_LINGER_NS (5 * MONO_SECOND) /* an empty one is kept: viewers come and go */

/* What the worker asks of the ingest side; called on the worker's thread, must not block. */
struct upstream {
    void *context;
    void (*subscribe)(void *context, uint32_t stream_id, unsigned worker);
    void (*unsubscribe)(void *context, uint32_t stream_id, unsigned worker);
    void (*want_key_frame)(void *context, uint32_t stream_id);
};

struct audience;
struct audiences;

/* egress, stats borrowed; upstream copied. */
MUST_CHECK enum status audiences_create(unsigned worker, const struct upstream *upstream,
                                        const struct egress *egress, int64_t history_age_ns,
                                        uint32_t replay_bps, struct stats *stats,
                                        struct audiences **audiences);
/* All viewers must have left. NULL is allowed. */
void audiences_destroy(struct audiences *audiences);

/* viewer begins to watch; borrowed until audience_leave. */
MUST_CHECK enum status audiences_join(struct audiences *audiences, uint32_t stream_id,
                                      struct viewer *viewer, int64_t now_ns,
                                      struct audience **audience);
/* As fanout_renegotiate. */
void audience_renegotiate(struct audience *audience, struct viewer *viewer,
                          const struct profile *profile, const struct viewer_start *start,
                          int64_t now_ns);
void audience_leave(struct audience *audience, struct viewer *viewer, int64_t now_ns);
/* One authenticated, plain RTCP compound of viewer. */
void audience_feedback(struct audience *audience, struct viewer *viewer, const uint8_t *compound,
                       size_t compound_bytes, int64_t now_ns);

/* Takes one reference to a packet of any stream. */
void audiences_take(struct audiences *audiences, struct packet *packet, int64_t now_ns);
/* The same from within gather of audiences_run; false: it has to be taken after that. */
bool audiences_take_late(struct audiences *audiences, struct packet *packet, int64_t now_ns);
/* Sends the batches that are due; drained: no packet waits behind them; gather lets packets join
 * those that take long (core/fanout.h), with audiences_take_late. Returns when a batch that is held
 * back must go, MONO_NEVER when there is none. */
int64_t audiences_run(struct audiences *audiences, bool drained, const struct fanout_gather *gather,
                      int64_t now_ns);
/* Takes the references to what a stream kept before its first packet came (core/fanout.h). */
void audiences_adopt(struct audiences *audiences, uint32_t stream_id, struct packet *const *packets,
                     unsigned count);
/* After audiences_run: sends what is due to viewers who are being brought to the live edge, at most
 * once a millisecond and REPLAY_BUDGET_PACKETS. Returns when to come again, MONO_NEVER. */
int64_t audiences_replay(struct audiences *audiences, int64_t now_ns);
/* Every 100 ms or so: asks again for key frames, forgets empty audiences. */
void audiences_sweep(struct audiences *audiences, int64_t now_ns);

#endif
