#include "signaling/offer_track.h"

#include <string.h>

enum { OPUS_FORMATS_MAX = 4 }; /* leaves the viewer's profile room for video */

const char *offer_feedback_text(enum offer_feedback feedback)
{
    switch (feedback) {
    case OFFER_FEEDBACK_NACK:
        return "nack";
    case OFFER_FEEDBACK_NACK_PLI:
        return "nack pli";
    case OFFER_FEEDBACK_CCM_FIR:
        return "ccm fir";
    case OFFER_FEEDBACK_REMB:
        return "goog-remb";
    case OFFER_FEEDBACK_TRANSPORT_WIDE:
        return "transport-cc";
    case OFFER_FEEDBACK_COUNT:
        break;
    }
    return "";
}

/* The value of the attribute "name:<payload type> value" of section; empty when there is none. */
static struct text find_for_payload_type(const struct sdp_section *section, const char *name,
                                         uint8_t payload_type)
{
    for (unsigned i = 0; i < section->attribute_count; i++) {
        struct text value = section->attributes[i].value;
        uint64_t number = 0;
        if (text_is(section->attributes[i].name, name) &&
            text_number(text_take_word(&value), 127, &number) && number == payload_type)
            return text_trim(value);
    }
    return (struct text){NULL, 0};
}

/* The value of key in "key=value;key=value"; empty when there is none. */
static struct text find_parameter(struct text parameters, const char *key)
{
    while (parameters.bytes > 0) {
        struct text value = text_trim(text_take(&parameters, ';'));
        struct text name = text_take(&value, '=');
        if (text_is_nocase(name, key))
            return value;
    }
    return (struct text){NULL, 0};
}

/* A decimal parameter, absent when it is not there; false when it is no number up to most. */
static bool read_parameter(struct text parameters, const char *key, uint8_t absent, uint8_t most,
                           uint8_t *value)
{
    const struct text text = find_parameter(parameters, key);
    uint64_t number = absent;

    if (text.bytes > 0 && !text_number(text, most, &number))
        return false;
    *value = (uint8_t)number;
    return true;
}

/* RFC 6184 section 8.1: three bytes in hexadecimal. FFmpeg 8 prints a flag of its own into the
 * second, which then has three digits (422001f) and stands for constrained baseline. */
static bool read_h264_profile(struct text parameters, struct codec_format *format)
{
    enum { LONGEST = 7, CONSTRAINED_BASELINE = 0xe0 };
    const struct text text = find_parameter(parameters, "profile-level-id");
    uint64_t profile = 0x42;
    uint64_t constraints = 0;
    uint64_t level = 0x0a;

    if (text.bytes > 0) {
        const char *const end = text.at + text.bytes;
        if (text.bytes < 6 || text.bytes > LONGEST ||
            !text_hexadecimal(text_between(text.at, text.at + 2), UINT8_MAX, &profile) ||
            !text_hexadecimal(text_between(text.at + 2, end - 2), 0xfff, &constraints) ||
            !text_hexadecimal(text_between(end - 2, end), UINT8_MAX, &level))
            return false;
    }
    format->profile = (uint8_t)profile;
    format->constraints = (uint8_t)(constraints > UINT8_MAX ? CONSTRAINED_BASELINE : constraints);
    format->level = (uint8_t)level;
    return true;
}

static bool read_parameters(struct text parameters, struct codec_format *format)
{
    switch ((enum codec)format->codec) {
    case CODEC_OPUS:
    case CODEC_VP8:
        return true;
    case CODEC_VP9:
        return read_parameter(parameters, "profile-id", 0, 3, &format->profile);
    case CODEC_AV1:
        return read_parameter(parameters, "profile", 0, 2, &format->profile);
    case CODEC_H264:
        /* Mode 2 is interleaved, which nobody sends and decoders of browsers do not know. */
        return read_parameter(parameters, "packetization-mode", 0, 1,
                              &format->packetization_mode) &&
               read_h264_profile(parameters, format);
    case CODEC_NONE:
    case CODEC_COUNT:
        break;
    }
    return false;
}

static bool matches_feedback(struct text wanted, enum offer_feedback feedback)
{
    return text_is_nocase(text_trim(wanted), offer_feedback_text(feedback));
}

static void read_feedback(const struct sdp_section *section, struct offer_format *format)
{
    for (unsigned i = 0; i < section->attribute_count; i++) {
        struct text value = section->attributes[i].value;
        if (!text_is(section->attributes[i].name, "rtcp-fb"))
            continue;
        const struct text target = text_take_word(&value);
        uint64_t payload_type = 0;
        if (!text_is(target, "*") && (!text_number(target, 127, &payload_type) ||
                                      payload_type != format->negotiable.payload_type))
            continue;
        for (unsigned feedback = 0; feedback < OFFER_FEEDBACK_COUNT; feedback++)
            format->feedback[feedback] |= matches_feedback(value, (enum offer_feedback)feedback);
    }
}

/* Fills format when the payload type is of a codec that we forward, of this kind. */
static bool read_format(const struct sdp_section *section, enum track_kind kind,
                        uint8_t payload_type, struct offer_format *format)
{
    struct text rest = find_for_payload_type(section, "rtpmap", payload_type);
    *format = (struct offer_format){.encoding = rest};
    const struct text name = text_take(&rest, '/');
    const enum codec codec = name.bytes > 0 ? codec_by_name(name.at, name.bytes) : CODEC_NONE;
    uint64_t clock_hz = 0;

    if (codec == CODEC_NONE || codec_track(codec) != kind ||
        !text_number(text_take(&rest, '/'), UINT32_MAX, &clock_hz) ||
        clock_hz != codec_clock_hz(codec))
        return false;
    format->negotiable.format.codec = (uint8_t)codec;
    format->negotiable.payload_type = payload_type;
    format->negotiable.rtx_payload_type = PROFILE_NO_PAYLOAD_TYPE;
    format->parameters = find_for_payload_type(section, "fmtp", payload_type);
    if (format->encoding.bytes > SDP_TOKEN_BYTES_MAX ||
        format->parameters.bytes > OFFER_TRACK_PARAMETERS_BYTES_MAX ||
        !read_parameters(format->parameters, &format->negotiable.format))
        return false;
    read_feedback(section, format);
    return true;
}

static void read_formats(struct offer_track *track, enum track_kind kind)
{
    const struct sdp_section *section = track->section;
    const unsigned most =
        kind == TRACK_AUDIO ? OPUS_FORMATS_MAX : OFFER_TRACK_FORMATS_MAX - OPUS_FORMATS_MAX;

    for (unsigned i = 0; i < section->payload_type_count && track->format_count < most; i++)
        if (read_format(section, kind, section->payload_types[i],
                        &track->formats[track->format_count]))
            track->format_count++;
}

/* RFC 4588 section 8.1: "rtx/<clock>" with apt, the payload type that it repeats. */
static void read_rtx(struct offer_track *track)
{
    const struct sdp_section *section = track->section;

    for (unsigned i = 0; i < section->payload_type_count; i++) {
        const uint8_t payload_type = section->payload_types[i];
        struct text encoding = find_for_payload_type(section, "rtpmap", payload_type);
        uint64_t repeated = 0;
        if (!text_is_nocase(text_take(&encoding, '/'), "rtx") ||
            !text_number(
                find_parameter(find_for_payload_type(section, "fmtp", payload_type), "apt"), 127,
                &repeated))
            continue;
        for (unsigned n = 0; n < track->format_count; n++) {
            struct profile_format *format = &track->formats[n].negotiable;
            if (format->payload_type == repeated &&
                format->rtx_payload_type == PROFILE_NO_PAYLOAD_TYPE)
                format->rtx_payload_type = payload_type;
        }
    }
}

/* a=extmap:<id> <URI>. Those with a direction or attributes of their own ("2/recvonly") are left
 * out: leaving an extension out is always allowed. */
static void read_extensions(struct offer_track *track)
{
    enum { ONE_BYTE_FORM_MAX = 14 };
    const struct sdp_section *section = track->section;

    for (unsigned i = 0; i < section->attribute_count; i++) {
        struct text value = section->attributes[i].value;
        uint64_t id = 0;
        if (!text_is(section->attributes[i].name, "extmap") ||
            !text_number(text_take_word(&value), ONE_BYTE_FORM_MAX, &id) || id == 0)
            continue;
        const struct text uri = text_trim(value);
        for (unsigned extension = 0; extension < EXTENSION_COUNT; extension++)
            if (track->extension_id[extension] == 0 &&
                text_is(uri, profile_extension_uri((enum extension)extension)))
                track->extension_id[extension] = (uint8_t)id;
    }
}

/* a=ssrc-group:FID <media> <RTX> (RFC 5576 section 4.2). */
static bool read_ssrc_group(struct offer_track *track, struct text value)
{
    uint64_t ssrc = 0;
    uint64_t rtx_ssrc = 0;

    if (!text_is(text_take_word(&value), "FID") ||
        !text_number(text_take_word(&value), UINT32_MAX, &ssrc) ||
        !text_number(text_take_word(&value), UINT32_MAX, &rtx_ssrc))
        return false;
    track->ssrc = (uint32_t)ssrc;
    track->rtx_ssrc = (uint32_t)rtx_ssrc;
    return true;
}

struct ssrc_set {
    uint32_t ssrc[OFFER_TRACK_SSRCS_MAX];
    unsigned count;
};

static enum status add_ssrc(struct ssrc_set *set, uint32_t ssrc)
{
    for (unsigned i = 0; i < set->count; i++)
        if (set->ssrc[i] == ssrc)
            return STATUS_OK;
    if (set->count == OFFER_TRACK_SSRCS_MAX)
        return STATUS_FULL;
    set->ssrc[set->count++] = ssrc;
    return STATUS_OK;
}

static enum status read_ssrcs(struct offer_track *track)
{
    const struct sdp_section *section = track->section;
    struct ssrc_set set = {.count = 0};
    bool grouped = false;

    for (unsigned i = 0; i < section->attribute_count; i++) {
        const struct sdp_attribute *attribute = &section->attributes[i];
        struct text value = attribute->value;
        uint64_t ssrc = 0;
        if (text_is(attribute->name, "ssrc-group")) {
            grouped = grouped || read_ssrc_group(track, value);
        } else if (text_is(attribute->name, "ssrc") &&
                   text_number(text_take_word(&value), UINT32_MAX, &ssrc)) {
            enum status status = add_ssrc(&set, (uint32_t)ssrc);
            if (status != STATUS_OK)
                return status;
        }
    }
    if (!grouped && set.count > 0)
        track->ssrc = set.ssrc[0];
    return STATUS_OK;
}

enum status offer_track_read(const struct sdp_section *section, enum track_kind kind,
                             struct offer_track *track)
{
    memset(track, 0, sizeof *track);
    track->section = section;
    read_formats(track, kind);
    read_rtx(track);
    read_extensions(track);
    return read_ssrcs(track);
}

void offer_track_drop(struct offer_track *track, unsigned position)
{
    track->format_count--;
    memmove(&track->formats[position], &track->formats[position + 1],
            (track->format_count - position) * sizeof track->formats[0]);
}

/* Profiles 1 and 3 of VP9 and all but 0 of AV1 are not of 4:2:0, which Firefox for one does not
 * decode: a broadcaster must not send them although it could. */
static bool is_common(const struct codec_format *format)
{
    switch ((enum codec)format->codec) {
    case CODEC_VP9:
        return format->profile == 0 || format->profile == 2;
    case CODEC_AV1:
        return format->profile == 0;
    case CODEC_OPUS:
    case CODEC_VP8:
    case CODEC_H264:
        return true;
    case CODEC_NONE:
    case CODEC_COUNT:
        break;
    }
    return false;
}

static void clear_feedback(struct offer_track *track, enum offer_feedback feedback)
{
    for (unsigned i = 0; i < track->format_count; i++)
        track->formats[i].feedback[feedback] = false;
}

void offer_track_narrow_to_publish(struct offer_track *track)
{
    unsigned i = 0;

    while (i < track->format_count)
        if (is_common(&track->formats[i].negotiable.format))
            i++;
        else
            offer_track_drop(track, i);
    if (track->extension_id[EXTENSION_TRANSPORT_WIDE] == 0)
        clear_feedback(track, OFFER_FEEDBACK_TRANSPORT_WIDE);
}

/* Those that core/profile.h calls "upstream only" end here. */
static bool is_carried(enum extension extension)
{
    switch (extension) {
    case EXTENSION_AUDIO_LEVEL:
    case EXTENSION_VIDEO_ORIENTATION:
    case EXTENSION_PLAYOUT_DELAY:
    case EXTENSION_ABSOLUTE_CAPTURE_TIME:
    case EXTENSION_DEPENDENCY_DESCRIPTOR:
        return true;
    case EXTENSION_MID:
    case EXTENSION_RID:
    case EXTENSION_REPAIRED_RID:
    case EXTENSION_TRANSPORT_WIDE:
    case EXTENSION_ABSOLUTE_SEND_TIME:
    case EXTENSION_COUNT:
        break;
    }
    return false;
}

void offer_track_narrow_to_subscribe(struct offer_track *track)
{
    for (unsigned i = 0; i < EXTENSION_COUNT; i++)
        if (!is_carried((enum extension)i))
            track->extension_id[i] = 0;
    clear_feedback(track, OFFER_FEEDBACK_REMB);
    clear_feedback(track, OFFER_FEEDBACK_TRANSPORT_WIDE);
}

bool offer_track_has(const struct offer_track *track, enum offer_feedback feedback)
{
    for (unsigned i = 0; i < track->format_count; i++)
        if (track->formats[i].feedback[feedback])
            return true;
    return false;
}
