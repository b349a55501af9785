/* tests/fuzz/fuzz_tcp_framing.c - a TCP peer's bytes, in pieces whose sizes the input chooses too.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "transport/tcp_framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    struct tcp_framing framing = {.start_bytes = 0};
    uint8_t *frame = NULL;
    size_t frame_bytes = 0;

    for (size_t at = 0; at < length_bytes;) {
        size_t room_bytes = 0;
        uint8_t *room = tcp_framing_room(&framing, &room_bytes);
        size_t piece = (size_t)bytes[at] * 16 + 1;

        piece = piece < length_bytes - at ? piece : length_bytes - at;
        piece = piece < room_bytes ? piece : room_bytes;
        if (piece == 0)
            __builtin_trap(); /* a connection would hang */
        memcpy(room, bytes + at, piece);
        tcp_framing_filled(&framing, piece);
        at += piece;

        enum status status = STATUS_OK;
        while ((status = tcp_framing_next(&framing, &frame, &frame_bytes)) == STATUS_OK) {
            if (frame_bytes == 0 || frame_bytes > TCP_FRAMING_FRAME_BYTES_MAX)
                __builtin_trap();
            memset(frame, 0x55, frame_bytes);
        }
        if (status == STATUS_FULL)
            return 0;
    }
    return 0;
}
