#include "core/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"

static struct source source;
static struct source_place place;

static int set_up(void **state)
{
    (void)state;
    source_init(&source, 90000, 0);
    source_begin(&source, 7, 8, 0);
    return 0;
}

static enum source_verdict receive_from(uint32_t ssrc, uint16_t number, int64_t now_ms)
{
    const struct rtp rtp = {.ssrc = ssrc, .sequence_number = number, .payload_bytes = 100};

    return source_receive(&source, &rtp, now_ms * MONO_MS, &place);
}

static enum source_verdict receive_rtx(uint32_t ssrc, uint16_t original)
{
    const struct rtp rtp = {.ssrc = ssrc, .sequence_number = 999, .payload_bytes = 102};

    return source_receive_rtx(&source, &rtp, original, 0, &place);
}

static void source_places_in_order_and_late(void **state)
{
    (void)state;
    assert_int_equal(receive_from(7, 65535, 1), SOURCE_FORWARD);
    assert_int_equal(place.sequence_number, 1);
    assert_true(place.newest);
    assert_int_equal(receive_from(7, 1, 2), SOURCE_FORWARD);
    assert_int_equal(place.sequence_number, 3);
    assert_int_equal(receive_from(7, 0, 3), SOURCE_FORWARD);
    assert_int_equal(place.sequence_number, 2);
    assert_false(place.newest);
    assert_int_equal(receive_from(7, 0, 3), SOURCE_DUPLICATE);
    assert_int_equal(receive_from(7, 65534, 3), SOURCE_DUPLICATE); /* before the first */
    assert_int_equal(receive_from(9, 2, 3), SOURCE_UNKNOWN);
}

static void source_learns_its_ssrc(void **state)
{
    (void)state;
    source_begin(&source, 0, 0, 0);
    assert_int_equal(receive_from(55, 1, 1), SOURCE_FORWARD);
    assert_int_equal(receive_from(56, 1, 500), SOURCE_UNKNOWN);
    assert_int_equal(receive_from(55, 2, 600), SOURCE_FORWARD);
    /* It fell silent: another one takes over, and the numbering goes on. */
    assert_int_equal(receive_from(56, 40000, 1700), SOURCE_FORWARD);
    assert_int_equal(place.sequence_number, 3);
    assert_int_equal(source.ssrc, 56);
}

static void source_believes_a_restart_at_the_second_packet(void **state)
{
    (void)state;
    assert_int_equal(receive_from(7, 1000, 1), SOURCE_FORWARD);
    assert_int_equal(receive_from(7, 30000, 2), SOURCE_DUPLICATE);
    assert_int_equal(receive_from(7, 1001, 3), SOURCE_FORWARD); /* it was a stray */
    assert_int_equal(place.sequence_number, 2);
    assert_int_equal(receive_from(7, 30000, 4), SOURCE_DUPLICATE);
    assert_int_equal(receive_from(7, 30001, 5), SOURCE_FORWARD);
    assert_int_equal(place.sequence_number, 3);
}

static void source_restores_from_rtx(void **state)
{
    (void)state;
    assert_int_equal(receive_rtx(8, 10), SOURCE_DUPLICATE); /* nothing to place it by */
    assert_int_equal(receive_from(7, 10, 1), SOURCE_FORWARD);
    assert_int_equal(receive_from(7, 12, 1), SOURCE_FORWARD);
    assert_int_equal(receive_rtx(9, 11), SOURCE_UNKNOWN);
    assert_int_equal(receive_rtx(8, 11), SOURCE_FORWARD);
    assert_int_equal(place.sequence_number, 2);
    assert_int_equal(receive_rtx(8, 11), SOURCE_DUPLICATE);
    assert_int_equal(receive_rtx(8, 40000), SOURCE_DUPLICATE);
    assert_int_equal(receive_rtx(8, 13), SOURCE_FORWARD); /* the last of a burst was lost */
    assert_int_equal(place.sequence_number, 4);
}

static void source_leaves_no_hole_for_padding(void **state)
{
    (void)state;
    const struct rtp padding = {.ssrc = 7, .sequence_number = 11};

    assert_int_equal(receive_from(7, 10, 1), SOURCE_FORWARD);
    assert_int_equal(source_receive(&source, &padding, 2, &place), SOURCE_PADDING);
    assert_int_equal(receive_from(7, 12, 1), SOURCE_FORWARD);
    assert_int_equal(place.sequence_number, 2);
}

static void source_lets_only_a_key_frames_first_packet_begin(void **state)
{
    (void)state;
    const struct codec_format format = {.codec = CODEC_H264};
    const struct codec_peek key = {.key_frame_start = true};
    const struct codec_peek delta = {0};

    assert_true(source_on_forward(&source, &format, &key, 3000));
    assert_false(source_on_forward(&source, &format, &key, 3000)); /* IDR after its SPS */
    assert_false(source_on_forward(&source, &format, &delta, 6000));
    assert_true(source_on_forward(&source, &format, &key, 9000));
    assert_int_equal(source.key_frames, 2);
    assert_int_equal(source.format.codec, CODEC_H264);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(source_places_in_order_and_late),
        TEST(source_learns_its_ssrc),
        TEST(source_believes_a_restart_at_the_second_packet),
        TEST(source_restores_from_rtx),
        TEST(source_leaves_no_hole_for_padding),
        TEST(source_lets_only_a_key_frames_first_packet_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
