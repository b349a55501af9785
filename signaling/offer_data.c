#include "signaling/offer_data.h"

enum { MESSAGE_BYTES_UNTOLD = 64 * 1024 }; /* RFC 8841 section 6.1 */

/* The value of the first attribute of that name; untold when there is none. */
static bool read_number(const struct sdp_section *section, const char *name, uint64_t most,
                        uint64_t untold, uint64_t *number)
{
    const struct sdp_attribute *attribute = sdp_find(section, name);

    *number = untold;
    return attribute == NULL || text_number(text_trim(attribute->value), most, number);
}

bool offer_data_read(const struct sdp_section *section, struct offer_data *data)
{
    uint64_t port = 0;
    uint64_t message_bytes = 0;
    const bool is_served =
        text_is(section->media, "application") &&
        (text_is(section->protocol, "UDP/DTLS/SCTP") ||
         text_is(section->protocol, "TCP/DTLS/SCTP")) &&
        text_is(section->first_format, "webrtc-datachannel") &&
        read_number(section, "sctp-port", UINT16_MAX, 0, &port) && port != 0 &&
        read_number(section, "max-message-size", UINT64_MAX, MESSAGE_BYTES_UNTOLD, &message_bytes);

    if (!is_served)
        return false;
    *data = (struct offer_data){.section = section,
                                .terms = {.port = (uint16_t)port,
                                          .message_bytes_max = message_bytes < UINT32_MAX
                                                                   ? (uint32_t)message_bytes
                                                                   : UINT32_MAX}};
    return true;
}
