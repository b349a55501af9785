/* bench/publish/vp8_payload.h - cuts a VP8 frame into RTP payloads (RFC 7741 section 4.2) of nearly
 * one size. Pure. */
#ifndef BENCH_PUBLISH_VP8_PAYLOAD_H
#define BENCH_PUBLISH_VP8_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

enum { VP8_PAYLOAD_DESCRIPTOR_BYTES = 4, VP8_PAYLOAD_PICTURE_ID_MAX = 0x7FFF };

/* An iterator over one frame, which is borrowed. */
struct vp8_payload {
    const uint8_t *frame;
    size_t frame_bytes;
    uint16_t picture_id;
    unsigned count; /* payloads in all */
    unsigned next;
};

/* payload_bytes_max: more than the descriptor's. */
struct vp8_payload vp8_payload_of(const uint8_t *frame, size_t frame_bytes, uint16_t picture_id,
                                  size_t payload_bytes_max);
/* Writes the next payload to out (payload_bytes_max); returns its bytes, 0 at the frame's end. */
size_t vp8_payload_next(struct vp8_payload *payload, uint8_t *out);

#endif
