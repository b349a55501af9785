/* tests/core/fake_egress.h - an egress that remembers what it was given, and packets to give it. */
#ifndef TESTS_CORE_FAKE_EGRESS_H
#define TESTS_CORE_FAKE_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/egress.h"
#include "core/packet.h"
#include "core/rtp.h"
#include "core/viewer.h"

enum { FAKE_SENT_MAX = 4096, FAKE_PAYLOAD_BYTES_MAX = 64, FAKE_WHOLE_MAX = 128 };

struct fake_sent {
    struct viewer *viewer;
    uint64_t index;
    uint32_t timestamp;
    uint32_t ssrc;
    struct rtp rtp; /* of the header */
    uint16_t payload_bytes;
    uint8_t payload[FAKE_PAYLOAD_BYTES_MAX]; /* its beginning */
};

struct fake_egress {
    struct egress egress;
    struct fake_sent sent[FAKE_SENT_MAX];
    unsigned sent_count;
    uint8_t whole[FAKE_WHOLE_MAX][EGRESS_HEADER_BYTES_MAX + PACKET_BYTES_MAX]; /* of the first */
    unsigned send_calls;
    unsigned flushes;
    unsigned unflushed;  /* calls of send since the last flush */
    struct viewer *slow; /* takes less than it is sent; NULL: nobody */
    struct viewer *rtcp_viewer;
    uint8_t rtcp[EGRESS_RTCP_BYTES_MAX]; /* the latest compound */
    size_t rtcp_bytes;
    unsigned rtcp_count;
};

void fake_egress_init(struct fake_egress *fake);

/* Copies what was sent as packet i (below FAKE_WHOLE_MAX) to out, the viewer's numbers not put in;
 * returns its bytes. */
size_t fake_egress_bytes(const struct fake_egress *fake, unsigned i, uint8_t *out,
                         size_t capacity_bytes);

/* A media packet of pool, as stream makes them; payload's first byte is sequence_number's low byte.
 */
struct packet *fake_packet(struct packet_pool *pool, enum track_kind track, enum codec codec,
                           int64_t sequence_number, uint16_t payload_bytes);
struct packet *fake_video(struct packet_pool *pool, int64_t sequence_number, bool key_frame);
struct packet *fake_control(struct packet_pool *pool, enum packet_kind kind);

/* Opus 111, VP8 96 with RTX 97, VP9 98, audio level as extension 1, AV1 descriptor as 5. */
const struct profile *fake_profile(void);

#endif
