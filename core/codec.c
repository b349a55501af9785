#include "core/codec.h"

#include <string.h>
#include <strings.h>

#include "core/bytes.h"

enum h264_unit {
    H264_SLICE = 1,
    H264_SLICE_IDR = 5,
    H264_PARAMETERS_SEQUENCE = 7,
    H264_DELIMITER = 9,
    H264_AGGREGATE = 24, /* STAP-A */
    H264_FRAGMENT = 28,  /* FU-A */
};

enum { AV1_OBU_SEQUENCE_HEADER = 1, AV1_OBU_TEMPORAL_DELIMITER = 2 };

/* RFC 7741 sections 4.2 and 4.3. */
static struct codec_peek peek_vp8(struct bytes payload)
{
    struct codec_peek peek = {0};
    uint8_t first = bytes_u8(&payload);
    uint8_t extended = (first & 0x80) ? bytes_u8(&payload) : 0;
    bool starts_partition_0 = (first & 0x10) && (first & 0x07) == 0;

    if (extended & 0x80) {
        uint8_t picture_id = bytes_u8(&payload);
        bytes_skip(&payload, picture_id >> 7);
    }
    if (extended & 0x40)
        bytes_skip(&payload, 1); /* TL0PICIDX */
    if (extended & 0x30) {
        uint8_t layer = bytes_u8(&payload);
        peek.temporal_layer = (extended & 0x20) ? layer >> 6 : 0;
    }
    uint8_t frame = bytes_u8(&payload);
    if (!bytes_ok(&payload))
        return (struct codec_peek){0};
    peek.frame_start = starts_partition_0;
    peek.key_frame_start = starts_partition_0 && (frame & 0x01) == 0; /* P is an inverse flag */
    return peek;
}

/* RFC 9628 section 4.2. */
static struct codec_peek peek_vp9(struct bytes payload)
{
    struct codec_peek peek = {0};
    uint8_t first = bytes_u8(&payload);
    bool inter_predicted = first & 0x40;
    bool begins = first & 0x08;

    if (first & 0x80) {
        uint8_t picture_id = bytes_u8(&payload);
        bytes_skip(&payload, picture_id >> 7);
    }
    if (first & 0x20) {
        uint8_t layer = bytes_u8(&payload);
        peek.temporal_layer = layer >> 5;
        peek.spatial_layer = (layer >> 1) & 0x07;
        bytes_skip(&payload, (first & 0x10) ? 0 : 1); /* TL0PICIDX in non-flexible mode */
    }
    if (!bytes_ok(&payload) || bytes_left(&payload) == 0)
        return (struct codec_peek){0};
    peek.frame_start = begins;
    /* Upper spatial layers of a key picture are not predicted from another picture either, but they
     * need the lowest one. */
    peek.key_frame_start = begins && !inter_predicted && peek.spatial_layer == 0;
    return peek;
}

/* Marks what the beginning of one NAL unit of that type says. */
static void peek_h264_unit(struct codec_peek *peek, unsigned type, bool first_macroblock)
{
    if (type == H264_PARAMETERS_SEQUENCE || type == H264_DELIMITER)
        peek->frame_start = true;
    if (type >= H264_SLICE && type <= H264_SLICE_IDR && first_macroblock)
        peek->frame_start = true;
    if (type == H264_PARAMETERS_SEQUENCE || (type == H264_SLICE_IDR && first_macroblock))
        peek->key_frame_start = true;
}

/* A slice header begins with first_mb_in_slice, Exp-Golomb coded: 0 is the single bit 1. */
static bool is_first_macroblock(struct bytes slice)
{
    return bytes_u8(&slice) & 0x80;
}

/* RFC 6184 sections 5.6 to 5.8. */
static struct codec_peek peek_h264(struct bytes payload)
{
    struct codec_peek peek = {0};
    unsigned type = bytes_u8(&payload) & 0x1f;

    if (type == H264_FRAGMENT) {
        uint8_t fragment = bytes_u8(&payload);
        if (bytes_ok(&payload) && (fragment & 0x80))
            peek_h264_unit(&peek, fragment & 0x1f, is_first_macroblock(payload));
        return peek;
    }
    if (type != H264_AGGREGATE) {
        peek_h264_unit(&peek, type, is_first_macroblock(payload));
        return peek;
    }
    while (bytes_left(&payload) > 0) {
        uint16_t unit_bytes = bytes_u16(&payload);
        struct bytes unit = bytes_cut(&payload, unit_bytes);
        unsigned unit_type = bytes_u8(&unit) & 0x1f;
        if (!bytes_ok(&unit))
            return (struct codec_peek){0};
        peek_h264_unit(&peek, unit_type, is_first_macroblock(unit));
    }
    return peek;
}

/* Unsigned LEB128 as AV1 limits it. */
static size_t read_leb128(struct bytes *bytes)
{
    size_t value = 0;

    for (unsigned i = 0; i < 4; i++) { /* four groups of 7 bits are more than a packet holds */
        uint8_t group = bytes_u8(bytes);
        value |= (size_t)(group & 0x7f) << (7 * i);
        if (!(group & 0x80))
            return value;
    }
    bytes->failed = true;
    return 0;
}

/* AV1 RTP payload format 1.0, sections 4.4 and 4.5. */
static struct codec_peek peek_av1(struct bytes payload)
{
    struct codec_peek peek = {0};
    uint8_t aggregation = bytes_u8(&payload);
    bool continues = aggregation & 0x80;
    unsigned elements = (aggregation >> 4) & 0x03;
    bool new_sequence = aggregation & 0x08;

    if (continues || bytes_left(&payload) == 0)
        return peek;
    size_t element_bytes = elements == 1 ? bytes_left(&payload) : read_leb128(&payload);
    struct bytes element = bytes_cut(&payload, element_bytes);
    uint8_t header = bytes_u8(&element);
    unsigned type = (header >> 3) & 0x0f;
    uint8_t layers = (header & 0x04) ? bytes_u8(&element) : 0;
    if (!bytes_ok(&element))
        return peek;
    peek.frame_start = true;
    peek.key_frame_start = new_sequence || type == AV1_OBU_SEQUENCE_HEADER;
    peek.temporal_layer = layers >> 5;
    peek.spatial_layer = (layers >> 3) & 0x03;
    return peek;
}

struct codec_peek codec_peek(enum codec codec, const uint8_t *payload, size_t payload_bytes)
{
    struct bytes bytes = bytes_of(payload, payload_bytes);

    if (payload_bytes == 0)
        return (struct codec_peek){0};
    switch (codec) {
    case CODEC_OPUS:
        return (struct codec_peek){.key_frame_start = true, .frame_start = true};
    case CODEC_VP8:
        return peek_vp8(bytes);
    case CODEC_VP9:
        return peek_vp9(bytes);
    case CODEC_H264:
        return peek_h264(bytes);
    case CODEC_AV1:
        return peek_av1(bytes);
    case CODEC_NONE:
    case CODEC_COUNT:
        break;
    }
    return (struct codec_peek){0};
}

enum track_kind codec_track(enum codec codec)
{
    return codec == CODEC_OPUS ? TRACK_AUDIO : TRACK_VIDEO;
}

uint32_t codec_clock_hz(enum codec codec)
{
    return codec == CODEC_OPUS ? CODEC_CLOCK_OPUS_HZ : CODEC_CLOCK_VIDEO_HZ;
}

const char *codec_name(enum codec codec)
{
    switch (codec) {
    case CODEC_OPUS:
        return "opus";
    case CODEC_VP8:
        return "VP8";
    case CODEC_VP9:
        return "VP9";
    case CODEC_H264:
        return "H264";
    case CODEC_AV1:
        return "AV1";
    case CODEC_NONE:
    case CODEC_COUNT:
        break;
    }
    return "none";
}

enum codec codec_by_name(const char *name, size_t name_bytes)
{
    for (int i = CODEC_NONE + 1; i < CODEC_COUNT; i++) {
        const char *known = codec_name((enum codec)i);
        if (strlen(known) == name_bytes && strncasecmp(known, name, name_bytes) == 0)
            return (enum codec)i;
    }
    return CODEC_NONE;
}

/* What a decoder of one H.264 sub-profile (RFC 6184 section 8.1, table 5) can be given. */
enum {
    H264_CONSTRAINED_BASELINE = 1 << 0,
    H264_BASELINE = 1 << 1,
    H264_MAIN = 1 << 2,
    H264_CONSTRAINED_HIGH = 1 << 3,
    H264_HIGH = 1 << 4,
};

static unsigned h264_sub_profile(const struct codec_format *format)
{
    switch (format->profile) {
    case 0x42:
        return (format->constraints & 0x40) ? H264_CONSTRAINED_BASELINE : H264_BASELINE;
    case 0x4D:
        return (format->constraints & 0x80) ? H264_CONSTRAINED_BASELINE : H264_MAIN;
    case 0x58: /* extended: constrained baseline when both flags are set */
        return (format->constraints & 0xC0) == 0xC0 ? H264_CONSTRAINED_BASELINE : 0;
    case 0x64:
        return (format->constraints & 0x0C) == 0x0C ? H264_CONSTRAINED_HIGH : H264_HIGH;
    default:
        return 0;
    }
}

static bool h264_accepts(const struct codec_format *receiver, const struct codec_format *sender)
{
    unsigned can = h264_sub_profile(receiver);
    unsigned sent = h264_sub_profile(sender);

    /* Mode 0 is what mode 1 also allows: single NAL units. */
    if (receiver->packetization_mode < sender->packetization_mode)
        return false;
    if (can == 0 || sent == 0)
        return receiver->profile == sender->profile && receiver->constraints == sender->constraints;
    unsigned decodes = can | H264_CONSTRAINED_BASELINE;
    if (can == H264_HIGH)
        decodes |= H264_MAIN | H264_CONSTRAINED_HIGH;
    return (decodes & sent) != 0;
}

bool codec_format_accepts(const struct codec_format *receiver, const struct codec_format *sender)
{
    if (receiver->codec != sender->codec)
        return false;
    switch ((enum codec)receiver->codec) {
    case CODEC_OPUS:
    case CODEC_VP8:
        return true;
    case CODEC_VP9:
        return receiver->profile == sender->profile;
    case CODEC_H264:
        return h264_accepts(receiver, sender);
    case CODEC_AV1: /* each profile's decoder decodes the lower ones (AV1 section A.2) */
        return receiver->profile >= sender->profile;
    case CODEC_NONE:
    case CODEC_COUNT:
        break;
    }
    return false;
}
