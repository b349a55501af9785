/* signaling/offer_track.h - what one audio or video m-line of an offer proposes that we can do: the
 * formats that are forwarded (RFC 8866 rtpmap and fmtp; RFC 7587, RFC 7741, RFC 9628, RFC 6184, AV1
 * RTP 1.0; RFC 4588 for RTX), their feedback (RFC 4585, RFC 5104), header extensions (RFC 8285) and
 * SSRCs (RFC 5576). Unknown things are left out, never an error. Thread: main. */
#ifndef SIGNALING_OFFER_TRACK_H
#define SIGNALING_OFFER_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/profile.h"
#include "core/status.h"
#include "signaling/sdp.h"

enum {
    OFFER_TRACK_FORMATS_MAX = PROFILE_FORMATS_MAX, /* later ones are left out */
    OFFER_TRACK_SSRCS_MAX = 64,
    OFFER_TRACK_PARAMETERS_BYTES_MAX = 512 /* of fmtp; a format with more is left out */
};

/* Feedback that a format may get (a=rtcp-fb). */
enum offer_feedback {
    OFFER_FEEDBACK_NACK,
    OFFER_FEEDBACK_NACK_PLI,
    OFFER_FEEDBACK_CCM_FIR,
    OFFER_FEEDBACK_REMB,
    OFFER_FEEDBACK_TRANSPORT_WIDE,
    OFFER_FEEDBACK_COUNT
};

/* As it stands after "a=rtcp-fb:96 ". Static. */
const char *offer_feedback_text(enum offer_feedback feedback);

struct offer_format {
    struct profile_format negotiable; /* format, payload type, RTX payload type */
    struct text encoding;             /* "VP8/90000", as offered */
    struct text parameters;           /* fmtp as offered; may be empty */
    bool feedback[OFFER_FEEDBACK_COUNT];
};

struct offer_track {
    const struct sdp_section *section; /* NULL: nothing of this kind is offered */
    bool active;                       /* media is to flow; else answered inactive */
    struct offer_format formats[OFFER_TRACK_FORMATS_MAX]; /* in the offer's order */
    unsigned format_count;
    uint8_t extension_id[EXTENSION_COUNT]; /* 1-14; 0: not offered, or beyond the one-byte form */
    uint32_t ssrc;                         /* 0: not told */
    uint32_t rtx_ssrc;
};

/* Reads section, which must outlive track. active is set by the caller. STATUS_FULL: too many
 * SSRCs.
 */
MUST_CHECK enum status offer_track_read(const struct sdp_section *section, enum track_kind kind,
                                        struct offer_track *track);
/* Leaves out the format at position. */
void offer_track_drop(struct offer_track *track, unsigned position);
/* What we take from a broadcaster: profiles that every browser decodes, feedback that we can give.
 */
void offer_track_narrow_to_publish(struct offer_track *track);
/* What we give a viewer: extensions that are carried, feedback that we heed. */
void offer_track_narrow_to_subscribe(struct offer_track *track);
/* True when one of its formats has this feedback. */
bool offer_track_has(const struct offer_track *track, enum offer_feedback feedback);

#endif
