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

/* Returns the answer, which the caller frees; offer is freed. */
static char *publish(char *offer, struct media_publish *publish)
{
    struct negotiate_refusal refusal = {.why = ""};
    struct negotiation *negotiation = NULL;

    if (negotiate_publish(offer, strlen(offer), 0, NULL, publish, &negotiation, &refusal) !=
        STATUS_OK)
        fail_msg("refused: %s", refusal.why);
    free(offer);
    char *answer = negotiate_publish_answer(negotiation, &negotiate_local, &negotiate_certificate);
    assert_non_null(answer);
    negotiation_destroy(negotiation);
    return answer;
}

static void negotiate_publish_takes_each_real_client(void **state)
{
    static const struct {
        const char *file;
        unsigned formats, candidates;
        uint32_t ssrc[TRACK_COUNT], rtx_ssrc;
        bool audio, video, dtls_client, transport_wide, remb, nack_pli;
    } cases[] = {
        {"chromium-publish.sdp", 11, 3, {1001, 2001}, 2002, 1, 1, 0, 1, 1, 1},
        {"chromium-simulcast-data.sdp", 11, 3, {0, 0}, 0, 1, 1, 0, 1, 1, 1},
        {"whip-whep-js-publish.sdp", 11, 0, {1001, 2001}, 2002, 1, 1, 0, 1, 1, 1},
        {"firefox-publish.sdp", 6, 0, {3001, 3002}, 3003, 1, 1, 0, 1, 1, 1},
        {"obs-32.sdp", 2, 0, {4001, 4002}, 0, 1, 1, 0, 0, 1, 1},
        {"obs-29.sdp", 2, 2, {4001, 4002}, 0, 1, 1, 0, 0, 1, 1},
        {"ffmpeg-8.sdp", 2, 0, {5001, 5002}, 0, 1, 1, 1, 0, 0, 0},
        {"ffmpeg-8-video-only.sdp", 1, 0, {0, 5002}, 0, 0, 1, 1, 0, 0, 0},
        {"gstreamer-publish.sdp", 2, 0, {6003, 6001}, 6002, 1, 1, 0, 1, 0, 1},
        {"rfc9725.sdp", 2, 0, {0, 0}, 0, 1, 1, 0, 0, 0, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct media_publish asked = {.session = 7, .stream_id = 8};
        print_message("%s\n", cases[i].file);
        char *answer = publish(offer_file_read(cases[i].file), &asked);
        const struct publication *publication = &asked.publication;
        assert_int_equal(publication->negotiated.format_count, cases[i].formats);
        assert_int_equal(asked.candidate_count, cases[i].candidates);
        assert_int_equal(publication->ssrc[TRACK_AUDIO], cases[i].ssrc[TRACK_AUDIO]);
        assert_int_equal(publication->ssrc[TRACK_VIDEO], cases[i].ssrc[TRACK_VIDEO]);
        assert_int_equal(publication->rtx_ssrc[TRACK_VIDEO], cases[i].rtx_ssrc);
        assert_int_equal(publication->offered[TRACK_AUDIO], cases[i].audio);
        assert_int_equal(publication->offered[TRACK_VIDEO], cases[i].video);
        assert_int_equal(asked.dtls_client, cases[i].dtls_client);
        assert_int_equal(publication->transport_wide, cases[i].transport_wide);
        assert_int_equal(publication->remb, cases[i].remb);
        assert_int_equal(publication->nack_pli, cases[i].nack_pli);
        assert_int_equal(asked.session, 7);
        assert_int_equal(asked.stream_id, 8);
        assert_has(answer, cases[i].dtls_client ? "a=setup:active\r\n" : "a=setup:passive\r\n");
        assert_has(answer, "a=recvonly\r\n");
        free(answer);
    }
}

static void negotiate_publish_answers_as_whip_demands(void **state)
{
    struct media_publish asked = {0};
    char *answer = publish(offer_file_read("chromium-simulcast-data.sdp"), &asked);

    (void)state;
    assert_int_equal(strncmp(answer, "v=0\r\no=- ", 9), 0);
    assert_has(answer, "a=group:BUNDLE 0 1\r\n");
    assert_has(answer,
               "m=audio 7100 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 198.51.100.1\r\na=mid:0\r\n");
    assert_has(answer, "m=video 7100 UDP/TLS/RTP/SAVPF 96 97 103 104 ");
    assert_has(answer, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n");
    assert_int_equal(count_of(answer, "a=recvonly\r\n"), 2);
    assert_int_equal(count_of(answer, "a=ice-ufrag:OURufrag\r\n"), 2);
    assert_int_equal(count_of(answer, "a=ice-pwd:OURpasswordOURpassword00\r\n"), 2);
    assert_int_equal(count_of(answer, "a=fingerprint:sha-256 AB:00:"), 2);
    assert_int_equal(count_of(answer, "a=rtcp-mux\r\n"), 2);
    assert_int_equal(count_of(answer, "a=rtcp-mux-only\r\n"), 1);
    assert_int_equal(count_of(answer, "a=candidate:"), 2);
    assert_int_equal(count_of(answer, "a=end-of-candidates\r\n"), 1);
    assert_true(strstr(answer, "a=candidate:") < strstr(answer, "m=video"));
    assert_has(answer, "a=ice-options:trickle\r\n");
    assert_has(answer, "a=fmtp:111 minptime=10;useinbandfec=1\r\n");
    assert_has(answer, "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n");
    assert_has(answer, "a=rtcp-fb:96 transport-cc\r\n");
    assert_has(answer, "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc");
    assert_has(answer, "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n");
    assert_has_not(answer, "ice-lite");
    assert_has_not(answer, "simulcast");
    assert_has_not(answer, "ulpfec");
    assert_has_not(answer, "telephone-event");
    free(answer);
}

static void negotiate_publish_reads_formats(void **state)
{
    struct media_publish asked = {0};
    const struct profile *profile = &asked.publication.negotiated;

    (void)state;
    free(publish(offer_file_read("chromium-publish.sdp"), &asked));
    assert_int_equal(profile->formats[0].format.codec, CODEC_OPUS);
    assert_int_equal(profile->formats[0].payload_type, 111);
    assert_int_equal(profile->formats[0].rtx_payload_type, PROFILE_NO_PAYLOAD_TYPE);
    assert_int_equal(profile->formats[1].format.codec, CODEC_VP8);
    assert_int_equal(profile->formats[1].rtx_payload_type, 97);
    assert_int_equal(profile->formats[3].format.codec, CODEC_H264);
    assert_int_equal(profile->formats[3].format.packetization_mode, 0);
    assert_int_equal(profile->formats[4].format.constraints, 0xe0);
    assert_int_equal(profile->formats[10].format.codec, CODEC_VP9);
    assert_int_equal(profile->formats[10].format.profile, 2);
    assert_int_equal(profile->extension_id[EXTENSION_MID], 4);
    assert_int_equal(profile->extension_id[EXTENSION_TRANSPORT_WIDE], 3);
    assert_int_equal(profile->extension_id[EXTENSION_AUDIO_LEVEL], 1);
    assert_true(profile->nack[TRACK_VIDEO]);
    assert_false(profile->nack[TRACK_AUDIO]);

    /* FFmpeg's seven digits stand for constrained baseline; we answer with six. */
    char *answer = publish(offer_file_read("ffmpeg-8.sdp"), &asked);
    assert_int_equal(profile->formats[1].format.profile, 0x42);
    assert_int_equal(profile->formats[1].format.constraints, 0xe0);
    assert_int_equal(profile->formats[1].format.level, 0x1f);
    assert_has(answer, "profile-level-id=42e01f\r\n");
    free(answer);
    answer = publish(offer_file_read("ffmpeg-8-video-only.sdp"), &asked);
    assert_has(answer, "a=group:BUNDLE 1\r\n");
    free(answer);

    /* What describes the sender's own stream does not come back. */
    answer = publish(offer_file_read("obs-32.sdp"), &asked);
    assert_has(answer,
               "a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;useinbandfec=1\r\n");
    free(answer);
}

#define SHA1 "sha-1 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64"

static void negotiate_publish_judges_each_mutation(void **state)
{
    static const struct mutation cases[] = {
        {"no change", NULL, NULL, NULL, STATUS_OK},
        {"no fingerprint", "a=fingerprint", NULL, NULL, STATUS_MALFORMED},
        {"weak fingerprint", "a=fingerprint", "a=setup", "a=fingerprint:" SHA1 "\r\na=setup",
         STATUS_UNSUPPORTED},
        {"weak before strong", NULL, "a=fingerprint", "a=fingerprint:" SHA1 "\r\na=fingerprint",
         STATUS_OK},
        {"bad fingerprint", NULL, "sha-256 6B:8B", "sha-256 6B:XX", STATUS_MALFORMED},
        {"short fingerprint", NULL, "sha-256 6B:8B:", "sha-256 ", STATUS_MALFORMED},
        {"no ufrag", "a=ice-ufrag", NULL, NULL, STATUS_MALFORMED},
        {"no password", "a=ice-pwd", NULL, NULL, STATUS_MALFORMED},
        {"short ufrag", NULL, "a=ice-ufrag:Cr3m", "a=ice-ufrag:Cr3", STATUS_MALFORMED},
        {"short password", NULL, "TqLrr", "T", STATUS_MALFORMED},
        {"odd ufrag", NULL, "a=ice-ufrag:Cr3m", "a=ice-ufrag:Cr:m", STATUS_MALFORMED},
        {"sendrecv", NULL, "a=sendonly", "a=sendrecv", STATUS_OK},
        {"no direction", "a=sendonly", NULL, NULL, STATUS_OK},
        {"recvonly", NULL, "a=sendonly", "a=recvonly", STATUS_UNSUPPORTED},
        {"inactive", NULL, "a=sendonly", "a=inactive", STATUS_UNSUPPORTED},
        {"two videos", NULL, "m=audio 46243 UDP/TLS/RTP/SAVPF 111",
         "m=video 46243 UDP/TLS/RTP/SAVPF 96 111", STATUS_UNSUPPORTED},
        {"two audios", NULL, "m=video", "m=audio", STATUS_UNSUPPORTED},
        {"no audio codec", NULL, "opus/48000", "isac/16000", STATUS_UNSUPPORTED},
        {"no video m-line codec", NULL,
         "m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 108 109 114 "
         "115 116 117 118 39 40 45 46 98 99 100 101 ",
         "m=video 9 UDP/TLS/RTP/SAVPF ", STATUS_UNSUPPORTED},
        {"wrong clock", NULL, "opus/48000", "opus/16000", STATUS_UNSUPPORTED},
        {"no mux", "a=rtcp-mux", NULL, NULL, STATUS_UNSUPPORTED},
        {"no bundle", "a=group", NULL, NULL, STATUS_UNSUPPORTED},
        {"half a bundle", NULL, "a=group:BUNDLE 0 1", "a=group:BUNDLE 0", STATUS_UNSUPPORTED},
        {"odd tags in bundle", NULL, "a=group:BUNDLE 0 1", "a=group:BUNDLE 5 0 1", STATUS_OK},
        {"bundle-only", NULL, "m=video 9", "a=x\r\nm=video 0", STATUS_OK},
        {"same tags", NULL, "a=mid:1", "a=mid:0", STATUS_MALFORMED},
        {"empty tag", NULL, "a=mid:1", "a=mid:", STATUS_MALFORMED},
        {"active", NULL, "a=setup:actpass", "a=setup:active", STATUS_OK},
        {"passive", NULL, "a=setup:actpass", "a=setup:passive", STATUS_OK},
        {"no setup", "a=setup", NULL, NULL, STATUS_OK},
        {"holdconn", NULL, "a=setup:actpass", "a=setup:holdconn", STATUS_UNSUPPORTED},
        {"bad setup", NULL, "a=setup:actpass", "a=setup:x", STATUS_MALFORMED},
        {"ice2", NULL, "a=ice-options:trickle", "a=ice-options:ice2,trickle", STATUS_OK},
        {"no ice-options", "a=ice-options", NULL, NULL, STATUS_OK},
        {"plain RTP", NULL, "UDP/TLS/RTP/SAVPF", "RTP/AVP", STATUS_UNSUPPORTED},
        {"no video kind", NULL, "m=video", "m=text", STATUS_OK},
        {"nothing to send", NULL, "m=", "m=x-", STATUS_UNSUPPORTED},
        {"bad candidate", NULL, "a=candidate:1467250027 1 udp", "a=candidate:1 1 udp x", STATUS_OK},
        {"not SDP", NULL, "v=0", "{}", STATUS_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct negotiate_refusal refusal = {.why = ""};
        struct negotiation *negotiation = NULL;
        struct media_publish asked = {0};
        char *offer = mutate("chromium-publish.sdp", &cases[i]);
        const enum status status =
            negotiate_publish(offer, strlen(offer), 0, NULL, &asked, &negotiation, &refusal);
        check_refusal(&cases[i], status, &refusal);
        negotiation_destroy(negotiation);
        free(offer);
    }
}

static void negotiate_publish_answers_inactive_and_refused_lines_in_place(void **state)
{
    struct media_publish asked = {0};
    char *offer = offer_file_read("firefox-publish.sdp");

    (void)state;
    offer = offer_file_replace(offer, "a=sendonly\r\na=extmap:1 ", "a=inactive\r\na=extmap:1 ");
    char *answer = publish(offer, &asked);
    assert_false(asked.publication.offered[TRACK_AUDIO]);
    assert_int_equal(count_of(answer, "a=inactive\r\n"), 1);
    assert_has(answer, "a=group:BUNDLE 0 1\r\n");
    free(answer);

    /* Port 0 without bundle-only is a refusal by the offerer (RFC 9143 section 6). */
    offer = offer_file_without(offer_file_read("firefox-publish.sdp"), "a=bundle-only");
    answer = publish(offer, &asked);
    assert_has(answer, "a=group:BUNDLE 0\r\n");
    assert_has(answer, "m=video 0 UDP/TLS/RTP/SAVPF 120\r\n");
    free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(negotiate_publish_takes_each_real_client),
        cmocka_unit_test(negotiate_publish_answers_as_whip_demands),
        cmocka_unit_test(negotiate_publish_reads_formats),
        cmocka_unit_test(negotiate_publish_judges_each_mutation),
        cmocka_unit_test(negotiate_publish_answers_inactive_and_refused_lines_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
