#include "core/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t wire[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
                               0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12};

static void bytes_reads_big_endian(void **state)
{
    (void)state;
    struct bytes bytes = bytes_of(wire, sizeof wire);

    assert_int_equal(bytes_u8(&bytes), 0x01);
    assert_int_equal(bytes_u16(&bytes), 0x0203);
    assert_int_equal(bytes_u24(&bytes), 0x040506);
    assert_int_equal(bytes_u32(&bytes), 0x0708090a);
    assert_true(bytes_u64(&bytes) == UINT64_C(0x0b0c0d0e0f101112));
    assert_true(bytes_ok(&bytes));
    assert_int_equal(bytes_left(&bytes), 0);
}

static void bytes_failure_sticks_when_too_short(void **state)
{
    (void)state;
    struct bytes bytes = bytes_of(wire, 3);

    assert_int_equal(bytes_u32(&bytes), 0);
    assert_false(bytes_ok(&bytes));
    assert_int_equal(bytes_left(&bytes), 0);
    assert_int_equal(bytes_u8(&bytes), 0);
    assert_null(bytes_take(&bytes, 1));
}

static void bytes_u16_fails_when_one_byte_left(void **state)
{
    (void)state;
    struct bytes bytes = bytes_of(wire, 1);

    assert_int_equal(bytes_u16(&bytes), 0);
    assert_false(bytes_ok(&bytes));
}

static void bytes_reads_nothing_when_empty(void **state)
{
    (void)state;
    struct bytes bytes = bytes_of(NULL, 0);

    bytes_skip(&bytes, 0);
    assert_true(bytes_ok(&bytes));
    assert_int_equal(bytes_u8(&bytes), 0);
    assert_false(bytes_ok(&bytes));
}

static void bytes_cut_cannot_bleed(void **state)
{
    (void)state;
    struct bytes bytes = bytes_of(wire, 6);
    struct bytes part = bytes_cut(&bytes, 2);

    assert_int_equal(bytes_u32(&part), 0);
    assert_false(bytes_ok(&part));
    assert_int_equal(bytes_u32(&bytes), 0x03040506);
    part = bytes_cut(&bytes, 1);
    assert_false(bytes_ok(&part));
    assert_false(bytes_ok(&bytes));
}

static void bytes_writes_what_it_reads(void **state)
{
    (void)state;
    uint8_t out[sizeof wire] = {0};
    struct bytes_writer writer = bytes_writer_of(out, sizeof out);

    bytes_put_u8(&writer, 0x01);
    bytes_put_u16(&writer, 0xffff);
    bytes_put_u24(&writer, 0x040506);
    bytes_put_u32(&writer, 0x0708090a);
    bytes_put_u64(&writer, UINT64_C(0x0b0c0d0e0f101112));
    bytes_patch_u16(&writer, 1, 0x0203);
    assert_true(bytes_writer_ok(&writer));
    assert_int_equal(bytes_written(&writer), sizeof wire);
    assert_memory_equal(out, wire, sizeof wire);
}

static void bytes_writer_failure_sticks_when_full(void **state)
{
    (void)state;
    uint8_t out[4] = {0};
    struct bytes_writer writer = bytes_writer_of(out, 3);

    bytes_put(&writer, wire, 2);
    bytes_put_u16(&writer, 0xffff);
    bytes_put_u8(&writer, 0xff);
    bytes_put_zeros(&writer, 1);
    assert_false(bytes_writer_ok(&writer));
    assert_int_equal(bytes_written(&writer), 2);
    assert_int_equal(out[2], 0);
}

static void bytes_patch_fails_when_not_written_yet(void **state)
{
    (void)state;
    uint8_t out[4] = {0};
    struct bytes_writer writer = bytes_writer_of(out, sizeof out);

    bytes_put_u8(&writer, 1);
    bytes_patch_u16(&writer, 0, 0xffff);
    assert_false(bytes_writer_ok(&writer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_reads_big_endian),
        cmocka_unit_test(bytes_failure_sticks_when_too_short),
        cmocka_unit_test(bytes_u16_fails_when_one_byte_left),
        cmocka_unit_test(bytes_reads_nothing_when_empty),
        cmocka_unit_test(bytes_cut_cannot_bleed),
        cmocka_unit_test(bytes_writes_what_it_reads),
        cmocka_unit_test(bytes_writer_failure_sticks_when_full),
        cmocka_unit_test(bytes_patch_fails_when_not_written_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
