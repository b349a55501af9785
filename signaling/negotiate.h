/* signaling/negotiate.h - from an SDP offer to what the media plane needs, and back to the SDP
 * answer (RFC 8866, RFC 8829, RFC 9725, WHEP draft 04, RFC 8839). Pure: no sockets, no clock.
 * Thread: main. */
#ifndef SIGNALING_NEGOTIATE_H
#define SIGNALING_NEGOTIATE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"
#include "transport/media.h"

enum { NEGOTIATE_SDP_BYTES_MAX = 64 * 1024, NEGOTIATE_WHY_BYTES_MAX = 200 };

/* Why an offer was refused: a sentence for a person, and what kind of fault it is. */
struct negotiate_refusal {
    bool unsupported; /* well-formed, but not doable (422, "unsupported"); else malformed (400,
                         "bad-sdp") */
    char why[NEGOTIATE_WHY_BYTES_MAX];
};

enum { NEGOTIATE_LINES_KEPT = 8 }; /* of an offer's m-lines; later ones are not compared */

/* What a session's next offer is held against and its answer goes on with; all zero: there was none
 * yet. */
struct negotiate_past {
    uint64_t session_id; /* of the answers' o= line, which counts versions (RFC 3264 section 8) */
    uint16_t version;
    bool begins_handshake; /* we are the DTLS client, for good (RFC 8842 section 5) */
    uint8_t line_count;
    uint16_t lines[NEGOTIATE_LINES_KEPT]; /* offer_lines' own */
};

/* What is kept of an offer between asking the ingest thread for candidates and writing the answer.
 * Opaque, heap. */
struct negotiation;
void negotiation_destroy(struct negotiation *negotiation); /* NULL is allowed */

/* A broadcaster's offer. Fills publish (all but session and stream_id) and a negotiation to answer
 * with. message_bytes_max: the longest message taken on its data channels; 0: it gets none. past:
 * of the session's last offer; NULL: it is the first. offer is not terminated. STATUS_MALFORMED or
 * STATUS_UNSUPPORTED with refusal filled. */
MUST_CHECK enum status
negotiate_publish(const char *offer, size_t offer_bytes, uint32_t message_bytes_max,
                  const struct negotiate_past *past, struct media_publish *publish,
                  struct negotiation **negotiation, struct negotiate_refusal *refusal);
/* What the next offer is held against, once this one is answered. */
struct negotiate_past negotiation_past(const struct negotiation *negotiation);
/* The recvonly answer, terminated, malloc'd, CRLF; the caller frees. NULL when out of memory. */
char *negotiate_publish_answer(const struct negotiation *negotiation,
                               const struct media_local *local,
                               const struct fingerprint *certificate);

/* What a viewer's answer depends on beside the offer. */
struct negotiate_source {
    bool live;             /* has[] and format[] tell what is sent now */
    bool has[TRACK_COUNT]; /* a live stream's missing track is answered inactive (browsers.md:
                              audio-only rooms) */
    struct codec_format format[TRACK_COUNT]; /* codec CODEC_NONE: not known; else a viewer that
                                                cannot receive it is refused (unsupported) */
    bool data;                               /* it may have data channels */
    struct negotiate_past *past; /* the session's; brought up to date by what is answered */
    const struct ice_credentials *local;
    const struct ice_candidate *candidates;
    unsigned candidate_count;
    const struct fingerprint *certificate;
};

/* A viewer's offer: fills ticket (remote_ufrag, fingerprint, profile, start with fresh random SSRCs
 * and sequence numbers; local from source; not session, stream_id, deadline_ns) and writes the
 * sendonly, ice-lite answer (malloc'd, terminated, CRLF; the caller frees). ticket->profile is one
 * use of it: the caller releases it. */
MUST_CHECK enum status negotiate_subscribe(const char *offer, size_t offer_bytes,
                                           const struct negotiate_source *source,
                                           struct ticket *ticket, char **answer,
                                           struct negotiate_refusal *refusal);
/* A later offer on the same viewer session (WebSocket: renegotiation or ICE restart): the same
 * answer with what may have changed; ticket is the session's present one and tells SSRCs and
 * profile (afterwards one use of the new one, even if it is the same), and whether there are data
 * channels, which stay. source->local must be fresh: it is taken, into the answer and ticket, when
 * the remote credentials differ (*restarted), else ticket's go on. */
MUST_CHECK enum status negotiate_subscribe_again(const char *offer, size_t offer_bytes,
                                                 const struct negotiate_source *source,
                                                 struct ticket *ticket, bool *restarted,
                                                 char **answer, struct negotiate_refusal *refusal);

/* An application/trickle-ice-sdpfrag body (RFC 8840, RFC 9725 section 4.3). */
struct negotiate_fragment {
    bool has_credentials;
    struct ice_credentials credentials;
    struct ice_candidate candidates[ICE_CANDIDATES_MAX]; /* unresolvable ones are left out */
    unsigned candidate_count;
    bool end_of_candidates;
};
MUST_CHECK enum status negotiate_fragment_parse(const char *body, size_t body_bytes,
                                                struct negotiate_fragment *fragment);
/* The 200 answer to an ICE restart: sdpfrag with our credentials and candidates; malloc'd,
 * terminated. ice_lite adds a=ice-lite. */
char *negotiate_fragment_answer(const struct ice_credentials *local,
                                const struct ice_candidate *candidates, unsigned candidate_count,
                                bool ice_lite);

#endif
