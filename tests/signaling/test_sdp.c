#include "signaling/sdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/signaling/offer_file.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n"

static void sdp_parse_splits_sections_and_attributes(void **state)
{
    static const char text[] = HEAD "t=0 0\r\n"
                                    "a=ice-lite\r\n"
                                    "a=group:BUNDLE 0 1\r\n"
                                    "m=audio 49170/2 UDP/TLS/RTP/SAVPF 111 0 111\r\n"
                                    "a=mid:0\r\n"
                                    "a=sendonly\r\n"
                                    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n"
                                    "a=mid:1\n";
    const char *why = NULL;
    struct sdp *sdp = NULL;

    (void)state;
    assert_int_equal(sdp_parse(text_of(text), SDP_DESCRIPTION, &sdp, &why), STATUS_OK);
    assert_true(sdp_has(&sdp->session, "ice-lite"));
    assert_true(text_is(sdp_find(&sdp->session, "group")->value, "BUNDLE 0 1"));
    assert_int_equal(sdp->media_count, 2);
    assert_true(text_is(sdp->media[0].media, "audio"));
    assert_int_equal(sdp->media[0].port, 49170);
    assert_int_equal(sdp->media[0].payload_type_count, 2);
    assert_int_equal(sdp->media[0].payload_types[0], 111);
    assert_int_equal(sdp->media[0].attribute_count, 2);
    assert_int_equal(sdp->media[0].attributes[1].value.bytes, 0);
    assert_true(text_is(sdp->media[1].protocol, "UDP/DTLS/SCTP"));
    assert_true(text_is(sdp->media[1].first_format, "webrtc-datachannel"));
    assert_true(text_is(sdp_find(&sdp->media[1], "mid")->value, "1"));
    assert_true(text_is(sdp_find_inherited(sdp, &sdp->media[1], "group")->value, "BUNDLE 0 1"));
    assert_null(sdp_find(&sdp->media[1], "group"));
    sdp_destroy(sdp);
}

static void sdp_parse_judges_each_line(void **state)
{
    static const struct {
        const char *text;
        enum status status;
    } cases[] = {
        {HEAD, STATUS_OK},
        {HEAD "\r\n\r\n", STATUS_OK},
        {HEAD "b=AS:100\r\nk=x\r\ni=\xe7\x9b\xb4\xe6\x92\xad\r\n", STATUS_OK},
        {"", STATUS_MALFORMED},
        {"v=0\r\n", STATUS_MALFORMED},
        {"v=0\r\ns=-\r\no=- 1 1 IN IP4 0.0.0.0\r\n", STATUS_MALFORMED},
        {"v=1\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n", STATUS_MALFORMED},
        {"{\"type\":\"offer\"}", STATUS_MALFORMED},
        {HEAD "v=0\r\n", STATUS_MALFORMED},
        {HEAD "x=1\r\n", STATUS_MALFORMED},
        {HEAD "a\r\n", STATUS_MALFORMED},
        {HEAD " a=mid:0\r\n", STATUS_MALFORMED},
        {HEAD "a=\r\n", STATUS_MALFORMED},
        {HEAD "a=:x\r\n", STATUS_MALFORMED},
        {HEAD "a=b c\r\n", STATUS_MALFORMED},
        {HEAD "a=mid:\x01\r\n", STATUS_MALFORMED},
        {HEAD "a=mid:0\ra=mid:1\r\n", STATUS_MALFORMED},
        {HEAD "m=audio\r\n", STATUS_MALFORMED},
        {HEAD "m=audio 9 RTP/SAVPF\r\n", STATUS_MALFORMED},
        {HEAD "m=audio x RTP/SAVPF 0\r\n", STATUS_MALFORMED},
        {HEAD "m=audio 65536 RTP/SAVPF 0\r\n", STATUS_MALFORMED},
        {HEAD "m=audio 9 RTP/SAVPF 128\r\n", STATUS_MALFORMED},
        {HEAD "m=audio 9 RTP/SAVPF 0 a\r\n", STATUS_MALFORMED},
        {HEAD "m=audio 9 RTP//SAVPF 0\r\n", STATUS_MALFORMED},
        {HEAD "m=audio 9 RTP/SAVPF -1\r\n", STATUS_MALFORMED},
        {HEAD "m=audio 9 UDP/X abc\r\n", STATUS_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why = NULL;
        struct sdp *sdp = NULL;
        const enum status status = sdp_parse(text_of(cases[i].text), SDP_DESCRIPTION, &sdp, &why);
        if (status != cases[i].status)
            fail_msg("case %zu: %s", i, status == STATUS_OK ? "parsed" : why);
        sdp_destroy(sdp);
    }
}

static void sdp_parse_refuses_a_nul_byte(void **state)
{
    static const char text[] = HEAD "a=mid:a\0b\r\n";
    const char *why = NULL;
    struct sdp *sdp = NULL;

    (void)state;
    assert_int_equal(sdp_parse((struct text){text, sizeof text - 1}, SDP_DESCRIPTION, &sdp, &why),
                     STATUS_MALFORMED);
}

/* Parses HEAD, then line count times, then last. */
static enum status parse_repeated(const char *line, unsigned count, const char *last)
{
    struct text_writer writer;
    const char *why = NULL;
    struct sdp *sdp = NULL;

    text_writer_init(&writer, 1 << 20);
    text_put(&writer, HEAD);
    for (unsigned i = 0; i < count; i++)
        text_put(&writer, "%s", line);
    text_put(&writer, "%s", last);
    char *text = text_writer_finish(&writer);
    const enum status status = sdp_parse(text_of(text), SDP_DESCRIPTION, &sdp, &why);
    sdp_destroy(sdp);
    free(text);
    return status;
}

static void sdp_parse_is_bounded(void **state)
{
    static const char media[] = "m=audio 9 RTP/SAVPF 0\r\n";
    char media_line[1024] = "m=video 9 RTP/SAVPF";

    (void)state;
    assert_int_equal(parse_repeated("a=x\r\n", SDP_LINES_MAX - 3, ""), STATUS_OK);
    assert_int_equal(parse_repeated("a=x\r\n", SDP_LINES_MAX - 2, ""), STATUS_FULL);
    assert_int_equal(parse_repeated("a=x\r\n", SDP_LINES_MAX - 4, media), STATUS_OK);
    assert_int_equal(parse_repeated(media, SDP_MEDIA_MAX, ""), STATUS_OK);
    assert_int_equal(parse_repeated(media, SDP_MEDIA_MAX + 1, ""), STATUS_FULL);
    assert_int_equal(parse_repeated("i=0123456789012345678901234567890123456789\r\n", 1600, ""),
                     STATUS_FULL);
    for (unsigned i = 0; i <= SDP_PAYLOAD_TYPES_MAX; i++) {
        assert_int_equal(parse_repeated("", 0, media_line), i > 0 ? STATUS_OK : STATUS_MALFORMED);
        snprintf(media_line + strlen(media_line), sizeof media_line - strlen(media_line), " %u", i);
    }
    assert_int_equal(parse_repeated("", 0, media_line), STATUS_FULL);
}

static void sdp_parse_takes_a_fragment_without_a_head(void **state)
{
    static const char text[] = "a=ice-ufrag:abcd\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n";
    const char *why = NULL;
    struct sdp *sdp = NULL;

    (void)state;
    assert_int_equal(sdp_parse(text_of(text), SDP_FRAGMENT, &sdp, &why), STATUS_OK);
    assert_int_equal(sdp->session.attribute_count, 1);
    assert_int_equal(sdp->media_count, 1);
    sdp_destroy(sdp);
    assert_int_equal(sdp_parse(text_of("\r\n"), SDP_FRAGMENT, &sdp, &why), STATUS_MALFORMED);
}

static void text_reads_numbers_within_bounds(void **state)
{
    static const struct {
        const char *text;
        uint64_t most;
        bool read;
        uint64_t number;
    } cases[] = {
        {"0", 0, true, 0},
        {"127", 127, true, 127},
        {"128", 127, false, 0},
        {"", 10, false, 0},
        {"+1", 10, false, 0},
        {" 1", 10, false, 0},
        {"0x1", 100, false, 0},
        {"4294967295", UINT32_MAX, true, UINT32_MAX},
        {"4294967296", UINT32_MAX, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t number = 0;
        assert_int_equal(text_number(text_of(cases[i].text), cases[i].most, &number),
                         cases[i].read);
        assert_true(number == cases[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sdp_parse_splits_sections_and_attributes),
        cmocka_unit_test(sdp_parse_judges_each_line),
        cmocka_unit_test(sdp_parse_refuses_a_nul_byte),
        cmocka_unit_test(sdp_parse_is_bounded),
        cmocka_unit_test(sdp_parse_takes_a_fragment_without_a_head),
        cmocka_unit_test(text_reads_numbers_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
