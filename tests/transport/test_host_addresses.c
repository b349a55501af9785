#include "transport/host_addresses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void host_address_rank_of_knows_the_special_ranges(void **state)
{
    static const struct {
        const char *text;
        enum host_address_rank rank;
    } cases[] = {
        {"8.8.8.8", HOST_ADDRESS_IPV4_PUBLIC},
        {"10.0.0.1", HOST_ADDRESS_IPV4_PRIVATE},
        {"172.16.0.1", HOST_ADDRESS_IPV4_PRIVATE},
        {"172.31.255.254", HOST_ADDRESS_IPV4_PRIVATE},
        {"172.32.0.1", HOST_ADDRESS_IPV4_PUBLIC},
        {"192.168.1.1", HOST_ADDRESS_IPV4_PRIVATE},
        {"100.64.0.1", HOST_ADDRESS_IPV4_PRIVATE},
        {"100.127.255.255", HOST_ADDRESS_IPV4_PRIVATE},
        {"100.128.0.1", HOST_ADDRESS_IPV4_PUBLIC},
        {"169.254.1.1", HOST_ADDRESS_IPV4_PRIVATE},
        {"127.0.0.1", HOST_ADDRESS_IPV4_LOOPBACK},
        {"0.0.0.0", HOST_ADDRESS_UNUSABLE},
        {"224.0.0.1", HOST_ADDRESS_UNUSABLE},
        {"2001:db8::1", HOST_ADDRESS_IPV6_PUBLIC},
        {"fd00::1", HOST_ADDRESS_IPV6_PRIVATE},
        {"::1", HOST_ADDRESS_IPV6_LOOPBACK},
        {"fe80::1", HOST_ADDRESS_UNUSABLE},
        {"ff02::1", HOST_ADDRESS_UNUSABLE},
        {"::", HOST_ADDRESS_UNUSABLE},
        {"localhost", HOST_ADDRESS_UNUSABLE},
        {"", HOST_ADDRESS_UNUSABLE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (host_address_rank_of(cases[i].text) != cases[i].rank)
            fail_msg("%s: rank %d", cases[i].text, (int)host_address_rank_of(cases[i].text));
}

static void host_addresses_add_sorts_by_rank_and_keeps_each_once(void **state)
{
    static const char *const order[] = {"8.8.8.8",     "8.8.4.4", "10.0.0.1",
                                        "2001:db8::1", "fd00::1", "127.0.0.1"};
    struct host_addresses addresses = {.count = 0};

    (void)state;
    host_addresses_add(&addresses, "127.0.0.1");
    host_addresses_add(&addresses, "fd00::1");
    host_addresses_add(&addresses, "8.8.8.8");
    host_addresses_add(&addresses, "2001:db8::1");
    host_addresses_add(&addresses, "10.0.0.1");
    host_addresses_add(&addresses, "8.8.4.4");
    host_addresses_add(&addresses, "fe80::1");
    host_addresses_add(&addresses, "10.0.0.1");
    assert_int_equal(addresses.count, 6);
    for (unsigned i = 0; i < addresses.count; i++)
        assert_string_equal(addresses.address[i].text, order[i]);
}

static void host_addresses_add_drops_the_last_ranks_when_full(void **state)
{
    struct host_addresses addresses = {.count = 0};
    char text[16];

    (void)state;
    host_addresses_add(&addresses, "127.0.0.1");
    for (unsigned i = 0; i < HOST_ADDRESSES_MAX + 3; i++) {
        snprintf(text, sizeof text, "10.0.0.%u", i);
        host_addresses_add(&addresses, text);
    }
    assert_int_equal(addresses.count, HOST_ADDRESSES_MAX);
    assert_string_equal(addresses.address[0].text, "10.0.0.0");
    assert_string_equal(addresses.address[HOST_ADDRESSES_MAX - 1].text, "10.0.0.15");
}

static void host_addresses_read_finds_loopback_last(void **state)
{
    struct host_addresses addresses;

    (void)state;
    host_addresses_read(&addresses);
    assert_true(addresses.count > 0);
    assert_true(host_address_is_loopback(addresses.address[addresses.count - 1].rank));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_address_rank_of_knows_the_special_ranges),
        cmocka_unit_test(host_addresses_add_sorts_by_rank_and_keeps_each_once),
        cmocka_unit_test(host_addresses_add_drops_the_last_ranks_when_full),
        cmocka_unit_test(host_addresses_read_finds_loopback_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
