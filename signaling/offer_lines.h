/* signaling/offer_lines.h - the m-lines of a session's offers: a later offer repeats them in their
 * order and may only append (RFC 3264 section 8); the place of one that was refused may be given to
 * another (RFC 8829 section 5.2.2). Thread: main. */
#ifndef SIGNALING_OFFER_LINES_H
#define SIGNALING_OFFER_LINES_H

#include "core/status.h"
#include "signaling/offer.h"

/* Writes what is to be kept of offer, as it is answered. */
void offer_lines_read(const struct offer *offer, struct negotiate_past *past);
/* Whether offer may follow what past tells. STATUS_MALFORMED with refusal filled. */
MUST_CHECK enum status offer_lines_follow(const struct offer *offer,
                                          const struct negotiate_past *past,
                                          struct negotiate_refusal *refusal);

#endif
