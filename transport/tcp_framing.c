#include "transport/tcp_framing.h"

#include <string.h>

#include "core/bytes.h"

uint8_t *tcp_framing_room(struct tcp_framing *framing, size_t *room_bytes)
{
    const size_t kept_bytes = framing->end_bytes - framing->start_bytes;

    memmove(framing->buffer, framing->buffer + framing->start_bytes, kept_bytes);
    framing->start_bytes = 0;
    framing->end_bytes = kept_bytes;
    *room_bytes = sizeof framing->buffer - kept_bytes;
    return framing->buffer + kept_bytes;
}

void tcp_framing_filled(struct tcp_framing *framing, size_t bytes)
{
    framing->end_bytes += bytes;
}

enum status tcp_framing_next(struct tcp_framing *framing, uint8_t **frame, size_t *frame_bytes)
{
    for (;;) {
        uint8_t *at = framing->buffer + framing->start_bytes;
        struct bytes unread = bytes_of(at, framing->end_bytes - framing->start_bytes);
        const size_t length_bytes = bytes_u16(&unread);

        if (!bytes_ok(&unread))
            return STATUS_AGAIN;
        if (length_bytes > TCP_FRAMING_FRAME_BYTES_MAX)
            return STATUS_FULL;
        if (bytes_left(&unread) < length_bytes)
            return STATUS_AGAIN;
        framing->start_bytes += TCP_FRAMING_HEADER_BYTES + length_bytes;
        if (length_bytes > 0) {
            *frame = at + TCP_FRAMING_HEADER_BYTES;
            *frame_bytes = length_bytes;
            return STATUS_OK;
        }
    }
}

void tcp_framing_unread(struct tcp_framing *framing, size_t frame_bytes)
{
    framing->start_bytes -= TCP_FRAMING_HEADER_BYTES + frame_bytes;
}

void tcp_framing_write_header(uint8_t header[TCP_FRAMING_HEADER_BYTES], size_t frame_bytes)
{
    struct bytes_writer writer = bytes_writer_of(header, TCP_FRAMING_HEADER_BYTES);

    bytes_put_u16(&writer, (uint16_t)frame_bytes);
}
