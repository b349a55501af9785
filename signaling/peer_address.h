/* signaling/peer_address.h - the address that a client comes from, as people write it. One socket
 * takes IPv4 and IPv6, and tells the former as "::ffff:192.0.2.1" (RFC 4291 section 2.5.5.2). Any
 * thread. */
#ifndef SIGNALING_PEER_ADDRESS_H
#define SIGNALING_PEER_ADDRESS_H

#include <stddef.h>

struct lws;

/* Writes the literal address of the other end of wsi, no port; "" when it is not known. */
void peer_address_copy(struct lws *wsi, char *address, size_t address_bytes);
/* Makes "192.0.2.1" of "::ffff:192.0.2.1", in place; leaves others as they are. */
void peer_address_unmap(char *address);

#endif
