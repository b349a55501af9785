#include "signaling/offer.h"

#include <stdlib.h>
#include <string.h>

#include "signaling/refusal.h"

enum direction { DIRECTION_SENDRECV, DIRECTION_SENDONLY, DIRECTION_RECVONLY, DIRECTION_INACTIVE };

struct text offer_mid(const struct sdp_section *section)
{
    const struct sdp_attribute *attribute = sdp_find(section, "mid");

    return attribute != NULL ? text_trim(attribute->value) : (struct text){NULL, 0};
}

static const char *track_name(enum track_kind kind)
{
    return kind == TRACK_AUDIO ? "audio" : "video";
}

/* --- identification tags and bundles --- */

static enum status read_mids(struct offer *offer, struct negotiate_refusal *refusal)
{
    const struct sdp *sdp = offer->sdp;

    for (unsigned i = 0; i < sdp->media_count; i++) {
        const struct text mid = offer_mid(&sdp->media[i]);
        if (mid.bytes == 0 && !sdp_has(&sdp->media[i], "mid"))
            continue;
        if (!sdp_is_token(mid))
            return refusal_write(refusal, STATUS_MALFORMED, "The SDP offer has a bad a=mid.");
        for (unsigned n = 0; n < i; n++) {
            if (text_equals(mid, offer_mid(&sdp->media[n]))) {
                return refusal_write(refusal, STATUS_MALFORMED,
                                     "The SDP offer uses one a=mid for two m-lines.");
            }
        }
    }
    return STATUS_OK;
}

static void read_bundle(struct offer *offer)
{
    const struct sdp_section *session = &offer->sdp->session;

    for (unsigned i = 0; i < session->attribute_count && offer->bundle.bytes == 0; i++) {
        struct text value = session->attributes[i].value;
        if (text_is(session->attributes[i].name, "group") &&
            text_is(text_take_word(&value), "BUNDLE"))
            offer->bundle = text_trim(value);
    }
}

static bool is_bundled(const struct offer *offer, const struct sdp_section *section)
{
    const struct text mid = offer_mid(section);

    return mid.bytes > 0 && text_has_word(offer->bundle, mid);
}

/* RFC 9143 section 6: port 0 says "bundle-only" when marked so, else "rejected". */
static bool is_rejected(const struct offer *offer, const struct sdp_section *section)
{
    return section->port == 0 && !(sdp_has(section, "bundle-only") && is_bundled(offer, section));
}

/* The section whose transport attributes count: the first of the bundle that is not rejected (RFC
 * 9143 section 7.2; clients also list tags that do not exist), or the one used track's own. */
static const struct sdp_section *find_transport_section(const struct offer *offer)
{
    const struct sdp *sdp = offer->sdp;
    struct text tags = offer->bundle;

    for (struct text tag = text_take_word(&tags); tag.bytes > 0; tag = text_take_word(&tags)) {
        for (unsigned i = 0; i < sdp->media_count; i++)
            if (text_equals(tag, offer_mid(&sdp->media[i])) && !is_rejected(offer, &sdp->media[i]))
                return &sdp->media[i];
    }
    for (unsigned kind = 0; kind < TRACK_COUNT; kind++)
        if (offer->tracks[kind].section != NULL)
            return offer->tracks[kind].section;
    return offer->data.section;
}

/* --- tracks --- */

static enum direction read_direction(const struct offer *offer, const struct sdp_section *section)
{
    static const char *const names[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
    const struct sdp_section *const places[] = {section, &offer->sdp->session};

    for (unsigned place = 0; place < 2; place++) {
        for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
            if (sdp_has(places[place], names[i]))
                return (enum direction)i;
    }
    return DIRECTION_SENDRECV; /* RFC 8866 section 6.7 */
}

/* RFC 9725 section 4.2 and WHEP: a broadcaster sends, a viewer receives; both may offer sendrecv.
 */
static enum status refuse_direction(enum offer_role role, struct negotiate_refusal *refusal)
{
    return refusal_write(refusal, STATUS_UNSUPPORTED,
                         role == OFFER_PUBLISH
                             ? "To publish, the offer must be sendonly or sendrecv, not recvonly."
                             : "To watch, the offer must be recvonly or sendrecv, not sendonly.");
}

/* The direction in which nothing would flow to us, or from us. */
static bool is_contrary(enum offer_role role, enum direction direction)
{
    return direction == (role == OFFER_PUBLISH ? DIRECTION_RECVONLY : DIRECTION_SENDONLY);
}

static enum status read_track(struct offer *offer, enum offer_role role, enum offer_turn turn,
                              const struct sdp_section *section, enum track_kind kind,
                              struct negotiate_refusal *refusal)
{
    struct offer_track *track = &offer->tracks[kind];
    const enum direction direction = read_direction(offer, section);
    /* Who takes its track off a running sendrecv transceiver is left with recvonly. */
    const bool active = direction != DIRECTION_INACTIVE && !is_contrary(role, direction);

    if (turn == OFFER_FIRST && is_contrary(role, direction))
        return refuse_direction(role, refusal);
    if (track->section != NULL && !active)
        return STATUS_OK; /* one too many, but it wants nothing: answered with port 0 */
    if (track->section != NULL && track->active) {
        return refusal_write(refusal, STATUS_UNSUPPORTED,
                             "At most one audio and one video track are served, but the offer has "
                             "several of %s.",
                             track_name(kind));
    }
    if (offer_track_read(section, kind, track) != STATUS_OK) {
        return refusal_write(refusal, STATUS_MALFORMED,
                             "The SDP offer has more than %d SSRCs in one m-line.",
                             OFFER_TRACK_SSRCS_MAX);
    }
    track->active = active;
    if (role == OFFER_PUBLISH)
        offer_track_narrow_to_publish(track);
    else
        offer_track_narrow_to_subscribe(track);
    return STATUS_OK;
}

static enum status read_tracks(struct offer *offer, enum offer_role role, enum offer_turn turn,
                               struct negotiate_refusal *refusal)
{
    const struct sdp *sdp = offer->sdp;

    for (unsigned i = 0; i < sdp->media_count; i++) {
        const struct sdp_section *section = &sdp->media[i];
        const bool is_audio = text_is(section->media, "audio");
        if (is_rejected(offer, section) || (!is_audio && !text_is(section->media, "video")))
            continue;
        enum status status =
            read_track(offer, role, turn, section, is_audio ? TRACK_AUDIO : TRACK_VIDEO, refusal);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static bool is_protocol_served(struct text protocol)
{
    static const char *const served[] = {"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP",
                                         "TCP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF", "RTP/SAVPF"};

    for (unsigned i = 0; i < sizeof served / sizeof served[0]; i++)
        if (text_is(protocol, served[i]))
            return true;
    return false;
}

static enum status check_track(const struct offer *offer, enum track_kind kind, bool alone,
                               struct negotiate_refusal *refusal)
{
    const struct offer_track *track = &offer->tracks[kind];
    const struct sdp_section *section = track->section;

    if (!is_protocol_served(section->protocol)) {
        return refusal_write(refusal, STATUS_UNSUPPORTED,
                             "The %s track must use DTLS-SRTP (UDP/TLS/RTP/SAVPF).",
                             track_name(kind));
    }
    if (sdp_find_inherited(offer->sdp, section, "rtcp-mux") == NULL) {
        return refusal_write(refusal, STATUS_UNSUPPORTED,
                             "The %s track must offer a=rtcp-mux: RTP and RTCP share one port.",
                             track_name(kind));
    }
    if (!is_bundled(offer, section) && !(alone && offer->bundle.bytes == 0)) {
        return refusal_write(refusal, STATUS_UNSUPPORTED,
                             "The %s track must be in the offer's a=group:BUNDLE.",
                             track_name(kind));
    }
    if (track->format_count == 0) {
        return refusal_write(refusal, STATUS_UNSUPPORTED,
                             kind == TRACK_AUDIO
                                 ? "No audio codec in common: the server forwards Opus."
                                 : "No video codec in common: the server forwards VP8, VP9, H264 "
                                   "and AV1.");
    }
    return STATUS_OK;
}

static enum status check_tracks(struct offer *offer, struct negotiate_refusal *refusal)
{
    const bool alone =
        offer->tracks[TRACK_AUDIO].section == NULL || offer->tracks[TRACK_VIDEO].section == NULL;

    for (unsigned kind = 0; kind < TRACK_COUNT; kind++) {
        struct offer_track *track = &offer->tracks[kind];
        if (track->section == NULL)
            continue;
        enum status status = check_track(offer, (enum track_kind)kind, alone, refusal);
        if (status != STATUS_OK && track->active)
            return status;
        if (status != STATUS_OK)
            memset(track, 0, sizeof *track); /* it wanted nothing: answered with port 0 */
    }
    return STATUS_OK;
}

/* In a bundle one id must mean one extension everywhere (RFC 9143 section 9.1): where tracks
 * disagree the second's is left out. */
static void settle_extensions(struct offer *offer)
{
    const uint8_t *first = offer->tracks[TRACK_AUDIO].extension_id;
    uint8_t *second = offer->tracks[TRACK_VIDEO].extension_id;

    for (unsigned i = 0; i < EXTENSION_COUNT; i++) {
        for (unsigned n = 0; n < EXTENSION_COUNT; n++) {
            const bool same_id = second[i] == first[n];
            if (second[i] != 0 && first[n] != 0 && same_id != (i == n))
                second[i] = 0;
        }
    }
}

/* --- data channels --- */

/* The first that is served; the others are answered with port 0. */
static void read_data(struct offer *offer)
{
    const struct sdp *sdp = offer->sdp;

    for (unsigned i = 0; i < sdp->media_count && offer->data.section == NULL; i++) {
        const struct sdp_section *section = &sdp->media[i];
        if (!is_rejected(offer, section) && is_bundled(offer, section))
            (void)offer_data_read(section, &offer->data);
    }
}

/* --- the whole --- */

/* Whether anything is left to carry the transport, and on a new session to be carried by it. */
static bool has_purpose(const struct offer *offer, enum offer_turn turn)
{
    return offer_has_tracks(offer) || offer->data.section != NULL ||
           (turn == OFFER_AGAIN && (offer->tracks[TRACK_AUDIO].section != NULL ||
                                    offer->tracks[TRACK_VIDEO].section != NULL));
}

static enum status check_purpose(const struct offer *offer, enum offer_turn turn,
                                 struct negotiate_refusal *refusal)
{
    if (has_purpose(offer, turn))
        return STATUS_OK;
    return refusal_write(refusal, STATUS_UNSUPPORTED,
                         "The offer has no audio or video track that is to flow, nor data channels "
                         "of a form that is served.");
}

static enum status read_offer(struct offer *offer, size_t text_bytes, enum offer_role role,
                              enum offer_turn turn, struct negotiate_refusal *refusal)
{
    const char *why = "";

    enum status status =
        sdp_parse((struct text){offer->text, text_bytes}, SDP_DESCRIPTION, &offer->sdp, &why);
    if (status == STATUS_NO_MEMORY)
        return refusal_write(refusal, status, "The server is out of memory.");
    if (status != STATUS_OK)
        return refusal_write(refusal, STATUS_MALFORMED, "This is no SDP offer: %s.", why);
    status = read_mids(offer, refusal);
    if (status != STATUS_OK)
        return status;
    read_bundle(offer);
    status = read_tracks(offer, role, turn, refusal);
    if (status == STATUS_OK)
        status = check_tracks(offer, refusal);
    if (status == STATUS_OK) {
        settle_extensions(offer);
        read_data(offer);
        status = check_purpose(offer, turn, refusal);
    }
    if (status == STATUS_OK) {
        status = offer_transport_read(offer->sdp, find_transport_section(offer), &offer->transport,
                                      refusal);
    }
    if (status == STATUS_OK && role == OFFER_SUBSCRIBE && offer->transport.passive) {
        return refusal_write(refusal, STATUS_UNSUPPORTED,
                             "To watch, the offer must be a=setup:actpass or active: the server "
                             "takes the passive part.");
    }
    return status;
}

enum status offer_parse(const char *text, size_t text_bytes, enum offer_role role,
                        enum offer_turn turn, struct offer **offer,
                        struct negotiate_refusal *refusal)
{
    if (text_bytes > SDP_BYTES_MAX)
        return refusal_write(refusal, STATUS_MALFORMED, "The SDP offer is larger than 64 KiB.");

    struct offer *parsed = calloc(1, sizeof *parsed);
    if (parsed != NULL)
        parsed->text = malloc(text_bytes + 1);
    if (parsed == NULL || parsed->text == NULL) {
        free(parsed);
        return refusal_write(refusal, STATUS_NO_MEMORY, "The server is out of memory.");
    }
    if (text_bytes > 0)
        memcpy(parsed->text, text, text_bytes);

    enum status status = read_offer(parsed, text_bytes, role, turn, refusal);
    if (status != STATUS_OK) {
        offer_destroy(parsed);
        return status;
    }
    *offer = parsed;
    return STATUS_OK;
}

void offer_destroy(struct offer *offer)
{
    if (offer != NULL) {
        sdp_destroy(offer->sdp);
        free(offer->text);
        free(offer);
    }
}

const struct offer_track *offer_track_at(const struct offer *offer, unsigned position)
{
    for (unsigned kind = 0; kind < TRACK_COUNT; kind++)
        if (offer->tracks[kind].section == &offer->sdp->media[position])
            return &offer->tracks[kind];
    return NULL;
}

bool offer_is_data_at(const struct offer *offer, unsigned position)
{
    return offer->data.section == &offer->sdp->media[position];
}

bool offer_has_tracks(const struct offer *offer)
{
    return offer->tracks[TRACK_AUDIO].active || offer->tracks[TRACK_VIDEO].active;
}

enum status offer_drop_data(struct offer *offer, enum offer_turn turn,
                            struct negotiate_refusal *refusal)
{
    offer->data = (struct offer_data){.section = NULL};
    if (has_purpose(offer, turn))
        return STATUS_OK;
    return refusal_write(refusal, STATUS_UNSUPPORTED,
                         "The offer has data channels alone, and the server takes none here.");
}

void offer_write_profile(const struct offer *offer, struct profile *profile)
{
    memset(profile, 0, sizeof *profile); /* profiles are compared as bytes: padding too */
    for (unsigned kind = 0; kind < TRACK_COUNT; kind++) {
        const struct offer_track *track = &offer->tracks[kind];
        if (!track->active)
            continue;
        for (unsigned i = 0; i < track->format_count; i++)
            profile->formats[profile->format_count++] = track->formats[i].negotiable;
        for (unsigned i = 0; i < EXTENSION_COUNT; i++)
            if (profile->extension_id[i] == 0)
                profile->extension_id[i] = track->extension_id[i];
        profile->nack[kind] = offer_track_has(track, OFFER_FEEDBACK_NACK);
    }
}
