/* tests/fuzz/fuzz_rtcp.c - RTCP compounds: every part lies inside its compound, and every reader
 * inside its part. */
#include "core/rtcp.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    struct bytes compound = bytes_of(bytes, length_bytes);
    struct rtcp_part part;
    unsigned parts = 0;

    while (rtcp_next(&compound, &part) == STATUS_OK) {
        struct rtcp_part copy = part;
        struct rtcp_sender_info info;
        struct rtcp_report report;
        struct rtcp_feedback feedback;
        if (part.body.at < bytes || part.body.end > bytes + length_bytes || parts++ > 16384)
            __builtin_trap();
        if (rtcp_read_sender_info(&copy, &info) == STATUS_OK) {
            while (rtcp_read_report(&copy, &report) == STATUS_OK) {
            }
        }
        copy = part;
        if (rtcp_read_feedback(&copy, &feedback) == STATUS_OK)
            while (bytes_left(&copy.body) > 0)
                (void)bytes_u16(&copy.body);
    }
    return 0;
}
