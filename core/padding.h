/* core/padding.h - RTP padding (RFC 3550 section 5.1) that evens out the sizes of a frame's
 * packets: encoders make them equal but for a byte or two, and UDP segmentation wants them equal,
 * so that a frame is one message a viewer. It is put behind the payload once, before the packet is
 * handed on, and never changes: whatever is sent again under the same SRTP index is the same, byte
 * for byte (RFC 3711 section 9.1). Thread: the ingest thread that owns the stream. No allocation.
 */
#ifndef CORE_PADDING_H
#define CORE_PADDING_H

#include <stdint.h>

#include "core/packet.h"

enum {
    PADDING_PAYLOAD_BYTES_MIN = 400, /* of a packet that is worth it */
    PADDING_SHARE = 32,              /* at most one byte in so many */
    PADDING_MARGIN_BYTES = 3,        /* a frame's later packets may be so much longer */
    PADDING_PACKET_BYTES_MAX = 1216, /* no packet grows beyond: IPv6's least MTU with all headers */
};

/* Of one video track; ready for use when all zero. */
struct padding {
    uint32_t timestamp;    /* of the frame under way */
    uint16_t target_bytes; /* its packets' size, 0: none yet */
};

/* Pads packet, complete but for that, where it pays. Returns the bytes of padding, 0: none. */
unsigned padding_add(struct padding *padding, struct packet *packet);

#endif
