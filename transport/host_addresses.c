#include "transport/host_addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static enum host_address_rank rank_of_ipv4(const struct in_addr *address)
{
    const uint32_t host = ntohl(address->s_addr);

    if (host >> 24 == 127)
        return HOST_ADDRESS_IPV4_LOOPBACK;
    if (host >> 24 == 0 || host >= 0xE0000000u)
        return HOST_ADDRESS_UNUSABLE;
    if (host >> 24 == 10 || host >> 20 == 0xAC1u || host >> 16 == 0xC0A8u || /* RFC 1918 */
        host >> 22 == 0x6440u >> 6 ||                                        /* RFC 6598 */
        host >> 16 == 0xA9FEu)                                               /* RFC 3927 */
        return HOST_ADDRESS_IPV4_PRIVATE;
    return HOST_ADDRESS_IPV4_PUBLIC;
}

static enum host_address_rank rank_of_ipv6(const struct in6_addr *address)
{
    if (IN6_IS_ADDR_LOOPBACK(address))
        return HOST_ADDRESS_IPV6_LOOPBACK;
    if (IN6_IS_ADDR_UNSPECIFIED(address) || IN6_IS_ADDR_MULTICAST(address) ||
        IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_V4MAPPED(address))
        return HOST_ADDRESS_UNUSABLE;
    return (address->s6_addr[0] & 0xFE) == 0xFC ? HOST_ADDRESS_IPV6_PRIVATE
                                                : HOST_ADDRESS_IPV6_PUBLIC;
}

static const void *bytes_of_address(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    return &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
}

enum host_address_rank host_address_rank_of(const char *text)
{
    struct in_addr four;
    struct in6_addr six;

    if (inet_pton(AF_INET, text, &four) == 1)
        return rank_of_ipv4(&four);
    return inet_pton(AF_INET6, text, &six) == 1 ? rank_of_ipv6(&six) : HOST_ADDRESS_UNUSABLE;
}

bool host_address_is_ipv4(enum host_address_rank rank)
{
    return rank == HOST_ADDRESS_IPV4_PUBLIC || rank == HOST_ADDRESS_IPV4_PRIVATE ||
           rank == HOST_ADDRESS_IPV4_LOOPBACK;
}

bool host_address_is_loopback(enum host_address_rank rank)
{
    return rank == HOST_ADDRESS_IPV4_LOOPBACK || rank == HOST_ADDRESS_IPV6_LOOPBACK;
}

void host_addresses_add(struct host_addresses *addresses, const char *text)
{
    const enum host_address_rank rank = host_address_rank_of(text);
    unsigned place = addresses->count;

    if (rank == HOST_ADDRESS_UNUSABLE || strlen(text) > ICE_ADDRESS_CHARS_MAX)
        return;
    for (unsigned i = 0; i < addresses->count; i++)
        if (strcmp(addresses->address[i].text, text) == 0)
            return;
    while (place > 0 && addresses->address[place - 1].rank > rank)
        place--;
    if (place == HOST_ADDRESSES_MAX)
        return;
    if (addresses->count < HOST_ADDRESSES_MAX)
        addresses->count++;
    memmove(&addresses->address[place + 1], &addresses->address[place],
            (addresses->count - 1 - place) * sizeof addresses->address[0]);
    snprintf(addresses->address[place].text, sizeof addresses->address[place].text, "%s", text);
    addresses->address[place].rank = rank;
}

void host_addresses_read(struct host_addresses *addresses)
{
    struct ifaddrs *list = NULL;
    char text[INET6_ADDRSTRLEN];

    addresses->count = 0;
    if (getifaddrs(&list) != 0)
        return;
    for (const struct ifaddrs *one = list; one != NULL; one = one->ifa_next) {
        const struct sockaddr *address = one->ifa_addr;

        if (address == NULL || !(one->ifa_flags & IFF_UP) ||
            (address->sa_family != AF_INET && address->sa_family != AF_INET6))
            continue;
        if (inet_ntop(address->sa_family, bytes_of_address(address), text, sizeof text) != NULL)
            host_addresses_add(addresses, text);
    }
    freeifaddrs(list);
}
