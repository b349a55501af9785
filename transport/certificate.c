#include "transport/certificate.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/log.h"

enum {
    CERTIFICATE_AGE_SECONDS = 24 * 3600, /* dated back, for peers whose clock is behind */
    CERTIFICATE_LIFE_SECONDS = 397 * 24 * 3600,
    SERIAL_BITS = 63,
    X509_VERSION_OF_3 = 2
};

struct certificate {
    X509 *x509;
    EVP_PKEY *key;
    struct fingerprint fingerprint;
};

/* Indexed by enum fingerprint_hash. SHA-1 and weaker are refused: RFC 8827 section 6.5 wants
 * SHA-256. */
static const struct {
    const char *name;
    unsigned bytes;
    const EVP_MD *(*digest)(void);
} hashes[] = {
    [FINGERPRINT_SHA_256] = {"sha-256", 32, EVP_sha256},
    [FINGERPRINT_SHA_384] = {"sha-384", 48, EVP_sha384},
    [FINGERPRINT_SHA_512] = {"sha-512", 64, EVP_sha512},
};

enum { HASH_COUNT = sizeof hashes / sizeof hashes[0] };

static bool fingerprint_of(const X509 *x509, enum fingerprint_hash hash,
                           struct fingerprint *fingerprint)
{
    unsigned bytes = 0;
    memset(fingerprint, 0, sizeof *fingerprint);
    fingerprint->hash = (uint8_t)hash;
    return X509_digest(x509, hashes[hash].digest(), fingerprint->bytes, &bytes) == 1 &&
           bytes == hashes[hash].bytes;
}

static bool set_serial(X509 *x509)
{
    BIGNUM *serial = BN_new();
    bool done = serial != NULL && BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, 0) == 1 &&
                BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509)) != NULL;
    BN_free(serial);
    return done;
}

/* The name says nothing of the machine: WebRTC peers look at the fingerprint only. */
static bool set_name(X509 *x509)
{
    X509_NAME *name = X509_get_subject_name(x509);
    const unsigned char text[] = "manycast";
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
           X509_set_issuer_name(x509, name) == 1;
}

static bool self_sign(X509 *x509, EVP_PKEY *key)
{
    return X509_set_version(x509, X509_VERSION_OF_3) == 1 && set_serial(x509) && set_name(x509) &&
           X509_gmtime_adj(X509_getm_notBefore(x509), -CERTIFICATE_AGE_SECONDS) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(x509), CERTIFICATE_LIFE_SECONDS) != NULL &&
           X509_set_pubkey(x509, key) == 1 && X509_sign(x509, key, EVP_sha256()) > 0;
}

enum status certificate_create(struct certificate **certificate)
{
    struct certificate *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->key = EVP_EC_gen("P-256");
    made->x509 = X509_new();
    if (made->key == NULL || made->x509 == NULL || !self_sign(made->x509, made->key) ||
        !fingerprint_of(made->x509, FINGERPRINT_SHA_256, &made->fingerprint)) {
        LOG_ERROR("certificate", "OpenSSL could not make a certificate, error %lx",
                  ERR_peek_last_error());
        ERR_clear_error();
        certificate_destroy(made);
        return STATUS_SYSTEM;
    }
    *certificate = made;
    return STATUS_OK;
}

void certificate_destroy(struct certificate *certificate)
{
    if (certificate == NULL)
        return;
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
    free(certificate);
}

const struct fingerprint *certificate_fingerprint(const struct certificate *certificate)
{
    return &certificate->fingerprint;
}

enum status certificate_use(const struct certificate *certificate, struct ssl_ctx_st *ssl_ctx)
{
    bool used = SSL_CTX_use_certificate(ssl_ctx, certificate->x509) == 1 &&
                SSL_CTX_use_PrivateKey(ssl_ctx, certificate->key) == 1;
    return used ? STATUS_OK : STATUS_SYSTEM;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    if (digit >= 'a' && digit <= 'f') /* RFC 8122 wants upper case; FFmpeg and others differ */
        return digit - 'a' + 10;
    return -1;
}

/* text is exactly count pairs of digits with colons between. */
static bool read_hex(const char *text, uint8_t *out, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        int high = hex_value(text[3 * i]);
        int low = hex_value(text[3 * i + 1]);
        bool parted = i + 1 == count || text[3 * i + 2] == ':';
        if (high < 0 || low < 0 || !parted)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

static bool is_token(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return bytes > 0;
}

enum status fingerprint_parse(const char *text, size_t text_bytes, struct fingerprint *fingerprint)
{
    const char *space = text_bytes > 0 ? memchr(text, ' ', text_bytes) : NULL;
    if (space == NULL || !is_token(text, (size_t)(space - text)))
        return STATUS_MALFORMED;
    size_t name_bytes = (size_t)(space - text);
    unsigned hash = 0;
    while (hash < HASH_COUNT && (strlen(hashes[hash].name) != name_bytes ||
                                 strncasecmp(text, hashes[hash].name, name_bytes) != 0))
        hash++;
    if (hash == HASH_COUNT)
        return STATUS_UNSUPPORTED;

    struct fingerprint read = {.hash = (uint8_t)hash};
    size_t hex_chars = text_bytes - name_bytes - 1;
    if (hex_chars != 3 * (size_t)hashes[hash].bytes - 1 ||
        !read_hex(space + 1, read.bytes, hashes[hash].bytes))
        return STATUS_MALFORMED;
    *fingerprint = read;
    return STATUS_OK;
}

void fingerprint_format(const struct fingerprint *fingerprint, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t name_bytes = strlen(hashes[fingerprint->hash].name);
    memcpy(out, hashes[fingerprint->hash].name, name_bytes);
    char *at = out + name_bytes;
    for (unsigned i = 0; i < hashes[fingerprint->hash].bytes; i++) {
        *at++ = i == 0 ? ' ' : ':';
        *at++ = digits[fingerprint->bytes[i] >> 4];
        *at++ = digits[fingerprint->bytes[i] & 0x0F];
    }
    *at = '\0';
}

bool fingerprint_matches(const struct fingerprint *fingerprint, const struct x509_st *x509)
{
    struct fingerprint actual;
    return fingerprint_of(x509, (enum fingerprint_hash)fingerprint->hash, &actual) &&
           CRYPTO_memcmp(actual.bytes, fingerprint->bytes, sizeof actual.bytes) == 0;
}
