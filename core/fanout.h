/* core/fanout.h - one stream's audience on one worker: takes the stream's packets, gathers them
 * into a batch, and sends the batch to each viewer, viewers outside, packets inside (DESIGN.md
 * section 2). A viewer's video begins with a key frame: the last one, replayed with all that
 * followed (core/replay.h), or else the next one; audio begins at once. After the broadcaster came
 * back video waits for the next key frame. Thread: the worker that owns it. No allocation but
 * when viewers are added. */
#ifndef CORE_FANOUT_H
#define CORE_FANOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/egress.h"
#include "core/packet.h"
#include "core/replay.h"
#include "core/stats.h"
#include "core/status.h"
#include "core/viewer.h"

struct fanout;
struct history;

struct fanout_settings {
    uint32_t stream_id;
    unsigned history_packets[TRACK_COUNT]; /* kept for NACKs, rounded up to a power of two */
    int64_t history_age_ns;                /* older ones are not sent again */
    uint32_t replay_bps; /* pace of one viewer's replay (core/replay.h); 0: nothing is replayed */
};

/* stats and settings are borrowed; settings during the call only. */
MUST_CHECK enum status fanout_create(const struct fanout_settings *settings, struct stats *stats,
                                     struct fanout **fanout);
/* Drops all references to packets; viewers must have been removed. NULL is allowed. */
void fanout_destroy(struct fanout *fanout);
uint32_t fanout_stream_id(const struct fanout *fanout);
unsigned fanout_viewers(const struct fanout *fanout);

/* viewer is borrowed until fanout_remove. */
MUST_CHECK enum status fanout_add(struct fanout *fanout, struct viewer *viewer);
/* What a viewer of it takes changes (viewer_renegotiate); not within a run. */
void fanout_renegotiate(struct fanout *fanout, struct viewer *viewer, const struct profile *profile,
                        const struct viewer_start *start);
void fanout_remove(struct fanout *fanout, struct viewer *viewer);

/* Whether packet can be pushed now: there is room, and during a run only media may join it. */
bool fanout_can_push(const struct fanout *fanout, const struct packet *packet);
/* Takes one reference to packet (of this stream, fanout_can_push): into the batch and the history.
 */
void fanout_push(struct fanout *fanout, struct packet *packet);
bool fanout_is_empty(const struct fanout *fanout);     /* no packet waits in the batch */
int64_t fanout_oldest_ns(const struct fanout *fanout); /* arrival of its first; MONO_NEVER */
bool fanout_is_full(const struct fanout *fanout);
bool fanout_is_running(const struct fanout *fanout); /* fanout_run calls gather just now */
/* True when the batch ends a video frame or holds audio (audio_waits: that is no reason), or when
 * the stream begins or ends with it: no reason to wait for more. */
bool fanout_is_due(const struct fanout *fanout, bool audio_waits);

/* Where packets come from while a run goes on. */
struct fanout_gather {
    void *context;
    /* Pushes packets that came meanwhile, to this and other fanouts; touches nothing else of them.
     */
    void (*gather)(void *context);
};

/* Sends the batch to all viewers and empties it; calls egress->flush at the end (and in between
 * only when the audience has many different profiles). What gather (NULL: nothing) pushes on the
 * way goes out in one message with the batch to those who come later in the walk, to the others in
 * a second round: a busy worker sends more at a time, and sound does not wait until the last viewer
 * has the picture. */
void fanout_run(struct fanout *fanout, const struct fanout_gather *gather,
                const struct egress *egress, int64_t now_ns);

/* Takes the references to count packets that the ingest thread kept before it sent the first to
 * this fanout: the last key frame and all that followed. */
void fanout_adopt(struct fanout *fanout, struct packet *const *packets, unsigned count);
/* Whether viewers are being replayed to: fanout_replay is to be called. */
bool fanout_is_replaying(const struct fanout *fanout);
/* Sends what is due to viewers who are being brought to the live edge, within headers, which is
 * what the replays of a turn share. Flush before it is used again. Returns when to go on;
 * MONO_NEVER: after the next packet. */
int64_t fanout_replay(struct fanout *fanout, struct replay_headers *headers,
                      const struct egress *egress, int64_t now_ns);
/* Every 100 ms or so: viewers whose request for a key frame the broadcaster ignores begin anew with
 * the last one. */
void fanout_sweep(struct fanout *fanout, int64_t now_ns);

/* True once when viewers wait for a key frame (or asked for one) and none was asked for in the last
 * 100 ms; the worker then asks the ingest thread, which coalesces (core/keyframe.h). */
bool fanout_take_key_frame_request(struct fanout *fanout, int64_t now_ns);
/* feedback's: viewer asks for a key frame. */
void fanout_want_key_frame(struct fanout *fanout, struct viewer *viewer, int64_t now_ns);
/* feedback's: sends one kept packet again to viewer, as RTX (RFC 4588) where negotiated; false when
 * it is not kept. Within the viewer's budget, and not twice within half a round trip. What was
 * gathered goes out with fanout_finish_resends, which must follow. */
bool fanout_resend(struct fanout *fanout, struct viewer *viewer, enum track_kind track,
                   uint16_t viewer_sequence_number, const struct egress *egress, int64_t now_ns);
void fanout_finish_resends(struct fanout *fanout, struct viewer *viewer,
                           const struct egress *egress);
/* feedback's: the round trip that a report block of track tells, in ns; 0: it does not. */
int64_t fanout_round_trip_ns(const struct fanout *fanout, enum track_kind track,
                             uint32_t last_sender_report, uint32_t delay_since_sender_report,
                             int64_t now_ns);

#endif
