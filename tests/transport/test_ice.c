#include "transport/ice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct parse_case {
    const char *text;
    enum status status;
    const char *formatted; /* STATUS_OK: what format makes of it */
};

static const struct parse_case parse_cases[] = {
    /* Chromium, Firefox, libnice, libdatachannel */
    {"candidate:842163049 1 udp 1677729535 192.0.2.7 46154 typ srflx raddr 10.0.0.17 rport 46154 "
     "generation 0 ufrag w3Oy network-cost 999",
     STATUS_OK,
     "candidate:842163049 1 udp 1677729535 192.0.2.7 46154 typ srflx raddr 0.0.0.0 rport 9"},
    {"candidate:0 1 UDP 2122252543 192.168.1.5 58122 typ host", STATUS_OK,
     "candidate:0 1 udp 2122252543 192.168.1.5 58122 typ host"},
    {"a=candidate:1 1 UDP 2114977791 2001:db8::1 9999 typ host\r\n", STATUS_OK,
     "candidate:1 1 udp 2114977791 2001:db8::1 9999 typ host"},
    {"candidate:1 1 UDP 1 2001:0DB8:0:0:0:0:0:1 5 typ host", STATUS_OK,
     "candidate:1 1 udp 1 2001:db8::1 5 typ host"},
    {"candidate:2 1 udp 5 ::ffff:192.0.2.1 7 typ relay raddr 1.2.3.4 rport 5", STATUS_OK,
     "candidate:2 1 udp 5 192.0.2.1 7 typ relay raddr 0.0.0.0 rport 9"},
    {"candidate:3 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active", STATUS_OK,
     "candidate:3 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active"},
    {"candidate:3 1 TCP 1518280447 192.0.2.1 443 typ host tcptype passive", STATUS_OK,
     "candidate:3 1 tcp 1518280447 192.0.2.1 443 typ host tcptype passive"},
    {"candidate:3 1 tcp 1 192.0.2.1 443 typ prflx raddr 1.1.1.1 rport 1 tcptype so", STATUS_OK,
     "candidate:3 1 tcp 1 192.0.2.1 443 typ prflx raddr 0.0.0.0 rport 9 tcptype so"},
    {"candidate:1 1 udp 4294967295 192.0.2.1 65535 typ host", STATUS_OK,
     "candidate:1 1 udp 4294967295 192.0.2.1 65535 typ host"},
    /* well-formed, not for us */
    {"candidate:1 1 udp 1 a1b2c3d4-0000-4000-8000-0123456789ab.local 5 typ host",
     STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 udp 1 example.org 5 typ host", STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 udp 1 "
     "a-name-much-longer-than-any-address-0123456789-0123456789-0123456789.example.org 5 typ host",
     STATUS_UNSUPPORTED, NULL},
    {"candidate:1 2 udp 1 192.0.2.1 5 typ host", STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 sctp 1 192.0.2.1 5 typ host", STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 udp 1 192.0.2.1 5 typ token", STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 udp 1 192.0.2.1 0 typ host", STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 udp 1 0.0.0.0 5 typ host", STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 udp 1 224.0.0.1 5 typ host", STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 udp 1 255.255.255.255 5 typ host", STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 udp 1 ff02::1 5 typ host", STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 udp 1 :: 5 typ host", STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 udp 1 fe80::1%eth0 5 typ host", STATUS_UNSUPPORTED, NULL},
    {"candidate:1 1 udp 1 ::ffff:224.0.0.1 5 typ host", STATUS_UNSUPPORTED, NULL},
    /* malformed */
    {"", STATUS_MALFORMED, NULL},
    {"candidate:", STATUS_MALFORMED, NULL},
    {"1 1 udp 1 192.0.2.1 5 typ host", STATUS_MALFORMED, NULL},
    {"candidate:1", STATUS_MALFORMED, NULL},
    {"candidate:a_b 1 udp 1 192.0.2.1 5 typ host", STATUS_MALFORMED, NULL},
    {"candidate:012345678901234567890123456789012 1 udp 1 192.0.2.1 5 typ host", STATUS_MALFORMED,
     NULL},
    {"candidate:1 x udp 1 192.0.2.1 5 typ host", STATUS_MALFORMED, NULL},
    {"candidate:1 1 udp 4294967296 192.0.2.1 5 typ host", STATUS_MALFORMED, NULL},
    {"candidate:1 1 udp -1 192.0.2.1 5 typ host", STATUS_MALFORMED, NULL},
    {"candidate:1 1 udp 1 192.0.2.1 65536 typ host", STATUS_MALFORMED, NULL},
    {"candidate:1 1 udp 1 192.0.2.1 5", STATUS_MALFORMED, NULL},
    {"candidate:1 1 udp 1 192.0.2.1 5 typ", STATUS_MALFORMED, NULL},
    {"candidate:1 1 udp 1 192.0.2.1 5 type host", STATUS_MALFORMED, NULL},
    {"candidate:1 1 udp 1 192.0.2.1 5 typ host generation", STATUS_MALFORMED, NULL},
    {"candidate:1 1 tcp 1 192.0.2.1 5 typ host", STATUS_MALFORMED, NULL},
    {"candidate:1 1 tcp 1 192.0.2.1 5 typ host tcptype sideways", STATUS_MALFORMED, NULL},
};

static void ice_candidate_parse_takes_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parse_cases / sizeof parse_cases[0]; i++) {
        const struct parse_case *expected = &parse_cases[i];
        struct ice_candidate candidate = {0};
        char text[ICE_CANDIDATE_TEXT_MAX];

        const enum status status =
            ice_candidate_parse(expected->text, strlen(expected->text), &candidate);
        if (status != expected->status)
            fail_msg("\"%s\": %s", expected->text, status_text(status));
        if (status != STATUS_OK)
            continue;
        ice_candidate_format(&candidate, text);
        assert_string_equal(text, expected->formatted);
    }
}

static void ice_candidate_parse_stays_inside_when_cut_anywhere(void **state)
{
    const char *text = parse_cases[0].text;

    (void)state;
    for (size_t bytes = 0; bytes < strlen(text); bytes++) {
        struct ice_candidate candidate;
        char *copy = test_malloc(bytes + 1); /* the byte behind is not the text's */

        memcpy(copy, text, bytes);
        copy[bytes] = '7';
        const enum status status = ice_candidate_parse(copy, bytes, &candidate);
        if (bytes < strlen("candidate:842163049 1 udp 1677729535 192.0.2.7 46154 typ srflx"))
            assert_int_not_equal(status, STATUS_OK);
        test_free(copy);
    }
}

static void ice_credentials_make_is_fresh_and_of_ice_chars(void **state)
{
    struct ice_credentials a;
    struct ice_credentials b;

    (void)state;
    ice_credentials_make(&a);
    ice_credentials_make(&b);
    assert_int_equal(strlen(a.ufrag), 8);
    assert_int_equal(strlen(a.password), 24);
    assert_string_not_equal(a.ufrag, b.ufrag);
    assert_string_not_equal(a.password, b.password);
    assert_int_equal(strspn(a.password, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789+/"),
                     24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ice_candidate_parse_takes_what_the_table_says),
        cmocka_unit_test(ice_candidate_parse_stays_inside_when_cut_anywhere),
        cmocka_unit_test(ice_credentials_make_is_fresh_and_of_ice_chars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
