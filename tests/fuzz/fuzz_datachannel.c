/* tests/fuzz/fuzz_datachannel.c - DCEP messages; what was read must be written and read again as
 * the same. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "transport/datachannel.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    enum datachannel_message message = DATACHANNEL_ACK;
    struct datachannel channel;
    struct datachannel again;
    uint8_t written[DATACHANNEL_OPEN_BYTES_MAX];

    if (datachannel_read(bytes, length_bytes, &message, &channel) != STATUS_OK ||
        message != DATACHANNEL_OPEN)
        return 0;
    const size_t written_bytes = datachannel_write_open(&channel, written);
    if (written_bytes != length_bytes ||
        datachannel_read(written, written_bytes, &message, &again) != STATUS_OK ||
        message != DATACHANNEL_OPEN || again.limit != channel.limit ||
        again.ordered != channel.ordered ||
        memcmp(again.label.text, channel.label.text, channel.label.bytes) != 0)
        __builtin_trap();
    return 0;
}
