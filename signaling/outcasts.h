/* signaling/outcasts.h - who was kicked out of a room, or muted there, and may not come back for a
 * while: by room and by the address or the resume secret. Bounded: the soonest to be forgiven goes
 * first. Thread: main. */
#ifndef SIGNALING_OUTCASTS_H
#define SIGNALING_OUTCASTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

enum { OUTCASTS_MAX = 10000 };

enum outcast_kind { OUTCAST_KICKED, OUTCAST_MUTED };

struct outcasts;

MUST_CHECK enum status outcasts_create(struct outcasts **outcasts);
/* NULL is allowed. */
void outcasts_destroy(struct outcasts *outcasts);
/* mark: an address or a secret. */
void outcasts_add(struct outcasts *outcasts, enum outcast_kind kind, const char *room,
                  const char *mark, int64_t until_ns);
void outcasts_forgive(struct outcasts *outcasts, enum outcast_kind kind, const char *room,
                      const char *mark);
bool outcasts_has(const struct outcasts *outcasts, enum outcast_kind kind, const char *room,
                  const char *mark, int64_t now_ns);

#endif
