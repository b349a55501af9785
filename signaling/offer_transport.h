/* signaling/offer_transport.h - the transport that an offer or a trickle fragment describes: ICE
 * credentials and candidates (RFC 8839), certificate fingerprint (RFC 8122), DTLS role (RFC 5763).
 * Thread: main. */
#ifndef SIGNALING_OFFER_TRANSPORT_H
#define SIGNALING_OFFER_TRANSPORT_H

#include <stdbool.h>

#include "core/status.h"
#include "signaling/negotiate.h"
#include "signaling/sdp.h"
#include "transport/certificate.h"
#include "transport/ice.h"

enum { OFFER_TRANSPORT_FINGERPRINTS_MAX = 16 }; /* of one section */

struct offer_transport {
    struct ice_credentials credentials;
    struct fingerprint fingerprint;
    struct ice_candidate candidates[ICE_CANDIDATES_MAX];
    unsigned candidate_count;
    bool passive; /* a=setup:passive: the offerer waits for our ClientHello (RFC 5763 section 5) */
};

/* Reads what section says, or inherits from the session. STATUS_MALFORMED or STATUS_UNSUPPORTED
 * with refusal filled. */
MUST_CHECK enum status offer_transport_read(const struct sdp *sdp,
                                            const struct sdp_section *section,
                                            struct offer_transport *transport,
                                            struct negotiate_refusal *refusal);
/* Reads one pair of a=ice-ufrag and a=ice-pwd; either may be NULL, which is STATUS_MALFORMED. */
MUST_CHECK enum status offer_transport_read_credentials(const struct sdp_attribute *ufrag,
                                                        const struct sdp_attribute *password,
                                                        struct ice_credentials *credentials);
/* Adds section's candidates to the *count that candidates (ICE_CANDIDATES_MAX) holds. What cannot
 * be used (names, garbage, too many) is left out in silence (RFC 9725 section 4.3.2). */
void offer_transport_read_candidates(const struct sdp_section *section,
                                     struct ice_candidate *candidates, unsigned *count);

#endif
