/* signaling/jwt.h - JSON Web Tokens (RFC 7519) in their compact, signed form (RFC 7515): HS256 by a
 * shared secret, RS256 and ES256 by public keys. Which key may check a token follows from the
 * token's algorithm and the key's kind together, so that no public key ever serves as a secret (RFC
 * 8725 section 2.1). Thread: main. */
#ifndef SIGNALING_JWT_H
#define SIGNALING_JWT_H

#include <jansson.h>

#include "core/status.h"

enum {
    JWT_BYTES_MAX = 4096,      /* of a token */
    JWT_SECRET_BYTES_MIN = 32, /* RFC 7518 section 3.2 */
    JWT_KEYS_MAX = 8,          /* in one file */
};

/* Public keys, RSA of 2048 bits or more and EC on P-256. Opaque, heap. */
struct jwt_keys;

/* Reads all public keys of a PEM file. STATUS_NOT_FOUND: no such file, or not readable.
 * STATUS_MALFORMED: no key in it, too many, or one of another kind. */
MUST_CHECK enum status jwt_keys_read(const char *path, struct jwt_keys **keys);
void jwt_keys_destroy(struct jwt_keys *keys); /* NULL is allowed */

/* Checks the signature, nothing else: times and rights are the caller's. secret "" or keys NULL: no
 * such tokens are taken. *claims is the payload, an object, the caller's. STATUS_MALFORMED: this is
 * no token. STATUS_UNSUPPORTED: an algorithm that is not taken here, `none` above all, or a
 * critical extension. STATUS_DENIED: the signature is not by a key of ours. */
MUST_CHECK enum status jwt_open(const char *token, const char *secret, const struct jwt_keys *keys,
                                json_t **claims);

#endif
