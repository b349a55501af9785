#include "core/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PLAIN 0x60, 0x12, 0x34, 0x11, 0x22, 0x33, 0x44, 0xaa, 0xbb, 0xcc, 0xdd

static void rtp_parse_reads_a_plain_header(void **state)
{
    (void)state;
    static const uint8_t wire[] = {0x80, 0xe0, 0x12, 0x34, 0x11, 0x22, 0x33, 0x44,
                                   0xaa, 0xbb, 0xcc, 0xdd, 0x01, 0x02, 0x03};
    struct rtp rtp;

    assert_int_equal(rtp_parse(wire, sizeof wire, &rtp), STATUS_OK);
    assert_true(rtp.marker);
    assert_int_equal(rtp.payload_type, 0x60);
    assert_int_equal(rtp.sequence_number, 0x1234);
    assert_int_equal(rtp.timestamp, 0x11223344);
    assert_int_equal(rtp.ssrc, 0xaabbccdd);
    assert_int_equal(rtp.payload_offset, 12);
    assert_int_equal(rtp.payload_bytes, 3);
    assert_int_equal(rtp.padding_bytes, 0);
    assert_int_equal(rtp.element_count, 0);
}

struct parse_case {
    const char *what;
    enum status status;
    uint16_t payload_offset;
    uint16_t payload_bytes;
    uint8_t elements;
    uint8_t wire_bytes;
    uint8_t wire[40];
};

static const struct parse_case parse_cases[] = {
    {"header alone", STATUS_OK, 12, 0, 0, 12, {0x80, PLAIN}},
    {"one byte short", STATUS_SHORT, 0, 0, 0, 11, {0x80, PLAIN}},
    {"empty", STATUS_SHORT, 0, 0, 0, 0, {0}},
    {"version 1", STATUS_UNSUPPORTED, 0, 0, 0, 12, {0x40, PLAIN}},
    {"two CSRC", STATUS_OK, 20, 1, 0, 21, {0x82, PLAIN, 0, 0, 0, 1, 0, 0, 0, 2, 9}},
    {"CSRC missing", STATUS_SHORT, 0, 0, 0, 16, {0x82, PLAIN, 0, 0, 0, 1}},
    {"padding", STATUS_OK, 12, 1, 0, 15, {0xa0, PLAIN, 9, 0, 2}},
    {"padding only", STATUS_OK, 12, 0, 0, 14, {0xa0, PLAIN, 0, 2}},
    {"padding 0", STATUS_MALFORMED, 0, 0, 0, 14, {0xa0, PLAIN, 9, 0}},
    {"padding beyond", STATUS_MALFORMED, 0, 0, 0, 14, {0xa0, PLAIN, 9, 3}},
    {"padding flag, no payload", STATUS_MALFORMED, 0, 0, 0, 12, {0xa0, PLAIN}},
    {"one-byte elements",
     STATUS_OK,
     20,
     1,
     2,
     21,
     {0x90, PLAIN, 0xbe, 0xde, 0, 1, 0x10, 0x85, 0x30, 0x07, 9}},
    {"one-byte, padding between",
     STATUS_OK,
     24,
     0,
     2,
     24,
     {0x90, PLAIN, 0xbe, 0xde, 0, 2, 0x10, 0x85, 0, 0, 0x31, 1, 2, 0}},
    {"one-byte, stop at 15",
     STATUS_OK,
     20,
     0,
     1,
     20,
     {0x90, PLAIN, 0xbe, 0xde, 0, 1, 0x10, 0x85, 0xf0, 0x07}},
    {"one-byte element beyond its block",
     STATUS_OK,
     20,
     4,
     0,
     24,
     {0x90, PLAIN, 0xbe, 0xde, 0, 1, 0x17, 1, 2, 3, 4, 5, 6, 7}},
    {"two-byte elements",
     STATUS_OK,
     24,
     0,
     2,
     24,
     {0x90, PLAIN, 0x10, 0x00, 0, 2, 1, 0, 3, 2, 7, 7, 0, 0}},
    {"two-byte length missing", STATUS_OK, 20, 0, 0, 20, {0x90, PLAIN, 0x10, 0, 0, 1, 0, 0, 0, 1}},
    {"unknown form", STATUS_OK, 20, 0, 0, 20, {0x90, PLAIN, 0x12, 0x34, 0, 1, 0x10, 5, 0, 0}},
    {"block beyond the packet", STATUS_SHORT, 0, 0, 0, 20, {0x90, PLAIN, 0xbe, 0xde, 0, 2, 1, 2}},
    {"block header missing", STATUS_SHORT, 0, 0, 0, 14, {0x90, PLAIN, 0xbe, 0xde}},
    {"empty block", STATUS_OK, 16, 0, 0, 16, {0x90, PLAIN, 0xbe, 0xde, 0, 0}},
};

static void rtp_parse_keeps_to_the_edges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parse_cases / sizeof parse_cases[0]; i++) {
        const struct parse_case *c = &parse_cases[i];
        struct rtp rtp = {0};
        enum status status = rtp_parse(c->wire, c->wire_bytes, &rtp);
        if (status != c->status || rtp.payload_offset != c->payload_offset ||
            rtp.payload_bytes != c->payload_bytes || rtp.element_count != c->elements) {
            fail_msg("%s: %s, payload %d+%d, %d elements", c->what, status_text(status),
                     rtp.payload_offset, rtp.payload_bytes, rtp.element_count);
        }
    }
}

static void rtp_find_element_gives_its_place(void **state)
{
    (void)state;
    static const uint8_t wire[] = {0x90, PLAIN, 0xbe, 0xde, 0, 2, 0x10, 0x85, 0x32, 7, 8, 9, 0, 0};
    struct rtp rtp;

    assert_int_equal(rtp_parse(wire, sizeof wire, &rtp), STATUS_OK);
    const struct rtp_element *element = rtp_find_element(&rtp, 3);
    assert_non_null(element);
    assert_int_equal(element->bytes, 3);
    assert_int_equal(wire[element->offset], 7);
    assert_null(rtp_find_element(&rtp, 2));
    assert_null(rtp_find_element(&rtp, 0));
}

static void rtp_write_header_reads_back(void **state)
{
    (void)state;
    static const uint8_t data[40] = {1, 2, 3};
    static const struct {
        struct rtp_element_data elements[3];
        unsigned count;
        size_t bytes;
    } cases[] = {
        {{{0}}, 0, 12},
        {{{1, 1, data}}, 1, 20},
        {{{1, 3, data}}, 1, 20},
        {{{1, 1, data}, {2, 3, data}, {14, 16, data}}, 3, 16 + 24},
        {{{1, 1, data}, {2, 17, data}}, 2, 16 + 24}, /* two-byte form: 3 + 19 */
        {{{1, 0, data}}, 1, 16 + 4},
    };
    const struct rtp header = {
        .marker = true, .payload_type = 111, .sequence_number = 65535, .timestamp = 7, .ssrc = 9};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[64];
        struct rtp rtp;
        size_t bytes =
            rtp_write_header(out, sizeof out, &header, cases[i].elements, cases[i].count);
        assert_int_equal(bytes, cases[i].bytes);
        assert_int_equal(rtp_parse(out, bytes, &rtp), STATUS_OK);
        assert_true(rtp.marker);
        assert_int_equal(rtp.payload_type, 111);
        assert_int_equal(rtp.sequence_number, 65535);
        assert_int_equal(rtp.timestamp, 7);
        assert_int_equal(rtp.ssrc, 9);
        assert_int_equal(rtp.payload_offset, bytes);
        assert_int_equal(rtp.element_count, cases[i].count);
        for (unsigned j = 0; j < cases[i].count; j++) {
            assert_int_equal(rtp.elements[j].id, cases[i].elements[j].id);
            assert_int_equal(rtp.elements[j].bytes, cases[i].elements[j].bytes);
            assert_memory_equal(&out[rtp.elements[j].offset], data, rtp.elements[j].bytes);
        }
        assert_int_equal(
            rtp_write_header(out, bytes - 1, &header, cases[i].elements, cases[i].count), 0);
    }
}

static void rtp_sequence_numbers_wrap(void **state)
{
    (void)state;
    static const struct {
        uint16_t a;
        uint16_t b;
        int difference;
    } cases[] = {{0, 0, 0},          {0, 1, 1},       {1, 0, -1},       {65535, 0, 1},
                 {0, 65535, -1},     {65530, 10, 16}, {10, 65530, -16}, {0, 32767, 32767},
                 {0, 32768, -32768}, {100, 99, -1}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(rtp_sequence_difference(cases[i].a, cases[i].b), cases[i].difference);
        assert_int_equal(rtp_sequence_less(cases[i].a, cases[i].b), cases[i].difference > 0);
    }
}

static void rtp_sequence_extend_takes_the_nearest(void **state)
{
    (void)state;
    static const struct {
        int64_t reference;
        uint16_t sequence_number;
        int64_t extended;
    } cases[] = {{0, 5, 5},
                 {65535, 0, 65536},
                 {65536, 65535, 65535},
                 {131000, 0, 131072},
                 {0, 65535, -1},
                 {-1, 0, 0},
                 {-65536, 1, -65535},
                 {INT64_C(1) << 40, 3, (INT64_C(1) << 40) + 3}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(rtp_sequence_extend(cases[i].reference, cases[i].sequence_number) ==
                    cases[i].extended);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rtp_parse_reads_a_plain_header),
        cmocka_unit_test(rtp_parse_keeps_to_the_edges),
        cmocka_unit_test(rtp_find_element_gives_its_place),
        cmocka_unit_test(rtp_write_header_reads_back),
        cmocka_unit_test(rtp_sequence_numbers_wrap),
        cmocka_unit_test(rtp_sequence_extend_takes_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
