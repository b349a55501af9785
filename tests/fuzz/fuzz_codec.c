/* tests/fuzz/fuzz_codec.c - payloads: the first byte says which codec, the rest is the payload. */
#include "core/codec.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    if (length_bytes == 0)
        return 0;
    enum codec codec = (enum codec)(bytes[0] % CODEC_COUNT);
    struct codec_peek peek = codec_peek(codec, bytes + 1, length_bytes - 1);

    if (peek.key_frame_start && !peek.frame_start)
        __builtin_trap();
    if (codec_track(codec_by_name((const char *)bytes, length_bytes)) >= TRACK_COUNT)
        __builtin_trap();
    return 0;
}
