#include "signaling/answer.h"

#include <inttypes.h>
#include <string.h>

static void put_mid(struct text_writer *writer, const struct sdp_section *section)
{
    const struct text mid = offer_mid(section);

    if (mid.bytes > 0)
        text_put(writer, "a=mid:%.*s\r\n", (int)mid.bytes, mid.at);
}

static void put_session(struct text_writer *writer, const struct answer *answer)
{
    const struct sdp *sdp = answer->offer->sdp;

    text_put(writer, "v=0\r\no=- %" PRIu64 " %u IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n",
             answer->session_id, answer->version);
    if (answer->offer->bundle.bytes > 0) {
        text_put(writer, "a=group:BUNDLE");
        for (unsigned i = 0; i < sdp->media_count; i++) {
            const struct text mid = offer_mid(&sdp->media[i]);
            if (offer_track_at(answer->offer, i) != NULL || offer_is_data_at(answer->offer, i))
                text_put(writer, " %.*s", (int)mid.bytes, mid.at);
        }
        text_put(writer, "\r\n");
    }
    if (answer->role == ANSWER_SEND)
        text_put(writer, "a=ice-lite\r\n");
    text_put(writer, "a=ice-options:trickle\r\n");
}

/* The default destination (RFC 8839 section 4.2.1.2). */
static const char *default_address(const struct answer *answer, unsigned *port)
{
    for (unsigned i = 0; i < answer->candidate_count; i++) {
        if (answer->candidates[i].transport == ICE_UDP) {
            *port = answer->candidates[i].port;
            return answer->candidates[i].address;
        }
    }
    *port = 9;
    return "0.0.0.0";
}

static void put_media(struct text_writer *writer, const struct sdp_section *section, unsigned port)
{
    text_put(writer, "m=%.*s %u %.*s", (int)section->media.bytes, section->media.at, port,
             (int)section->protocol.bytes, section->protocol.at);
}

static void put_address(struct text_writer *writer, const char *address)
{
    text_put(writer, "\r\nc=IN %s %s\r\n", strchr(address, ':') != NULL ? "IP6" : "IP4", address);
}

static void put_formats(struct text_writer *writer, const struct offer_track *track)
{
    for (unsigned i = 0; i < track->format_count; i++) {
        const struct profile_format *format = &track->formats[i].negotiable;
        text_put(writer, " %u", format->payload_type);
        if (format->rtx_payload_type != PROFILE_NO_PAYLOAD_TYPE)
            text_put(writer, " %d", format->rtx_payload_type);
    }
}

static void put_transport(struct text_writer *writer, const struct answer *answer)
{
    char fingerprint[FINGERPRINT_TEXT_MAX];

    fingerprint_format(answer->certificate, fingerprint);
    text_put(writer, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:%s\r\na=setup:%s\r\n",
             answer->local->ufrag, answer->local->password, fingerprint,
             answer->begin_handshake ? "active" : "passive");
}

static void put_candidates(struct text_writer *writer, const struct answer *answer)
{
    for (unsigned i = 0; i < answer->candidate_count; i++) {
        char candidate[ICE_CANDIDATE_TEXT_MAX];
        ice_candidate_format(&answer->candidates[i], candidate);
        text_put(writer, "a=%s\r\n", candidate);
    }
    text_put(writer, "a=end-of-candidates\r\n");
}

static void put_extensions(struct text_writer *writer, const struct offer_track *track)
{
    for (unsigned i = 0; i < EXTENSION_COUNT; i++) {
        if (track->extension_id[i] != 0) {
            text_put(writer, "a=extmap:%u %s\r\n", track->extension_id[i],
                     profile_extension_uri((enum extension)i));
        }
    }
}

/* Opus to a viewer: what we set ourselves so that stereo is played as such (RFC 7587 section 7.1).
 */
static const char viewer_opus[] = "stereo=1;sprop-stereo=1;useinbandfec=1";

/* Parameters go back as offered, but for those that describe the offerer's own stream (sprop-...)
 * and those that put_parameters adds. */
static bool is_echoed(struct text parameter, bool viewer_opus_follows)
{
    const struct text name = text_take(&parameter, '=');

    if (name.bytes == 0 || text_starts(name, "sprop-"))
        return false;
    return !viewer_opus_follows || !(text_is(name, "stereo") || text_is(name, "useinbandfec"));
}

static void put_parameter(struct text_writer *writer, const struct offer_format *format,
                          struct text parameter)
{
    enum { PROFILE_LEVEL_ID_CHARS = 6 };
    const struct codec_format *h264 = &format->negotiable.format;
    struct text value = parameter;

    if (text_is_nocase(text_take(&value, '='), "profile-level-id") &&
        value.bytes != PROFILE_LEVEL_ID_CHARS) {
        text_put(writer, "profile-level-id=%02x%02x%02x", h264->profile, h264->constraints,
                 h264->level);
    } else {
        text_put_view(writer, parameter);
    }
}

static void put_parameters(struct text_writer *writer, const struct answer *answer,
                           const struct offer_format *format)
{
    const bool adds = answer->role == ANSWER_SEND && format->negotiable.format.codec == CODEC_OPUS;
    struct text rest = format->parameters;
    const char *separator = "";

    if (rest.bytes == 0 && !adds)
        return;
    text_put(writer, "a=fmtp:%u ", format->negotiable.payload_type);
    while (rest.bytes > 0) {
        const struct text parameter = text_trim(text_take(&rest, ';'));
        if (is_echoed(parameter, adds)) {
            text_put(writer, "%s", separator);
            put_parameter(writer, format, parameter);
            separator = ";";
        }
    }
    if (adds)
        text_put(writer, "%s%s", separator, viewer_opus);
    text_put(writer, "\r\n");
}

static void put_format(struct text_writer *writer, const struct answer *answer,
                       const struct offer_format *format)
{
    const unsigned payload_type = format->negotiable.payload_type;
    const int rtx_payload_type = format->negotiable.rtx_payload_type;
    const enum codec codec = (enum codec)format->negotiable.format.codec;

    text_put(writer, "a=rtpmap:%u %.*s\r\n", payload_type, (int)format->encoding.bytes,
             format->encoding.at);
    for (unsigned i = 0; i < OFFER_FEEDBACK_COUNT; i++) {
        if (format->feedback[i]) {
            text_put(writer, "a=rtcp-fb:%u %s\r\n", payload_type,
                     offer_feedback_text((enum offer_feedback)i));
        }
    }
    put_parameters(writer, answer, format);
    if (rtx_payload_type != PROFILE_NO_PAYLOAD_TYPE) {
        text_put(writer, "a=rtpmap:%d rtx/%" PRIu32 "\r\na=fmtp:%d apt=%u\r\n", rtx_payload_type,
                 codec_clock_hz(codec), rtx_payload_type, payload_type);
    }
}

/* RFC 8830 and RFC 5576: which MediaStream and which SSRCs. */
static void put_stream(struct text_writer *writer, const struct answer *answer,
                       enum track_kind kind)
{
    const char *track = kind == TRACK_AUDIO ? "manycast-audio" : "manycast-video";
    const uint32_t ssrcs[] = {answer->ssrc[kind], answer->rtx_ssrc[kind]};

    text_put(writer, "a=msid:manycast %s\r\n", track);
    if (ssrcs[1] != 0)
        text_put(writer, "a=ssrc-group:FID %" PRIu32 " %" PRIu32 "\r\n", ssrcs[0], ssrcs[1]);
    for (unsigned i = 0; i < 2 && ssrcs[i] != 0; i++) {
        text_put(writer,
                 "a=ssrc:%" PRIu32 " cname:manycast\r\na=ssrc:%" PRIu32 " msid:manycast %s\r\n",
                 ssrcs[i], ssrcs[i], track);
    }
}

static void put_track(struct text_writer *writer, const struct answer *answer,
                      const struct offer_track *track, bool first)
{
    const enum track_kind kind =
        track == &answer->offer->tracks[TRACK_AUDIO] ? TRACK_AUDIO : TRACK_VIDEO;
    const bool flows = answer->flows[kind];
    unsigned port;
    const char *address = default_address(answer, &port);

    put_media(writer, track->section, port);
    put_formats(writer, track);
    put_address(writer, address);
    put_mid(writer, track->section);
    if (flows)
        text_put(writer, answer->role == ANSWER_SEND ? "a=sendonly\r\n" : "a=recvonly\r\n");
    else
        text_put(writer, "a=inactive\r\n");
    put_transport(writer, answer);
    text_put(writer, first ? "a=rtcp-mux\r\na=rtcp-mux-only\r\n" : "a=rtcp-mux\r\n");
    put_extensions(writer, track);
    for (unsigned i = 0; i < track->format_count; i++)
        put_format(writer, answer, &track->formats[i]);
    if (flows && answer->role == ANSWER_SEND)
        put_stream(writer, answer, kind);
    if (first)
        put_candidates(writer, answer);
}

/* RFC 8841 section 10.3. */
static void put_data(struct text_writer *writer, const struct answer *answer, bool first)
{
    const struct sdp_section *section = answer->offer->data.section;
    unsigned port;
    const char *address = default_address(answer, &port);

    put_media(writer, section, port);
    text_put(writer, " webrtc-datachannel");
    put_address(writer, address);
    put_mid(writer, section);
    put_transport(writer, answer);
    text_put(writer, "a=sctp-port:%d\r\na=max-message-size:%" PRIu32 "\r\n", DATACHANNEL_PORT,
             answer->message_bytes_max);
    if (first)
        put_candidates(writer, answer);
}

/* RFC 3264 section 6: a refused m-line stays, with port 0 and at least one of its formats. */
static void put_refused(struct text_writer *writer, const struct sdp_section *section)
{
    text_put(writer, "m=%.*s 0 %.*s %.*s\r\nc=IN IP4 0.0.0.0\r\n", (int)section->media.bytes,
             section->media.at, (int)section->protocol.bytes, section->protocol.at,
             (int)section->first_format.bytes, section->first_format.at);
    put_mid(writer, section);
    text_put(writer, "a=inactive\r\n");
}

char *answer_write(const struct answer *answer)
{
    struct text_writer writer;
    bool first = true;

    text_writer_init(&writer, SDP_BYTES_MAX);
    put_session(&writer, answer);
    for (unsigned i = 0; i < answer->offer->sdp->media_count; i++) {
        const struct offer_track *track = offer_track_at(answer->offer, i);
        const bool is_data = offer_is_data_at(answer->offer, i);
        if (track != NULL)
            put_track(&writer, answer, track, first);
        else if (is_data)
            put_data(&writer, answer, first);
        else
            put_refused(&writer, &answer->offer->sdp->media[i]);
        first = first && track == NULL && !is_data;
    }
    return text_writer_finish(&writer);
}
