/* transport/address.h - where a datagram comes from and goes to. One form for both families, so
 * that the address of a viewer is compared, hashed and kept without asking which it is. Plain
 * values; any thread. */
#ifndef TRANSPORT_ADDRESS_H
#define TRANSPORT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/status.h"

enum { ADDRESS_TEXT_MAX = 64 }; /* "[...]:port", terminated */

struct address {
    uint8_t ip[16]; /* IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2) */
    uint32_t scope; /* interface of a link-local address, else 0 */
    uint16_t port;  /* host byte order */
};

struct tcp_connection;

/* How a viewer is reached: from which of our addresses, over what. Two paths are the same when the
 * viewer's address and the connection are. */
struct path {
    struct address remote;
    struct address local;       /* what the viewer wrote to; ip all zero: unknown; port unused */
    struct tcp_connection *tcp; /* borrowed; NULL: UDP */
};

/* STATUS_UNSUPPORTED: neither IPv4 nor IPv6. */
MUST_CHECK enum status address_from_socket(const struct sockaddr_storage *from,
                                           struct address *address);
/* Writes a socket address of the family given (AF_INET6: IPv4 mapped; AF_INET: address must be
 * IPv4), returns its length. */
socklen_t address_to_socket(const struct address *address, int family, struct sockaddr_storage *to);
/* As it is told to others (STUN, candidates): IPv4 as AF_INET. Returns the length. */
socklen_t address_to_native(const struct address *address, struct sockaddr_storage *to);
bool address_is_ipv4(const struct address *address);
bool address_is_known(const struct address *address); /* not all zero */
bool address_equal(const struct address *a, const struct address *b);
/* Spread by seed, so that strangers cannot choose addresses that collide. */
uint32_t address_hash(const struct address *address, uint64_t seed);
/* Writes "192.0.2.1:7000" or "[2001:db8::1]:7000" into out (ADDRESS_TEXT_MAX); returns out. */
char *address_format(const struct address *address, char *out);
bool path_equal(const struct path *a, const struct path *b);

#endif
