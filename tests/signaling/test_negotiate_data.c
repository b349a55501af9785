#include "signaling/negotiate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/signaling/negotiate_scene.h"
#include "tests/signaling/offer_file.h"

/* The first offer with data channels, one thing replaced. terminated; the caller frees. */
static char *data_offer(const char *part, const char *other)
{
    char *offer = offer_file_read("chromium-simulcast-data.sdp");
    char *changed = calloc(1, strlen(offer) + strlen(other) + 1);
    char *at = strstr(offer, part);

    assert_non_null(changed);
    assert_non_null(at);
    memcpy(changed, offer, (size_t)(at - offer));
    strcat(changed, other);
    strcat(changed, at + strlen(part));
    free(offer);
    return changed;
}

static void negotiate_publish_takes_data_channels_of_one_form(void **state)
{
    static const struct {
        const char *part;
        const char *other;
        uint16_t port;
        uint32_t message_bytes_max;
    } cases[] = {
        {"a=sctp-port:5000", "a=sctp-port:5000", 5000, 262144},
        {"a=sctp-port:5000", "a=sctp-port:5999", 5999, 262144},
        {"a=max-message-size:262144", "a=max-message-size:0", 5000, 0},
        {"a=max-message-size:262144", "a=max-message-size:99999999999", 5000, UINT32_MAX},
        {"a=max-message-size:262144", "a=untold:1", 5000, 65536},
        {"a=max-message-size:262144", "a=max-message-size:many", 0, 0},
        {"a=sctp-port:5000", "a=sctp-port:0", 0, 0},
        {"a=sctp-port:5000", "a=sctp-port:65536", 0, 0},
        {"a=sctp-port:5000", "a=sctpmap:5000 webrtc-datachannel 256", 0, 0},
        {"UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000", 0, 0},
        {"UDP/DTLS/SCTP webrtc-datachannel", "UDP/DTLS/SCTP other", 0, 0},
        {"m=application 9", "m=application 0", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct media_publish asked = {0};
        struct negotiation *negotiation = NULL;
        struct negotiate_refusal refusal = {.why = ""};
        char *offer = data_offer(cases[i].part, cases[i].other);

        assert_int_equal(
            negotiate_publish(offer, strlen(offer), 1000, NULL, &asked, &negotiation, &refusal),
            STATUS_OK);
        free(offer);
        char *answer =
            negotiate_publish_answer(negotiation, &negotiate_local, &negotiate_certificate);
        negotiation_destroy(negotiation);
        assert_int_equal(asked.data.port, cases[i].port);
        assert_int_equal(asked.data.message_bytes_max, cases[i].message_bytes_max);
        if (cases[i].port != 0) {
            assert_has(answer, "a=group:BUNDLE 0 1 2\r\n");
            assert_has(answer, "m=application 7100 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                               "c=IN IP4 198.51.100.1\r\na=mid:2\r\n");
            assert_has(answer, "a=sctp-port:5000\r\na=max-message-size:1000\r\n");
            assert_int_equal(count_of(answer, "a=rtcp-mux\r\n"), 2);
            assert_int_equal(count_of(answer, "a=setup:passive\r\n"), 3);
        } else {
            assert_has(answer, "a=group:BUNDLE 0 1\r\n");
            assert_has(answer, "m=application 0 ");
        }
        free(answer);
    }
}

/* What is left of a browser's offer with its m=application line alone. terminated; the caller
 * frees.
 */
static char *data_alone(void)
{
    char *offer = data_offer("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 2");
    char *media = strstr(offer, "m=");
    const char *application = strstr(offer, "m=application");

    assert_non_null(application);
    memmove(media, application, strlen(application) + 1);
    return offer;
}

static void negotiate_publish_takes_data_channels_alone(void **state)
{
    struct media_publish asked = {0};
    struct negotiation *negotiation = NULL;
    struct negotiate_refusal refusal = {.why = ""};
    char *offer = data_alone();

    (void)state;
    assert_int_equal(
        negotiate_publish(offer, strlen(offer), 0, NULL, &asked, &negotiation, &refusal),
        STATUS_UNSUPPORTED);
    assert_has(refusal.why, "data channels alone");
    assert_int_equal(
        negotiate_publish(offer, strlen(offer), 1000, NULL, &asked, &negotiation, &refusal),
        STATUS_OK);
    free(offer);
    assert_int_equal(asked.data.port, 5000);
    assert_false(asked.publication.offered[TRACK_AUDIO]);
    assert_false(asked.publication.offered[TRACK_VIDEO]);
    char *answer = negotiate_publish_answer(negotiation, &negotiate_local, &negotiate_certificate);
    negotiation_destroy(negotiation);
    assert_has(answer, "a=group:BUNDLE 2\r\n");
    assert_int_equal(count_of(answer, "m="), 1);
    assert_has(answer, "m=application 7100 UDP/DTLS/SCTP webrtc-datachannel\r\n");
    assert_has(answer, "a=ice-ufrag:OURufrag\r\n");
    assert_int_equal(count_of(answer, "a=candidate:"), 2);
    free(answer);
}

static void negotiate_subscribe_takes_data_channels_alone(void **state)
{
    static const bool sends[] = {false, true}; /* the broadcaster, sound and picture */
    struct negotiate_refusal refusal = {.why = ""};
    char *offer = data_alone();

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct negotiate_source source = source_of(true, sends[i], sends[i]);
        struct ticket ticket = {0};
        char *answer = NULL;
        bool restarted;
        assert_int_equal(
            negotiate_subscribe(offer, strlen(offer), &source, &ticket, &answer, &refusal),
            STATUS_UNSUPPORTED);
        source.data = true;
        assert_int_equal(
            negotiate_subscribe(offer, strlen(offer), &source, &ticket, &answer, &refusal),
            STATUS_OK);
        assert_int_equal(ticket.data.port, 5000);
        assert_false(ticket.start.wanted[TRACK_AUDIO] || ticket.start.wanted[TRACK_VIDEO]);
        assert_int_equal(count_of(answer, "m="), 1);
        assert_int_equal(count_of(answer, "a=candidate:"), 2);
        free(answer);
        assert_int_equal(negotiate_subscribe_again(offer, strlen(offer), &source, &ticket,
                                                   &restarted, &answer, &refusal),
                         STATUS_OK);
        free(answer);
        char *more = offer_file_replace(offer_file_read("chromium-simulcast-data.sdp"),
                                        "a=sendonly", "a=recvonly");
        assert_int_equal(negotiate_subscribe_again(more, strlen(more), &source, &ticket, &restarted,
                                                   &answer, &refusal),
                         STATUS_OK);
        assert_int_equal(count_of(answer, "m="), 3);
        assert_true(ticket.profile->format_count > 0);
        free(answer);
        free(more);
    }
    free(offer);
}

static void negotiate_subscribe_again_adds_no_data_channels(void **state)
{
    struct negotiate_source source = source_of(true, true, true);
    struct negotiate_refusal refusal = {.why = ""};
    struct ticket ticket = {0};
    char *answer = NULL;
    bool restarted;
    char *offer = offer_file_replace(offer_file_read("chromium-simulcast-data.sdp"), "a=sendonly",
                                     "a=recvonly");

    (void)state;
    source.data = false;
    assert_int_equal(negotiate_subscribe(offer, strlen(offer), &source, &ticket, &answer, &refusal),
                     STATUS_OK);
    free(answer);
    source.data = true; /* the session began without, and its DTLS is gone */
    assert_int_equal(negotiate_subscribe_again(offer, strlen(offer), &source, &ticket, &restarted,
                                               &answer, &refusal),
                     STATUS_OK);
    assert_has(answer, "m=application 0 ");
    free(answer);
    free(offer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(negotiate_publish_takes_data_channels_of_one_form),
        cmocka_unit_test(negotiate_publish_takes_data_channels_alone),
        cmocka_unit_test(negotiate_subscribe_takes_data_channels_alone),
        cmocka_unit_test(negotiate_subscribe_again_adds_no_data_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
