/* transport/seal.h - SRTP for viewers: protects RTP and RTCP sent to one viewer, opens the RTCP
 * that it sends (RFC 3711, RFC 7714, RFC 6188 not). Reads the shared plaintext, writes the viewer's
 * ciphertext: no copy in between. Thread: the worker that owns the viewer. */
#ifndef TRANSPORT_SEAL_H
#define TRANSPORT_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "core/egress.h"
#include "core/status.h"
#include "transport/srtp_keys.h"

enum {
    SEAL_RTP_OVERHEAD_BYTES_MAX = 16,      /* GCM tag; HMAC-SHA1-80: 10 */
    SEAL_RTCP_OVERHEAD_BYTES_MAX = 16 + 4, /* and the SRTCP index */
};

struct seal;

/* keys are borrowed during the call; the caller wipes them. */
MUST_CHECK enum status seal_create(const struct srtp_keys *keys, struct seal **seal);
void seal_destroy(struct seal *seal); /* wipes; NULL is allowed */

/* Writes the SRTP packet for packet to out (room for header + payload +
 * SEAL_RTP_OVERHEAD_BYTES_MAX); returns its bytes, 0 when the cipher library refused: nothing may
 * be sent then. The caller never gives the same ssrc and index twice with other bytes. */
size_t seal_rtp(struct seal *seal, const struct outgoing *packet, uint8_t *out);
/* The same, but what stands at out is the packet only after seal_finish, until when packet's
 * header, payload and out are borrowed: some ciphers gain by having the packets of many viewers in
 * flight.
 */
size_t seal_rtp_begin(struct seal *seal, const struct outgoing *packet, uint8_t *out);
/* Completes all that this thread has begun. */
void seal_finish(void);
/* Writes the SRTCP packet for compound to out (room for compound + SEAL_RTCP_OVERHEAD_BYTES_MAX);
 * returns its bytes, 0 as above. */
size_t seal_rtcp(struct seal *seal, const uint8_t *compound, size_t compound_bytes, uint8_t *out);
/* Opens an SRTCP packet in place; *bytes shrinks to the plain compound. STATUS_DENIED:
 * authentication or replay (window of 128); STATUS_SHORT. packet is untouched unless STATUS_OK. */
MUST_CHECK enum status seal_open_rtcp(struct seal *seal, uint8_t *packet, size_t *bytes);

/* The back end in use, for logs and the doctor: "openssl", "ipsec-mb avx512", ... Static. */
const char *seal_back_end(void);

#endif
