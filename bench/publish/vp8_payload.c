#include "bench/publish/vp8_payload.h"

#include <string.h>

#include "core/bytes.h"

/* RFC 7741 section 4.2: X, extension present; S, start of a partition (the frame's one); in the
 * extension I, picture id present; in the picture id M, 15 bits long. */
enum { BIT_X = 0x80, BIT_S = 0x10, BIT_I = 0x80, BIT_M = 0x8000 };

struct vp8_payload vp8_payload_of(const uint8_t *frame, size_t frame_bytes, uint16_t picture_id,
                                  size_t payload_bytes_max)
{
    size_t slice_bytes = payload_bytes_max - VP8_PAYLOAD_DESCRIPTOR_BYTES;
    struct vp8_payload payload = {
        .frame = frame,
        .frame_bytes = frame_bytes,
        .picture_id = picture_id & VP8_PAYLOAD_PICTURE_ID_MAX,
        .count = (unsigned)((frame_bytes + slice_bytes - 1) / slice_bytes),
    };
    return payload;
}

size_t vp8_payload_next(struct vp8_payload *payload, uint8_t *out)
{
    if (payload->next == payload->count)
        return 0;
    size_t from = payload->frame_bytes * payload->next / payload->count;
    size_t to = payload->frame_bytes * (payload->next + 1) / payload->count;
    struct bytes_writer writer = bytes_writer_of(out, VP8_PAYLOAD_DESCRIPTOR_BYTES + to - from);
    bytes_put_u8(&writer, payload->next == 0 ? BIT_X | BIT_S : BIT_X);
    bytes_put_u8(&writer, BIT_I);
    bytes_put_u16(&writer, (uint16_t)(BIT_M | payload->picture_id));
    bytes_put(&writer, payload->frame + from, to - from);
    payload->next++;
    return bytes_written(&writer);
}
