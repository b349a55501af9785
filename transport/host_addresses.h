/* transport/host_addresses.h - the machine's own IP addresses, in the order in which candidates
 * offer them: public IPv4, private IPv4, IPv6, loopback last (a stock Firefox never checks
 * loopback; FFmpeg takes only the first candidate). Any thread. */
#ifndef TRANSPORT_HOST_ADDRESSES_H
#define TRANSPORT_HOST_ADDRESSES_H

#include <stdbool.h>

#include "transport/ice.h"

enum { HOST_ADDRESSES_MAX = 16 };

enum host_address_rank {
    HOST_ADDRESS_IPV4_PUBLIC,
    HOST_ADDRESS_IPV4_PRIVATE, /* RFC 1918, RFC 6598, RFC 3927 */
    HOST_ADDRESS_IPV6_PUBLIC,
    HOST_ADDRESS_IPV6_PRIVATE, /* RFC 4193 */
    HOST_ADDRESS_IPV4_LOOPBACK,
    HOST_ADDRESS_IPV6_LOOPBACK,
    HOST_ADDRESS_UNUSABLE /* link-local IPv6 (needs a zone), multicast, unspecified, no address */
};

struct host_address {
    char text[ICE_ADDRESS_CHARS_MAX + 1];
    enum host_address_rank rank;
};

struct host_addresses {
    struct host_address
        address[HOST_ADDRESSES_MAX]; /* by rank; equal ranks as the system has them */
    unsigned count;
};

/* Says what the literal address text is good for. */
enum host_address_rank host_address_rank_of(const char *text);
bool host_address_is_ipv4(enum host_address_rank rank);
bool host_address_is_loopback(enum host_address_rank rank);

/* Reads the addresses of all interfaces that are up; those beyond HOST_ADDRESSES_MAX are left out,
 * last ranks first. None when the system does not tell. */
void host_addresses_read(struct host_addresses *addresses);
/* Puts text into its place by rank; nothing when it is unusable, there already, or there is no
 * room before lower ranks. */
void host_addresses_add(struct host_addresses *addresses, const char *text);

#endif
