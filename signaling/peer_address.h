/* signaling/peer_address.h - the address that a client comes from. Thread: main. */
#ifndef SIGNALING_PEER_ADDRESS_H
#define SIGNALING_PEER_ADDRESS_H

#include "signaling/forwarded.h"

enum { PEER_ADDRESS_BYTES_MAX = FORWARDED_ADDRESS_BYTES_MAX };

struct lws;

/* Writes the literal address of who made the request on wsi, no port; "" when it is not known. It
 * is the other end's, or what the other end tells (X-Forwarded-For) where it is one of proxies.
 * Only as long as wsi has the request's head. */
void peer_address_copy(struct lws *wsi, const struct networks *proxies,
                       char address[PEER_ADDRESS_BYTES_MAX]);

#endif
