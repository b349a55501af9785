/* core/reception.h - how one SSRC of the broadcaster is received: what a receiver report says of it
 * (RFC 3550 sections 6.4.1, A.3 and A.8). Held by value; thread: the ingest thread that owns the
 * stream. */
#ifndef CORE_RECEPTION_H
#define CORE_RECEPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rtcp.h"

/* All zero: nothing arrived yet. */
struct reception {
    bool begun;
    int64_t first; /* extended sequence numbers */
    int64_t highest;
    uint64_t received;
    uint64_t expected_before; /* at the last report */
    uint64_t received_before;
    uint32_t transit;              /* of the newest packet, timestamp units; wraps */
    uint32_t jitter_16;            /* 16 times the jitter, as A.8 keeps it */
    uint32_t sender_report_middle; /* of the NTP timestamp, 0: none came */
    int64_t sender_report_ns;
};

/* A packet of the SSRC, duplicates too (A.3 counts them). */
void reception_on_packet(struct reception *reception, int64_t number, uint32_t timestamp,
                         uint32_t clock_hz, int64_t now_ns);
void reception_on_sender_report(struct reception *reception, uint64_t ntp_timestamp,
                                int64_t now_ns);
/* Makes the next report block; the counts since the last one begin anew. */
struct rtcp_report reception_report(struct reception *reception, uint32_t ssrc, int64_t now_ns);

#endif
