#include "transport/session_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transport/hmac_sha1.h"

/* RFC 3711 appendix B.3. */
static void session_keys_derive_matches_the_rfc(void **state)
{
    (void)state;
    static const uint8_t master_key[] = {0xE1, 0xF9, 0x7A, 0x0D, 0x3E, 0x01, 0x8B, 0xE0,
                                         0xD6, 0x4F, 0xA3, 0x2C, 0x06, 0xDE, 0x41, 0x39};
    static const uint8_t master_salt[] = {0x0E, 0xC6, 0x75, 0xAD, 0x49, 0x8A, 0xFE,
                                          0xEB, 0xB6, 0x96, 0x0B, 0x3A, 0xAB, 0xE6};
    static const uint8_t key[] = {0xC6, 0x1E, 0x7A, 0x93, 0x74, 0x4F, 0x39, 0xEE,
                                  0x10, 0x73, 0x4A, 0xFE, 0x3F, 0xF7, 0xA0, 0x87};
    static const uint8_t salt[] = {0x30, 0xCB, 0xBC, 0x08, 0x86, 0x3D, 0x8C,
                                   0x85, 0xD4, 0x9D, 0xB3, 0x4A, 0x9A, 0xE1};
    static const uint8_t authentication_key[] = {0xCE, 0xBE, 0x32, 0x1F, 0x6F, 0xF7, 0x71,
                                                 0x6B, 0x6F, 0xD4, 0xAB, 0x49, 0xAF, 0x25,
                                                 0x6A, 0x15, 0x6D, 0x38, 0xBA, 0xA4};
    struct session_keys derived;
    assert_int_equal(session_keys_derive(master_key, master_salt, SESSION_KEYS_RTP, &derived),
                     STATUS_OK);
    assert_memory_equal(derived.key, key, sizeof key);
    assert_memory_equal(derived.salt, salt, sizeof salt);
    assert_memory_equal(derived.authentication_key, authentication_key, sizeof authentication_key);
}

static void session_keys_iv_places_ssrc_and_index(void **state)
{
    (void)state;
    static const uint8_t zero_salt[SRTP_SALT_BYTES_MAX];
    static const uint8_t gcm[] = {0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0, 0, 0};
    static const uint8_t counter_mode[] = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0};
    static const uint8_t salt[SRTP_SALT_BYTES_MAX] = {255, 0, 255, 0, 0, 0, 0,
                                                      0,   0, 0,   0, 1, 0, 255};
    uint8_t iv[SESSION_IV_BYTES];
    session_keys_iv(SRTP_SUITE_AEAD_AES_128_GCM, zero_salt, 0x01020304, 0x05060708090A, iv);
    assert_memory_equal(iv, gcm, sizeof gcm);
    session_keys_iv(SRTP_SUITE_AES_CM_128_HMAC_SHA1_80, zero_salt, 0x01020304, 0x05060708090A, iv);
    assert_memory_equal(iv, counter_mode, sizeof counter_mode);
    session_keys_iv(SRTP_SUITE_AEAD_AES_128_GCM, salt, 0x01020304, 0x05060708090A, iv);
    assert_int_equal(iv[0], 255);
    assert_int_equal(iv[2], 254);
    assert_int_equal(iv[11], 11);
    assert_int_equal(iv[13], 0); /* beyond GCM's 12 bytes */
}

/* RFC 2202 section 3, cases 1 to 3. */
static void hmac_sha1_matches_the_rfc(void **state)
{
    (void)state;
    static const uint8_t tag_1[] = {0xB6, 0x17, 0x31, 0x86, 0x55, 0x05, 0x72, 0x64, 0xE2, 0x8B,
                                    0xC0, 0xB6, 0xFB, 0x37, 0x8C, 0x8E, 0xF1, 0x46, 0xBE, 0x00};
    static const uint8_t tag_2[] = {0xEF, 0xFC, 0xDF, 0x6A, 0xE5, 0xEB, 0x2F, 0xA2, 0xD2, 0x74,
                                    0x16, 0xD5, 0xF1, 0x84, 0xDF, 0x9C, 0x25, 0x9A, 0x7C, 0x79};
    static const uint8_t tag_3[] = {0x12, 0x5D, 0x73, 0x42, 0xB9, 0xAC, 0x11, 0xCD, 0x91, 0xA3,
                                    0x9A, 0xF4, 0x8A, 0xA1, 0x7B, 0x4F, 0x63, 0xF1, 0x75, 0xD3};
    uint8_t key[20];
    uint8_t data[50];
    uint8_t tag[HMAC_SHA1_BYTES];
    struct hmac_sha1 hmac;

    memset(key, 0x0B, sizeof key);
    hmac_sha1_init(&hmac, key, sizeof key);
    hmac_sha1_run(&hmac, (const uint8_t *)"Hi There", 8, NULL, 0, tag);
    assert_memory_equal(tag, tag_1, sizeof tag);

    hmac_sha1_init(&hmac, (const uint8_t *)"Jefe", 4);
    const char *question = "what do ya want for nothing?";
    for (size_t cut = 0; cut <= strlen(question); cut++) {
        hmac_sha1_run(&hmac, (const uint8_t *)question, cut, (const uint8_t *)question + cut,
                      strlen(question) - cut, tag);
        assert_memory_equal(tag, tag_2, sizeof tag);
    }

    memset(key, 0xAA, sizeof key);
    memset(data, 0xDD, sizeof data);
    hmac_sha1_init(&hmac, key, sizeof key);
    hmac_sha1_run(&hmac, data, sizeof data, NULL, 0, tag);
    assert_memory_equal(tag, tag_3, sizeof tag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_keys_derive_matches_the_rfc),
        cmocka_unit_test(session_keys_iv_places_ssrc_and_index),
        cmocka_unit_test(hmac_sha1_matches_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
