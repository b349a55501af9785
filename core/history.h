/* core/history.h - a track's latest packets, kept for NACKs: one a stream and worker, never one a
 * viewer. Thread: the worker that owns it. No allocation after creation. */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include <stdint.h>

#include "core/packet.h"
#include "core/status.h"

struct history;

/* packets is rounded up to a power of two. age_ns: older packets are let go. */
MUST_CHECK enum status history_create(unsigned packets, int64_t age_ns, struct history **history);
/* Drops all references. NULL is allowed. */
void history_destroy(struct history *history);
/* Lets go of everything. */
void history_clear(struct history *history);
/* Keeps packet with a reference of its own; in any order of sequence numbers. What is too old by
 * now_ns, or too far behind, is let go. */
void history_push(struct history *history, struct packet *packet, int64_t now_ns);
/* The packet of that number, borrowed until the next push; NULL when it is not kept. */
struct packet *history_find(const struct history *history, int64_t sequence_number, int64_t now_ns);

#endif
