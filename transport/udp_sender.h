/* transport/udp_sender.h - the way out of a UDP socket: an arena that datagrams are written into,
 * and the vector of messages over it. Thread: the owner of the socket. */
#ifndef TRANSPORT_UDP_SENDER_H
#define TRANSPORT_UDP_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/stats.h"
#include "core/status.h"
#include "transport/address.h"
#include "transport/media.h"

enum {
    UDP_SENDER_ARENA_BYTES = 256 * 1024, /* stays in the second-level cache */
    UDP_SENDER_MESSAGES_MAX = 256,
    UDP_SENDER_SEGMENTS_MAX = 64,     /* of one GSO message; the kernel's own limit */
    UDP_SENDER_GSO_BYTES_MAX = 65000, /* of one GSO message: an IP packet with its headers */
    UDP_SENDER_REFUSALS_MAX = 8       /* GSO messages refused in a row until it is given up */
};

struct udp_sender;

/* sendmmsg(2) or, in tests, something that fails. */
typedef int udp_sender_call(int descriptor, struct mmsghdr *messages, unsigned count, int flags);

/* descriptor and stats are borrowed; family is the socket's, AF_INET6 (dual-stack) or AF_INET. */
MUST_CHECK enum status udp_sender_create(int descriptor, int family, enum media_send send,
                                         struct stats *stats, struct udp_sender **sender);
void udp_sender_destroy(struct udp_sender *sender); /* unsent datagrams are lost; NULL is allowed */
void udp_sender_set_call(struct udp_sender *sender, udp_sender_call *call);
/* before_send is called whenever the datagrams in the arena are about to be sent. */
void udp_sender_set_before_send(struct udp_sender *sender, void (*before_send)(void));
enum media_send udp_sender_mode(const struct udp_sender *sender); /* after fallbacks */

/* What is reserved from now on goes to path (borrowed until the next begin or flush). */
void udp_sender_begin(struct udp_sender *sender, const struct path *path);
/* Returns room for one datagram of at most most_bytes (below 64 KiB); sends what is there first if
 * it must. */
uint8_t *udp_sender_reserve(struct udp_sender *sender, size_t most_bytes);
/* The reserved room now holds a datagram of length_bytes (not 0). */
void udp_sender_commit(struct udp_sender *sender, size_t length_bytes);
/* All three for one ready datagram. */
void udp_sender_put(struct udp_sender *sender, const struct path *path, const void *datagram,
                    size_t length_bytes);
void udp_sender_flush(struct udp_sender *sender);

#endif
