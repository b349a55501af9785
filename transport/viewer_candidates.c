#include "transport/viewer_candidates.h"

#include <stdio.h>
#include <string.h>

#include "transport/host_addresses.h"

enum {
    HOST_UDP_PREFERENCE = 126, /* RFC 8445 section 5.1.2.2 */
    HOST_TCP_PREFERENCE = 90,  /* below every UDP candidate, as browsers have it */
    COMPONENT = 1
};

/* RFC 6544 section 4.2: direction preference of passive host candidates. */
static const uint32_t passive_preference = 4U << 13;

struct endpoint_address {
    char text[ICE_ADDRESS_CHARS_MAX + 1];
    uint16_t port;
};

static void write_candidate(struct ice_candidate *candidate, const struct endpoint_address *address,
                            enum ice_tcp_type transport, unsigned number, unsigned order)
{
    const uint32_t type = transport == ICE_UDP ? HOST_UDP_PREFERENCE : HOST_TCP_PREFERENCE;
    const uint32_t local = transport == ICE_UDP ? 65535 - order : passive_preference + 8191 - order;

    memset(candidate, 0, sizeof *candidate);
    snprintf(candidate->foundation, sizeof candidate->foundation, "%u", number);
    candidate->component = COMPONENT;
    candidate->transport = (uint8_t)transport;
    candidate->type = ICE_HOST;
    candidate->priority = type << 24 | local << 8 | (256 - COMPONENT);
    snprintf(candidate->address, sizeof candidate->address, "%s", address->text);
    candidate->port = address->port;
}

static unsigned read_addresses(const struct media_settings *settings, uint16_t port,
                               struct endpoint_address addresses[HOST_ADDRESSES_MAX])
{
    struct host_addresses own;

    for (unsigned i = 0; i < settings->announce_count; i++) {
        snprintf(addresses[i].text, sizeof addresses[i].text, "%s", settings->announce[i].address);
        addresses[i].port = settings->announce[i].port != 0 ? settings->announce[i].port : port;
    }
    if (settings->announce_count > 0)
        return settings->announce_count;
    host_addresses_read(&own);
    for (unsigned i = 0; i < own.count; i++) {
        snprintf(addresses[i].text, sizeof addresses[i].text, "%s", own.address[i].text);
        addresses[i].port = port;
    }
    return own.count;
}

_Static_assert((int)MEDIA_ANNOUNCE_MAX <= (int)HOST_ADDRESSES_MAX, "announced addresses fit");

unsigned viewer_candidates_write(const struct media_settings *settings, uint16_t port,
                                 struct ice_candidate *candidates, unsigned most)
{
    struct endpoint_address addresses[HOST_ADDRESSES_MAX];
    const unsigned count = read_addresses(settings, port, addresses);
    unsigned written = 0;

    for (unsigned i = 0; i < count && written < most; i++, written++)
        write_candidate(&candidates[written], &addresses[i], ICE_UDP, written + 1, i);
    for (unsigned i = 0; settings->tcp && i < count && written < most; i++, written++)
        write_candidate(&candidates[written], &addresses[i], ICE_TCP_PASSIVE, written + 1, i);
    return written;
}
