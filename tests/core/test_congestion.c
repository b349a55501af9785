#include "core/congestion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"

enum { TOLD_MAX = 4096, TICKS_NEVER = -1 };

/* What a sender reads from our feedback, by the draft and not by our writer. */
struct told {
    uint16_t base;
    uint16_t count;
    uint8_t feedback_count;
    int64_t ticks[TOLD_MAX]; /* of 250 us; TICKS_NEVER: not received */
};

static struct congestion congestion;
static struct told told;

static unsigned read_chunk(uint16_t chunk, uint8_t *symbols, unsigned most)
{
    unsigned count = 0;

    if ((chunk & 0x8000) == 0) {
        unsigned run = chunk & 0x1fff;
        for (; count < run && count < most; count++)
            symbols[count] = (chunk >> 13) & 3;
    } else if ((chunk & 0x4000) == 0) {
        for (; count < 14 && count < most; count++)
            symbols[count] = (chunk >> (13 - count)) & 1;
    } else {
        for (; count < 7 && count < most; count++)
            symbols[count] = (chunk >> (12 - 2 * count)) & 3;
    }
    return count;
}

/* Writes the next feedback and reads it; false when there was none. */
static bool next_feedback(int64_t now_ns)
{
    uint8_t out[1200];
    static uint8_t symbols[TOLD_MAX];
    struct bytes_writer writer = bytes_writer_of(out, sizeof out);
    struct rtcp_part part;

    congestion_put_feedback(&congestion, &writer, (struct rtcp_feedback){1, 2}, now_ns);
    assert_true(bytes_writer_ok(&writer));
    if (bytes_written(&writer) == 0)
        return false;
    struct bytes compound = bytes_of(out, bytes_written(&writer));
    assert_int_equal(rtcp_next(&compound, &part), STATUS_OK);
    assert_int_equal(part.type, RTCP_TRANSPORT_FEEDBACK);
    assert_int_equal(part.count, RTCP_FORMAT_TRANSPORT_WIDE);
    assert_int_equal(bytes_u32(&part.body), 1);
    assert_int_equal(bytes_u32(&part.body), 2);
    told.base = bytes_u16(&part.body);
    told.count = bytes_u16(&part.body);
    int64_t ticks = (int64_t)bytes_u24(&part.body) * 256;
    told.feedback_count = bytes_u8(&part.body);
    assert_in_range(told.count, 1, CONGESTION_STATUSES_MAX);
    for (unsigned i = 0; i < told.count;)
        i += read_chunk(bytes_u16(&part.body), &symbols[i], told.count - i);
    for (unsigned i = 0; i < told.count; i++) {
        told.ticks[i] = TICKS_NEVER;
        if (symbols[i] == 1) {
            ticks += bytes_u8(&part.body);
            told.ticks[i] = ticks;
        } else if (symbols[i] == 2) {
            ticks += (int16_t)bytes_u16(&part.body);
            told.ticks[i] = ticks;
        }
    }
    assert_true(bytes_ok(&part.body));
    assert_true(bytes_left(&part.body) < 4);
    return true;
}

static int set_up(void **state)
{
    (void)state;
    memset(&congestion, 0, sizeof congestion);
    congestion_reset(&congestion);
    return 0;
}

static void congestion_says_when_each_arrived(void **state)
{
    (void)state;
    int64_t start_ns = 1000 * MONO_SECOND;

    assert_true(congestion_due_ns(&congestion) == MONO_NEVER);
    for (unsigned i = 0; i < 100; i++)
        if (i % 10 != 3)
            congestion_on_packet(&congestion, (uint16_t)(65500 + i), start_ns + i * MONO_MS);
    assert_true(congestion_due_ns(&congestion) == start_ns + 50 * MONO_MS);
    assert_true(next_feedback(start_ns + 100 * MONO_MS));
    assert_int_equal(told.base, 65500);
    assert_int_equal(told.count, 100);
    for (unsigned i = 0; i < 100; i++) {
        int64_t expected = i % 10 == 3 ? TICKS_NEVER : start_ns / 250000 + i * 4;
        assert_true(told.ticks[i] == expected);
    }
    assert_true(congestion_due_ns(&congestion) == MONO_NEVER);
    assert_false(next_feedback(start_ns + 100 * MONO_MS));
    congestion_on_packet(&congestion, 64, start_ns + 101 * MONO_MS);
    assert_true(next_feedback(start_ns + 150 * MONO_MS));
    assert_int_equal(told.base, 64);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.feedback_count, 1);
}

static void congestion_tells_late_ones_after_all(void **state)
{
    (void)state;
    int64_t start_ns = 1000 * MONO_SECOND;

    congestion_on_packet(&congestion, 10, start_ns);
    congestion_on_packet(&congestion, 12, start_ns);
    assert_true(next_feedback(start_ns));
    assert_true(told.ticks[1] == TICKS_NEVER);
    congestion_on_packet(&congestion, 11, start_ns + 20 * MONO_MS);
    assert_true(next_feedback(start_ns + 50 * MONO_MS));
    assert_int_equal(told.base, 11);
    assert_int_equal(told.count, 2);
    assert_true(told.ticks[0] == (start_ns + 20 * MONO_MS) / 250000);
    assert_true(told.ticks[1] == start_ns / 250000); /* a negative delta */
}

static void congestion_splits_what_is_too_much_or_too_far(void **state)
{
    (void)state;
    int64_t now_ns = 1000 * MONO_SECOND;
    unsigned told_of = 0;

    for (unsigned i = 0; i < 900; i++)
        congestion_on_packet(&congestion, (uint16_t)i, now_ns + i * 300 * MONO_MS / 100);
    while (congestion_due_ns(&congestion) != MONO_NEVER) {
        assert_true(next_feedback(now_ns));
        assert_int_equal(told.base, told_of);
        told_of += told.count;
    }
    assert_int_equal(told_of, 900);
    congestion_on_packet(&congestion, 900, now_ns);
    congestion_on_packet(&congestion, 901, now_ns + 60 * MONO_SECOND);
    assert_true(next_feedback(now_ns));
    assert_int_equal(told.count, 1);
    assert_true(next_feedback(now_ns));
    assert_true(told.ticks[0] == (now_ns + 60 * MONO_SECOND) / 250000);
}

static void congestion_survives_jumps_and_duplicates(void **state)
{
    (void)state;
    static const uint16_t sent[] = {0, 0, 65535, 30000, 29999, 100, 101, 33000, 35000, 36000};
    int64_t now_ns = 1000 * MONO_SECOND;

    for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++) {
        now_ns += MONO_MS;
        congestion_on_packet(&congestion, sent[i], now_ns);
        (void)next_feedback(now_ns);
    }
    while (congestion_due_ns(&congestion) != MONO_NEVER)
        (void)next_feedback(now_ns);
    assert_int_equal((uint16_t)(told.base + told.count - 1), 36000);
}

/* Random losses, reorderings and pauses against the reader above. */
static void congestion_reads_back_whatever_happens(void **state)
{
    (void)state;
    uint32_t random = 12345;
    int64_t now_ns = 1000 * MONO_SECOND;
    static int64_t arrived[70000];

    for (unsigned number = 0; number < 70000; number++) {
        random = random * 1664525 + 1013904223;
        now_ns += (int64_t)(random >> 28) * 200000 + ((random >> 8) % 997 == 0 ? MONO_SECOND : 0);
        arrived[number] = (random >> 16) % 5 == 0 ? 0 : now_ns;
        if (arrived[number] != 0)
            congestion_on_packet(&congestion, (uint16_t)number, now_ns);
        while (congestion_due_ns(&congestion) <= now_ns) {
            int64_t base = congestion.next - 0x10000;
            if (!next_feedback(now_ns))
                continue;
            assert_int_equal(told.base, (uint16_t)base);
            for (unsigned i = 0; i < told.count; i++) {
                int64_t at_ns = arrived[base + i];
                assert_true(told.ticks[i] == (at_ns == 0 ? TICKS_NEVER : at_ns / 250000));
            }
        }
    }
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(congestion_says_when_each_arrived),
        TEST(congestion_tells_late_ones_after_all),
        TEST(congestion_splits_what_is_too_much_or_too_far),
        TEST(congestion_survives_jumps_and_duplicates),
        TEST(congestion_reads_back_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
