#include "core/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct peek_case {
    const char *what;
    enum codec codec;
    uint8_t payload_bytes;
    uint8_t payload[16];
    struct codec_peek expected;
};

#define KEY .key_frame_start = true, .frame_start = true
#define FRAME .frame_start = true

static const struct peek_case peek_cases[] = {
    {"opus", CODEC_OPUS, 1, {0x78}, {KEY}},
    {"opus empty", CODEC_OPUS, 0, {0}, {0}},
    {"vp8 key", CODEC_VP8, 4, {0x10, 0x10, 0x02, 0x00}, {KEY}},
    {"vp8 delta", CODEC_VP8, 4, {0x10, 0x11, 0x02, 0x00}, {FRAME}},
    {"vp8 continuation", CODEC_VP8, 4, {0x00, 0x10, 0x02, 0x00}, {0}},
    {"vp8 second partition", CODEC_VP8, 4, {0x11, 0x10, 0x02, 0x00}, {0}},
    {"vp8 key, 7-bit id", CODEC_VP8, 4, {0x90, 0x80, 0x11, 0x10}, {KEY}},
    {"vp8 key, 15-bit id, layers",
     CODEC_VP8,
     7,
     {0x90, 0xe0, 0x91, 0x22, 0x33, 0x40, 0x10},
     {KEY, .temporal_layer = 1}},
    {"vp8 delta, layer 2",
     CODEC_VP8,
     7,
     {0x90, 0xe0, 0x91, 0x22, 0x33, 0x80, 0x11},
     {FRAME, .temporal_layer = 2}},
    {"vp8 cut in descriptor", CODEC_VP8, 3, {0x90, 0xe0, 0x91}, {0}},
    {"vp8 descriptor alone", CODEC_VP8, 1, {0x10}, {0}},
    {"vp9 key, non-flexible", CODEC_VP9, 4, {0x88, 0x81, 0x01, 0x82}, {KEY}},
    {"vp9 delta", CODEC_VP9, 4, {0xc8, 0x81, 0x01, 0x82}, {FRAME}},
    {"vp9 key with layer indexes",
     CODEC_VP9,
     6,
     {0xa8, 0x81, 0x01, 0x20, 0x07, 0x82},
     {KEY, .temporal_layer = 1}},
    {"vp9 upper spatial layer of key",
     CODEC_VP9,
     6,
     {0xa8, 0x81, 0x01, 0x03, 0x07, 0x82},
     {FRAME, .spatial_layer = 1}},
    {"vp9 key, flexible", CODEC_VP9, 4, {0xb8, 0x01, 0x00, 0x82}, {KEY}},
    {"vp9 middle of key", CODEC_VP9, 4, {0x80, 0x81, 0x01, 0x82}, {0}},
    {"vp9 cut", CODEC_VP9, 2, {0xa8, 0x81}, {0}},
    {"h264 sps", CODEC_H264, 4, {0x67, 0x42, 0xe0, 0x1f}, {KEY}},
    {"h264 pps", CODEC_H264, 4, {0x68, 0xce, 0x3c, 0x80}, {0}},
    {"h264 idr", CODEC_H264, 3, {0x65, 0x88, 0x84}, {KEY}},
    {"h264 idr, later slice", CODEC_H264, 3, {0x65, 0x08, 0x84}, {0}},
    {"h264 slice", CODEC_H264, 3, {0x41, 0x9a, 0x00}, {FRAME}},
    {"h264 delimiter", CODEC_H264, 2, {0x09, 0xf0}, {FRAME}},
    {"h264 stap-a sps pps",
     CODEC_H264,
     9,
     {0x78, 0x00, 0x02, 0x67, 0x42, 0x00, 0x02, 0x68, 0xce},
     {KEY}},
    {"h264 stap-a cut", CODEC_H264, 5, {0x78, 0x00, 0x09, 0x67, 0x42}, {0}},
    {"h264 fu-a idr start", CODEC_H264, 3, {0x7c, 0x85, 0x88}, {KEY}},
    {"h264 fu-a idr middle", CODEC_H264, 3, {0x7c, 0x05, 0x88}, {0}},
    {"h264 fu-a slice start", CODEC_H264, 3, {0x5c, 0x81, 0x9a}, {FRAME}},
    {"h264 fu-a header alone", CODEC_H264, 1, {0x7c}, {0}},
    {"av1 new sequence", CODEC_AV1, 4, {0x18, 0x0a, 0x0b, 0x00}, {KEY}},
    {"av1 sequence header, no N", CODEC_AV1, 4, {0x10, 0x0a, 0x0b, 0x00}, {KEY}},
    {"av1 sequence header of two", CODEC_AV1, 5, {0x20, 0x02, 0x0a, 0x0b, 0x32}, {KEY}},
    {"av1 frame", CODEC_AV1, 4, {0x10, 0x32, 0x0b, 0x00}, {FRAME}},
    {"av1 frame in layers",
     CODEC_AV1,
     4,
     {0x10, 0x36, 0x28, 0x00},
     {FRAME, .temporal_layer = 1, .spatial_layer = 1}},
    {"av1 continuation", CODEC_AV1, 4, {0x90, 0x0a, 0x0b, 0x00}, {0}},
    {"av1 element beyond the end", CODEC_AV1, 3, {0x28, 0x09, 0x0a}, {0}},
    {"av1 endless length", CODEC_AV1, 6, {0x08, 0xff, 0xff, 0xff, 0xff, 0xff}, {0}},
    {"no codec", CODEC_NONE, 3, {0x65, 0x88, 0x84}, {0}},
};

static void codec_peek_knows_key_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof peek_cases / sizeof peek_cases[0]; i++) {
        const struct peek_case *c = &peek_cases[i];
        struct codec_peek peek = codec_peek(c->codec, c->payload, c->payload_bytes);
        if (peek.key_frame_start != c->expected.key_frame_start ||
            peek.frame_start != c->expected.frame_start ||
            peek.temporal_layer != c->expected.temporal_layer ||
            peek.spatial_layer != c->expected.spatial_layer) {
            fail_msg("%s: key %d frame %d temporal %d spatial %d", c->what, peek.key_frame_start,
                     peek.frame_start, peek.temporal_layer, peek.spatial_layer);
        }
    }
}

static void codec_names_lead_back(void **state)
{
    (void)state;
    for (int i = CODEC_NONE + 1; i < CODEC_COUNT; i++) {
        const char *name = codec_name((enum codec)i);
        assert_int_equal(codec_by_name(name, strlen(name)), i);
    }
    assert_int_equal(codec_by_name("OPUS/48000", 4), CODEC_OPUS);
    assert_int_equal(codec_by_name("vp8", 3), CODEC_VP8);
    assert_int_equal(codec_by_name("vp80", 4), CODEC_NONE);
    assert_int_equal(codec_by_name("vp", 2), CODEC_NONE);
    assert_int_equal(codec_by_name("vp8\0x", 5), CODEC_NONE);
    assert_int_equal(codec_by_name("", 0), CODEC_NONE);
    assert_int_equal(codec_by_name("none", 4), CODEC_NONE);
}

static void codec_tracks_have_their_clock(void **state)
{
    (void)state;
    assert_int_equal(codec_track(CODEC_OPUS), TRACK_AUDIO);
    assert_int_equal(codec_track(CODEC_AV1), TRACK_VIDEO);
    assert_int_equal(codec_clock_hz(CODEC_OPUS), 48000);
    assert_int_equal(codec_clock_hz(CODEC_H264), 90000);
}

static void codec_format_accepts_what_decodes(void **state)
{
    (void)state;
    static const struct {
        struct codec_format receiver;
        struct codec_format sender;
        bool accepts;
    } cases[] = {
        {{CODEC_VP8, 0, 0, 0, 0}, {CODEC_VP8, 0, 0, 0, 0}, true},
        {{CODEC_VP8, 0, 0, 0, 0}, {CODEC_VP9, 0, 0, 0, 0}, false},
        {{CODEC_VP9, 0, 0, 0, 0}, {CODEC_VP9, 0, 2, 0, 0}, false},
        {{CODEC_AV1, 0, 1, 0, 0}, {CODEC_AV1, 0, 0, 0, 0}, true},
        {{CODEC_AV1, 0, 0, 0, 0}, {CODEC_AV1, 0, 1, 0, 0}, false},
        {{CODEC_H264, 1, 0x42, 0xe0, 31}, {CODEC_H264, 1, 0x42, 0xe0, 52}, true}, /* level */
        {{CODEC_H264, 1, 0x42, 0xe0, 31}, {CODEC_H264, 1, 0x42, 0xc0, 31}, true},
        {{CODEC_H264, 1, 0x42, 0x00, 31}, {CODEC_H264, 1, 0x42, 0xe0, 31}, true},
        {{CODEC_H264, 1, 0x42, 0xe0, 31}, {CODEC_H264, 1, 0x42, 0x00, 31}, false},
        {{CODEC_H264, 1, 0x4d, 0x00, 31}, {CODEC_H264, 1, 0x42, 0xe0, 31}, true},
        {{CODEC_H264, 1, 0x4d, 0x00, 31}, {CODEC_H264, 1, 0x64, 0x00, 31}, false},
        {{CODEC_H264, 1, 0x64, 0x00, 31}, {CODEC_H264, 1, 0x4d, 0x00, 31}, true},
        {{CODEC_H264, 1, 0x64, 0x00, 31}, {CODEC_H264, 1, 0x64, 0x0c, 31}, true},
        {{CODEC_H264, 1, 0x64, 0x0c, 31}, {CODEC_H264, 1, 0x64, 0x00, 31}, false},
        {{CODEC_H264, 1, 0x42, 0xe0, 31}, {CODEC_H264, 0, 0x42, 0xe0, 31}, true},
        {{CODEC_H264, 0, 0x42, 0xe0, 31}, {CODEC_H264, 1, 0x42, 0xe0, 31}, false},
        {{CODEC_H264, 1, 0xf4, 0x00, 31}, {CODEC_H264, 1, 0xf4, 0x00, 31}, true},
        {{CODEC_NONE, 0, 0, 0, 0}, {CODEC_NONE, 0, 0, 0, 0}, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (codec_format_accepts(&cases[i].receiver, &cases[i].sender) != cases[i].accepts)
            fail_msg("case %zu", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codec_peek_knows_key_frames),
        cmocka_unit_test(codec_names_lead_back),
        cmocka_unit_test(codec_tracks_have_their_clock),
        cmocka_unit_test(codec_format_accepts_what_decodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
