#include "signaling/jwt.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/base64.h"

enum {
    RSA_BITS_MIN = 2048,
    ES256_HALF_BYTES = 32, /* RFC 7518 section 3.4: R and S, each so long */
    BASE64_GROUP_CHARS = 4,
};

struct jwt_keys {
    EVP_PKEY *keys[JWT_KEYS_MAX];
    unsigned count;
};

/* The three parts, each between two dots. */
struct token_parts {
    struct text header;
    struct text payload;
    struct text signature;
    struct text signed_part; /* header, dot and payload */
};

/* -- keys -- */

static bool is_usable(const EVP_PKEY *key)
{
    char group[32] = "";

    if (EVP_PKEY_is_a(key, "RSA"))
        return EVP_PKEY_get_bits(key) >= RSA_BITS_MIN;
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

/* The next block of a PEM file as a key. STATUS_CLOSED: there is none. */
static enum status read_key(FILE *file, EVP_PKEY **key)
{
    char *name = NULL;
    char *header = NULL;
    unsigned char *data = NULL;
    long data_bytes = 0;

    ERR_clear_error();
    if (PEM_read(file, &name, &header, &data, &data_bytes) != 1)
        return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? STATUS_CLOSED
                                                                            : STATUS_MALFORMED;
    const unsigned char *at = data;
    *key = strcmp(name, PEM_STRING_PUBLIC) == 0 ? d2i_PUBKEY(NULL, &at, data_bytes) : NULL;
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    return *key != NULL ? STATUS_OK : STATUS_MALFORMED;
}

static enum status read_all(FILE *file, struct jwt_keys *keys)
{
    EVP_PKEY *key;
    enum status status;

    while ((status = read_key(file, &key)) == STATUS_OK) {
        if (keys->count == JWT_KEYS_MAX || !is_usable(key)) {
            EVP_PKEY_free(key);
            return STATUS_MALFORMED;
        }
        keys->keys[keys->count++] = key;
    }
    ERR_clear_error();
    return status == STATUS_CLOSED && keys->count > 0 ? STATUS_OK : STATUS_MALFORMED;
}

enum status jwt_keys_read(const char *path, struct jwt_keys **keys)
{
    struct jwt_keys *read = calloc(1, sizeof *read);
    FILE *file = fopen(path, "re");
    enum status status = read == NULL   ? STATUS_NO_MEMORY
                         : file == NULL ? STATUS_NOT_FOUND
                                        : read_all(file, read);

    if (file != NULL)
        (void)fclose(file);
    if (status == STATUS_OK)
        *keys = read;
    else
        jwt_keys_destroy(read);
    return status;
}

void jwt_keys_destroy(struct jwt_keys *keys)
{
    if (keys == NULL)
        return;
    for (unsigned i = 0; i < keys->count; i++)
        EVP_PKEY_free(keys->keys[i]);
    free(keys);
}

/* -- reading -- */

static bool split(const char *token, struct token_parts *parts)
{
    const size_t bytes = strlen(token);
    const char *first = strchr(token, '.');
    const char *second = first != NULL ? strchr(first + 1, '.') : NULL;

    if (bytes > JWT_BYTES_MAX || second == NULL || strchr(second + 1, '.') != NULL)
        return false;
    parts->header = (struct text){token, (size_t)(first - token)};
    parts->payload = (struct text){first + 1, (size_t)(second - first - 1)};
    parts->signature = (struct text){second + 1, (size_t)(token + bytes - second - 1)};
    parts->signed_part = (struct text){token, (size_t)(second - token)};
    return true;
}

/* base64url without padding (RFC 7515 section 2); out holds JWT_BYTES_MAX. */
static bool read_base64url(struct text text, unsigned char *out, size_t *out_bytes)
{
    char plain[JWT_BYTES_MAX + BASE64_GROUP_CHARS];
    size_t bytes = 0;

    for (; bytes < text.bytes; bytes++) {
        const char character = text.at[bytes];

        if (character == '+' || character == '/' || character == '=')
            return false;
        plain[bytes] = (char)(character == '-' ? '+' : character == '_' ? '/' : character);
    }
    if (bytes % BASE64_GROUP_CHARS == 1)
        return false;
    while (bytes % BASE64_GROUP_CHARS != 0)
        plain[bytes++] = '=';
    return base64_read((struct text){plain, bytes}, out, out_bytes) == STATUS_OK;
}

/* An object, or NULL. */
static json_t *read_object(struct text part)
{
    unsigned char bytes[JWT_BYTES_MAX];
    size_t count;
    json_t *value = NULL;

    if (read_base64url(part, bytes, &count))
        value = json_loadb((const char *)bytes, count, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(value))
        return value;
    json_decref(value);
    return NULL;
}

/* -- signatures -- */

static bool is_signed_by_secret(struct text data, const unsigned char *signature,
                                size_t signature_bytes, const char *secret)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned digest_bytes = 0;

    return HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)data.at,
                data.bytes, digest, &digest_bytes) != NULL &&
           signature_bytes == sizeof digest && CRYPTO_memcmp(signature, digest, sizeof digest) == 0;
}

/* OpenSSL wants an ECDSA signature in DER; heap, NULL on failure. */
static unsigned char *make_der(const unsigned char *signature, size_t signature_bytes,
                               int *der_bytes)
{
    unsigned char *der = NULL;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, ES256_HALF_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature + ES256_HALF_BYTES, ES256_HALF_BYTES, NULL);

    if (signature_bytes == 2 * (size_t)ES256_HALF_BYTES && pair != NULL && r != NULL && s != NULL &&
        ECDSA_SIG_set0(pair, r, s) == 1) {
        r = NULL; /* pair's now */
        s = NULL;
        *der_bytes = i2d_ECDSA_SIG(pair, &der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return der;
}

static bool verifies(EVP_PKEY *key, struct text data, const unsigned char *signature,
                     size_t signature_bytes)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool good = context != NULL &&
                      EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                      EVP_DigestVerify(context, signature, signature_bytes,
                                       (const unsigned char *)data.at, data.bytes) == 1;

    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return good;
}

/* By one of the keys of that kind. signature has room for an ECDSA one, whatever its length. */
static bool is_signed_by_key(const struct jwt_keys *keys, const char *kind, struct text data,
                             const unsigned char *signature, size_t signature_bytes)
{
    const bool is_ec = strcmp(kind, "EC") == 0;
    int der_bytes = 0;
    unsigned char *der = is_ec ? make_der(signature, signature_bytes, &der_bytes) : NULL;
    bool good = false;

    for (unsigned i = 0; i < keys->count && !good && (!is_ec || der_bytes > 0); i++) {
        if (EVP_PKEY_is_a(keys->keys[i], kind))
            good = verifies(keys->keys[i], data, is_ec ? der : signature,
                            is_ec ? (size_t)der_bytes : signature_bytes);
    }
    OPENSSL_free(der);
    return good;
}

static enum status check_signature(const struct token_parts *parts, const char *algorithm,
                                   const char *secret, const struct jwt_keys *keys)
{
    unsigned char signature[JWT_BYTES_MAX] = {0};
    size_t signature_bytes;
    bool good;

    if (!read_base64url(parts->signature, signature, &signature_bytes))
        return STATUS_MALFORMED;
    if (strcmp(algorithm, "HS256") == 0 && secret[0] != '\0')
        good = is_signed_by_secret(parts->signed_part, signature, signature_bytes, secret);
    else if (strcmp(algorithm, "RS256") == 0 && keys != NULL)
        good = is_signed_by_key(keys, "RSA", parts->signed_part, signature, signature_bytes);
    else if (strcmp(algorithm, "ES256") == 0 && keys != NULL)
        good = is_signed_by_key(keys, "EC", parts->signed_part, signature, signature_bytes);
    else
        return STATUS_UNSUPPORTED;
    return good ? STATUS_OK : STATUS_DENIED;
}

enum status jwt_open(const char *token, const char *secret, const struct jwt_keys *keys,
                     json_t **claims)
{
    struct token_parts parts = {0};
    json_t *header = split(token, &parts) ? read_object(parts.header) : NULL;
    const char *algorithm = json_string_value(json_object_get(header, "alg"));
    enum status status = STATUS_MALFORMED;

    if (algorithm != NULL && json_object_get(header, "crit") != NULL)
        status = STATUS_UNSUPPORTED; /* RFC 7515 section 4.1.11 */
    else if (algorithm != NULL)
        status = check_signature(&parts, algorithm, secret, keys);
    json_decref(header);
    if (status != STATUS_OK)
        return status;
    json_t *payload = read_object(parts.payload);
    if (payload == NULL)
        return STATUS_MALFORMED;
    *claims = payload;
    return STATUS_OK;
}
