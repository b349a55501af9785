#include "signaling/access.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/log.h"
#include "core/mono.h"
#include "signaling/jwt.h"
#include "signaling/token.h"

/* Credentials that are nobody's own. */
enum { CREDENTIAL_NONE = 0, CREDENTIAL_KEY = 1, CREDENTIAL_TOKEN = 2 };

struct access {
    const struct config *config;
    struct jwt_keys *keys; /* NULL: none */
};

static bool takes_tokens(const struct config *config)
{
    return config->auth_jwt_secret[0] != '\0' || config->auth_jwt_public_keys[0] != '\0';
}

static const char *key_of(const struct config *config, enum access_right right)
{
    switch (right) {
    case ACCESS_WATCH:
        return config->auth_watch_key;
    case ACCESS_PUBLISH:
        return config->auth_publish_key;
    case ACCESS_ADMINISTER:
        return config->auth_admin_key;
    }
    return "";
}

bool access_is_guarded(const struct config *config, enum access_right right)
{
    return right == ACCESS_ADMINISTER || takes_tokens(config) || key_of(config, right)[0] != '\0';
}

const char *access_describe(const struct config *config)
{
    const bool watch = access_is_guarded(config, ACCESS_WATCH);
    const bool publish = access_is_guarded(config, ACCESS_PUBLISH);

    if (takes_tokens(config))
        return "publishing and watching take a token (auth.jwt_*) or a key";
    if (publish && watch)
        return "publishing and watching take a key";
    if (publish)
        return "publishing takes a key; anyone may watch (auth.watch_key is not set)";
    return watch ? "watching takes a key, but anyone may publish (auth.publish_key is not set)"
                 : "anyone may publish and watch (auth.publish_key, auth.watch_key are not set)";
}

/* -- life -- */

static enum status read_keys(const char *path, struct jwt_keys **keys)
{
    struct jwt_keys *read = NULL;
    const enum status status = path[0] != '\0' ? jwt_keys_read(path, &read) : STATUS_OK;

    if (status != STATUS_OK)
        LOG_ERROR("access", "auth.jwt_public_keys: no usable public keys in %s", path);
    else
        *keys = read;
    return status;
}

enum status access_create(const struct config *config, struct access **access)
{
    struct access *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->config = config;
    const enum status status = read_keys(config->auth_jwt_public_keys, &made->keys);
    if (status != STATUS_OK) {
        free(made);
        return status;
    }
    *access = made;
    return STATUS_OK;
}

void access_destroy(struct access *access)
{
    if (access == NULL)
        return;
    jwt_keys_destroy(access->keys);
    free(access);
}

void access_reload(struct access *access)
{
    struct jwt_keys *keys;

    if (read_keys(access->config->auth_jwt_public_keys, &keys) != STATUS_OK)
        return;
    jwt_keys_destroy(access->keys);
    access->keys = keys;
}

/* -- answers -- */

static void refuse(struct access_answer *answer, enum status status, const char *why)
{
    answer->status = status;
    answer->why = why;
}

/* A key opens its own right and those below. All are compared, whichever fits. */
static bool is_key(const struct config *config, enum access_right right, const char *token)
{
    bool fits = false;

    for (enum access_right of = ACCESS_WATCH; of <= ACCESS_ADMINISTER; of++) {
        const char *key = key_of(config, of);

        if (key[0] != '\0' && token_check(key, token) == STATUS_OK && of >= right)
            fits = true;
    }
    return fits;
}

/* RFC 7519 section 4.1: a NumericDate may have a fraction. */
static bool read_date(const json_t *value, double *date_s)
{
    if (!json_is_number(value))
        return false;
    *date_s = json_number_value(value);
    return true;
}

/* Returns why the token is not good now, or NULL. */
static const char *check_times(const json_t *claims, int64_t now_s, int64_t skew_s)
{
    const json_t *not_before = json_object_get(claims, "nbf");
    double date_s;

    if (!read_date(json_object_get(claims, "exp"), &date_s))
        return "This token does not say when it expires.";
    if (date_s + (double)skew_s <= (double)now_s)
        return "This token has expired.";
    if (not_before == NULL)
        return NULL;
    if (!read_date(not_before, &date_s))
        return "This token's nbf is not a time.";
    return date_s - (double)skew_s > (double)now_s ? "This token is not valid yet." : NULL;
}

static const char *check_room(const json_t *claims, const char *room)
{
    const json_t *only = json_object_get(claims, "room");

    if (only == NULL)
        return NULL;
    if (room == NULL)
        return "This token is for one room only.";
    return json_is_string(only) && strcmp(json_string_value(only), room) == 0
               ? NULL
               : "This token is for another room.";
}

static const char *check_right(const json_t *claims, enum access_right right)
{
    static const char *const names[] = {"watch", "publish", "admin"};
    static const char *const whys[] = {"This token does not allow watching.",
                                       "This token does not allow publishing.",
                                       "This token does not allow administering."};

    for (unsigned of = right; of <= ACCESS_ADMINISTER; of++)
        if (json_is_true(json_object_get(claims, names[of])))
            return NULL;
    return whys[right];
}

static uint64_t credential_of(const json_t *claims)
{
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct bytes reader;

    if (subject == NULL)
        return CREDENTIAL_TOKEN;
    SHA256((const unsigned char *)subject, strlen(subject), digest);
    reader = bytes_of(digest, sizeof digest);
    return bytes_u64(&reader);
}

static void copy_name(const json_t *claims, char name[NAME_BYTES_MAX + 1])
{
    const char *text = json_string_value(json_object_get(claims, "name"));

    if (text != NULL && name_is_valid(text, strlen(text)))
        memcpy(name, text, strlen(text) + 1);
}

static void copy_subject(const json_t *claims, char subject[ACCESS_SUBJECT_BYTES_MAX + 1])
{
    const char *text = json_string_value(json_object_get(claims, "sub"));

    if (text != NULL && strlen(text) <= ACCESS_SUBJECT_BYTES_MAX)
        memcpy(subject, text, strlen(text) + 1);
}

static void read_token(const struct access *access, enum access_right right, const char *room,
                       const char *token, int64_t now_s, struct access_answer *answer)
{
    json_t *claims = NULL;
    const int64_t skew_s = access->config->auth_jwt_skew_ns / MONO_SECOND;

    if (jwt_open(token, access->config->auth_jwt_secret, access->keys, &claims) != STATUS_OK) {
        refuse(answer, STATUS_DENIED, "This token is not signed as this server wants it.");
        return;
    }
    const char *why = check_times(claims, now_s, skew_s);
    if (why == NULL)
        why = check_room(claims, room);
    if (why == NULL)
        why = check_right(claims, right);
    if (why != NULL) {
        refuse(answer, STATUS_DENIED, why);
    } else {
        answer->credential = credential_of(claims);
        copy_name(claims, answer->name);
        copy_subject(claims, answer->subject);
    }
    json_decref(claims);
}

void access_ask(const struct access *access, enum access_right right, const char *room,
                const char *token, int64_t now_s, struct access_answer *answer)
{
    static const char *const needed[] = {"To watch here, a key or a token is needed.",
                                         "To publish here, a key or a token is needed.",
                                         "For this the operator's key or a token is needed."};
    static const char *const wrong[] = {"This is not the key for watching.",
                                        "This is not the stream key.",
                                        "This is not the operator's key."};
    const struct config *config = access->config;
    const bool shown = token != NULL && token[0] != '\0';

    *answer = (struct access_answer){.status = STATUS_OK, .why = "", .credential = CREDENTIAL_NONE};
    if (shown && is_key(config, right, token))
        answer->credential = CREDENTIAL_KEY;
    else if (!access_is_guarded(config, right))
        return;
    else if (right == ACCESS_ADMINISTER && config->auth_admin_key[0] == '\0' &&
             !takes_tokens(config))
        refuse(answer, STATUS_DENIED,
               "Nobody administers this server over HTTP: auth.admin_key is not set.");
    else if (!shown)
        refuse(answer, STATUS_NOT_FOUND, needed[right]);
    else if (takes_tokens(config) && strchr(token, '.') != NULL)
        read_token(access, right, room, token, now_s, answer);
    else
        refuse(answer, STATUS_DENIED, wrong[right]);
}

void access_ask_metrics(const struct config *config, const char *token,
                        struct access_answer *answer)
{
    *answer = (struct access_answer){.status = STATUS_OK, .why = "", .credential = CREDENTIAL_NONE};
    if (token_check(config->auth_metrics_key, token) != STATUS_OK)
        refuse(answer, STATUS_NOT_FOUND, "For this the key of auth.metrics_key is needed.");
}
