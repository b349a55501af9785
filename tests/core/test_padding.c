#include "core/padding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_egress.h"

enum { FRAME_PACKETS_MAX = 6 };

static struct packet_pool *pool;

static int set_up(void **state)
{
    (void)state;
    return packet_pool_create(4, &pool) == STATUS_OK ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    packet_pool_destroy(pool);
    return 0;
}

/* Pads a packet of that many payload bytes; returns how many there are then. */
static unsigned pad(struct padding *padding, uint32_t timestamp, unsigned payload_bytes,
                    bool marker)
{
    struct packet *packet = fake_packet(pool, TRACK_VIDEO, CODEC_VP8, 7, (uint16_t)payload_bytes);

    packet->timestamp = timestamp;
    packet->marker = marker;
    const unsigned bytes = padding_add(padding, packet);
    assert_int_equal(packet->padding_bytes, bytes);
    assert_int_equal(packet->payload_bytes, payload_bytes + bytes);
    assert_true(bytes * PADDING_SHARE <= payload_bytes);
    for (unsigned i = 0; i < packet->payload_bytes; i++) {
        unsigned expected = i < payload_bytes ? 7 : i + 1 == packet->payload_bytes ? bytes : 0;
        assert_int_equal(packet->data[packet->payload_offset + i], expected);
    }
    packet_unref(packet);
    return payload_bytes + bytes;
}

struct frame {
    const char *what;
    unsigned sent[FRAME_PACKETS_MAX]; /* payload bytes; the last of them has the marker */
    unsigned padded[FRAME_PACKETS_MAX];
};

static const struct frame frames[] = {
    {"a byte apart", {1000, 1001, 1000, 1001}, {1003, 1003, 1003, 1003}},
    {"growing at the end", {1000, 1000, 1003, 1003}, {1003, 1003, 1003, 1003}},
    {"the last much shorter", {1100, 1100, 1100, 650}, {1103, 1103, 1103, 650}},
    {"the last a little shorter", {1100, 1100, 1080}, {1103, 1103, 1103}},
    {"another size halfway", {700, 700, 900, 901}, {703, 703, 903, 903}},
    {"a short one first", {20, 1000, 1001}, {20, 1003, 1003}},
    {"too small to pay", {390, 391, 390}, {390, 391, 390}},
    {"one packet", {1100}, {1100}},
    {"too large to grow", {1202, 1203, 1202}, {1202, 1203, 1202}},
    {"as large as may be", {1201, 1203, 1202}, {1204, 1204, 1204}},
};

static void padding_makes_a_frame_of_one_size(void **state)
{
    (void)state;
    struct padding padding = {0};

    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        const struct frame *frame = &frames[i];
        for (unsigned k = 0; k < FRAME_PACKETS_MAX && frame->sent[k] != 0; k++) {
            bool last = k + 1 == FRAME_PACKETS_MAX || frame->sent[k + 1] == 0;
            unsigned got = pad(&padding, (uint32_t)i + 1, frame->sent[k], last);
            if (got != frame->padded[k])
                fail_msg("%s: packet %u has %u bytes", frame->what, k, got);
        }
    }
}

static void padding_stays_in_bounds_whatever_comes(void **state)
{
    (void)state;
    struct padding padding = {0};
    uint32_t random = 1;

    for (unsigned i = 0; i < 20000; i++) {
        random = random * 1664525u + 1013904223u;
        unsigned bytes = (random >> 8) % (PACKET_BYTES_MAX - 12 + 1);
        unsigned padded = pad(&padding, random >> 30, bytes, (random >> 27 & 7) == 0);
        assert_true(padded == bytes || 12 + padded <= PADDING_PACKET_BYTES_MAX);
    }
}

static void padding_counts_extensions(void **state)
{
    (void)state;
    struct padding padding = {0};
    struct packet *first = fake_packet(pool, TRACK_VIDEO, CODEC_VP8, 7, 1000);
    struct packet *second = fake_packet(pool, TRACK_VIDEO, CODEC_VP8, 8, 1007);

    first->timestamp = second->timestamp = 1;
    first->extension[EXTENSION_VIDEO_ORIENTATION] = (struct packet_extension){.bytes = 1};
    assert_int_equal(padding_add(&padding, first), 3);  /* 12 + 8 + 1003 */
    assert_int_equal(padding_add(&padding, second), 4); /* 12 + 1011 */
    packet_unref(first);
    packet_unref(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(padding_makes_a_frame_of_one_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(padding_stays_in_bounds_whatever_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(padding_counts_extensions, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("padding", tests, NULL, NULL);
}
