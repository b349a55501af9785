#include "transport/rtpsec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 256 };

static const struct srtp_keys keys = {.suite = SRTP_SUITE_AEAD_AES_128_GCM,
                                      .local_key = {1, 2, 3},
                                      .remote_key = {1, 2, 3}}; /* opens its own */

static void write_rtp(uint8_t *out, uint16_t sequence_number, uint8_t ssrc)
{
    memset(out, 0, ROOM);
    out[0] = 0x80;
    out[1] = 96;
    out[2] = (uint8_t)(sequence_number >> 8);
    out[3] = (uint8_t)sequence_number;
    out[11] = ssrc;
}

static void rtpsec_refuses_malformed_packets_by_table(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        uint8_t start[16];
    } packets[] = {
        {0, {0}},
        {11, {0x80, 96}},
        {12, {0x40, 96}},                                      /* version 1 */
        {15, {0x81, 96}},                                      /* CSRC missing */
        {15, {0x90, 96}},                                      /* extension cut off */
        {16, {0x90, 96, [12] = 0xBE, [13] = 0xDE, [15] = 1}},  /* extension missing */
        {200, {0x90, 96, [12] = 0xBE, [13] = 0xDE, [14] = 1}}, /* longer than the packet */
        {40, {0x80, 96}},                                      /* not authentic */
    };
    struct rtpsec *rtpsec = NULL;
    assert_int_equal(rtpsec_create(&keys, &rtpsec), STATUS_OK);
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        uint8_t packet[ROOM] = {0};
        size_t bytes = packets[i].bytes;
        memcpy(packet, packets[i].start, sizeof packets[i].start);
        assert_int_equal(rtpsec_open_rtp(rtpsec, packet, &bytes), STATUS_DENIED);
        assert_int_equal(bytes, packets[i].bytes);
        assert_int_equal(rtpsec_open_rtcp(rtpsec, packet, &bytes), STATUS_DENIED);
        assert_int_equal(bytes, packets[i].bytes);
    }
    rtpsec_destroy(rtpsec);
    rtpsec_destroy(NULL);
}

static void rtpsec_opens_any_ssrc_once_in_any_order(void **state)
{
    (void)state;
    struct rtpsec *rtpsec = NULL;
    uint8_t packets[3][ROOM];
    size_t bytes[3];
    assert_int_equal(rtpsec_create(&keys, &rtpsec), STATUS_OK);
    for (uint8_t ssrc = 1; ssrc < 20; ssrc++) {
        for (uint16_t i = 0; i < 3; i++) {
            write_rtp(packets[i], (uint16_t)(i * 300), ssrc);
            bytes[i] = 100;
            assert_int_equal(rtpsec_protect_rtp(rtpsec, packets[i], &bytes[i]), STATUS_OK);
        }
        for (unsigned i = 3; i-- > 0;) {
            uint8_t again[ROOM];
            size_t again_bytes = bytes[i];
            memcpy(again, packets[i], sizeof again);
            assert_int_equal(rtpsec_open_rtp(rtpsec, packets[i], &bytes[i]), STATUS_OK);
            assert_int_equal(bytes[i], 100);
            assert_int_equal(rtpsec_open_rtp(rtpsec, again, &again_bytes), STATUS_DENIED);
        }
    }
    rtpsec_destroy(rtpsec);
}

/* A broadcaster may choose its SSRCs, and libsrtp2 remembers each. */
static void rtpsec_bounds_the_sources_of_a_peer(void **state)
{
    (void)state;
    struct rtpsec *rtpsec = NULL;
    uint8_t packet[ROOM];
    uint8_t forged[ROOM];
    size_t bytes = 0;
    assert_int_equal(rtpsec_create(&keys, &rtpsec), STATUS_OK);
    for (unsigned ssrc = 1; ssrc <= RTPSEC_SOURCES_MAX + 1; ssrc++) {
        write_rtp(packet, 1, (uint8_t)ssrc);
        bytes = 100;
        assert_int_equal(rtpsec_protect_rtp(rtpsec, packet, &bytes), STATUS_OK);
        memcpy(forged, packet, sizeof forged); /* takes no place */
        forged[bytes - 1] ^= 1;
        assert_int_equal(rtpsec_open_rtp(rtpsec, forged, &bytes), STATUS_DENIED);
        assert_int_equal(rtpsec_open_rtp(rtpsec, packet, &bytes),
                         ssrc <= RTPSEC_SOURCES_MAX ? STATUS_OK : STATUS_DENIED);
    }
    write_rtp(packet, 2, RTPSEC_SOURCES_MAX);
    bytes = 100;
    assert_int_equal(rtpsec_protect_rtp(rtpsec, packet, &bytes), STATUS_OK);
    assert_int_equal(rtpsec_open_rtp(rtpsec, packet, &bytes), STATUS_OK);
    memset(packet, 0, sizeof packet); /* a source that only sends RTCP is one too many as well */
    packet[0] = 0x80;
    packet[1] = 201;
    packet[3] = 1;
    packet[7] = RTPSEC_SOURCES_MAX + 2;
    bytes = 8;
    assert_int_equal(rtpsec_protect_rtcp(rtpsec, packet, &bytes), STATUS_OK);
    assert_int_equal(rtpsec_open_rtcp(rtpsec, packet, &bytes), STATUS_DENIED);
    rtpsec_destroy(rtpsec);
}

static void rtpsec_protects_the_same_packet_twice(void **state)
{
    (void)state;
    struct rtpsec *rtpsec = NULL;
    uint8_t first[ROOM];
    uint8_t second[ROOM];
    size_t first_bytes = 50;
    size_t second_bytes = 50;
    assert_int_equal(rtpsec_create(&keys, &rtpsec), STATUS_OK);
    write_rtp(first, 7, 1);
    write_rtp(second, 7, 1);
    assert_int_equal(rtpsec_protect_rtp(rtpsec, first, &first_bytes), STATUS_OK);
    assert_int_equal(rtpsec_protect_rtp(rtpsec, second, &second_bytes), STATUS_OK);
    assert_int_equal(first_bytes, second_bytes);
    assert_memory_equal(first, second, first_bytes);
    rtpsec_destroy(rtpsec);
}

static int start(void **state)
{
    (void)state;
    return rtpsec_start() == STATUS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rtpsec_refuses_malformed_packets_by_table),
        cmocka_unit_test(rtpsec_opens_any_ssrc_once_in_any_order),
        cmocka_unit_test(rtpsec_bounds_the_sources_of_a_peer),
        cmocka_unit_test(rtpsec_protects_the_same_packet_twice),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
