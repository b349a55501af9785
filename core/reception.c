#include "core/reception.h"

#include "core/mono.h"

enum { LOST_MAX = 0x7fffff };

/* now_ns in timestamp units; only differences count, so that it may wrap. */
static uint32_t units(int64_t now_ns, uint32_t clock_hz)
{
    uint64_t seconds = (uint64_t)(now_ns / MONO_SECOND);
    uint64_t rest_ns = (uint64_t)(now_ns % MONO_SECOND);

    return (uint32_t)(seconds * clock_hz + rest_ns * clock_hz / (uint64_t)MONO_SECOND);
}

void reception_on_packet(struct reception *reception, int64_t number, uint32_t timestamp,
                         uint32_t clock_hz, int64_t now_ns)
{
    uint32_t transit = units(now_ns, clock_hz) - timestamp;

    reception->received++;
    if (!reception->begun) {
        reception->begun = true;
        reception->first = number;
        reception->highest = number;
        reception->transit = transit;
        return;
    }
    if (number <= reception->highest) /* sent again or late: says nothing of the way's jitter */
        return;
    reception->highest = number;
    int32_t difference = (int32_t)(transit - reception->transit);
    uint32_t distance = difference < 0 ? 0 - (uint32_t)difference : (uint32_t)difference;
    reception->transit = transit;
    /* A clock that jumped is no jitter. */
    if (distance < 10 * clock_hz)
        reception->jitter_16 += distance - ((reception->jitter_16 + 8) >> 4);
}

void reception_on_sender_report(struct reception *reception, uint64_t ntp_timestamp, int64_t now_ns)
{
    reception->sender_report_middle = (uint32_t)(ntp_timestamp >> 16);
    reception->sender_report_ns = now_ns;
}

struct rtcp_report reception_report(struct reception *reception, uint32_t ssrc, int64_t now_ns)
{
    uint64_t expected =
        reception->begun ? (uint64_t)(reception->highest - reception->first) + 1 : 0;
    int64_t lost = (int64_t)expected - (int64_t)reception->received;
    uint64_t expected_since = expected - reception->expected_before;
    uint64_t received_since = reception->received - reception->received_before;
    struct rtcp_report report = {
        .ssrc = ssrc,
        .packets_lost = (int32_t)(lost > LOST_MAX    ? LOST_MAX
                                  : lost < -LOST_MAX ? -LOST_MAX
                                                     : lost),
        .highest_sequence_number = (uint32_t)reception->highest,
        .jitter = reception->jitter_16 >> 4,
        .last_sender_report = reception->sender_report_middle,
    };

    if (expected_since > received_since) {
        uint64_t fraction = (expected_since - received_since) * 256 / expected_since;
        report.fraction_lost = (uint8_t)(fraction < 256 ? fraction : 255);
    }
    if (reception->sender_report_middle != 0) {
        int64_t delay_ns = now_ns - reception->sender_report_ns;
        report.delay_since_sender_report = (uint32_t)(delay_ns / 1000 * 65536 / 1000000);
    }
    reception->expected_before = expected;
    reception->received_before = reception->received;
    return report;
}
