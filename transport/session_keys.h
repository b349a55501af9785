/* transport/session_keys.h - session keys from an SRTP master key, and the IV of a packet (RFC 3711
 * sections 4.1.1 and 4.3, RFC 7714 sections 8.1, 9.1 and 11). No state; any thread. */
#ifndef TRANSPORT_SESSION_KEYS_H
#define TRANSPORT_SESSION_KEYS_H

#include <stdint.h>

#include "core/status.h"
#include "transport/srtp_keys.h"

enum {
    SESSION_AUTHENTICATION_KEY_BYTES = 20,
    SESSION_IV_BYTES = 16 /* GCM: 12, the rest zero */
};

/* RFC 3711 section 4.3.1: the first label of each protocol; authentication key and salt follow. */
enum session_keys_label { SESSION_KEYS_RTP = 0, SESSION_KEYS_RTCP = 3 };

/* What protects one direction of RTP or RTCP. Wipe after use. */
struct session_keys {
    uint8_t key[SRTP_KEY_BYTES];
    uint8_t authentication_key[SESSION_AUTHENTICATION_KEY_BYTES]; /* GCM: unused */
    uint8_t salt[SRTP_SALT_BYTES_MAX];                            /* GCM: 12 bytes */
};

/* master_salt has SRTP_SALT_BYTES_MAX bytes, those beyond the suite's own zero. STATUS_SYSTEM:
 * OpenSSL refused. */
MUST_CHECK enum status session_keys_derive(const uint8_t *master_key, const uint8_t *master_salt,
                                           enum session_keys_label label,
                                           struct session_keys *session_keys);

/* Writes the IV of a packet. salt: of the session; index: of 48 bits, 2^16 * ROC + sequence number
 * of SRTP or the 31-bit index of SRTCP. */
void session_keys_iv(enum srtp_suite suite, const uint8_t *salt, uint32_t ssrc, uint64_t index,
                     uint8_t iv[SESSION_IV_BYTES]);

#endif
