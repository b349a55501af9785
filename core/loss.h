/* core/loss.h - what of one track is missing from the broadcaster, and when to ask for it again
 * (generic NACK, RFC 4585 section 6.2.1). Numbers are extended sequence numbers. Held by value;
 * thread: the ingest thread that owns the stream. */
#ifndef CORE_LOSS_H
#define CORE_LOSS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LOSS_WINDOW = 2048,     /* packets behind the highest that duplicates are told in */
    LOSS_MISSING_MAX = 256, /* asked for at a time; the oldest are given up */
};

enum loss_verdict {
    LOSS_FIRST_TIME, /* ahead of all before it */
    LOSS_LATE,       /* fills a hole */
    LOSS_DUPLICATE,
    LOSS_TOO_OLD,
};

struct loss_missing {
    int64_t number;
    int64_t since_ns;
    int64_t due_ns; /* of the next NACK */
    int64_t asked_ns;
    uint8_t tries;
};

struct loss {
    bool begun;
    int64_t first;
    int64_t highest;
    uint64_t received[LOSS_WINDOW / 64];           /* bit number % LOSS_WINDOW */
    struct loss_missing missing[LOSS_MISSING_MAX]; /* ascending */
    unsigned missing_count;
    int64_t round_trip_ns; /* from NACKs that were answered, 0: unknown */
    uint32_t given_up;     /* packets that stayed missing */
};

/* Nothing arrived yet. */
void loss_reset(struct loss *loss);
/* Takes note of a packet and says what it is. */
enum loss_verdict loss_on_packet(struct loss *loss, int64_t number, int64_t now_ns);
/* Puts the low 16 bits of what is to be asked for now into numbers (at most most), ascending, and
 * takes them as asked for. */
unsigned loss_take_nacks(struct loss *loss, uint16_t *numbers, unsigned most, int64_t now_ns);
/* When loss_take_nacks has something next; MONO_NEVER: nothing is missing. */
int64_t loss_due_ns(const struct loss *loss);

#endif
