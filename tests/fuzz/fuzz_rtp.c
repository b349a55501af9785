/* tests/fuzz/fuzz_rtp.c - RTP headers: everything lies inside the packet, and what is written from
 * what was read reads back the same. */
#include "core/rtp.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

static void check(bool holds)
{
    if (!holds)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    struct rtp rtp;
    struct rtp again;
    struct rtp_element_data elements[RTP_ELEMENTS_MAX];
    uint8_t out[RTP_HEADER_BYTES + 4 + RTP_ELEMENTS_MAX * 257 + 3];

    if (rtp_parse(bytes, length_bytes, &rtp) != STATUS_OK)
        return 0;
    check((size_t)rtp.payload_offset + rtp.payload_bytes + rtp.padding_bytes == length_bytes);
    check(rtp.element_count <= RTP_ELEMENTS_MAX);
    for (unsigned i = 0; i < rtp.element_count; i++) {
        check((size_t)rtp.elements[i].offset + rtp.elements[i].bytes <= rtp.payload_offset);
        elements[i] = (struct rtp_element_data){.id = rtp.elements[i].id,
                                                .bytes = rtp.elements[i].bytes,
                                                .data = &bytes[rtp.elements[i].offset]};
        if (elements[i].id > 14) /* we negotiate none of these */
            return 0;
    }
    rtp.padding_bytes = 0; /* no payload follows */
    size_t written = rtp_write_header(out, sizeof out, &rtp, elements, rtp.element_count);
    check(written >= RTP_HEADER_BYTES);
    check(rtp_parse(out, written, &again) == STATUS_OK);
    check(again.element_count == rtp.element_count && again.ssrc == rtp.ssrc);
    for (unsigned i = 0; i < again.element_count; i++) {
        check(again.elements[i].bytes == elements[i].bytes);
        check(memcmp(&out[again.elements[i].offset], elements[i].data, elements[i].bytes) == 0);
    }
    return 0;
}
