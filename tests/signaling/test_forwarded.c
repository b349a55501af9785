/* Whose address X-Forwarded-For tells, and whom it lets pretend nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signaling/forwarded.h"

static const char PROXIES[] = "127.0.0.1 ::1 10.0.0.0/8 2001:db8:f::/48";

static void forwarded_tells_the_client(void **state)
{
    static const struct {
        const char *what;
        const char *peer;
        const char *forwarded;
        const char *client;
    } CASES[] = {
        {"nobody forwards", "203.0.113.5", "", "203.0.113.5"},
        {"one socket for both", "::ffff:203.0.113.5", "", "203.0.113.5"},
        {"an unknown peer", "", "192.0.2.1", ""},
        {"a client invents it", "203.0.113.5", "192.0.2.1", "203.0.113.5"},
        {"it names our proxy too", "203.0.113.5", "192.0.2.1, 10.0.0.1", "203.0.113.5"},
        {"a proxy that tells nothing", "127.0.0.1", "", "127.0.0.1"},
        {"one proxy", "127.0.0.1", "203.0.113.5", "203.0.113.5"},
        {"a proxy as IPv4-mapped", "::ffff:127.0.0.1", "203.0.113.5", "203.0.113.5"},
        {"one proxy, IPv6", "::1", "2001:db8::5", "2001:db8::5"},
        {"two proxies", "127.0.0.1", "203.0.113.5, 10.1.2.3", "203.0.113.5"},
        {"three, IPv6 among them", "::1", "203.0.113.5,2001:db8:f::1,10.1.2.3", "203.0.113.5"},
        {"the client's own word", "127.0.0.1", "192.0.2.1, 203.0.113.5", "203.0.113.5"},
        {"it claims to be a proxy", "127.0.0.1", "10.0.0.1, 203.0.113.5", "203.0.113.5"},
        {"and loopback", "127.0.0.1", "127.0.0.1, 203.0.113.5, 10.0.0.1", "203.0.113.5"},
        {"and rubbish", "127.0.0.1", "<script>, 203.0.113.5", "203.0.113.5"},
        {"only proxies: the first", "127.0.0.1", "10.0.0.9, 10.0.0.1", "10.0.0.9"},
        {"rubbish at the end", "127.0.0.1", "203.0.113.5, unknown", "127.0.0.1"},
        {"rubbish by the second", "127.0.0.1", "203.0.113.5, x, 10.0.0.1", "10.0.0.1"},
        {"an empty entry", "127.0.0.1", "203.0.113.5,", "127.0.0.1"},
        {"an empty one first", "127.0.0.1", ",10.0.0.1", "10.0.0.1"},
        {"blanks alone", "127.0.0.1", " ", "127.0.0.1"},
        {"blanks around", "127.0.0.1", " \t203.0.113.5\t ,\t10.0.0.1 ", "203.0.113.5"},
        {"blanks within", "127.0.0.1", "203.0.113.5 10.0.0.1", "127.0.0.1"},
        {"a port", "127.0.0.1", "203.0.113.5:4711", "203.0.113.5"},
        {"a proxy's port", "127.0.0.1", "203.0.113.5, 10.0.0.1:80", "203.0.113.5"},
        {"a port that is none", "127.0.0.1", "203.0.113.5:http", "127.0.0.1"},
        {"a port too long", "127.0.0.1", "203.0.113.5:655360", "127.0.0.1"},
        {"no port after the colon", "127.0.0.1", "203.0.113.5:", "127.0.0.1"},
        {"brackets", "127.0.0.1", "[2001:db8::5]", "2001:db8::5"},
        {"brackets and a port", "127.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"},
        {"brackets, something after", "127.0.0.1", "[2001:db8::5]4711", "127.0.0.1"},
        {"brackets left open", "127.0.0.1", "[2001:db8::5", "127.0.0.1"},
        {"brackets around IPv4", "127.0.0.1", "[203.0.113.5]", "127.0.0.1"},
        {"quotes", "127.0.0.1", "\"203.0.113.5\"", "127.0.0.1"},
        {"a zone", "127.0.0.1", "fe80::1%eth0", "fe80::1"},
        {"a zone of IPv4", "127.0.0.1", "203.0.113.5%eth0", "127.0.0.1"},
        {"IPv4-mapped", "127.0.0.1", "::ffff:203.0.113.5", "203.0.113.5"},
        {"IPv4-mapped in hexadecimal", "127.0.0.1", "::FFFF:cb00:7105", "203.0.113.5"},
        {"a proxy IPv4-mapped", "127.0.0.1", "203.0.113.5, ::ffff:10.0.0.1", "203.0.113.5"},
        {"one form each", "127.0.0.1", "2001:0DB8:0:0:0:0:0:5", "2001:db8::5"},
        {"an address too many digits", "127.0.0.1", "203.0.113.005", "127.0.0.1"},
        {"a name", "127.0.0.1", "client.example", "127.0.0.1"},
        {"a long one", "127.0.0.1",
         "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff", "127.0.0.1"},
    };
    struct networks proxies;

    (void)state;
    assert_int_equal(networks_read(PROXIES, &proxies), STATUS_OK);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char client[FORWARDED_ADDRESS_BYTES_MAX];

        print_message("%s\n", CASES[i].what);
        forwarded_client(&proxies, CASES[i].peer, CASES[i].forwarded, client);
        assert_string_equal(client, CASES[i].client);
    }
}

static void forwarded_is_not_believed_without_proxies(void **state)
{
    static const struct networks nobody;
    char client[FORWARDED_ADDRESS_BYTES_MAX];

    (void)state;
    forwarded_client(&nobody, "127.0.0.1", "203.0.113.5", client);
    assert_string_equal(client, "127.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forwarded_tells_the_client),
        cmocka_unit_test(forwarded_is_not_believed_without_proxies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
