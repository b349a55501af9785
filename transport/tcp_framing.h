/* transport/tcp_framing.h - datagrams on a TCP connection: a 16-bit length before each (RFC 4571,
 * RFC 6544 section 3). Wire only; thread: the owner of the connection. */
#ifndef TRANSPORT_TCP_FRAMING_H
#define TRANSPORT_TCP_FRAMING_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum {
    TCP_FRAMING_HEADER_BYTES = 2,
    TCP_FRAMING_FRAME_BYTES_MAX = 2048, /* received; a longer one ends the connection */
    TCP_FRAMING_BUFFER_BYTES = 2 * (TCP_FRAMING_HEADER_BYTES + TCP_FRAMING_FRAME_BYTES_MAX)
};

/* Received bytes that are not yet read as frames. Held by value; all zero is empty. */
struct tcp_framing {
    size_t start_bytes; /* read up to here */
    size_t end_bytes;   /* filled up to here */
    uint8_t buffer[TCP_FRAMING_BUFFER_BYTES];
};

/* Returns where received bytes go and how many there is room for (never 0 after tcp_framing_next
 * said STATUS_AGAIN). Frames handed out before become invalid. */
uint8_t *tcp_framing_room(struct tcp_framing *framing, size_t *room_bytes);
void tcp_framing_filled(struct tcp_framing *framing, size_t bytes);
/* The next whole frame, borrowed until tcp_framing_room; it may be changed in place. Empty frames
 * are skipped. STATUS_AGAIN: not all of it is here; STATUS_FULL: it is longer than we serve. */
MUST_CHECK enum status tcp_framing_next(struct tcp_framing *framing, uint8_t **frame,
                                        size_t *frame_bytes);
/* Makes the newest frame, of frame_bytes and unchanged, unread again. */
void tcp_framing_unread(struct tcp_framing *framing, size_t frame_bytes);

/* Writes the header of a frame of frame_bytes (at most 65535). */
void tcp_framing_write_header(uint8_t header[TCP_FRAMING_HEADER_BYTES], size_t frame_bytes);

#endif
