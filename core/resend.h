/* core/resend.h - sends viewers single packets again, as RTX (RFC 4588) where that was negotiated,
 * and bounds what that may cost. Held by value; thread: the worker that owns it. No allocation. */
#ifndef CORE_RESEND_H
#define CORE_RESEND_H

#include <stdbool.h>
#include <stdint.h>

#include "core/egress.h"
#include "core/packet.h"
#include "core/profile.h"
#include "core/viewer.h"

enum { RESEND_GATHERED_MAX = 32, RESEND_ARENA_BYTES = 20 * 1024 };

/* What was gathered for one viewer. Ready for use when all zero. */
struct resend {
    struct outgoing packets[RESEND_GATHERED_MAX];
    unsigned count;
    unsigned arena_used_bytes;
    uint8_t arena[RESEND_ARENA_BYTES];
};

/* True when viewer may get packet, which it knows by sequence_number, again now: not twice within
 * half a round trip, and within its budget: a burst, refilled by a share of bitrate_bps, the
 * stream's rate; half of the burst is kept for packets that are asked for more than once. It is
 * taken as sent then. */
bool resend_is_allowed(struct viewer *viewer, const struct packet *packet, uint16_t sequence_number,
                       uint32_t bitrate_bps, int64_t now_ns);
/* Renders packet for viewer, who got it as index in format; packet is borrowed until resend_finish.
 * Sends what was gathered so far when there is no more room. */
void resend_gather(struct resend *resend, struct viewer *viewer, const struct packet *packet,
                   const struct profile_format *format, int64_t index, const struct egress *egress);
/* Sends and flushes what was gathered for viewer. */
void resend_finish(struct resend *resend, struct viewer *viewer, const struct egress *egress);

#endif
