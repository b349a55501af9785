/* core/rewrite.h - carries one track's numbering on across broadcasters: whatever sequence numbers
 * and timestamps arrive, those that leave have no gap where nothing was lost, and timestamps
 * advance by the time that passed (RFC 3550 section 5.1). Late packets keep their true place.
 * Packets that only pad are taken out of the count. Held by value; thread: its owner's. */
#ifndef CORE_REWRITE_H
#define CORE_REWRITE_H

#include <stdbool.h>
#include <stdint.h>

enum { REWRITE_SKIPS_KEPT = 32 }; /* latest padding packets that late ones can still be placed by */

struct rewrite {
    uint32_t clock_hz;
    bool runs;                 /* a segment has begun */
    int64_t highest;           /* given out so far */
    uint32_t newest_timestamp; /* given out with highest */
    int64_t newest_ns;         /* when, 0: never */
    /* Of the segment, in the broadcaster's numbers. */
    int64_t first_in;
    int64_t newest_in;
    int64_t sequence_offset; /* for numbers above all skips */
    uint32_t timestamp_offset;
    int64_t skips[REWRITE_SKIPS_KEPT]; /* ascending */
    unsigned skip_count;
};

void rewrite_init(struct rewrite *rewrite, uint32_t clock_hz, uint32_t first_timestamp);
/* What comes next is another broadcaster's: it begins a new segment. */
void rewrite_end(struct rewrite *rewrite);
/* Places a packet with the extended number sequence_in. False when it has no place: it came before
 * the segment's first, or is too old to be told. */
bool rewrite_place(struct rewrite *rewrite, int64_t sequence_in, uint32_t timestamp_in,
                   int64_t now_ns, int64_t *sequence_number, uint32_t *timestamp);
/* A packet of padding only: closes the hole that it would leave, unless later ones have passed. */
void rewrite_skip(struct rewrite *rewrite, int64_t sequence_in);
/* Carries a timestamp alone over (of a sender report); false when no segment runs. */
bool rewrite_timestamp(const struct rewrite *rewrite, uint32_t timestamp_in, uint32_t *timestamp);

#endif
