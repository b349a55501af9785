/* transport/hmac_sha1.h - HMAC-SHA1 (RFC 2104) with a key that is scheduled once and held by value:
 * SRTP's authentication tag (RFC 3711 section 4.2.1). Any thread. */
#ifndef TRANSPORT_HMAC_SHA1_H
#define TRANSPORT_HMAC_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { HMAC_SHA1_BYTES = 20 };

/* Secret; wipe after use. */
struct hmac_sha1 {
    uint32_t inner[5]; /* SHA-1's state after the first block */
    uint32_t outer[5];
};

/* key_bytes: 1..64. */
void hmac_sha1_init(struct hmac_sha1 *hmac, const uint8_t *key, size_t key_bytes);
/* The tag of data and trailer, one behind the other. out: HMAC_SHA1_BYTES. */
void hmac_sha1_run(const struct hmac_sha1 *hmac, const uint8_t *data, size_t data_bytes,
                   const uint8_t *trailer, size_t trailer_bytes, uint8_t *out);

#endif
