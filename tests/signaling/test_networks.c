/* Lists of networks: what is read, and who lies in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "signaling/networks.h"

static void networks_have_who_lies_in_them(void **state)
{
    static const struct {
        const char *networks;
        const char *address;
        bool have;
    } CASES[] = {
        {"", "127.0.0.1", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.1", "::ffff:127.0.0.1", true},
        {"::ffff:127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "::1", false},
        {"127.0.0.1 ::1", "::1", true},
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.9.8.7/8", "10.1.1.1", true},
        {"::ffff:10.0.0.0/104", "10.1.1.1", true},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.6/31", "192.0.2.7", true},
        {"192.0.2.7/32", "192.0.2.6", false},
        {"0.0.0.0/0", "203.0.113.5", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "203.0.113.5", false},
        {"2001:db8::/32", "2001:DB8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"2001:db8::/33", "2001:db8:8000::", false},
        {"fd00::1,, 192.0.2.1 ,\tfe80::/10", "febf::1", true},
        {"127.0.0.1", "localhost", false},
        {"0.0.0.0/0 ::/0", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct networks networks;

        assert_int_equal(networks_read(CASES[i].networks, &networks), STATUS_OK);
        if (networks_have(&networks, CASES[i].address) != CASES[i].have)
            fail_msg("\"%s\" in \"%s\"", CASES[i].address, CASES[i].networks);
    }
}

static void networks_refuse_what_is_none(void **state)
{
    static const char *const CASES[] = {
        "localhost",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/08",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "10.0.0",
        "2001:db8::/129",
        "2001:db8::/+32",
        "[::1]",
        "10.0.0.1:80",
        "/8",
        "fe80::1%eth0",
        "127.0.0.1 three",
        "10.0.0.0/255.0.0.0",
        "1111:2222:3333:4444:5555:6666:123.123.123.123/1289",
    };
    struct networks networks = {.count = 7};

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        if (networks_read(CASES[i], &networks) != STATUS_MALFORMED)
            fail_msg("\"%s\" is read", CASES[i]);
    assert_int_equal(networks.count, 7);
}

static void networks_are_bounded(void **state)
{
    char text[3 * (NETWORKS_MAX + 1) + 1] = "";
    struct networks networks;

    (void)state;
    for (unsigned i = 0; i < NETWORKS_MAX; i++)
        (void)strcat(text, "::,");
    assert_int_equal(networks_read(text, &networks), STATUS_OK);
    assert_int_equal(networks.count, NETWORKS_MAX);
    (void)strcat(text, "::1");
    assert_int_equal(networks_read(text, &networks), STATUS_FULL);
}

static void networks_tell_everybody(void **state)
{
    static const struct {
        const char *networks;
        bool everybody;
    } CASES[] = {
        {"", false},    {"10.0.0.0/8", false},    {"0.0.0.0/0", true},   {"10.0.0.0/0", true},
        {"::/0", true}, {"127.0.0.1 ::/0", true}, {"2001:db8::", false}, {"::/96", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct networks networks;

        assert_int_equal(networks_read(CASES[i].networks, &networks), STATUS_OK);
        if (networks_have_everybody(&networks) != CASES[i].everybody)
            fail_msg("\"%s\"", CASES[i].networks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_have_who_lies_in_them),
        cmocka_unit_test(networks_refuse_what_is_none),
        cmocka_unit_test(networks_are_bounded),
        cmocka_unit_test(networks_tell_everybody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
