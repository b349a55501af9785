#include "core/sender_clock.h"

#include <string.h>

#include "core/mono.h"

#define ROUND_TRIP_MAX_NS (10 * MONO_SECOND)

/* The unit of LSR and DLSR: 1/65536 s. */
static int64_t ns_from_short(int64_t value)
{
    return value * MONO_SECOND / 65536;
}

void sender_clock_set(struct sender_clock *clock, uint64_t ntp_timestamp, uint32_t timestamp,
                      int64_t arrival_ns)
{
    memmove(&clock->reports[1], &clock->reports[0],
            (SENDER_CLOCK_REPORTS - 1) * sizeof clock->reports[0]);
    clock->reports[0] = (struct sender_clock_report){ntp_timestamp, timestamp, arrival_ns};
    if (clock->count < SENDER_CLOCK_REPORTS)
        clock->count++;
}

bool sender_clock_now(const struct sender_clock *clock, uint32_t clock_hz, int64_t now_ns,
                      uint64_t *ntp_timestamp, uint32_t *timestamp)
{
    const struct sender_clock_report *newest = &clock->reports[0];
    int64_t elapsed_ns = now_ns - newest->arrival_ns;

    if (clock->count == 0)
        return false;
    if (elapsed_ns < 0) /* the worker's loop turn may have begun before the report arrived */
        elapsed_ns = 0;
    uint64_t seconds = (uint64_t)(elapsed_ns / MONO_SECOND);
    uint64_t rest_ns = (uint64_t)(elapsed_ns % MONO_SECOND);
    *ntp_timestamp =
        newest->ntp_timestamp + (seconds << 32) + (rest_ns << 32) / (uint64_t)MONO_SECOND;
    *timestamp = newest->timestamp +
                 (uint32_t)(seconds * clock_hz + rest_ns * clock_hz / (uint64_t)MONO_SECOND);
    return true;
}

int64_t sender_clock_round_trip_ns(const struct sender_clock *clock, uint32_t last_sender_report,
                                   uint32_t delay_since_sender_report, int64_t now_ns)
{
    if (last_sender_report == 0)
        return 0;
    /* Every report of ours was carried on from the newest of the sender's, so the one that it was
     * made of is the newest that is not later. */
    for (unsigned i = 0; i < clock->count; i++) {
        const struct sender_clock_report *report = &clock->reports[i];
        int32_t after = (int32_t)(last_sender_report - (uint32_t)(report->ntp_timestamp >> 16));
        if (after < 0)
            continue;
        int64_t sent_ns = report->arrival_ns + ns_from_short(after);
        int64_t round_trip_ns = now_ns - sent_ns - ns_from_short(delay_since_sender_report);
        /* Both clocks round to 15 us: a loopback's round trip may come out below zero. */
        if (round_trip_ns < -MONO_MS || round_trip_ns > ROUND_TRIP_MAX_NS)
            return 0;
        return round_trip_ns > 0 ? round_trip_ns : 1;
    }
    return 0;
}
