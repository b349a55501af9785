#include "transport/tcp_framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void feed(struct tcp_framing *framing, const void *bytes, size_t count)
{
    size_t room = 0;
    uint8_t *at = tcp_framing_room(framing, &room);

    assert_true(room >= count);
    memcpy(at, bytes, count);
    tcp_framing_filled(framing, count);
}

static void tcp_framing_finds_frames_however_they_are_cut(void **state)
{
    (void)state;
    static const char wire[] = "\0\5hello\0\0\0\1x\0\3end";
    static const char *const expected[] = {"hello", "x", "end"};

    for (size_t step = 1; step < sizeof wire; step++) {
        struct tcp_framing framing = {.start_bytes = 0};
        uint8_t *frame = NULL;
        size_t bytes = 0;
        unsigned found = 0;

        for (size_t at = 0; at < sizeof wire - 1; at += step) {
            const size_t left = sizeof wire - 1 - at;
            feed(&framing, wire + at, left < step ? left : step);
            while (tcp_framing_next(&framing, &frame, &bytes) == STATUS_OK) {
                assert_int_equal(bytes, strlen(expected[found]));
                assert_memory_equal(frame, expected[found], bytes);
                found++;
            }
        }
        assert_int_equal(found, 3);
        assert_int_equal(tcp_framing_next(&framing, &frame, &bytes), STATUS_AGAIN);
    }
}

static void tcp_framing_judges_by_the_length_alone(void **state)
{
    (void)state;
    static const struct {
        const char *wire;
        size_t bytes;
        enum status expected;
    } cases[] = {
        {"", 0, STATUS_AGAIN},
        {"\0", 1, STATUS_AGAIN},
        {"\0\0", 2, STATUS_AGAIN},
        {"\0\2a", 3, STATUS_AGAIN},
        {"\0\2ab", 4, STATUS_OK},
        {"\x08\x00", 2, STATUS_AGAIN},
        {"\x08\x01", 2, STATUS_FULL},
        {"\xff\xff", 2, STATUS_FULL},
        {"\0\0\0\0\xff\xff", 6, STATUS_FULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tcp_framing framing = {.start_bytes = 0};
        uint8_t *frame = NULL;
        size_t bytes = 0;

        feed(&framing, cases[i].wire, cases[i].bytes);
        assert_int_equal(tcp_framing_next(&framing, &frame, &bytes), cases[i].expected);
    }
}

static void tcp_framing_always_has_room_for_the_largest_frame(void **state)
{
    (void)state;
    static uint8_t wire[TCP_FRAMING_HEADER_BYTES + TCP_FRAMING_FRAME_BYTES_MAX];
    struct tcp_framing framing = {.start_bytes = 0};
    uint8_t *frame = NULL;
    size_t bytes = 0;
    size_t sent = 0;
    unsigned found = 0;

    tcp_framing_write_header(wire, TCP_FRAMING_FRAME_BYTES_MAX);
    while (found < 20) {
        size_t room = 0;
        uint8_t *at = tcp_framing_room(&framing, &room);

        assert_true(room > 0);
        for (size_t i = 0; i < room; i++)
            at[i] = wire[sent++ % sizeof wire];
        tcp_framing_filled(&framing, room);
        while (tcp_framing_next(&framing, &frame, &bytes) == STATUS_OK) {
            assert_int_equal(bytes, TCP_FRAMING_FRAME_BYTES_MAX);
            found++;
        }
    }
}

static void tcp_framing_gives_an_unread_frame_again(void **state)
{
    (void)state;
    struct tcp_framing framing = {.start_bytes = 0};
    uint8_t *frame = NULL;
    size_t bytes = 0;

    feed(&framing, "\0\3one\0\3two", 10);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(tcp_framing_next(&framing, &frame, &bytes), STATUS_OK);
        assert_memory_equal(frame, "one", 3);
        if (i == 0)
            tcp_framing_unread(&framing, bytes);
    }
    assert_int_equal(tcp_framing_next(&framing, &frame, &bytes), STATUS_OK);
    assert_memory_equal(frame, "two", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_framing_finds_frames_however_they_are_cut),
        cmocka_unit_test(tcp_framing_judges_by_the_length_alone),
        cmocka_unit_test(tcp_framing_always_has_room_for_the_largest_frame),
        cmocka_unit_test(tcp_framing_gives_an_unread_frame_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
