/* transport/srtp_keys.h - what a DTLS-SRTP handshake settles (RFC 5764 section 4.2, RFC 7714
 * section 12). Wipe after use. */
#ifndef TRANSPORT_SRTP_KEYS_H
#define TRANSPORT_SRTP_KEYS_H

#include <stdint.h>

enum srtp_suite { SRTP_SUITE_AEAD_AES_128_GCM, SRTP_SUITE_AES_CM_128_HMAC_SHA1_80 };

enum { SRTP_KEY_BYTES = 16, SRTP_SALT_BYTES_MAX = 14 }; /* GCM uses 12 bytes of salt */

struct srtp_keys {
    enum srtp_suite suite;
    uint8_t local_key[SRTP_KEY_BYTES]; /* protects what we send */
    uint8_t local_salt[SRTP_SALT_BYTES_MAX];
    uint8_t remote_key[SRTP_KEY_BYTES]; /* protects what the peer sends */
    uint8_t remote_salt[SRTP_SALT_BYTES_MAX];
};

#endif
