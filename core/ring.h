/* core/ring.h - a bounded single-producer single-consumer ring of pointers: how packets get from
 * the ingest thread to one worker. Producer and consumer each write their own cache line. No locks,
 * no wake-ups (mailbox.h has those). */
#ifndef CORE_RING_H
#define CORE_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

struct ring;

/* capacity is rounded up to a power of two. */
MUST_CHECK enum status ring_create(unsigned capacity, struct ring **ring);
/* Must be empty. NULL is allowed. */
void ring_destroy(struct ring *ring);
/* Producer. False when full: the item stays the caller's. */
bool ring_push(struct ring *ring, void *item);
/* Consumer. Puts up to most items into items, returns how many. */
unsigned ring_pop(struct ring *ring, void **items, unsigned most);
/* Consumer. */
bool ring_is_empty(const struct ring *ring);

#endif
