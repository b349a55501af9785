/* transport/intake.h - where a worker's datagrams come in, from UDP, TCP or another worker:
 * checks are answered and admit viewers, RTCP goes to its audience, DTLS waits for its turn. A
 * stranger gets nothing, costs a counter, and reaches neither OpenSSL nor SRTP (DESIGN.md section
 * 3). Thread: the worker that owns it. */
#ifndef TRANSPORT_INTAKE_H
#define TRANSPORT_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/stats.h"
#include "core/status.h"
#include "transport/data.h"
#include "transport/dtls.h"
#include "transport/mux.h"
#include "transport/tcp.h"
#include "transport/ticket.h"
#include "transport/viewer_egress.h"
#include "transport/viewers.h"

enum {
    INTAKE_DTLS_WAITING_MAX = 512, /* datagrams that wait for a handshake step */
    /* Handshakes that have begun come before new ones: what is dropped is sent again, later. */
    INTAKE_DTLS_WAITING_NEW_MAX = INTAKE_DTLS_WAITING_MAX / 2,
    INTAKE_DTLS_BYTES_MAX = 1500
};

/* The other workers. */
struct intake_peers {
    void *context;
    /* Both copy what they are given. */
    void (*forward)(void *context, int worker, const struct path *path, const uint8_t *datagram,
                    size_t datagram_bytes);
    void (*hand_over)(void *context, int worker, const struct tcp_handover *handover);
};

struct intake_settings {
    int worker;
    struct mux *mux; /* this and the following are borrowed */
    struct viewers *viewers;
    struct ticket_table *tickets;
    struct dtls_context *dtls_context;
    struct viewer_egress *out;
    struct stats *stats;
    struct data *data;           /* NULL: no data channels */
    struct viewer_events events; /* copied */
    struct intake_peers peers;   /* copied */
};

struct intake;

MUST_CHECK enum status intake_create(const struct intake_settings *settings,
                                     struct intake **intake);
void intake_destroy(struct intake *intake); /* NULL is allowed */

/* One datagram; it may be changed in place. forwarded: another worker passed it on, so it is not
 * passed on again. */
void intake_take(struct intake *intake, const struct path *path, uint8_t *datagram,
                 size_t datagram_bytes, bool forwarded, int64_t now_ns);
/* Datagrams of handshakes, up to half a millisecond each, until until_ns; at least one. False when
 * none waits any more. */
bool intake_handshake_steps(struct intake *intake, int64_t now_ns, int64_t until_ns);

#endif
