/* core/congestion.h - transport-wide congestion feedback to a broadcaster: when each of its packets
 * arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01). Held by value; thread: the ingest
 * thread that owns the stream. No allocation. */
#ifndef CORE_CONGESTION_H
#define CORE_CONGESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/rtcp.h"

enum {
    CONGESTION_WINDOW = 2048,     /* packets remembered */
    CONGESTION_STATUSES_MAX = 400 /* packets that one feedback tells of */
};

struct congestion {
    bool begun;
    int64_t next;                          /* extended number that the next feedback begins with */
    int64_t highest;                       /* seen */
    int64_t arrival_ns[CONGESTION_WINDOW]; /* by number; 0: has not arrived */
    int64_t due_ns;                        /* of the next feedback; only if something arrived */
    bool pending;                          /* something arrived since the last feedback */
    uint8_t feedback_count;
};

void congestion_reset(struct congestion *congestion);
/* A packet with that transport-wide number arrived. */
void congestion_on_packet(struct congestion *congestion, uint16_t number, int64_t now_ns);
/* MONO_NEVER: nothing arrived since the last feedback. */
int64_t congestion_due_ns(const struct congestion *congestion);
/* Writes one feedback message, if anything arrived since the last; more may follow at once. */
void congestion_put_feedback(struct congestion *congestion, struct bytes_writer *writer,
                             struct rtcp_feedback feedback, int64_t now_ns);

#endif
