/* signaling/forwarded.h - who a request comes from when it came through proxies: X-Forwarded-For,
 * to whose end each proxy appends the address that it was asked from. What stands before a trusted
 * proxy's word is the client's own and may be invented, so the list is read from its end. Pure; any
 * thread. */
#ifndef SIGNALING_FORWARDED_H
#define SIGNALING_FORWARDED_H

#include "signaling/networks.h"

enum { FORWARDED_ADDRESS_BYTES_MAX = 64 };

/* Writes the client's address: peer, the other end of the connection, unless that is one of
 * proxies; then the last entry of forwarded (all such headers in order, joined by commas; "":
 * none) that is not a proxy's. Where only proxies are named it is the first; an entry that is no
 * address, with or without a port, ends the walk: the proxy that wrote it is the client then. Each
 * address is written in one form, IPv4-mapped IPv6 (what one socket for both tells) as IPv4; a peer
 * that is no address, such as "", as it is. */
void forwarded_client(const struct networks *proxies, const char *peer, const char *forwarded,
                      char client[FORWARDED_ADDRESS_BYTES_MAX]);

#endif
