/* signaling/offer.h - a broadcaster's or viewer's SDP offer, checked against the rules that WHIP
 * (RFC 9725 section 4.4) and WHEP share: bundled, multiplexed, DTLS-SRTP, at most one audio and one
 * video track, and data channels beside them. Attributes may stand in the m-line's section or,
 * inherited, at session level (RFC 8866 section 5.13): OBS before 30.2 writes them there. Thread:
 * main. */
#ifndef SIGNALING_OFFER_H
#define SIGNALING_OFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"
#include "signaling/negotiate.h"
#include "signaling/offer_data.h"
#include "signaling/offer_track.h"
#include "signaling/offer_transport.h"
#include "signaling/sdp.h"

enum offer_role { OFFER_PUBLISH, OFFER_SUBSCRIBE };
/* On a running session all may rest: the transport stays for what comes later. */
enum offer_turn { OFFER_FIRST, OFFER_AGAIN };

struct offer {
    char *text; /* owned; what all views look at */
    struct sdp *sdp;
    struct offer_transport transport;
    struct text bundle; /* identification tags of the first a=group:BUNDLE; empty: none */
    struct offer_track tracks[TRACK_COUNT];
    struct offer_data data;
};

/* Copies and reads text. STATUS_MALFORMED or STATUS_UNSUPPORTED with refusal filled;
 * STATUS_NO_MEMORY (refusal too). */
MUST_CHECK enum status offer_parse(const char *text, size_t text_bytes, enum offer_role role,
                                   enum offer_turn turn, struct offer **offer,
                                   struct negotiate_refusal *refusal);
void offer_destroy(struct offer *offer); /* NULL is allowed */

/* The track that the m-line at position is answered as; NULL: it is answered with port 0. */
const struct offer_track *offer_track_at(const struct offer *offer, unsigned position);
/* Whether that m-line is the one of the data channels. */
bool offer_is_data_at(const struct offer *offer, unsigned position);
/* Whether any is to flow: an offer may be of data channels alone. */
bool offer_has_tracks(const struct offer *offer);
/* The data channels are answered with port 0. STATUS_UNSUPPORTED: that leaves nothing. */
MUST_CHECK enum status offer_drop_data(struct offer *offer, enum offer_turn turn,
                                       struct negotiate_refusal *refusal);
/* The identification tag of section; empty when it has none. */
struct text offer_mid(const struct sdp_section *section);
/* Writes the formats, extensions and NACK of the tracks that are to flow into profile (all but
 * index). */
void offer_write_profile(const struct offer *offer, struct profile *profile);

#endif
