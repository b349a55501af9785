#include "transport/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX_32                                                                                     \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                                             \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define HEX_16 "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

static const struct {
    const char *text;
    enum status status;
} texts[] = {
    {"sha-256 " HEX_32, STATUS_OK},
    {"SHA-256 " HEX_32, STATUS_OK},
    {"sha-384 " HEX_32 ":" HEX_16, STATUS_OK},
    {"sha-512 " HEX_32 ":" HEX_32, STATUS_OK},
    {"sha-256 ab" /* lower case */ ":11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"
     "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff",
     STATUS_OK},
    {"sha-1 " HEX_16 ":00:11:22:33", STATUS_UNSUPPORTED},
    {"md5 " HEX_16, STATUS_UNSUPPORTED},
    {"sha-3-256 " HEX_32, STATUS_UNSUPPORTED},
    {"", STATUS_MALFORMED},
    {" ", STATUS_MALFORMED},
    {"sha-256", STATUS_MALFORMED},
    {"sha-256 ", STATUS_MALFORMED},
    {" sha-256 " HEX_32, STATUS_MALFORMED},
    {"sha-256  " HEX_32, STATUS_MALFORMED},
    {"sha-256 " HEX_16, STATUS_MALFORMED},
    {"sha-256 " HEX_32 ":", STATUS_MALFORMED},
    {"sha-256 " HEX_32 " ", STATUS_MALFORMED},
    {"sha-256 " HEX_32 ":00", STATUS_MALFORMED},
    {"sha-384 " HEX_32, STATUS_MALFORMED},
    {"sha-256 " HEX_16 "." HEX_16, STATUS_MALFORMED},
    {"sha-256 G" HEX_32, STATUS_MALFORMED},
    {"sha-256 :0" HEX_32, STATUS_MALFORMED},
};

static void certificate_fingerprint_parses_by_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct fingerprint fingerprint = {.hash = 77};
        enum status status = fingerprint_parse(texts[i].text, strlen(texts[i].text), &fingerprint);
        if (status != texts[i].status)
            fail_msg("\"%s\": %s", texts[i].text, status_text(status));
        assert_true(status == STATUS_OK || fingerprint.hash == 77);
    }
}

static void certificate_fingerprint_formats_what_it_parsed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct fingerprint fingerprint;
        char text[FINGERPRINT_TEXT_MAX];
        const char *expected = texts[i == 1 ? 0 : i].text;
        assert_int_equal(fingerprint_parse(texts[i].text, strlen(texts[i].text), &fingerprint),
                         STATUS_OK);
        fingerprint_format(&fingerprint, text);
        assert_string_equal(text, expected);
    }
}

static void certificate_differs_each_time(void **state)
{
    (void)state;
    struct certificate *one = NULL;
    struct certificate *other = NULL;
    assert_int_equal(certificate_create(&one), STATUS_OK);
    assert_int_equal(certificate_create(&other), STATUS_OK);
    assert_int_equal(certificate_fingerprint(one)->hash, FINGERPRINT_SHA_256);
    assert_memory_not_equal(certificate_fingerprint(one)->bytes,
                            certificate_fingerprint(other)->bytes, 32);
    certificate_destroy(one);
    certificate_destroy(other);
    certificate_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_fingerprint_parses_by_table),
        cmocka_unit_test(certificate_fingerprint_formats_what_it_parsed),
        cmocka_unit_test(certificate_differs_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
