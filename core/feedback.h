/* core/feedback.h - what a viewer's RTCP makes us do: RR (RFC 3550 section 6.4), generic NACK (RFC
 * 4585 section 6.2.1), PLI (RFC 4585 section 6.3.1), FIR (RFC 5104 section 4.3.1); others are
 * skipped. Routed by the media SSRC. Thread: the worker that owns the viewer. No allocation. */
#ifndef CORE_FEEDBACK_H
#define CORE_FEEDBACK_H

#include <stddef.h>
#include <stdint.h>

#include "core/egress.h"
#include "core/fanout.h"
#include "core/stats.h"
#include "core/status.h"
#include "core/viewer.h"

/* Handles one authenticated, plain RTCP compound of viewer. Parts before a malformed one have been
 * served. Returns STATUS_OK, STATUS_SHORT or STATUS_MALFORMED (counted by the caller). */
MUST_CHECK enum status feedback_receive(struct fanout *fanout, struct viewer *viewer,
                                        const uint8_t *compound, size_t compound_bytes,
                                        const struct egress *egress, struct stats *stats,
                                        int64_t now_ns);

#endif
