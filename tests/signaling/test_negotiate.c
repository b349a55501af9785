#include "signaling/negotiate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/signaling/offer_file.h"

static const struct media_local local = {
    .credentials = {.ufrag = "OURufrag", .password = "OURpasswordOURpassword00"},
    .candidates = {{.foundation = "1",
                    .component = 1,
                    .transport = ICE_UDP,
                    .type = ICE_HOST,
                    .priority = 2130706431,
                    .address = "198.51.100.1",
                    .port = 7100},
                   {.foundation = "2",
                    .component = 1,
                    .transport = ICE_TCP_PASSIVE,
                    .type = ICE_HOST,
                    .priority = 1000,
                    .address = "2001:db8::1",
                    .port = 7000}},
    .candidate_count = 2};
static const struct fingerprint certificate = {.hash = FINGERPRINT_SHA_256, .bytes = {0xab}};

static struct negotiate_source source_of(bool live, bool audio, bool video)
{
    return (struct negotiate_source){.live = live,
                                     .has = {audio, video},
                                     .local = &local.credentials,
                                     .candidates = local.candidates,
                                     .candidate_count = local.candidate_count,
                                     .certificate = &certificate};
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no \"%s\" in\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" is in\n%s", part, text);
}

static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

/* --- broadcasters --- */

/* Returns the answer, which the caller frees; offer is freed. */
static char *publish(char *offer, struct media_publish *publish)
{
    struct negotiate_refusal refusal = {.why = ""};
    struct negotiation *negotiation = NULL;

    if (negotiate_publish(offer, strlen(offer), 0, publish, &negotiation, &refusal) != STATUS_OK)
        fail_msg("refused: %s", refusal.why);
    free(offer);
    char *answer = negotiate_publish_answer(negotiation, &local, &certificate);
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
            negotiate_publish(offer, strlen(offer), 1000, &asked, &negotiation, &refusal),
            STATUS_OK);
        free(offer);
        char *answer = negotiate_publish_answer(negotiation, &local, &certificate);
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

struct mutation {
    const char *what;
    const char *without; /* lines removed, by their start; or NULL */
    const char *from;    /* replaced; or NULL */
    const char *to;
    enum status status;
};

static char *mutate(const char *file, const struct mutation *mutation)
{
    char *offer = offer_file_read(file);

    if (mutation->without != NULL)
        offer = offer_file_without(offer, mutation->without);
    if (mutation->from != NULL)
        offer = offer_file_replace(offer, mutation->from, mutation->to);
    return offer;
}

static void check_refusal(const struct mutation *mutation, enum status status,
                          const struct negotiate_refusal *refusal)
{
    if (status != mutation->status)
        fail_msg("%s: %s (%s)", mutation->what, status_text(status), refusal->why);
    if (status != STATUS_OK) {
        assert_int_equal(refusal->unsupported, status == STATUS_UNSUPPORTED);
        assert_true(strlen(refusal->why) > 10);
    }
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
            negotiate_publish(offer, strlen(offer), 0, &asked, &negotiation, &refusal);
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

/* --- viewers --- */

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

/* --- fragments --- */

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
    char *answer = negotiate_fragment_answer(&local.credentials, local.candidates,
                                             local.candidate_count, true);

    (void)state;
    assert_has(answer, "a=ice-lite\r\n");
    assert_int_equal(negotiate_fragment_parse(answer, strlen(answer), &fragment), STATUS_OK);
    assert_string_equal(fragment.credentials.password, local.credentials.password);
    assert_int_equal(fragment.candidate_count, 2);
    assert_true(fragment.end_of_candidates);
    free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(negotiate_publish_takes_each_real_client),
        cmocka_unit_test(negotiate_publish_answers_as_whip_demands),
        cmocka_unit_test(negotiate_publish_takes_data_channels_of_one_form),
        cmocka_unit_test(negotiate_publish_reads_formats),
        cmocka_unit_test(negotiate_publish_judges_each_mutation),
        cmocka_unit_test(negotiate_publish_answers_inactive_and_refused_lines_in_place),
        cmocka_unit_test(negotiate_subscribe_takes_each_real_client),
        cmocka_unit_test(negotiate_subscribe_answers_as_whep_demands),
        cmocka_unit_test(negotiate_subscribe_shares_profiles_and_not_numbers),
        cmocka_unit_test(negotiate_subscribe_answers_inactive_what_a_live_source_lacks),
        cmocka_unit_test(negotiate_subscribe_refuses_what_the_viewer_cannot_play),
        cmocka_unit_test(negotiate_subscribe_judges_each_mutation),
        cmocka_unit_test(negotiate_subscribe_again_keeps_numbers_and_notices_a_restart),
        cmocka_unit_test(negotiate_fragment_parse_reads_each_form),
        cmocka_unit_test(negotiate_fragment_parse_leaves_out_candidates_beyond_the_bound),
        cmocka_unit_test(negotiate_fragment_answer_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
