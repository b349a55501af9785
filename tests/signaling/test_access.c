/* Keys and tokens: who may do what, where and when. Tokens are made here, right ones and wrong
 * ones. */
#include "signaling/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "core/mono.h"
#include "signaling/jwt.h"

enum { NOW_S = 1000000, TEXT_BYTES = 4096, ES256_HALF_BYTES = 32 };

static const char SECRET[] = "0123456789abcdef0123456789abcdef";
static const char HS256[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
static const char RS256[] = "{\"alg\":\"RS256\"}";
static const char ES256[] = "{\"alg\":\"ES256\"}";
/* All that a good token says. */
static const char GOOD[] = "{\"room\":\"room\",\"publish\":true,\"exp\":1000100}";

static EVP_PKEY *rsa;
static EVP_PKEY *ec;
static char keys_path[32];
static struct config config;
static struct access *the_access;

/* -- making tokens -- */

static void put_base64url(char *out, const void *data, size_t bytes)
{
    char *end = out + strlen(out);

    (void)EVP_EncodeBlock((unsigned char *)end, data, (int)bytes);
    for (; *end != '\0' && *end != '='; end++)
        *end = (char)(*end == '+' ? '-' : *end == '/' ? '_' : *end);
    *end = '\0';
}

static size_t sign_by_key(EVP_PKEY *key, const char *text, unsigned char *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t bytes = TEXT_BYTES;

    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(
        EVP_DigestSign(context, out, &bytes, (const unsigned char *)text, strlen(text)), 1);
    EVP_MD_CTX_free(context);
    if (!EVP_PKEY_is_a(key, "EC"))
        return bytes;
    const unsigned char *der = out;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)bytes);
    (void)BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, ES256_HALF_BYTES);
    (void)BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + ES256_HALF_BYTES, ES256_HALF_BYTES);
    ECDSA_SIG_free(pair);
    return (size_t)ES256_HALF_BYTES * 2;
}

/* key NULL: signed by secret; that "": not signed. */
static const char *make(const char *header, const char *claims, EVP_PKEY *key, const char *secret)
{
    static char token[TEXT_BYTES];
    unsigned char signature[TEXT_BYTES];
    unsigned hmac_bytes = 0;
    size_t bytes = 0;

    token[0] = '\0';
    put_base64url(token, header, strlen(header));
    strcat(token, ".");
    put_base64url(token, claims, strlen(claims));
    if (key != NULL) {
        bytes = sign_by_key(key, token, signature);
    } else if (secret[0] != '\0') {
        HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)token, strlen(token),
             signature, &hmac_bytes);
        bytes = hmac_bytes;
    }
    strcat(token, ".");
    put_base64url(token, signature, bytes);
    return token;
}

static enum status ask(enum access_right right, const char *room, const char *token)
{
    struct access_answer answer;

    access_ask(the_access, right, room, token, NOW_S, &answer);
    assert_int_equal(answer.why[0] == '\0', answer.status == STATUS_OK);
    return answer.status;
}

/* -- the stage -- */

static int make_keys(void **state)
{
    (void)state;
    rsa = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    assert_non_null(rsa);
    assert_non_null(ec);
    strcpy(keys_path, "access-test-XXXXXX");
    FILE *file = fdopen(mkstemp(keys_path), "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PUBKEY(file, rsa), 1);
    assert_int_equal(PEM_write_PUBKEY(file, ec), 1);
    (void)fclose(file);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    (void)unlink(keys_path);
    return 0;
}

static int open_stage(void **state)
{
    (void)state;
    memset(&config, 0, sizeof config);
    strcpy(config.auth_jwt_public_keys, keys_path);
    config.auth_jwt_skew_ns = 10 * MONO_SECOND;
    assert_int_equal(access_create(&config, &the_access), STATUS_OK);
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    access_destroy(the_access);
    return 0;
}

static void access_is_open_when_nothing_is_set(void **state)
{
    (void)state;
    config.auth_jwt_public_keys[0] = '\0';
    assert_int_equal(ask(ACCESS_WATCH, "room", NULL), STATUS_OK);
    assert_int_equal(ask(ACCESS_PUBLISH, "room", "whatever"), STATUS_OK);
    assert_int_equal(ask(ACCESS_ADMINISTER, NULL, NULL), STATUS_DENIED); /* nothing would do */
    assert_int_equal(ask(ACCESS_ADMINISTER, NULL, "whatever"), STATUS_DENIED);
}

static void access_keys_open_their_right_and_those_below(void **state)
{
    static const struct {
        const char *token;
        enum status watch;
        enum status publish;
        enum status administer;
    } cases[] = {
        {NULL, STATUS_NOT_FOUND, STATUS_NOT_FOUND, STATUS_NOT_FOUND},
        {"", STATUS_NOT_FOUND, STATUS_NOT_FOUND, STATUS_NOT_FOUND},
        {"wrong", STATUS_DENIED, STATUS_DENIED, STATUS_DENIED},
        {"see", STATUS_OK, STATUS_DENIED, STATUS_DENIED},
        {"stream", STATUS_OK, STATUS_OK, STATUS_DENIED},
        {"boss", STATUS_OK, STATUS_OK, STATUS_OK},
        {"a.b.c", STATUS_DENIED, STATUS_DENIED, STATUS_DENIED},
    };

    (void)state;
    config.auth_jwt_public_keys[0] = '\0';
    strcpy(config.auth_watch_key, "see");
    strcpy(config.auth_publish_key, "stream");
    strcpy(config.auth_admin_key, "boss");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ask(ACCESS_WATCH, "room", cases[i].token), cases[i].watch);
        assert_int_equal(ask(ACCESS_PUBLISH, "room", cases[i].token), cases[i].publish);
        assert_int_equal(ask(ACCESS_ADMINISTER, NULL, cases[i].token), cases[i].administer);
    }
    strcpy(config.auth_watch_key, "new"); /* rotated */
    assert_int_equal(ask(ACCESS_WATCH, "room", "see"), STATUS_DENIED);
    assert_int_equal(ask(ACCESS_WATCH, "room", "new"), STATUS_OK);
}

static void access_guards_metrics_by_a_key_of_their_own(void **state)
{
    static const struct {
        const char *key, *token;
        enum status status;
    } cases[] = {
        {"", NULL, STATUS_OK},
        {"", "anything", STATUS_OK},
        {"scrape", "scrape", STATUS_OK},
        {"scrape", NULL, STATUS_NOT_FOUND},
        {"scrape", "", STATUS_NOT_FOUND},
        {"scrape", "scrap", STATUS_NOT_FOUND},
        {"scrape", "boss", STATUS_NOT_FOUND},
    };

    (void)state;
    strcpy(config.auth_admin_key, "boss");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct access_answer answer;

        strcpy(config.auth_metrics_key, cases[i].key);
        access_ask_metrics(&config, cases[i].token, &answer);
        assert_int_equal(answer.status, cases[i].status);
    }
}

static void access_reads_what_a_token_claims(void **state)
{
    static const struct {
        const char *claims;
        enum access_right right;
        bool allowed;
    } cases[] = {
        {"{\"exp\":1000100,\"publish\":true,\"room\":\"room\"}", ACCESS_PUBLISH, true},
        {"{\"exp\":1000100,\"publish\":true,\"room\":\"room\"}", ACCESS_WATCH, true},
        {"{\"exp\":1000100,\"publish\":true,\"room\":\"room\"}", ACCESS_ADMINISTER, false},
        {"{\"exp\":1000100,\"watch\":true}", ACCESS_WATCH, true},
        {"{\"exp\":1000100,\"watch\":true}", ACCESS_PUBLISH, false},
        {"{\"exp\":1000100,\"admin\":true}", ACCESS_ADMINISTER, true},
        {"{\"exp\":1000100,\"admin\":true}", ACCESS_PUBLISH, true},
        {"{\"exp\":1000100}", ACCESS_WATCH, false},
        {"{\"exp\":1000100,\"watch\":\"true\"}", ACCESS_WATCH, false},
        {"{\"exp\":1000100,\"watch\":1}", ACCESS_WATCH, false},
        {"{\"exp\":1000100,\"watch\":true,\"room\":\"other\"}", ACCESS_WATCH, false},
        {"{\"exp\":1000100,\"watch\":true,\"room\":\"Room\"}", ACCESS_WATCH, false},
        {"{\"exp\":1000100,\"watch\":true,\"room\":\"roo\"}", ACCESS_WATCH, false},
        {"{\"exp\":1000100,\"watch\":true,\"room\":\"\"}", ACCESS_WATCH, false},
        {"{\"exp\":1000100,\"watch\":true,\"room\":null}", ACCESS_WATCH, false},
        {"{\"exp\":1000100,\"watch\":true,\"room\":[\"room\"]}", ACCESS_WATCH, false},
        {"{\"exp\":1000100,\"watch\":true,\"room\":\"room\\u0000\"}", ACCESS_WATCH, false},
        {"{\"watch\":true}", ACCESS_WATCH, false},                     /* no exp */
        {"{\"exp\":\"1000100\",\"watch\":true}", ACCESS_WATCH, false}, /* no number */
        {"{\"exp\":999991.5,\"watch\":true}", ACCESS_WATCH, true},     /* within the skew */
        {"{\"exp\":999990,\"watch\":true}", ACCESS_WATCH, false},      /* expired */
        {"{\"exp\":-1,\"watch\":true}", ACCESS_WATCH, false},          /* long ago */
        {"{\"exp\":1000100,\"nbf\":1000010,\"watch\":true}", ACCESS_WATCH, true},
        {"{\"exp\":1000100,\"nbf\":1000011,\"watch\":true}", ACCESS_WATCH, false},
        {"{\"exp\":1000100,\"nbf\":\"0\",\"watch\":true}", ACCESS_WATCH, false},
        {"{\"exp\":1,\"exp\":1000100,\"watch\":true}", ACCESS_WATCH, false}, /* twice */
        {"[]", ACCESS_WATCH, false},
        {"", ACCESS_WATCH, false},
    };

    (void)state;
    strcpy(config.auth_jwt_secret, SECRET);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *token = make(HS256, cases[i].claims, NULL, SECRET);

        if (ask(cases[i].right, "room", token) != (cases[i].allowed ? STATUS_OK : STATUS_DENIED))
            fail_msg("%s", cases[i].claims);
    }
}

static void access_to_the_server_takes_a_token_for_all_rooms(void **state)
{
    (void)state;
    strcpy(config.auth_jwt_secret, SECRET);
    assert_int_equal(
        ask(ACCESS_ADMINISTER, NULL, make(HS256, "{\"exp\":1000100,\"admin\":true}", NULL, SECRET)),
        STATUS_OK);
    assert_int_equal(
        ask(ACCESS_ADMINISTER, NULL,
            make(HS256, "{\"exp\":1000100,\"admin\":true,\"room\":\"room\"}", NULL, SECRET)),
        STATUS_DENIED);
}

static void access_takes_only_its_own_signatures(void **state)
{
    EVP_PKEY *strange_rsa = EVP_RSA_gen(2048);
    EVP_PKEY *strange_ec = EVP_EC_gen("P-256");
    char pem[TEXT_BYTES] = "";
    FILE *file = fopen(keys_path, "re");
    assert_true(fread(pem, 1, sizeof pem - 1, file) > 0);
    (void)fclose(file);
    const struct {
        const char *header;
        EVP_PKEY *key;
        const char *secret;
        bool allowed;
    } cases[] = {
        {HS256, NULL, SECRET, true},
        {RS256, rsa, "", true},
        {ES256, ec, "", true},
        {HS256, NULL, "0123456789abcdef0123456789abcdeg", false},
        {RS256, strange_rsa, "", false},
        {ES256, strange_ec, "", false},
        /* The algorithm and the key do not go together. */
        {HS256, NULL, pem, false},
        {RS256, ec, "", false},
        {ES256, rsa, "", false},
        {RS256, NULL, SECRET, false},
        {ES256, NULL, SECRET, false},
        {"{\"alg\":\"none\"}", NULL, "", false},
        {"{\"alg\":\"None\"}", NULL, "", false},
        {"{\"alg\":\"none\"}", NULL, SECRET, false},
        {"{\"alg\":\"HS384\"}", NULL, SECRET, false},
        {"{\"alg\":\"hs256\"}", NULL, SECRET, false},
        {"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", NULL, SECRET, false},
        {"{\"typ\":\"JWT\"}", NULL, SECRET, false},
        {"{\"alg\":[\"HS256\"]}", NULL, SECRET, false},
        {HS256, NULL, "", false}, /* no signature */
        {RS256, NULL, "", false},
        {ES256, NULL, "", false},
    };

    (void)state;
    strcpy(config.auth_jwt_secret, SECRET);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *token = make(cases[i].header, GOOD, cases[i].key, cases[i].secret);

        if (ask(ACCESS_PUBLISH, "room", token) != (cases[i].allowed ? STATUS_OK : STATUS_DENIED))
            fail_msg("%zu: %s", i, cases[i].header);
    }
    config.auth_jwt_secret[0] = '\0'; /* an empty secret is none */
    assert_int_equal(ask(ACCESS_PUBLISH, "room", make(HS256, GOOD, NULL, SECRET)), STATUS_DENIED);
    EVP_PKEY_free(strange_rsa);
    EVP_PKEY_free(strange_ec);
}

static void access_refuses_tokens_that_were_touched(void **state)
{
    char token[TEXT_BYTES];

    (void)state;
    strcpy(config.auth_jwt_secret, SECRET);
    strcpy(token, make(HS256, GOOD, NULL, SECRET));
    const size_t bytes = strlen(token);
    assert_int_equal(ask(ACCESS_PUBLISH, "room", token), STATUS_OK);
    for (size_t i = 0; i + 1 < bytes; i++) { /* the last character has two idle bits */
        const char kept = token[i];

        token[i] = kept == 'A' ? 'B' : 'A';
        assert_int_equal(ask(ACCESS_PUBLISH, "room", token), STATUS_DENIED);
        token[i] = '\0';
        assert_int_not_equal(ask(ACCESS_PUBLISH, "room", token), STATUS_OK);
        token[i] = kept;
    }
    strcat(token, "=");
    assert_int_equal(ask(ACCESS_PUBLISH, "room", token), STATUS_DENIED);
    token[bytes] = '.';
    assert_int_equal(ask(ACCESS_PUBLISH, "room", token), STATUS_DENIED);
    memset(token, 'A', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    token[9] = '.';
    token[99] = '.';
    assert_int_equal(ask(ACCESS_PUBLISH, "room", token), STATUS_DENIED);
}

static void access_tells_who_it_is(void **state)
{
    struct access_answer one;
    struct access_answer other;

    (void)state;
    strcpy(config.auth_jwt_secret, SECRET);
    strcpy(config.auth_publish_key, "stream");
    access_ask(the_access, ACCESS_PUBLISH, "room",
               make(HS256, "{\"exp\":1000100,\"publish\":true,\"sub\":\"a\",\"name\":\"老王\"}",
                    NULL, SECRET),
               NOW_S, &one);
    assert_string_equal(one.name, "老王");
    access_ask(the_access, ACCESS_PUBLISH, "room",
               make(HS256, "{\"exp\":1000200,\"publish\":true,\"sub\":\"a\",\"name\":\"a/b\"}",
                    NULL, SECRET),
               NOW_S, &other);
    assert_string_equal(other.name, ""); /* no name */
    assert_true(one.credential == other.credential);
    access_ask(the_access, ACCESS_PUBLISH, "room",
               make(HS256, "{\"exp\":1000100,\"publish\":true,\"sub\":\"b\"}", NULL, SECRET), NOW_S,
               &other);
    assert_true(one.credential != other.credential);
    access_ask(the_access, ACCESS_PUBLISH, "room", "stream", NOW_S, &one);
    assert_true(one.credential != other.credential);
    strcpy(config.auth_publish_key, "rotated");
    access_ask(the_access, ACCESS_PUBLISH, "room", "rotated", NOW_S, &other);
    assert_true(one.credential == other.credential);
}

static void access_keeps_its_keys_when_new_ones_are_unreadable(void **state)
{
    struct jwt_keys *keys;
    struct access *none;
    char path[] = "access-test-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");

    (void)state;
    (void)fputs("-----BEGIN PUBLIC KEY-----\nrubbish\n-----END PUBLIC KEY-----\n", file);
    (void)fclose(file);
    strcpy(config.auth_jwt_public_keys, path);
    access_reload(the_access);
    assert_int_equal(ask(ACCESS_PUBLISH, "room", make(ES256, GOOD, ec, "")), STATUS_OK);
    assert_int_equal(access_create(&config, &none), STATUS_MALFORMED);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(jwt_keys_read(path, &keys), STATUS_MALFORMED);
    file = fopen(path, "we"); /* a right one, of a kind that is not taken */
    EVP_PKEY *short_key = EVP_RSA_gen(1024);
    assert_int_equal(PEM_write_PUBKEY(file, ec), 1);
    assert_int_equal(PEM_write_PUBKEY(file, short_key), 1);
    (void)fclose(file);
    EVP_PKEY_free(short_key);
    assert_int_equal(jwt_keys_read(path, &keys), STATUS_MALFORMED);
    (void)unlink(path);
    assert_int_equal(jwt_keys_read(path, &keys), STATUS_NOT_FOUND);
    config.auth_jwt_public_keys[0] = '\0';
    strcpy(config.auth_jwt_secret, SECRET);
    access_reload(the_access); /* no keys from here on */
    assert_int_equal(ask(ACCESS_PUBLISH, "room", make(ES256, GOOD, ec, "")), STATUS_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(access_is_open_when_nothing_is_set, open_stage,
                                        close_stage),
        cmocka_unit_test_setup_teardown(access_keys_open_their_right_and_those_below, open_stage,
                                        close_stage),
        cmocka_unit_test_setup_teardown(access_guards_metrics_by_a_key_of_their_own, open_stage,
                                        close_stage),
        cmocka_unit_test_setup_teardown(access_reads_what_a_token_claims, open_stage, close_stage),
        cmocka_unit_test_setup_teardown(access_to_the_server_takes_a_token_for_all_rooms,
                                        open_stage, close_stage),
        cmocka_unit_test_setup_teardown(access_takes_only_its_own_signatures, open_stage,
                                        close_stage),
        cmocka_unit_test_setup_teardown(access_refuses_tokens_that_were_touched, open_stage,
                                        close_stage),
        cmocka_unit_test_setup_teardown(access_tells_who_it_is, open_stage, close_stage),
        cmocka_unit_test_setup_teardown(access_keeps_its_keys_when_new_ones_are_unreadable,
                                        open_stage, close_stage),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
