/* transport/seal_back_end.h - the cipher under seal: what protects RTP packets once their header
 * and IV are known. The fastest that this machine has is chosen for the process at its first seal.
 * SRTCP is too rare to need one (srtcp.h). Thread: that of the seal. */
#ifndef TRANSPORT_SEAL_BACK_END_H
#define TRANSPORT_SEAL_BACK_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "transport/session_keys.h"
#include "transport/srtp_keys.h"

enum { SEAL_GCM_TAG_BYTES = 16, SEAL_HMAC_TAG_BYTES = 10 };

/* A packet whose header stands at out already. */
struct seal_job {
    const uint8_t *payload; /* borrowed, in the clear */
    uint8_t *out;           /* header; payload, encrypted, and tag are written behind it */
    uint16_t header_bytes;
    uint16_t payload_bytes;
    uint32_t rollover_counter;    /* authenticated with a HMAC, RFC 3711 section 4.2 */
    uint8_t iv[SESSION_IV_BYTES]; /* GCM: 12 bytes */
};

struct seal_cipher; /* keys of one viewer, scheduled; each back end has its own */

struct seal_back_end {
    const char *name;
    /* session_keys are borrowed during the call. STATUS_UNSUPPORTED: not that suite; the portable
     * back end takes it. */
    enum status (*create)(enum srtp_suite suite, const struct session_keys *session_keys,
                          struct seal_cipher **cipher);
    void (*destroy)(struct seal_cipher *cipher); /* wipes; NULL is allowed */
    /* Returns the bytes of the tag, 0 when the library refused: the packet must not be sent. */
    size_t (*run)(struct seal_cipher *cipher, const struct seal_job *job);
    /* The same, but done only by the end of finish: the packets of many viewers are in flight
     * together. payload and out are borrowed until then, job during the call. NULL, with finish:
     * run gains nothing by company. */
    size_t (*begin)(struct seal_cipher *cipher, const struct seal_job *job);
    void (*finish)(void); /* of what this thread has begun; may be called with nothing begun */
};

/* The portable one: every suite, every machine. */
const struct seal_back_end *seal_openssl(void);
/* intel-ipsec-mb; NULL where this build or this processor has it not. */
#ifdef HAVE_IPSEC_MB
const struct seal_back_end *seal_ipsec_mb_or_null(void);
/* What it leaves out: SRTP_SUITE_AES_CM_128_HMAC_SHA1_80. Only where the former is there. */
const struct seal_back_end *seal_multi_buffer(void);
#else
static inline const struct seal_back_end *seal_multi_buffer(void)
{
    return NULL;
}
static inline const struct seal_back_end *seal_ipsec_mb_or_null(void)
{
    return NULL;
}
#endif

/* For tests and benchmarks: seals made from now on use that one; NULL: the fastest again. No other
 * thread may make seals meanwhile. */
void seal_use_back_end(const struct seal_back_end *back_end);

#endif
