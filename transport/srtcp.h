/* transport/srtcp.h - SRTCP of one viewer, both directions (RFC 3711 section 3.4, RFC 7714 section
 * 9). Rare, so small and not fast: raw keys are kept, and ciphers keyed at each use, in one context
 * a thread. Held by value. Thread: the worker that owns the viewer. */
#ifndef TRANSPORT_SRTCP_H
#define TRANSPORT_SRTCP_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "transport/session_keys.h"
#include "transport/srtp_keys.h"

enum {
    SRTCP_SOURCES_MAX = 8,  /* SSRCs that one viewer reports from */
    SRTCP_BYTES_MAX = 1500, /* of a packet that is opened */
    SRTCP_WINDOW_BITS = 128 /* RFC 3711 section 3.3.2 asks for 64 */
};

/* Replay window of one SSRC: browsers count indexes for each SSRC on its own. */
struct srtcp_source {
    uint32_t ssrc;
    uint32_t highest;
    uint64_t seen[SRTCP_WINDOW_BITS / 64]; /* bit i: highest - i; of seen[0] first */
};

struct srtcp {
    struct session_keys local;
    struct session_keys remote;
    uint32_t next_index;
    uint8_t suite; /* enum srtp_suite */
    uint8_t source_count;
    struct srtcp_source sources[SRTCP_SOURCES_MAX];
};

/* keys are borrowed; whoever holds srtcp wipes it. */
MUST_CHECK enum status srtcp_init(struct srtcp *srtcp, const struct srtp_keys *keys);
/* Writes the SRTCP packet for compound (at least 8 bytes) to out; returns its bytes, 0 when OpenSSL
 * refused or the 2^31 indexes are used up. */
size_t srtcp_protect(struct srtcp *srtcp, const uint8_t *compound, size_t compound_bytes,
                     uint8_t *out);
/* In place, see seal_open_rtcp. STATUS_DENIED also beyond SRTCP_SOURCES_MAX and SRTCP_BYTES_MAX. */
MUST_CHECK enum status srtcp_open(struct srtcp *srtcp, uint8_t *packet, size_t *bytes);

#endif
