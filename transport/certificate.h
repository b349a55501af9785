/* transport/certificate.h - the process's DTLS certificate (ECDSA P-256, self-signed, made at
 * start) and fingerprints of certificates (RFC 8122 section 5). Immutable after creation, read on
 * any thread. */
#ifndef TRANSPORT_CERTIFICATE_H
#define TRANSPORT_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum { FINGERPRINT_BYTES_MAX = 64, FINGERPRINT_TEXT_MAX = 16 + 3 * FINGERPRINT_BYTES_MAX };

enum fingerprint_hash { FINGERPRINT_SHA_256, FINGERPRINT_SHA_384, FINGERPRINT_SHA_512 };

struct fingerprint {
    uint8_t hash; /* enum fingerprint_hash */
    uint8_t bytes[FINGERPRINT_BYTES_MAX];
};

struct certificate;
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
struct x509_st;    /* OpenSSL's X509 */

MUST_CHECK enum status certificate_create(struct certificate **certificate);
void certificate_destroy(struct certificate *certificate); /* NULL is allowed */
/* SHA-256. Borrowed. */
const struct fingerprint *certificate_fingerprint(const struct certificate *certificate);
/* Makes ssl_ctx present certificate; it takes references of its own. */
MUST_CHECK enum status certificate_use(const struct certificate *certificate,
                                       struct ssl_ctx_st *ssl_ctx);

/* Reads "sha-256 AB:CD:..." (hash name case-insensitive; not terminated). STATUS_UNSUPPORTED: a
 * weaker or unknown hash; STATUS_MALFORMED. */
MUST_CHECK enum status fingerprint_parse(const char *text, size_t text_bytes,
                                         struct fingerprint *fingerprint);
/* Writes "sha-256 AB:..." terminated into out (FINGERPRINT_TEXT_MAX). */
void fingerprint_format(const struct fingerprint *fingerprint, char *out);
/* Whether x509 has that fingerprint; compared in constant time. */
bool fingerprint_matches(const struct fingerprint *fingerprint, const struct x509_st *x509);

#endif
