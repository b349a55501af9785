#include "signaling/forwarded.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { PORT_DIGITS_MAX = 5 };

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* What may follow an address: nothing, or a port. */
static bool is_port(const char *text)
{
    const size_t digits = text[0] == ':' ? strspn(text + 1, "0123456789") : 0;

    return text[0] == '\0' || (digits > 0 && digits <= PORT_DIGITS_MAX && text[1 + digits] == '\0');
}

/* Takes brackets, a port and a zone off, in place; NULL: it is malformed. Proxies write 192.0.2.1,
 * 192.0.2.1:4711, 2001:db8::1, [2001:db8::1], [2001:db8::1]:4711, fe80::1%eth0. */
static char *strip(char *entry)
{
    char *colon = strchr(entry, ':');

    if (entry[0] == '[') {
        char *bracket = strchr(entry, ']');

        if (bracket == NULL || !is_port(bracket + 1))
            return NULL;
        *bracket = '\0';
        entry++;
        if (strchr(entry, ':') == NULL) /* brackets are IPv6's */
            return NULL;
    } else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        if (!is_port(colon))
            return NULL;
        *colon = '\0';
    }
    if (strchr(entry, ':') != NULL)
        entry[strcspn(entry, "%")] = '\0';
    return entry;
}

/* Writes an address in its one form, IPv4-mapped ones as IPv4: each client is counted once. */
static bool write_address(const char *text, char address[FORWARDED_ADDRESS_BYTES_MAX])
{
    struct in6_addr six;
    struct in_addr four;

    if (inet_pton(AF_INET, text, &four) != 1) {
        if (inet_pton(AF_INET6, text, &six) != 1)
            return false;
        if (!IN6_IS_ADDR_V4MAPPED(&six))
            return inet_ntop(AF_INET6, &six, address, FORWARDED_ADDRESS_BYTES_MAX) != NULL;
        memcpy(&four, six.s6_addr + sizeof six - sizeof four, sizeof four);
    }
    return inet_ntop(AF_INET, &four, address, FORWARDED_ADDRESS_BYTES_MAX) != NULL;
}

static bool read_entry(const char *begin, const char *end,
                       char address[FORWARDED_ADDRESS_BYTES_MAX])
{
    char entry[FORWARDED_ADDRESS_BYTES_MAX];

    while (begin < end && is_blank(*begin))
        begin++;
    while (begin < end && is_blank(end[-1]))
        end--;
    const size_t bytes = (size_t)(end - begin);
    if (bytes >= sizeof entry)
        return false;
    memcpy(entry, begin, bytes);
    entry[bytes] = '\0';
    const char *stripped = strip(entry);
    return stripped != NULL && write_address(stripped, address);
}

void forwarded_client(const struct networks *proxies, const char *peer, const char *forwarded,
                      char client[FORWARDED_ADDRESS_BYTES_MAX])
{
    const char *end = forwarded + strlen(forwarded);

    if (!write_address(peer, client))
        (void)snprintf(client, FORWARDED_ADDRESS_BYTES_MAX, "%s", peer);
    while (end > forwarded && networks_have(proxies, client)) {
        const char *begin = end;

        while (begin > forwarded && begin[-1] != ',')
            begin--;
        if (!read_entry(begin, end, client))
            return;
        end = begin > forwarded ? begin - 1 : begin;
    }
}
