#include "sim_payload.h"

#include "core/bytes.h"

static uint8_t pattern(const struct sim_payload *payload, size_t i)
{
    return (uint8_t)(payload->frame * 7 + payload->part * 3u + i);
}

/* The codec's own first two bytes. */
static uint16_t front(const struct sim_payload *payload)
{
    bool first = payload->part == 0;

    if (payload->codec == CODEC_VP8)
        return (uint16_t)((first ? 0x1000 : 0) | (payload->key_frame ? 0x10 : 0x11));
    if (payload->codec == CODEC_H264) /* FU-A, its start bit in the first part */
        return (uint16_t)(0x7c00 | (first ? 0x80 : 0) | (payload->key_frame ? 5 : 1));
    return 0x7800;
}

void sim_payload_write(const struct sim_payload *payload, uint8_t *out, size_t bytes)
{
    struct bytes_writer writer = bytes_writer_of(out, bytes);

    bytes_put_u16(&writer, front(payload));
    bytes_put_u8(&writer, 0x88); /* H.264: first_mb_in_slice is 0 */
    bytes_put_u8(&writer, payload->key_frame);
    bytes_put_u8(&writer, payload->broadcast);
    bytes_put_u32(&writer, payload->frame);
    bytes_put_u8(&writer, payload->part);
    bytes_put_u8(&writer, payload->parts);
    while (bytes_written(&writer) < bytes)
        bytes_put_u8(&writer, pattern(payload, bytes_written(&writer)));
}

bool sim_payload_read(enum codec codec, const uint8_t *data, size_t bytes,
                      struct sim_payload *payload)
{
    struct bytes reader = bytes_of(data, bytes);
    uint16_t began = bytes_u16(&reader);

    bytes_skip(&reader, 1);
    payload->codec = codec;
    payload->key_frame = bytes_u8(&reader) != 0;
    payload->broadcast = bytes_u8(&reader);
    payload->frame = bytes_u32(&reader);
    payload->part = bytes_u8(&reader);
    payload->parts = bytes_u8(&reader);
    for (size_t i = bytes - bytes_left(&reader); i < bytes; i++)
        if (data[i] != pattern(payload, i))
            return false;
    return bytes_ok(&reader) && began == front(payload);
}
