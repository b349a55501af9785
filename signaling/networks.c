#include "signaling/networks.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum {
    ADDRESS_BITS = 8 * NETWORK_ADDRESS_BYTES,
    MAPPED_BITS = 96, /* ::ffff:0:0/96 */
    WORD_CHARS_MAX = INET6_ADDRSTRLEN + 4,
};

static const char *const SEPARATORS = " ,\t";
static const unsigned char MAPPED[NETWORK_ADDRESS_BYTES] = {[10] = 0xff, [11] = 0xff};

/* *family_bits: how many bits stand before the address as it was written. */
static bool read_address(const char *text, unsigned char address[NETWORK_ADDRESS_BYTES],
                         unsigned *family_bits)
{
    memcpy(address, MAPPED, sizeof MAPPED);
    *family_bits = MAPPED_BITS;
    if (inet_pton(AF_INET, text, address + MAPPED_BITS / 8) == 1)
        return true;
    *family_bits = 0;
    return inet_pton(AF_INET6, text, address) == 1;
}

static bool has_prefix(const unsigned char *address, const unsigned char *prefix, unsigned bits)
{
    const unsigned bytes = bits / 8;
    const unsigned char mask = (unsigned char)~(0xffu >> bits % 8);

    return memcmp(address, prefix, bytes) == 0 &&
           (bits % 8 == 0 || ((address[bytes] ^ prefix[bytes]) & mask) == 0);
}

static bool is_ipv4(const unsigned char *address)
{
    return has_prefix(address, MAPPED, MAPPED_BITS);
}

/* A number without a sign or leading zeros. */
static bool read_bits(const char *text, unsigned most, unsigned *bits)
{
    const size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0'))
        return false;
    *bits = (unsigned)strtoul(text, NULL, 10);
    return *bits <= most;
}

static bool read_network(char *word, struct network *network)
{
    char *slash = strchr(word, '/');
    unsigned family_bits;
    unsigned bits = ADDRESS_BITS;

    if (slash != NULL)
        *slash = '\0';
    if (!read_address(word, network->address, &family_bits))
        return false;
    if (slash != NULL) {
        if (!read_bits(slash + 1, ADDRESS_BITS - family_bits, &bits))
            return false;
        bits += family_bits;
    }
    network->prefix_bits = (unsigned char)bits;
    return true;
}

enum status networks_read(const char *text, struct networks *networks)
{
    struct networks read;

    memset(&read, 0, sizeof read); /* lists are compared byte by byte */
    for (text += strspn(text, SEPARATORS); *text != '\0'; text += strspn(text, SEPARATORS)) {
        const size_t bytes = strcspn(text, SEPARATORS);
        char word[WORD_CHARS_MAX + 1];

        if (read.count == NETWORKS_MAX)
            return STATUS_FULL;
        if (bytes > WORD_CHARS_MAX)
            return STATUS_MALFORMED;
        memcpy(word, text, bytes);
        word[bytes] = '\0';
        if (!read_network(word, &read.all[read.count]))
            return STATUS_MALFORMED;
        read.count++;
        text += bytes;
    }
    *networks = read;
    return STATUS_OK;
}

bool networks_have(const struct networks *networks, const char *text)
{
    unsigned char address[NETWORK_ADDRESS_BYTES];
    unsigned family_bits;

    if (!read_address(text, address, &family_bits))
        return false;
    for (unsigned i = 0; i < networks->count; i++) {
        const struct network *network = &networks->all[i];
        const bool for_ipv4 = network->prefix_bits >= MAPPED_BITS && is_ipv4(network->address);

        if (for_ipv4 == is_ipv4(address) &&
            has_prefix(address, network->address, network->prefix_bits))
            return true;
    }
    return false;
}

bool networks_have_everybody(const struct networks *networks)
{
    for (unsigned i = 0; i < networks->count; i++) {
        const struct network *network = &networks->all[i];

        if (network->prefix_bits == 0 ||
            (network->prefix_bits == MAPPED_BITS && is_ipv4(network->address)))
            return true;
    }
    return false;
}
