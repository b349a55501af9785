#include "core/rtcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void rtcp_next_cuts_each_part_to_its_length(void **state)
{
    (void)state;
    static const uint8_t wire[] = {
        0x80, 201, 0, 1, 0, 0, 0, 1,                         /* RR, no reports */
        0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2,             /* PLI */
        0xa1, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 7, 7, 7, 4, /* padded by 4 */
    };
    struct bytes compound = bytes_of(wire, sizeof wire);
    struct rtcp_part part;
    struct rtcp_report report;
    struct rtcp_feedback feedback;

    assert_int_equal(rtcp_next(&compound, &part), STATUS_OK);
    assert_int_equal(part.type, RTCP_RECEIVER_REPORT);
    assert_int_equal(bytes_u32(&part.body), 1);
    assert_int_equal(rtcp_read_report(&part, &report), STATUS_SHORT);
    assert_int_equal(rtcp_next(&compound, &part), STATUS_OK);
    assert_int_equal(part.type, RTCP_PAYLOAD_FEEDBACK);
    assert_int_equal(part.count, RTCP_FORMAT_PLI);
    assert_int_equal(rtcp_read_feedback(&part, &feedback), STATUS_OK);
    assert_int_equal(feedback.media_ssrc, 2);
    assert_int_equal(rtcp_next(&compound, &part), STATUS_OK);
    assert_int_equal(bytes_left(&part.body), 8);
    assert_int_equal(rtcp_next(&compound, &part), STATUS_NOT_FOUND);
}

static void rtcp_next_refuses_what_is_broken(void **state)
{
    (void)state;
    static const struct {
        enum status status;
        uint8_t wire_bytes;
        uint8_t wire[12];
    } cases[] = {
        {STATUS_NOT_FOUND, 0, {0}},
        {STATUS_SHORT, 3, {0x80, 201, 0}},
        {STATUS_SHORT, 4, {0x80, 201, 0, 1}},
        {STATUS_SHORT, 7, {0x80, 201, 0, 1, 0, 0, 0}},
        {STATUS_MALFORMED, 8, {0x40, 201, 0, 1, 0, 0, 0, 1}},
        {STATUS_MALFORMED, 4, {0xa0, 201, 0, 0}},
        {STATUS_MALFORMED, 8, {0xa0, 201, 0, 1, 0, 0, 0, 0}},
        {STATUS_MALFORMED, 8, {0xa0, 201, 0, 1, 0, 0, 0, 5}},
        {STATUS_OK, 8, {0xa0, 201, 0, 1, 0, 0, 0, 4}},
        {STATUS_OK, 4, {0x80, 201, 0, 0}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes compound = bytes_of(cases[i].wire, cases[i].wire_bytes);
        struct rtcp_part part;
        if (rtcp_next(&compound, &part) != cases[i].status)
            fail_msg("case %zu", i);
    }
}

static void rtcp_reports_read_back(void **state)
{
    (void)state;
    uint8_t out[256];
    struct bytes_writer writer = bytes_writer_of(out, sizeof out);
    const struct rtcp_sender_info sent = {.ssrc = 5,
                                          .ntp_timestamp = 0x0102030405060708,
                                          .timestamp = 9,
                                          .packets = 10,
                                          .octets = 11};
    const struct rtcp_report reports[] = {
        {.ssrc = 1,
         .fraction_lost = 255,
         .packets_lost = -2,
         .highest_sequence_number = 0x10005,
         .jitter = 3,
         .last_sender_report = 0x03040506,
         .delay_since_sender_report = 65536},
        {.ssrc = 2, .packets_lost = 0x7fffff},
    };

    rtcp_put_sender_report(&writer, &sent);
    rtcp_put_receiver_report(&writer, 77, reports, 2);
    rtcp_put_description(&writer, 5, "manycast");
    rtcp_put_bye(&writer, 5);
    assert_true(bytes_writer_ok(&writer));

    struct bytes compound = bytes_of(out, bytes_written(&writer));
    struct rtcp_part part;
    struct rtcp_sender_info info;
    struct rtcp_report report;
    assert_int_equal(rtcp_next(&compound, &part), STATUS_OK);
    assert_int_equal(rtcp_read_sender_info(&part, &info), STATUS_OK);
    assert_int_equal(info.ssrc, 5);
    assert_true(info.ntp_timestamp == sent.ntp_timestamp);
    assert_int_equal(info.octets, 11);
    assert_int_equal(rtcp_next(&compound, &part), STATUS_OK);
    assert_int_equal(part.count, 2);
    assert_int_equal(bytes_u32(&part.body), 77);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(rtcp_read_report(&part, &report), STATUS_OK);
        assert_int_equal(report.ssrc, reports[i].ssrc);
        assert_int_equal(report.fraction_lost, reports[i].fraction_lost);
        assert_int_equal(report.packets_lost, reports[i].packets_lost);
        assert_int_equal(report.highest_sequence_number, reports[i].highest_sequence_number);
        assert_int_equal(report.jitter, reports[i].jitter);
        assert_int_equal(report.last_sender_report, reports[i].last_sender_report);
        assert_int_equal(report.delay_since_sender_report, reports[i].delay_since_sender_report);
    }
    assert_int_equal(rtcp_next(&compound, &part), STATUS_OK);
    assert_int_equal(part.type, RTCP_SOURCE_DESCRIPTION);
    assert_int_equal(bytes_left(&part.body), 16); /* SSRC, 2 + 8, end, padded */
    assert_int_equal(rtcp_next(&compound, &part), STATUS_OK);
    assert_int_equal(part.type, RTCP_BYE);
    assert_int_equal(rtcp_next(&compound, &part), STATUS_NOT_FOUND);
}

static void rtcp_put_nack_packs_seventeen_a_word(void **state)
{
    (void)state;
    static const struct {
        uint16_t asked[4];
        unsigned count;
        uint8_t words[8];
        unsigned words_bytes;
    } cases[] = {
        {{7}, 1, {0, 7, 0, 0}, 4},
        {{7, 8, 23}, 3, {0, 7, 0x80, 0x01}, 4},
        {{7, 24}, 2, {0, 7, 0, 0, 0, 24, 0, 0}, 8},
        {{65535, 0, 3}, 3, {0xff, 0xff, 0x00, 0x09}, 4},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[64];
        struct bytes_writer writer = bytes_writer_of(out, sizeof out);
        rtcp_put_nack(&writer, (struct rtcp_feedback){1, 2}, cases[i].asked, cases[i].count);
        assert_int_equal(bytes_written(&writer), 12 + cases[i].words_bytes);
        assert_memory_equal(&out[12], cases[i].words, cases[i].words_bytes);
        assert_int_equal(out[0], 0x81);
        assert_int_equal(out[1], 205);
        assert_int_equal(out[3], 2 + cases[i].words_bytes / 4);
    }
}

static void rtcp_puts_what_asks_for_key_frames(void **state)
{
    (void)state;
    static const uint8_t pli[] = {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};
    static const uint8_t fir[] = {0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 9, 0, 0, 0};
    uint8_t out[64];

    struct bytes_writer writer = bytes_writer_of(out, sizeof out);
    rtcp_put_pli(&writer, (struct rtcp_feedback){1, 2});
    assert_int_equal(bytes_written(&writer), sizeof pli);
    assert_memory_equal(out, pli, sizeof pli);
    writer = bytes_writer_of(out, sizeof out);
    rtcp_put_fir(&writer, (struct rtcp_feedback){1, 2}, 9);
    assert_int_equal(bytes_written(&writer), sizeof fir);
    assert_memory_equal(out, fir, sizeof fir);
}

static void rtcp_put_remb_rounds_down_to_18_bits(void **state)
{
    (void)state;
    static const uint64_t cases[] = {0, 1000, 0x3ffff, 0x40000, 8000000, UINT64_C(40000000000)};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[64];
        const uint32_t ssrcs[] = {3, 4};
        struct bytes_writer writer = bytes_writer_of(out, sizeof out);
        rtcp_put_remb(&writer, 1, cases[i], ssrcs, 2);
        assert_int_equal(bytes_written(&writer), 28);
        assert_memory_equal(&out[12], "REMB", 4);
        uint32_t mantissa = ((uint32_t)out[17] & 3) << 16 | (uint32_t)out[18] << 8 | out[19];
        uint64_t read = (uint64_t)mantissa << (out[17] >> 2);
        assert_int_equal(out[16], 2);
        assert_true(read <= cases[i]);
        assert_true(cases[i] - read <= cases[i] / 1000);
    }
}

static void rtcp_writers_fail_when_there_is_no_room(void **state)
{
    (void)state;
    uint8_t out[8];
    struct bytes_writer writer = bytes_writer_of(out, sizeof out);

    rtcp_put_pli(&writer, (struct rtcp_feedback){1, 2});
    assert_false(bytes_writer_ok(&writer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rtcp_next_cuts_each_part_to_its_length),
        cmocka_unit_test(rtcp_next_refuses_what_is_broken),
        cmocka_unit_test(rtcp_reports_read_back),
        cmocka_unit_test(rtcp_put_nack_packs_seventeen_a_word),
        cmocka_unit_test(rtcp_puts_what_asks_for_key_frames),
        cmocka_unit_test(rtcp_put_remb_rounds_down_to_18_bits),
        cmocka_unit_test(rtcp_writers_fail_when_there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
