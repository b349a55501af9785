/* transport/dtls.h - DTLS 1.2 with use_srtp (RFC 6347, RFC 5764) over memory: datagrams in,
 * datagrams out, either role. GCM is preferred in the SRTP negotiation. The peer's certificate must
 * match the expected fingerprint before dtls is connected (RFC 8122 section 6.2). Thread: the one
 * that owns it; contexts are per process (dtls_start). */
#ifndef TRANSPORT_DTLS_H
#define TRANSPORT_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "transport/certificate.h"
#include "transport/srtp_keys.h"

enum {
    DTLS_DATAGRAM_BYTES_MAX = 1200,                              /* of what we send */
    DTLS_DATA_BYTES_MAX = DTLS_DATAGRAM_BYTES_MAX - 13 - 8 - 16, /* record header, nonce, tag */
    DTLS_BEFORE_CONNECTED_DATAGRAMS_MAX = 64,                    /* received; */
    DTLS_BEFORE_CONNECTED_BYTES_MAX = 64 * 1024,                 /* their sum */
    DTLS_RESETS_MAX = 3 /* handshakes broken by unauthenticated bytes and begun anew */
};

enum dtls_role { DTLS_SERVER, DTLS_CLIENT };

struct dtls;
struct dtls_context;

/* One for the process; certificate is borrowed for its life. only_suite: -1 for both, GCM first;
 * else that enum srtp_suite only (tests, load). */
MUST_CHECK enum status dtls_context_create(const struct certificate *certificate, int only_suite,
                                           struct dtls_context **context);
void dtls_context_destroy(struct dtls_context *context);

struct dtls_output {
    void *context;
    /* One datagram to the peer, borrowed. Called during the functions below. */
    void (*send)(void *context, const uint8_t *datagram, size_t datagram_bytes);
    /* Application data (SCTP), borrowed; NULL: dropped. */
    void (*on_data)(void *context, const uint8_t *data, size_t data_bytes);
};

/* expected is copied; output.context is borrowed. Nothing is sent yet. */
MUST_CHECK enum status dtls_create(struct dtls_context *context, enum dtls_role role,
                                   const struct fingerprint *expected,
                                   const struct dtls_output *output, struct dtls **dtls);
/* Another owner, on another thread perhaps, goes on with it: output from now on goes to him. */
void dtls_hand_over(struct dtls *dtls, const struct dtls_output *output);
/* Sends nothing; NULL is allowed. */
void dtls_destroy(struct dtls *dtls);
/* Client: sends the ClientHello. Server: nothing to do. */
MUST_CHECK enum status dtls_begin(struct dtls *dtls, int64_t now_ns);
/* One datagram from the peer. STATUS_OK: go on (ask dtls_is_connected); what cannot be a record is
 * ignored, and a handshake that fails begins anew up to DTLS_RESETS_MAX times, since until it is
 * done anyone on the path can break it. STATUS_DENIED: fingerprint mismatch (alert sent);
 * STATUS_CLOSED: close_notify; STATUS_FULL: limit before connected; STATUS_MALFORMED: fatal (alert
 * sent). After anything but STATUS_OK only dtls_destroy is of use. */
MUST_CHECK enum status dtls_receive(struct dtls *dtls, const uint8_t *datagram,
                                    size_t datagram_bytes, int64_t now_ns);
bool dtls_is_connected(const struct dtls *dtls);
/* After connected. The caller wipes keys. STATUS_UNSUPPORTED: no SRTP profile in common. */
MUST_CHECK enum status dtls_read_keys(const struct dtls *dtls, struct srtp_keys *keys);
/* Retransmission (RFC 6347 section 4.2.4): when dtls_on_timer must run; MONO_NEVER. */
int64_t dtls_timer_ns(const struct dtls *dtls);
MUST_CHECK enum status dtls_on_timer(struct dtls *dtls, int64_t now_ns);
/* Application data after connected, one datagram. STATUS_FULL: more than DTLS_DATA_BYTES_MAX;
 * STATUS_AGAIN: not connected yet. */
MUST_CHECK enum status dtls_send(struct dtls *dtls, const uint8_t *data, size_t data_bytes);
/* Sends close_notify. */
void dtls_close(struct dtls *dtls);

#endif
