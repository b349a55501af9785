#include "core/reception.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"

static void reception_counts_loss_as_rfc_3550(void **state)
{
    (void)state;
    struct reception reception = {0};

    for (int64_t i = 0; i < 100; i++)
        if (i % 4 != 1) /* a quarter is lost */
            reception_on_packet(&reception, 65500 + i, 0, 90000, MONO_SECOND);
    struct rtcp_report report = reception_report(&reception, 7, MONO_SECOND);
    assert_int_equal(report.ssrc, 7);
    assert_int_equal(report.packets_lost, 25);
    assert_int_equal(report.fraction_lost, 64);
    assert_int_equal(report.highest_sequence_number, 65599);
    assert_int_equal(report.last_sender_report, 0);
    for (int64_t i = 0; i < 5; i++) /* sent again: more than was expected */
        reception_on_packet(&reception, 65501 + 4 * i, 0, 90000, MONO_SECOND);
    report = reception_report(&reception, 7, MONO_SECOND);
    assert_int_equal(report.packets_lost, 20);
    assert_int_equal(report.fraction_lost, 0);
}

static void reception_reports_nothing_before_the_first(void **state)
{
    (void)state;
    struct reception reception = {0};
    struct rtcp_report report = reception_report(&reception, 7, MONO_SECOND);

    assert_int_equal(report.packets_lost, 0);
    assert_int_equal(report.fraction_lost, 0);
}

static void reception_measures_jitter(void **state)
{
    (void)state;
    struct reception steady = {0};
    struct reception shaky = {0};

    for (int64_t i = 0; i < 500; i++) {
        int64_t now_ns = MONO_SECOND + i * 20 * MONO_MS;
        uint32_t timestamp = (uint32_t)i * 960 + 0xffff0000;
        reception_on_packet(&steady, i, timestamp, 48000, now_ns);
        reception_on_packet(&shaky, i, timestamp, 48000, now_ns + (i % 2) * 5 * MONO_MS);
    }
    assert_int_equal(reception_report(&steady, 1, 0).jitter, 0);
    assert_in_range(reception_report(&shaky, 1, 0).jitter, 230, 240); /* 5 ms = 240 */
}

static void reception_tells_the_last_sender_report(void **state)
{
    (void)state;
    struct reception reception = {0};

    reception_on_sender_report(&reception, 0x1111222233334444, 10 * MONO_SECOND);
    struct rtcp_report report = reception_report(&reception, 1, 10500 * MONO_MS);
    assert_int_equal(report.last_sender_report, 0x22223333);
    assert_int_equal(report.delay_since_sender_report, 32768);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reception_counts_loss_as_rfc_3550),
        cmocka_unit_test(reception_reports_nothing_before_the_first),
        cmocka_unit_test(reception_measures_jitter),
        cmocka_unit_test(reception_tells_the_last_sender_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
