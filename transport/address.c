#include "transport/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool address_is_ipv4(const struct address *address)
{
    return memcmp(address->ip, mapped_prefix, sizeof mapped_prefix) == 0;
}

bool address_is_known(const struct address *address)
{
    static const uint8_t zero[16];

    return memcmp(address->ip, zero, sizeof zero) != 0;
}

enum status address_from_socket(const struct sockaddr_storage *from, struct address *address)
{
    struct address made = {.scope = 0};

    if (from->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof in);
        memcpy(made.ip, mapped_prefix, sizeof mapped_prefix);
        memcpy(made.ip + 12, &in.sin_addr, 4);
        made.port = ntohs(in.sin_port);
    } else if (from->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof in6);
        memcpy(made.ip, &in6.sin6_addr, sizeof made.ip);
        made.port = ntohs(in6.sin6_port);
        if (IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr))
            made.scope = in6.sin6_scope_id;
    } else {
        return STATUS_UNSUPPORTED;
    }
    *address = made;
    return STATUS_OK;
}

socklen_t address_to_socket(const struct address *address, int family, struct sockaddr_storage *to)
{
    if (family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(address->port)};
        memcpy(&in.sin_addr, address->ip + 12, 4);
        memcpy(to, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_port = htons(address->port),
                               .sin6_scope_id = address->scope};
    memcpy(&in6.sin6_addr, address->ip, sizeof address->ip);
    memcpy(to, &in6, sizeof in6);
    return sizeof in6;
}

socklen_t address_to_native(const struct address *address, struct sockaddr_storage *to)
{
    return address_to_socket(address, address_is_ipv4(address) ? AF_INET : AF_INET6, to);
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->port == b->port && a->scope == b->scope && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* One round of a multiply-and-fold hash. */
static uint64_t mix(uint64_t state, uint64_t word)
{
    state = (state ^ word) * UINT64_C(0x9fb21c651e98df25);
    return state ^ (state >> 29);
}

uint32_t address_hash(const struct address *address, uint64_t seed)
{
    uint64_t words[2];
    memcpy(words, address->ip, sizeof words);

    uint64_t state = mix(seed, words[0]);
    state = mix(state, words[1]);
    state = mix(state, ((uint64_t)address->scope << 16) | address->port);
    state = mix(state, seed >> 32);
    return (uint32_t)(state >> 32);
}

char *address_format(const struct address *address, char *out)
{
    char ip[INET6_ADDRSTRLEN] = "";

    if (address_is_ipv4(address)) {
        inet_ntop(AF_INET, address->ip + 12, ip, sizeof ip);
        snprintf(out, ADDRESS_TEXT_MAX, "%s:%u", ip, address->port);
    } else {
        inet_ntop(AF_INET6, address->ip, ip, sizeof ip);
        snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%u", ip, address->port);
    }
    return out;
}

bool path_equal(const struct path *a, const struct path *b)
{
    return a->tcp == b->tcp && address_equal(&a->remote, &b->remote);
}
