#include "signaling/ice_servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/mono.h"

static const char *field(const json_t *server, const char *name)
{
    const char *text = json_string_value(json_object_get(server, name));

    return text != NULL ? text : "";
}

static void ice_servers_give_fixed_credentials_to_turn_alone(void **state)
{
    static const struct config config = {.ice_servers = "stun:a.example:3478, turn:b.example:3478",
                                         .ice_username = "ann",
                                         .ice_credential = "secret"};
    json_t *servers = ice_servers_json(&config);

    (void)state;
    assert_int_equal(json_array_size(servers), 2);
    assert_string_equal(field(json_array_get(servers, 0), "username"), "");
    assert_string_equal(field(json_array_get(servers, 1), "username"), "ann");
    assert_string_equal(field(json_array_get(servers, 1), "credential"), "secret");
    json_decref(servers);
}

/* As coturn checks it: base64 of HMAC-SHA1 of the user name, which begins with its expiry. */
static void ice_servers_mint_credentials_that_expire(void **state)
{
    static const struct config config = {.ice_servers = "turn:b.example:3478",
                                         .ice_secret = "north",
                                         .ice_credential_life_ns = 600 * MONO_SECOND};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char password[2 * EVP_MAX_MD_SIZE];
    unsigned digest_bytes = 0;
    json_t *servers = ice_servers_json(&config);
    const char *username = field(json_array_get(servers, 0), "username");
    const long long left = strtoll(username, NULL, 10) - (long long)time(NULL);

    (void)state;
    assert_in_range(left, 590, 601);
    assert_non_null(strchr(username, ':'));
    (void)HMAC(EVP_sha1(), "north", 5, (const unsigned char *)username, strlen(username), digest,
               &digest_bytes);
    (void)EVP_EncodeBlock(password, digest, (int)digest_bytes);
    assert_string_equal(field(json_array_get(servers, 0), "credential"), (const char *)password);
    json_decref(servers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ice_servers_give_fixed_credentials_to_turn_alone),
        cmocka_unit_test(ice_servers_mint_credentials_that_expire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
