/* core/replay.h - instant start: who joins between two key frames is first given the last one and
 * all that followed, many times as fast as it was sent, until the live edge is reached. What the
 * viewer sees is an ordinary stream: its numbers have no gap, and its timestamps are squeezed so
 * that each packet leaves when a live one of that timestamp would; so its player finds nothing
 * late, keeps no extra delay and stays in sync with the sound (timestamps of sender reports are
 * live). How they were squeezed is remembered: a packet that is sent again is the same, byte for
 * byte. Viewers stand in line, first come, first served, within a budget of packets a turn. Held by
 * value in the fanout; thread: the worker that owns it. */
#ifndef CORE_REPLAY_H
#define CORE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/egress.h"
#include "core/gop_cache.h"
#include "core/mono.h"
#include "core/packet.h"
#include "core/viewer.h"

enum {
    REPLAY_BUDGET_PACKETS = 256, /* a turn, all viewers of a worker together */
    REPLAY_VIEWER_PACKETS = 16,  /* of these, for one viewer */
    REPLAY_SPEED_MIN = 4,        /* times as fast as it was sent */
    REPLAY_SPEED_MAX = 64,
};

#define REPLAY_TURN_NS MONO_MS             /* between two turns */
#define REPLAY_PATIENCE_NS (250 * MONO_MS) /* then a key frame is asked for instead */

struct replay {
    struct gop_cache cache; /* what was fanned out since the last key frame */
    bool open;              /* it goes on: viewers may begin with it */
    uint32_t pace_bps;      /* about what one viewer is sent; 0: nothing is replayed */
    unsigned running;       /* viewers being replayed to, the first ones in line */
    struct viewer *first;
    struct viewer *last;
};

/* Headers written for one turn; borrowed by egress until its flush. */
struct replay_headers {
    unsigned used;
    uint8_t bytes[REPLAY_BUDGET_PACKETS][EGRESS_HEADER_BYTES_MAX];
};

void replay_init(struct replay *replay, uint32_t pace_bps);
void replay_close(struct replay *replay); /* the line must be empty */

/* A video packet was fanned out: keeps it as the ingest thread kept it. */
void replay_keep(struct replay *replay, struct packet *packet);
/* The broadcaster is gone, or another one came: nothing that is kept continues. */
void replay_reset(struct replay *replay);
/* Whether there is something to begin viewer with. */
bool replay_can_serve(const struct replay *replay, const struct viewer *viewer);

/* Puts viewer at the end of the line, unless it stands there already. */
void replay_join(struct replay *replay, struct viewer *viewer, int64_t now_ns);
/* Takes it out again, wherever it was; nothing happens when it was not in line. */
void replay_leave(struct replay *replay, struct viewer *viewer);

/* feedback's: what a report block says of viewer's video. */
void replay_on_report(struct viewer *viewer, uint32_t highest_sequence_number);

/* Begins viewer's run of packets at the key frame; replay_can_serve must hold. */
void replay_begin(struct replay *replay, struct viewer *viewer, int64_t now_ns);
/* Whether viewer, in line, has waited in vain for REPLAY_PATIENCE_NS. */
bool replay_is_late(const struct replay *replay, const struct viewer *viewer, int64_t now_ns);
/* Sends viewer what is due and fits; takes it out of the line when it has reached the live edge.
 * Returns when to go on; MONO_NEVER: when more was kept. */
int64_t replay_send(struct replay *replay, struct viewer *viewer, struct replay_headers *headers,
                    const struct egress *egress, int64_t now_ns);

#endif
