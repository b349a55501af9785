/* signaling/networks.h - lists of IP networks as operators write them: 192.0.2.7, 10.0.0.0/8,
 * 2001:db8::/32 (RFC 4632; RFC 4291 section 2.3). An IPv4-mapped IPv6 address is the IPv4 address
 * in it (RFC 4291 section 2.5.5.2). Pure; any thread. */
#ifndef SIGNALING_NETWORKS_H
#define SIGNALING_NETWORKS_H

#include <stdbool.h>

#include "core/status.h"

enum { NETWORKS_MAX = 32, NETWORK_ADDRESS_BYTES = 16 };

struct network {
    unsigned char address[NETWORK_ADDRESS_BYTES]; /* IPv6; IPv4 as IPv4-mapped */
    unsigned char prefix_bits;                    /* of address */
};

struct networks {
    struct network all[NETWORKS_MAX];
    unsigned count;
};

/* Reads a list separated by spaces or commas; an address stands for itself alone, bits beyond a
 * prefix are ignored. "": none. STATUS_MALFORMED; STATUS_FULL: more than NETWORKS_MAX. */
MUST_CHECK enum status networks_read(const char *text, struct networks *networks);
/* Whether a literal address lies in one of them; false for what is no address. */
bool networks_have(const struct networks *networks, const char *address);
/* Whether one of them is everybody, of IPv4 or IPv6. */
bool networks_have_everybody(const struct networks *networks);

#endif
