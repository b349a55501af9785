/* core/codec.h - the codecs that are forwarded, what tells their formats apart, and where their key
 * frames start. VP8: RFC 7741. VP9: RFC 9628. H.264: RFC 6184. AV1: AV1 RTP payload format 1.0.
 * Opus: RFC 7587. Pure functions. */
#ifndef CORE_CODEC_H
#define CORE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum codec { CODEC_NONE, CODEC_OPUS, CODEC_VP8, CODEC_VP9, CODEC_H264, CODEC_AV1, CODEC_COUNT };

enum track_kind { TRACK_AUDIO, TRACK_VIDEO, TRACK_COUNT };

/* A codec as far as two ends must agree on it. Fields that the codec does not know are 0. */
struct codec_format {
    uint8_t codec;              /* enum codec */
    uint8_t packetization_mode; /* H.264: 0 or 1 */
    uint8_t profile;            /* VP9 profile-id, AV1 profile, H.264 profile_idc */
    uint8_t constraints;        /* H.264 profile_iop (constraint flags) */
    uint8_t level;              /* H.264 level_idc; informative, never compared */
};

enum { CODEC_CLOCK_VIDEO_HZ = 90000, CODEC_CLOCK_OPUS_HZ = 48000 };

/* What the forwarder must know of a payload. */
struct codec_peek {
    bool key_frame_start; /* a decoder can begin with this packet */
    bool frame_start;
    uint8_t temporal_layer;
    uint8_t spatial_layer;
};

/* Reads the payload's own header (never the picture). A payload that is malformed or empty gives
 * all zero. payload is borrowed. */
struct codec_peek codec_peek(enum codec codec, const uint8_t *payload, size_t payload_bytes);

enum track_kind codec_track(enum codec codec);
/* RTP clock rate in Hz. */
uint32_t codec_clock_hz(enum codec codec);
/* "opus", "VP8", "VP9", "H264", "AV1"; "none". Static. */
const char *codec_name(enum codec codec);
/* Case-insensitive (RFC 4855: subtype names are); CODEC_NONE when unknown. name is not terminated.
 */
enum codec codec_by_name(const char *name, size_t name_bytes);
/* True when a receiver of format receiver decodes what a sender of format sender sends. */
bool codec_format_accepts(const struct codec_format *receiver, const struct codec_format *sender);

#endif
