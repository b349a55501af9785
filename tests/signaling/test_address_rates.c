#include "signaling/address_rates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/mono.h"

enum { PER_SECOND = 2, BURST = 3 };

static struct address_rates *rates;

static int set_up(void **state)
{
    (void)state;
    return address_rates_create(&rates) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    address_rates_destroy(rates);
    return 0;
}

static bool take(const char *address, int64_t at_ms)
{
    return address_rates_take(rates, address, PER_SECOND, BURST, mono_from_ms(at_ms));
}

static void address_rates_pass_a_burst_then_the_rate(void **state)
{
    static const struct {
        int64_t at_ms;
        bool passes;
    } cases[] = {
        {1000, true},  {1000, true}, {1000, true}, {1000, false}, {1400, false}, {1500, true},
        {1500, false}, {2000, true}, {9000, true}, {9000, true},  {9000, true},  {9000, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(take("192.0.2.1", cases[i].at_ms), cases[i].passes);
}

static void address_rates_count_addresses_apart_and_networks_together(void **state)
{
    static const struct {
        const char *address;
        bool passes;
    } cases[] = {
        {"192.0.2.1", false},
        {"192.0.2.2", true},
        {"::ffff:192.0.2.1", false},
        {"::ffff:192.0.2.3", true},
        {"2001:db8::1", false},
        {"2001:db8::ffff", false},
        {"2001:db8:0:0:9::1%eth0", false},
        {"2001:db8:0:1::1", true},
        {"", true},
    };

    (void)state;
    for (unsigned i = 0; i < BURST; i++) {
        assert_true(take("192.0.2.1", 1000));
        assert_true(take("2001:db8::7", 1000));
    }
    unsigned refused = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (take(cases[i].address, 1000) != cases[i].passes)
            fail_msg("%s", cases[i].address);
        refused += !cases[i].passes;
    }
    assert_int_equal(address_rates_refused(rates), refused);
}

static void address_rates_without_a_limit_remember_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        assert_true(address_rates_take(rates, "192.0.2.1", 0, 1, MONO_SECOND));
    assert_int_equal(address_rates_count(rates), 0);
}

static void address_rates_are_bounded_and_forget_the_quiet(void **state)
{
    char address[32];

    (void)state;
    for (unsigned i = 0; i < ADDRESS_RATES_MAX + 10; i++) {
        (void)snprintf(address, sizeof address, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        (void)take(address, 1000);
    }
    assert_int_equal(address_rates_count(rates), ADDRESS_RATES_MAX);
    assert_false(take("198.51.100.1", 1000)); /* the strangers' one is empty */
    address_rates_tick(rates, mono_from_ms(1100));
    assert_int_equal(address_rates_count(rates), ADDRESS_RATES_MAX);
    address_rates_tick(rates, mono_from_ms(7000));
    assert_int_equal(address_rates_count(rates), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(address_rates_pass_a_burst_then_the_rate, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(address_rates_count_addresses_apart_and_networks_together,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(address_rates_without_a_limit_remember_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(address_rates_are_bounded_and_forget_the_quiet, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
