/* transport/viewer_egress.h - a worker's way out: core's egress, filled with seal and the sockets,
 * and the same for single datagrams (STUN answers, DTLS). Nothing leaves before
 * viewer_egress_flush, but for TCP. Thread: the worker that owns it. */
#ifndef TRANSPORT_VIEWER_EGRESS_H
#define TRANSPORT_VIEWER_EGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "core/egress.h"
#include "core/stats.h"
#include "transport/address.h"
#include "transport/tcp.h"
#include "transport/udp_sender.h"

/* Held by value in the worker; all borrowed. */
struct viewer_egress {
    struct egress egress; /* for core; its context is this */
    struct udp_sender *udp;
    struct tcp *tcp; /* NULL: no TCP */
    struct stats *stats;
};

void viewer_egress_init(struct viewer_egress *out, struct udp_sender *udp, struct tcp *tcp,
                        struct stats *stats);
/* Copies one ready datagram. */
void viewer_egress_datagram(struct viewer_egress *out, const struct path *path,
                            const uint8_t *datagram, size_t datagram_bytes);
void viewer_egress_flush(struct viewer_egress *out);

#endif
