#include "transport/datachannel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* RFC 8832 section 5.1: type, channel type, priority, reliability parameter, two lengths. */
#define OPEN(type, limit, label_bytes, protocol_bytes)                                             \
    "\3" type "\1\0\0\0\0" limit "\0" label_bytes "\0" protocol_bytes

static void datachannel_reads_what_the_rfc_draws(void **state)
{
    (void)state;
    static const struct {
        const char *wire;
        size_t bytes;
        bool ordered;
        enum datachannel_reliability reliability;
        uint32_t limit;
    } cases[] = {
        {OPEN("\x00", "\0", "\4", "\0") "chat", 16, true, DATACHANNEL_RELIABLE, 0},
        {OPEN("\x80", "\0", "\4", "\0") "chat", 16, false, DATACHANNEL_RELIABLE, 0},
        {OPEN("\x01", "\5", "\4", "\0") "chat", 16, true, DATACHANNEL_RETRANSMITS, 5},
        {OPEN("\x81", "\0", "\4", "\0") "chat", 16, false, DATACHANNEL_RETRANSMITS, 0},
        {OPEN("\x02", "\x64", "\4", "\4") "chatjson", 20, true, DATACHANNEL_LIFETIME, 100},
        {OPEN("\x82", "\x64", "\4", "\4") "chatjson", 20, false, DATACHANNEL_LIFETIME, 100},
        /* a reliable channel has no limit, whatever stands there */
        {OPEN("\x00", "\7", "\4", "\0") "chat", 16, true, DATACHANNEL_RELIABLE, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum datachannel_message message = DATACHANNEL_ACK;
        struct datachannel channel;

        assert_int_equal(
            datachannel_read((const uint8_t *)cases[i].wire, cases[i].bytes, &message, &channel),
            STATUS_OK);
        assert_int_equal(message, DATACHANNEL_OPEN);
        assert_int_equal(channel.ordered, cases[i].ordered);
        assert_int_equal(channel.reliability, cases[i].reliability);
        assert_int_equal(channel.limit, cases[i].limit);
        assert_int_equal(channel.priority, 256);
        assert_true(datachannel_is_named(&channel, "chat"));
        assert_false(datachannel_is_named(&channel, "chats"));
        assert_int_equal(channel.protocol.bytes, cases[i].bytes - 16);
    }
}

static void datachannel_refuses_what_is_no_message(void **state)
{
    (void)state;
    static const struct {
        const char *wire;
        size_t bytes;
        enum status expected;
    } cases[] = {
        {"", 0, STATUS_SHORT},
        {"\2", 1, STATUS_OK},
        {"\2x", 2, STATUS_MALFORMED},
        {"\4", 1, STATUS_UNSUPPORTED},
        {"\3", 1, STATUS_SHORT},
        {OPEN("\0", "\0", "\0", "\0"), 11, STATUS_SHORT},
        {OPEN("\0", "\0", "\0", "\0"), 12, STATUS_OK},
        {OPEN("\0", "\0", "\1", "\0"), 12, STATUS_SHORT},
        {OPEN("\0", "\0", "\1", "\1") "a", 13, STATUS_SHORT},
        {OPEN("\0", "\0", "\1", "\0") "ab", 14, STATUS_MALFORMED},
        {OPEN("\3", "\0", "\1", "\0") "a", 13, STATUS_UNSUPPORTED},
        {OPEN("\x83", "\0", "\1", "\0") "a", 13, STATUS_UNSUPPORTED},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum datachannel_message message = DATACHANNEL_ACK;
        struct datachannel channel;

        assert_int_equal(
            datachannel_read((const uint8_t *)cases[i].wire, cases[i].bytes, &message, &channel),
            cases[i].expected);
    }
}

static void datachannel_refuses_a_name_that_is_too_long(void **state)
{
    (void)state;
    uint8_t wire[12 + 256] = {3, 0, 0, 0, 0, 0, 0, 0, 0, DATACHANNEL_NAME_BYTES_MAX};
    enum datachannel_message message = DATACHANNEL_ACK;
    struct datachannel channel;

    assert_int_equal(datachannel_read(wire, 12 + 255, &message, &channel), STATUS_OK);
    assert_int_equal(channel.label.bytes, 255);
    wire[8] = 1;
    wire[9] = 0;
    assert_int_equal(datachannel_read(wire, 12 + 256, &message, &channel), STATUS_UNSUPPORTED);
}

static void datachannel_writes_what_it_reads(void **state)
{
    (void)state;
    struct datachannel channel = {.ordered = false,
                                  .reliability = DATACHANNEL_LIFETIME,
                                  .limit = 1500,
                                  .priority = 512,
                                  .label = {.bytes = 6, .text = "\xe5\xad\x97\xe5\xb9\x95"},
                                  .protocol = {.bytes = 4, .text = "json"}};
    struct datachannel again;
    enum datachannel_message message = DATACHANNEL_ACK;
    uint8_t wire[DATACHANNEL_OPEN_BYTES_MAX];
    uint8_t wire_again[DATACHANNEL_OPEN_BYTES_MAX];

    assert_int_equal(datachannel_write_open(&channel, wire), 12 + 10);
    assert_int_equal(datachannel_read(wire, 12 + 10, &message, &again), STATUS_OK);
    assert_int_equal(again.limit, 1500);
    assert_int_equal(datachannel_write_open(&again, wire_again), 12 + 10);
    assert_memory_equal(wire_again, wire, 12 + 10);
    assert_int_equal(datachannel_write_ack(wire), 1);
    assert_int_equal(datachannel_read(wire, 1, &message, &again), STATUS_OK);
    assert_int_equal(message, DATACHANNEL_ACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datachannel_reads_what_the_rfc_draws),
        cmocka_unit_test(datachannel_refuses_what_is_no_message),
        cmocka_unit_test(datachannel_refuses_a_name_that_is_too_long),
        cmocka_unit_test(datachannel_writes_what_it_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
