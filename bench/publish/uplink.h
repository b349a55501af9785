/* bench/publish/uplink.h - the transport to the server: ICE (libnice, controlling, host
 * candidates), DTLS and SRTP of transport/. On the default GLib main context; events come from
 * there, and none may destroy the uplink. */
#ifndef BENCH_PUBLISH_UPLINK_H
#define BENCH_PUBLISH_UPLINK_H

#include <stddef.h>
#include <stdint.h>

#include "bench/publish/answer.h"
#include "core/status.h"
#include "transport/dtls.h"

struct uplink;

struct uplink_events {
    void *context;
    void (*on_gathered)(void *context); /* the offer can be written */
    void (*on_connected)(void *context);
    void (*on_rtcp)(void *context, const uint8_t *compound, size_t compound_bytes);
    void (*on_lost)(void *context, const char *why); /* once; only uplink_destroy is left */
};

/* dtls is borrowed, events are copied. Gathering begins. */
MUST_CHECK enum status uplink_create(struct dtls_context *dtls, const struct uplink_events *events,
                                     struct uplink **uplink);
/* Says goodbye (DTLS close_notify). NULL is allowed. */
void uplink_destroy(struct uplink *uplink);

/* After on_gathered; each is the caller's, g_free. */
void uplink_read_local(const struct uplink *uplink, char **ufrag, char **password,
                       char **candidates);
MUST_CHECK enum status uplink_connect(struct uplink *uplink, const struct answer *answer);
/* When something was received last. */
int64_t uplink_heard_ns(const struct uplink *uplink);
/* Protect and send; before connected they drop. */
void uplink_send_rtp(struct uplink *uplink, const uint8_t *packet, size_t packet_bytes);
void uplink_send_rtcp(struct uplink *uplink, const uint8_t *compound, size_t compound_bytes);

#endif
