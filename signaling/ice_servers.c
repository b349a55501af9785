#include "signaling/ice_servers.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/mono.h"

/* Takes the next URL of the list at *rest into url (CONFIG_TEXT_BYTES_MAX); false at its end. */
static bool next_url(const char **rest, char *url)
{
    static const char separators[] = " ,\t";
    const char *begin = *rest + strspn(*rest, separators);
    const size_t bytes = strcspn(begin, separators);

    if (bytes == 0 || bytes >= CONFIG_TEXT_BYTES_MAX)
        return false;
    memcpy(url, begin, bytes);
    url[bytes] = '\0';
    *rest = begin + bytes;
    return true;
}

/* What a client shows a TURN server; username "" for none. */
struct credential {
    char username[CONFIG_TEXT_BYTES_MAX];
    char password[CONFIG_TEXT_BYTES_MAX];
};

/* Draft behave-turn-rest-00, section 2.2, as coturn's use-auth-secret checks it: the user name says
 * when it expires, the password is its HMAC-SHA1 under the shared secret. */
static void mint(const struct config *config, struct credential *credential)
{
    const long long life_seconds = config->ice_credential_life_ns / MONO_SECOND;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_bytes = 0;
    struct timespec now;

    (void)timespec_get(&now, TIME_UTC);
    const int username_bytes = snprintf(credential->username, sizeof credential->username,
                                        "%lld:manycast", (long long)now.tv_sec + life_seconds);
    (void)HMAC(EVP_sha1(), config->ice_secret, (int)strlen(config->ice_secret),
               (const unsigned char *)credential->username, (size_t)username_bytes, digest,
               &digest_bytes);
    (void)EVP_EncodeBlock((unsigned char *)credential->password, digest, (int)digest_bytes);
}

static void make_credential(const struct config *config, struct credential *credential)
{
    if (config->ice_secret[0] != '\0') {
        mint(config, credential);
        return;
    }
    memcpy(credential->username, config->ice_username, sizeof credential->username);
    memcpy(credential->password, config->ice_credential, sizeof credential->password);
}

/* STUN asks for no credential. */
static bool needs_credential(const struct credential *credential, const char *url)
{
    return strncasecmp(url, "turn", 4) == 0 && credential->username[0] != '\0';
}

static bool is_valid(const char *url, bool has_credential)
{
    static const struct {
        const char *scheme;
        bool takes_credential;
    } SCHEMES[] = {{"stun:", false}, {"stuns:", false}, {"turn:", true}, {"turns:", true}};

    for (size_t i = 0; i < sizeof SCHEMES / sizeof SCHEMES[0]; i++) {
        const size_t bytes = strlen(SCHEMES[i].scheme);

        if (strncasecmp(url, SCHEMES[i].scheme, bytes) == 0)
            return url[bytes] != '\0' && url[bytes] != '/' &&
                   (has_credential || !SCHEMES[i].takes_credential);
    }
    return false;
}

bool ice_servers_are_valid(const struct config *config)
{
    const bool has_credential = config->ice_secret[0] != '\0' || config->ice_username[0] != '\0';
    const char *rest = config->ice_servers;
    char url[CONFIG_TEXT_BYTES_MAX];

    while (next_url(&rest, url))
        if (!is_valid(url, has_credential))
            return false;
    return true;
}

json_t *ice_servers_json(const struct config *config)
{
    const char *rest = config->ice_servers;
    char url[CONFIG_TEXT_BYTES_MAX];
    json_t *servers = json_array();
    struct credential mine = {0};

    make_credential(config, &mine);
    while (next_url(&rest, url)) {
        json_t *server = json_pack("{s:s}", "urls", url);
        if (needs_credential(&mine, url)) {
            json_object_set_new(server, "username", json_string(mine.username));
            json_object_set_new(server, "credential", json_string(mine.password));
        }
        json_array_append_new(servers, server);
    }
    return servers;
}

/* Writes text as the inside of a quoted-string (RFC 9110 section 5.6.4). */
static void quote(char *out, size_t out_bytes, const char *text)
{
    size_t at = 0;

    for (; text[0] != '\0' && at + 3 < out_bytes; text++) {
        if (text[0] == '"' || text[0] == '\\')
            out[at++] = '\\';
        out[at++] = text[0];
    }
    out[at] = '\0';
}

void ice_servers_link(const struct config *config, struct exchange *exchange)
{
    const char *rest = config->ice_servers;
    char url[CONFIG_TEXT_BYTES_MAX];
    char username[2 * CONFIG_TEXT_BYTES_MAX];
    char credential[2 * CONFIG_TEXT_BYTES_MAX];
    struct credential mine = {0};
    char link[sizeof url + sizeof username + sizeof credential + 128];

    make_credential(config, &mine);
    quote(username, sizeof username, mine.username);
    quote(credential, sizeof credential, mine.password);
    for (unsigned i = 0; i < ICE_SERVERS_LINKS_MAX && next_url(&rest, url); i++) {
        if (needs_credential(&mine, url)) {
            snprintf(link, sizeof link,
                     "<%s>; rel=\"ice-server\"; username=\"%s\"; credential=\"%s\"; "
                     "credential-type=\"password\"",
                     url, username, credential);
        } else {
            snprintf(link, sizeof link, "<%s>; rel=\"ice-server\"", url);
        }
        exchange_header(exchange, "Link", link);
    }
}
