#include "core/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rtp.h"
#include "fake_egress.h"

static struct packet_pool *pool;
static struct render render;

static int set_up(void **state)
{
    (void)state;
    render_reset(&render);
    return packet_pool_create(EGRESS_BATCH_MAX, &pool) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    packet_pool_destroy(pool);
    return 0;
}

static void render_header_carries_what_both_sides_know(void **state)
{
    (void)state;
    struct packet *packet = fake_packet(pool, TRACK_AUDIO, CODEC_OPUS, 7, 20);
    uint8_t out[EGRESS_HEADER_BYTES_MAX];
    struct rtp rtp;

    packet->marker = true;
    packet->data[100] = 0x42;
    packet->extension[EXTENSION_AUDIO_LEVEL] = (struct packet_extension){100, 1};
    packet->extension[EXTENSION_PLAYOUT_DELAY] = (struct packet_extension){100, 3};
    packet->extension[EXTENSION_MID] = (struct packet_extension){100, 1};
    size_t bytes = render_header(packet, fake_profile(), 111, out);
    assert_int_equal(rtp_parse(out, bytes, &rtp), STATUS_OK);
    assert_int_equal(rtp.element_count, 1);
    assert_int_equal(rtp.elements[0].id, 1);
    assert_int_equal(out[rtp.elements[0].offset], 0x42);
    assert_int_equal(rtp.payload_type, 111);
    assert_true(rtp.marker);
    packet_unref(packet);
}

static void render_header_leaves_out_what_does_not_fit(void **state)
{
    (void)state;
    struct packet *packet = fake_packet(pool, TRACK_VIDEO, CODEC_VP8, 7, 300);
    uint8_t out[EGRESS_HEADER_BYTES_MAX];
    struct rtp rtp;

    for (unsigned bytes = 90; bytes < 256; bytes++) {
        packet->extension[EXTENSION_AUDIO_LEVEL] = (struct packet_extension){20, 1};
        packet->extension[EXTENSION_DEPENDENCY_DESCRIPTOR] =
            (struct packet_extension){21, (uint8_t)bytes};
        size_t header_bytes = render_header(packet, fake_profile(), 96, out);
        assert_in_range(header_bytes, 20, EGRESS_HEADER_BYTES_MAX);
        assert_int_equal(rtp_parse(out, header_bytes, &rtp), STATUS_OK);
        assert_int_equal(rtp.element_count, bytes <= 104 ? 2 : 1);
    }
    packet_unref(packet);
}

static void render_row_is_made_once_a_profile(void **state)
{
    (void)state;
    struct packet *batch[] = {
        fake_video(pool, 1, true),
        fake_control(pool, PACKET_PUBLISHED),
        fake_packet(pool, TRACK_VIDEO, CODEC_AV1, 2, 100),
        fake_packet(pool, TRACK_AUDIO, CODEC_OPUS, 3, 100),
    };

    const struct render_row *row = render_row(&render, fake_profile(), batch, 4);
    assert_non_null(row);
    assert_int_equal(row->packets[0].header_bytes, 12);
    assert_int_equal(row->packets[1].header_bytes, 0);
    assert_int_equal(row->packets[2].header_bytes, 0); /* no AV1 in the profile */
    assert_int_equal(row->packets[3].header[1], 111);
    assert_ptr_equal(render_row(&render, fake_profile(), batch, 4), row);
    for (unsigned i = 0; i < 4; i++)
        packet_unref(batch[i]);
}

static void render_row_is_refused_when_there_is_no_room(void **state)
{
    (void)state;
    static struct profile profiles[RENDER_ROWS + 1];
    struct packet *packet = fake_video(pool, 1, true);
    unsigned rows = 0;

    for (unsigned i = 0; i <= RENDER_ROWS; i++) {
        profiles[i] = *fake_profile();
        rows += render_row(&render, &profiles[i], &packet, 1) != NULL;
    }
    assert_int_equal(rows, RENDER_ROWS);
    render_reset(&render);
    assert_non_null(render_row(&render, &profiles[0], &packet, 1));
    packet_unref(packet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(render_header_carries_what_both_sides_know, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(render_header_leaves_out_what_does_not_fit, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(render_row_is_made_once_a_profile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(render_row_is_refused_when_there_is_no_room, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
