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

static char *subscribe(char *offer, const struct negotiate_source *source, struct ticket *ticket)
{
    struct negotiate_refusal refusal = {.why = ""};
    char *answer = NULL;

    if (negotiate_subscribe(offer, strlen(offer), source, ticket, &answer, &refusal) != STATUS_OK)
        fail_msg("refused: %s", refusal.why);
    free(offer);
    return answer;
}

static void negotiate_subscribe_takes_each_real_client(void **state)
{
    static const struct {
        const char *file;
        const char *ufrag;
        unsigned formats;
    } cases[] = {
        {"chromium-watch.sdp", "Cr3m", 15},
        {"whip-whep-js-watch.sdp", "Cr3m", 15},
        {"firefox-watch.sdp", "f1r3f0x0", 6},
        {"gstreamer-watch.sdp", "Gst0ufragGst0ufrag", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct negotiate_source source = source_of(false, false, false);
        struct ticket ticket = {.session = 7, .stream_id = 8, .deadline_ns = 9};
        print_message("%s\n", cases[i].file);
        char *answer = subscribe(offer_file_read(cases[i].file), &source, &ticket);
        assert_int_equal(ticket.session, 7);
        assert_int_equal(ticket.stream_id, 8);
        assert_int_equal(ticket.deadline_ns, 9);
        assert_string_equal(ticket.remote_ufrag, cases[i].ufrag);
        assert_string_equal(ticket.local.ufrag, "OURufrag");
        assert_int_equal(ticket.profile->format_count, cases[i].formats);
        assert_true(ticket.profile->nack[TRACK_VIDEO]);
        for (unsigned track = 0; track < TRACK_COUNT; track++) {
            assert_true(ticket.start.wanted[track]);
            assert_int_not_equal(ticket.start.ssrc[track], 0);
            assert_in_range(ticket.start.first_sequence_number[track], 1, 1 << 14);
        }
        assert_int_equal(ticket.start.rtx_ssrc[TRACK_AUDIO], 0);
        assert_int_not_equal(ticket.start.rtx_ssrc[TRACK_VIDEO], 0);
        assert_int_equal(count_of(answer, "a=sendonly\r\n"), 2);
        free(answer);
    }
}

static void negotiate_subscribe_answers_as_whep_demands(void **state)
{
    const struct negotiate_source source = source_of(true, true, true);
    struct ticket ticket = {0};
    char expected[128];
    char *answer = subscribe(offer_file_read("chromium-watch.sdp"), &source, &ticket);

    (void)state;
    assert_true(strstr(answer, "a=ice-lite\r\n") < strstr(answer, "m=audio"));
    assert_int_equal(count_of(answer, "a=setup:passive\r\n"), 2);
    assert_has(answer, "a=msid:manycast manycast-audio\r\n");
    assert_has(answer, "a=msid:manycast manycast-video\r\n");
    assert_has(answer, "a=fmtp:111 minptime=10;stereo=1;sprop-stereo=1;useinbandfec=1\r\n");
    assert_has(answer, "a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;"
                       "profile-level-id=42001f\r\n");
    assert_has(answer, "a=fmtp:35 profile-id=1\r\n");
    assert_has(answer, "a=rtcp-fb:96 nack pli\r\n");
    assert_has(answer, "a=extmap:13 urn:3gpp:video-orientation\r\n");
    assert_has_not(answer, "transport-cc");
    assert_has_not(answer, "goog-remb");
    assert_has_not(answer, "sdes:mid");
    assert_has_not(answer, "H265");
    snprintf(expected, sizeof expected, "a=ssrc-group:FID %u %u\r\na=ssrc:%u cname:manycast\r\n",
             ticket.start.ssrc[TRACK_VIDEO], ticket.start.rtx_ssrc[TRACK_VIDEO],
             ticket.start.ssrc[TRACK_VIDEO]);
    assert_has(answer, expected);
    snprintf(expected, sizeof expected, "a=ssrc:%u cname:manycast\r\n",
             ticket.start.ssrc[TRACK_AUDIO]);
    assert_has(answer, expected);
    free(answer);
}

static void negotiate_subscribe_shares_profiles_and_not_numbers(void **state)
{
    const struct negotiate_source source = source_of(false, false, false);
    struct ticket one = {0};
    struct ticket two = {0};

    (void)state;
    free(subscribe(offer_file_read("chromium-watch.sdp"), &source, &one));
    free(subscribe(offer_file_read("whip-whep-js-watch.sdp"), &source, &two));
    assert_ptr_equal(one.profile, two.profile);
    assert_int_not_equal(one.start.ssrc[TRACK_AUDIO], two.start.ssrc[TRACK_AUDIO]);
    assert_int_not_equal(one.start.ssrc[TRACK_AUDIO], one.start.ssrc[TRACK_VIDEO]);
}

static void negotiate_subscribe_answers_inactive_what_a_live_source_lacks(void **state)
{
    const struct negotiate_source source = source_of(true, true, false);
    struct ticket ticket = {0};
    char *answer = subscribe(offer_file_read("chromium-watch.sdp"), &source, &ticket);

    (void)state;
    assert_true(ticket.start.wanted[TRACK_AUDIO]);
    assert_false(ticket.start.wanted[TRACK_VIDEO]);
    assert_int_equal(count_of(answer, "a=inactive\r\n"), 1);
    assert_int_equal(count_of(answer, "m=video 0 "), 0);
    assert_has(answer, "a=group:BUNDLE 0 1\r\n");
    assert_has_not(answer, "manycast-video");
    free(answer);
}

static void negotiate_subscribe_refuses_what_the_viewer_cannot_play(void **state)
{
    struct negotiate_refusal refusal = {.why = ""};
    struct negotiate_source source = source_of(true, true, true);
    struct ticket ticket = {0};
    char *answer = NULL;
    char *offer = offer_file_read("gstreamer-watch.sdp"); /* VP8 alone */

    (void)state;
    source.format[TRACK_VIDEO] = (struct codec_format){.codec = CODEC_VP8};
    assert_int_equal(negotiate_subscribe(offer, strlen(offer), &source, &ticket, &answer, &refusal),
                     STATUS_OK);
    free(answer);
    source.format[TRACK_VIDEO] = (struct codec_format){.codec = CODEC_H264};
    assert_int_equal(negotiate_subscribe(offer, strlen(offer), &source, &ticket, &answer, &refusal),
                     STATUS_UNSUPPORTED);
    assert_has(refusal.why, "H264");
    free(offer);
}

static void negotiate_subscribe_judges_each_mutation(void **state)
{
    static const struct mutation cases[] = {
        {"no change", NULL, NULL, NULL, STATUS_OK},
        {"sendrecv", NULL, "a=recvonly", "a=sendrecv", STATUS_OK},
        {"sendonly", NULL, "a=recvonly", "a=sendonly", STATUS_UNSUPPORTED},
        {"inactive", NULL, "a=recvonly", "a=inactive", STATUS_UNSUPPORTED},
        {"active", NULL, "a=setup:actpass", "a=setup:active", STATUS_OK},
        {"passive", NULL, "a=setup:actpass", "a=setup:passive", STATUS_UNSUPPORTED},
        {"no fingerprint", "a=fingerprint", NULL, NULL, STATUS_MALFORMED},
        {"no ufrag", "a=ice-ufrag", NULL, NULL, STATUS_MALFORMED},
        {"no mux", "a=rtcp-mux", NULL, NULL, STATUS_UNSUPPORTED},
        {"no bundle", "a=group", NULL, NULL, STATUS_UNSUPPORTED},
        {"two videos", NULL, "m=audio 9 UDP/TLS/RTP/SAVPF 111",
         "m=video 9 UDP/TLS/RTP/SAVPF 96 111", STATUS_UNSUPPORTED},
        {"no audio codec", NULL, "opus/48000", "isac/16000", STATUS_UNSUPPORTED},
        {"two-byte extension", NULL, "a=extmap:13 ", "a=extmap:15 ", STATUS_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct negotiate_source source = source_of(true, true, true);
        struct negotiate_refusal refusal = {.why = ""};
        struct ticket ticket = {0};
        char *answer = NULL;
        char *offer = mutate("chromium-watch.sdp", &cases[i]);
        const enum status status =
            negotiate_subscribe(offer, strlen(offer), &source, &ticket, &answer, &refusal);
        check_refusal(&cases[i], status, &refusal);
        free(answer);
        free(offer);
    }
}

static void negotiate_subscribe_again_keeps_numbers_and_notices_a_restart(void **state)
{
    const struct ice_credentials fresh = {.ufrag = "NEWufrag",
                                          .password = "NEWpasswordNEWpassword00"};
    struct negotiate_source source = source_of(false, false, false);
    struct negotiate_refusal refusal = {.why = ""};
    struct ticket ticket = {0};
    char *answer = NULL;
    bool restarted = true;

    (void)state;
    free(subscribe(offer_file_read("chromium-watch.sdp"), &source, &ticket));
    const struct ticket first = ticket;
    source.local = &fresh;

    char *offer = offer_file_read("chromium-watch.sdp");
    assert_int_equal(negotiate_subscribe_again(offer, strlen(offer), &source, &ticket, &restarted,
                                               &answer, &refusal),
                     STATUS_OK);
    assert_false(restarted);
    assert_has(answer, "a=ice-ufrag:OURufrag\r\n");
    free(answer);

    offer = offer_file_replace(offer, "a=ice-ufrag:Cr3m", "a=ice-ufrag:Cr3w");
    assert_int_equal(negotiate_subscribe_again(offer, strlen(offer), &source, &ticket, &restarted,
                                               &answer, &refusal),
                     STATUS_OK);
    assert_true(restarted);
    assert_has(answer, "a=ice-ufrag:NEWufrag\r\n");
    assert_string_equal(ticket.remote_ufrag, "Cr3w");
    assert_string_equal(ticket.local.ufrag, "NEWufrag");
    assert_ptr_equal(ticket.profile, first.profile);
    assert_memory_equal(&ticket.start, &first.start, sizeof first.start);
    free(answer);

    offer = offer_file_replace(offer, "a=fingerprint:sha-256 6B", "a=fingerprint:sha-256 6C");
    assert_int_equal(negotiate_subscribe_again(offer, strlen(offer), &source, &ticket, &restarted,
                                               &answer, &refusal),
                     STATUS_UNSUPPORTED);
    free(offer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(negotiate_subscribe_takes_each_real_client),
        cmocka_unit_test(negotiate_subscribe_answers_as_whep_demands),
        cmocka_unit_test(negotiate_subscribe_shares_profiles_and_not_numbers),
        cmocka_unit_test(negotiate_subscribe_answers_inactive_what_a_live_source_lacks),
        cmocka_unit_test(negotiate_subscribe_refuses_what_the_viewer_cannot_play),
        cmocka_unit_test(negotiate_subscribe_judges_each_mutation),
        cmocka_unit_test(negotiate_subscribe_again_keeps_numbers_and_notices_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
