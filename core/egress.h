/* core/egress.h - core's one outward interface: what transport must do for it, once per viewer and
 * batch. Thread: the worker that owns the viewers. */
#ifndef CORE_EGRESS_H
#define CORE_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EGRESS_BATCH_MAX = 64,         /* packets in one call of send */
    EGRESS_HEADER_BYTES_MAX = 128, /* fixed header and extensions */
    EGRESS_RTCP_BYTES_MAX = 1200
};

/* One RTP packet for one viewer, still in the clear. header and payload are shared by viewers and
 * immutable; the four numbers below are the viewer's own and replace what header holds there (RFC
 * 3550 section 5.1). */
struct outgoing {
    const uint8_t *header;
    const uint8_t *payload;
    uint16_t header_bytes; /* 12 and more, no CSRC */
    uint16_t payload_bytes;
    uint32_t timestamp;
    uint32_t ssrc;
    uint64_t index; /* RFC 3711 section 3.3.1: 2^16 * ROC + sequence number; starts below 2^15 for
                       each SSRC */
};

struct viewer;

struct egress {
    void *context;
    /* Seals and sends packets (1..EGRESS_BATCH_MAX), in order. All borrowed until flush returns.
     * Never blocks; what cannot be sent is dropped and counted. False: of that because this viewer
     * takes less than it is sent. */
    bool (*send)(void *context, struct viewer *viewer, const struct outgoing *packets,
                 unsigned count);
    /* The same for one RTCP compound, plain; borrowed during the call. */
    void (*send_rtcp)(void *context, struct viewer *viewer, const uint8_t *compound,
                      size_t compound_bytes);
    /* Nothing handed to send may be kept after this. */
    void (*flush)(void *context);
};

#endif
