/* core/sender_clock.h - what the broadcaster's sender reports say of one track: which RTP timestamp
 * belongs to which NTP time (RFC 3550 section 6.4.1). From it the sender reports to viewers are
 * made, and viewers' round trips are told without remembering what was sent to whom. Held by value;
 * thread: its owner's. */
#ifndef CORE_SENDER_CLOCK_H
#define CORE_SENDER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { SENDER_CLOCK_REPORTS = 4 }; /* latest ones kept */

struct sender_clock_report {
    uint64_t ntp_timestamp;
    uint32_t timestamp;
    int64_t arrival_ns;
};

/* All zero: nothing is known yet. */
struct sender_clock {
    struct sender_clock_report reports[SENDER_CLOCK_REPORTS]; /* newest first */
    unsigned count;
};

/* A sender report arrived. */
void sender_clock_set(struct sender_clock *clock, uint64_t ntp_timestamp, uint32_t timestamp,
                      int64_t arrival_ns);
/* What the sender's clocks show at now_ns; false when nothing is known. */
bool sender_clock_now(const struct sender_clock *clock, uint32_t clock_hz, int64_t now_ns,
                      uint64_t *ntp_timestamp, uint32_t *timestamp);
/* Round trip told by a report block that answers one of our reports, in ns; 0: it does not tell. */
int64_t sender_clock_round_trip_ns(const struct sender_clock *clock, uint32_t last_sender_report,
                                   uint32_t delay_since_sender_report, int64_t now_ns);

#endif
