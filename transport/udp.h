/* transport/udp.h - a worker's UDP socket: dual-stack, shared port (SO_REUSEPORT), datagrams in by
 * recvmmsg with the address that they were written to (RFC 3542 section 6, so that answers leave
 * from it), datagrams out through an arena: sealed in place, runs of equal size for one viewer as
 * one GSO message, everything of many viewers in one sendmmsg. Never blocks: what the kernel does
 * not take is dropped and counted. Thread: the worker that owns it. */
#ifndef TRANSPORT_UDP_H
#define TRANSPORT_UDP_H

#include <stddef.h>
#include <stdint.h>

#include "core/stats.h"
#include "core/status.h"
#include "transport/address.h"
#include "transport/media.h"
#include "transport/udp_sender.h"

enum {
    UDP_DATAGRAM_BYTES_MAX = 2048, /* received; larger ones are dropped */
    UDP_RECEIVE_BATCH = 64,
    UDP_SOCKET_BUFFER_BYTES = 4 << 20
};

struct udp;

struct udp_datagram {
    struct path path;
    uint8_t *bytes; /* borrowed until the next udp_receive; may be changed in place */
    size_t length_bytes;
};

/* port 0: any. stats are borrowed. STATUS_SYSTEM: the port is in use, or no socket (logged). */
MUST_CHECK enum status udp_open(uint16_t port, enum media_send send, struct stats *stats,
                                struct udp **udp);
void udp_close(struct udp *udp); /* NULL is allowed */
uint16_t udp_port(const struct udp *udp);
int udp_descriptor(const struct udp *udp); /* borrowed, for epoll */
/* Datagrams leave through this; borrowed. */
struct udp_sender *udp_out(struct udp *udp);
/* Fills up to UDP_RECEIVE_BATCH datagrams, returns how many; *more tells whether the socket may
 * hold others. */
unsigned udp_receive(struct udp *udp, struct udp_datagram datagrams[UDP_RECEIVE_BATCH], bool *more);

#endif
