/* signaling/answer.h - writes the SDP answer to an offer (RFC 8866, RFC 3264, RFC 8829 section 5.3,
 * RFC 9143): every m-line in the offer's order, one transport, what the offer's tracks kept.
 * Thread: main. */
#ifndef SIGNALING_ANSWER_H
#define SIGNALING_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "signaling/offer.h"

enum answer_role {
    ANSWER_RECEIVE, /* to a broadcaster: full ICE, recvonly */
    ANSWER_SEND     /* to a viewer: ICE-lite, sendonly, one MediaStream */
};

/* All borrowed. */
struct answer {
    enum answer_role role;
    const struct offer *offer;
    const struct ice_credentials *local;
    const struct ice_candidate *candidates; /* complete */
    unsigned candidate_count;
    const struct fingerprint *certificate;
    uint64_t session_id; /* of the o-line; below 2^63 */
    unsigned version;
    bool begin_handshake;           /* a=setup:active, else passive */
    bool flows[TRACK_COUNT];        /* else the track is answered inactive */
    uint32_t ssrc[TRACK_COUNT];     /* ANSWER_SEND: what the track is sent with */
    uint32_t rtx_ssrc[TRACK_COUNT]; /* 0: none */
    uint32_t message_bytes_max;     /* the longest that we take on a data channel */
};

/* Returns the answer, terminated, CRLF; the caller frees it. NULL when out of memory. */
char *answer_write(const struct answer *answer);

#endif
