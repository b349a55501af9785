/* transport/viewer_session.h - transport's record of one viewer, from the claim of its ticket to
 * the end: where it is reached, its handshake, its keys. DTLS state is made with its first DTLS
 * record (from an address that passed a check) and freed with the first SRTCP packet that
 * authenticates: that proves the handshake over; a viewer with data channels hands it to the data
 * thread when it is connected. What fails is dropped and ends nothing. Thread:
 * the worker that owns the viewer. */
#ifndef TRANSPORT_VIEWER_SESSION_H
#define TRANSPORT_VIEWER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/viewer.h"
#include "transport/dtls.h"
#include "transport/ice_lite.h"
#include "transport/media.h"
#include "transport/seal.h"
#include "transport/ticket.h"
#include "transport/viewer_egress.h"

struct audience;

struct viewer_session {
    struct viewer viewer; /* first: viewer_session_of */
    struct seal *seal;    /* NULL until connected */
    struct ice_lite ice;
    struct viewer_egress *out; /* borrowed */
    struct audience *audience; /* borrowed; NULL until connected */
    struct dtls *dtls;         /* NULL before the first record and after the handshake */
    struct datachannel_terms data;
    bool has_data;   /* its DTLS is the data thread's, until that says otherwise */
    bool told_first; /* quality knows of the first packet */
    uint64_t id;
    uint32_t stream_id;
    struct fingerprint fingerprint;
    int64_t since_ns;                      /* admitted then; once connected: connected then */
    struct viewer_quality *quality;        /* borrowed; NULL: nobody wants to know */
    struct viewer_session *next;           /* in its bucket; viewers' own */
    struct viewer_session *older, *newer;  /* viewers' own */
    struct viewer_session *handshake_next; /* viewers' own */
};

/* What became of a session by a datagram. */
enum viewer_session_outcome {
    VIEWER_SESSION_GOES_ON,
    VIEWER_SESSION_CONNECTED, /* now: keys are there */
    VIEWER_SESSION_REFUSED,   /* the certificate does not match */
    VIEWER_SESSION_FAILED,    /* the handshake cannot succeed any more */
    VIEWER_SESSION_LEFT       /* close_notify */
};

/* ticket is read during the call. Nothing is sent. */
MUST_CHECK enum status viewer_session_create(const struct ticket *ticket, struct viewer_egress *out,
                                             int64_t now_ns, struct viewer_session **session);
/* Sends nothing, wipes keys; NULL is allowed. */
void viewer_session_destroy(struct viewer_session *session);
struct viewer_session *viewer_session_of(struct viewer *viewer);
bool viewer_session_is_connected(const struct viewer_session *session);

/* One DTLS record or more from an address of the viewer. */
enum viewer_session_outcome viewer_session_receive_dtls(struct viewer_session *session,
                                                        struct dtls_context *context,
                                                        const uint8_t *datagram,
                                                        size_t datagram_bytes, int64_t now_ns);
/* When viewer_session_on_timer must run; MONO_NEVER. */
int64_t viewer_session_timer_ns(const struct viewer_session *session);
void viewer_session_on_timer(struct viewer_session *session, int64_t now_ns);
/* Opens one SRTCP packet in place. STATUS_DENIED, STATUS_SHORT: drop and count it; STATUS_CLOSED:
 * no keys yet. */
MUST_CHECK enum status viewer_session_open_rtcp(struct viewer_session *session, uint8_t *packet,
                                                size_t *packet_bytes);
/* A connected one: brings its quality up to date, and notes in stats when it got its first packet.
 */
void viewer_session_tell_quality(struct viewer_session *session, struct stats *stats);
/* Says goodbye as far as there still is a way to (close_notify). */
void viewer_session_say_goodbye(struct viewer_session *session);

#endif
