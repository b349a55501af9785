#include "signaling/negotiate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/signaling/negotiate_scene.h"
#include "tests/signaling/offer_file.h"

static void negotiate_fragment_parse_reads_each_form(void **state)
{
    static const struct {
        const char *body;
        enum status status;
        bool has_credentials, end;
        unsigned candidates;
    } cases[] = {
        /* RFC 9725 section 4.3.2 */
        {"a=ice-options:trickle ice2\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
         "a=mid:0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
         "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag "
         "EsAw network-id 1\r\n"
         "a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host\r\n"
         "a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active\r\n"
         "a=end-of-candidates\r\n",
         STATUS_OK, true, true, 3},
        /* whip-whep JS: credentials at session level */
        {"a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
         "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
         "a=candidate:1 1 udp 1 abc.local 1 typ host\r\na=end-of-candidates\r\n",
         STATUS_OK, true, true, 0},
        {"a=candidate:1 1 udp 1 192.0.2.1 1 typ host\n", STATUS_OK, false, false, 1},
        {"a=end-of-candidates", STATUS_OK, false, true, 0},
        {"a=ice-ufrag:EsAw\r\n", STATUS_MALFORMED, false, false, 0},
        {"a=ice-ufrag:Es\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n", STATUS_MALFORMED, false, false,
         0},
        {"{\"candidate\":\"candidate:1 1 udp 1 192.0.2.1 1 typ host\"}", STATUS_MALFORMED, false,
         false, 0},
        {"", STATUS_MALFORMED, false, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct negotiate_fragment fragment = {0};
        assert_int_equal(negotiate_fragment_parse(cases[i].body, strlen(cases[i].body), &fragment),
                         cases[i].status);
        assert_int_equal(fragment.has_credentials, cases[i].has_credentials);
        assert_int_equal(fragment.end_of_candidates, cases[i].end);
        assert_int_equal(fragment.candidate_count, cases[i].candidates);
    }
}

static void negotiate_fragment_parse_leaves_out_candidates_beyond_the_bound(void **state)
{
    struct negotiate_fragment fragment = {0};
    char body[4096] = "";

    (void)state;
    for (unsigned i = 0; i < ICE_CANDIDATES_MAX + 5; i++) {
        snprintf(body + strlen(body), sizeof body - strlen(body),
                 "a=candidate:1 1 udp 1 192.0.2.1 %u typ host\r\n", i + 1);
    }
    assert_int_equal(negotiate_fragment_parse(body, strlen(body), &fragment), STATUS_OK);
    assert_int_equal(fragment.candidate_count, ICE_CANDIDATES_MAX);
}

static void negotiate_fragment_answer_reads_back(void **state)
{
    struct negotiate_fragment fragment = {0};
    char *answer =
        negotiate_fragment_answer(&negotiate_local.credentials, negotiate_local.candidates,
                                  negotiate_local.candidate_count, true);

    (void)state;
    assert_has(answer, "a=ice-lite\r\n");
    assert_int_equal(negotiate_fragment_parse(answer, strlen(answer), &fragment), STATUS_OK);
    assert_string_equal(fragment.credentials.password, negotiate_local.credentials.password);
    assert_int_equal(fragment.candidate_count, 2);
    assert_true(fragment.end_of_candidates);
    free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(negotiate_fragment_parse_reads_each_form),
        cmocka_unit_test(negotiate_fragment_parse_leaves_out_candidates_beyond_the_bound),
        cmocka_unit_test(negotiate_fragment_answer_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
