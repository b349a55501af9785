/* Later offers on a running session: tracks that come, rest and come back. */
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

/* That offer as it was before there was a picture; the caller frees. */
static char *sound_alone(const char *file)
{
    char *offer =
        offer_file_replace(offer_file_read(file), "a=group:BUNDLE 0 1", "a=group:BUNDLE 0");

    *strstr(offer, "m=video") = '\0';
    return offer;
}

/* Answers offer, which is freed; the answer, to be freed, or NULL and *status says why not. */
static char *publish(char *offer, const struct negotiate_past *before, struct negotiate_past *past,
                     struct media_publish *asked, enum status *status)
{
    struct negotiation *negotiation = NULL;
    struct negotiate_refusal refusal = {.why = ""};
    char *answer = NULL;

    *status = negotiate_publish(offer, strlen(offer), 0, before, asked, &negotiation, &refusal);
    free(offer);
    if (*status != STATUS_OK) {
        assert_true(refusal.why[0] != '\0');
        return NULL;
    }
    answer = negotiate_publish_answer(negotiation, &negotiate_local, &negotiate_certificate);
    *past = negotiation_past(negotiation);
    negotiation_destroy(negotiation);
    return answer;
}

static void negotiate_publish_adds_a_picture_to_a_running_session(void **state)
{
    struct media_publish asked = {0};
    struct negotiate_past past = {0};
    enum status status;

    (void)state;
    char *first = publish(sound_alone("chromium-publish.sdp"), NULL, &past, &asked, &status);
    assert_non_null(first);
    assert_false(asked.publication.offered[TRACK_VIDEO]);
    const uint64_t session_id = past.session_id;
    char *second = publish(offer_file_read("chromium-publish.sdp"), &past, &past, &asked, &status);
    assert_non_null(second);
    assert_true(asked.publication.offered[TRACK_AUDIO] && asked.publication.offered[TRACK_VIDEO]);
    assert_int_equal(asked.publication.ssrc[TRACK_VIDEO], 2001);
    assert_has(second, "a=group:BUNDLE 0 1\r\n");
    /* RFC 3264 section 8: the same origin, one version on. */
    assert_true(past.session_id == session_id && past.version == 2);
    assert_memory_equal(first, second, strcspn(first, " ") + 2);
    assert_has(second, " 2 IN IP4 0.0.0.0\r\n");
    free(first);
    free(second);
}

static void negotiate_publish_judges_each_later_offer(void **state)
{
    static const struct {
        const char *what;
        const char *from;
        const char *to;
        enum status status;
        bool sound;
        bool picture;
    } cases[] = {
        {"the same", "", "", STATUS_OK, true, true},
        {"all rests", "a=sendonly", "a=inactive", STATUS_OK, false, false},
        {"tracks taken off sendrecv", "a=sendonly", "a=recvonly", STATUS_OK, false, false},
        {"the picture is stopped for good", "m=video 9 ", "m=video 0 ", STATUS_OK, true, false},
        {"another line in its place", "a=mid:1\r\n", "a=mid:7\r\n", STATUS_MALFORMED, true, true},
        {"another kind in its place", "m=audio ", "m=video ", STATUS_UNSUPPORTED, true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct media_publish asked = {0};
        struct negotiate_past past = {0};
        enum status status;
        char *offer = offer_file_replace(offer_file_read("chromium-publish.sdp"),
                                         "a=group:BUNDLE 0 1", "a=group:BUNDLE 0 1 7");
        free(publish(offer, NULL, &past, &asked, &status));
        assert_int_equal(status, STATUS_OK);
        offer = offer_file_replace(offer_file_read("chromium-publish.sdp"), "a=group:BUNDLE 0 1",
                                   "a=group:BUNDLE 0 1 7");
        if (cases[i].from[0] != '\0')
            offer = offer_file_replace(offer, cases[i].from, cases[i].to);
        free(publish(offer, &past, &past, &asked, &status));
        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].what, status_text(status));
        assert_int_equal(asked.publication.offered[TRACK_AUDIO], cases[i].sound);
        assert_int_equal(asked.publication.offered[TRACK_VIDEO], cases[i].picture);
    }
}

static void negotiate_publish_refuses_an_offer_that_lost_a_line(void **state)
{
    struct media_publish asked = {0};
    struct negotiate_past past = {0};
    enum status status;

    (void)state;
    free(publish(offer_file_read("chromium-publish.sdp"), NULL, &past, &asked, &status));
    assert_int_equal(status, STATUS_OK);
    assert_null(publish(sound_alone("chromium-publish.sdp"), &past, &past, &asked, &status));
    assert_int_equal(status, STATUS_MALFORMED);
}

static void negotiate_subscribe_adds_a_picture_to_a_running_session(void **state)
{
    struct negotiate_past past = {0};
    struct negotiate_source source = source_of(true, true, true);
    struct negotiate_refusal refusal = {.why = ""};
    struct ticket ticket = {0};
    char *answer = NULL;
    bool restarted = true;
    char *sound = sound_alone("chromium-watch.sdp");
    char *both = offer_file_read("chromium-watch.sdp");

    (void)state;
    source.past = &past;
    assert_int_equal(negotiate_subscribe(sound, strlen(sound), &source, &ticket, &answer, &refusal),
                     STATUS_OK);
    free(answer);
    const struct ticket first = ticket;
    assert_false(first.start.wanted[TRACK_VIDEO]);
    assert_int_equal(negotiate_subscribe_again(both, strlen(both), &source, &ticket, &restarted,
                                               &answer, &refusal),
                     STATUS_OK);
    free(answer);
    assert_false(restarted);
    assert_true(ticket.start.wanted[TRACK_AUDIO] && ticket.start.wanted[TRACK_VIDEO]);
    assert_true(ticket.profile->format_count > first.profile->format_count);
    assert_memory_equal(ticket.start.ssrc, first.start.ssrc, sizeof first.start.ssrc);
    assert_true(ticket.start.rtx_ssrc[TRACK_VIDEO] != 0);
    assert_int_equal(negotiate_subscribe_again(sound, strlen(sound), &source, &ticket, &restarted,
                                               &answer, &refusal),
                     STATUS_MALFORMED);
    free(sound);
    free(both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(negotiate_publish_adds_a_picture_to_a_running_session),
        cmocka_unit_test(negotiate_publish_judges_each_later_offer),
        cmocka_unit_test(negotiate_publish_refuses_an_offer_that_lost_a_line),
        cmocka_unit_test(negotiate_subscribe_adds_a_picture_to_a_running_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
