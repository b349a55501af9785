/* transport/ice.h - what both ICE sides and SDP share: credentials and candidates (RFC 8445, RFC
 * 8839, RFC 6544). Plain values; any thread. */
#ifndef TRANSPORT_ICE_H
#define TRANSPORT_ICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum {
    ICE_UFRAG_CHARS_MAX = 256,    /* RFC 8839 section 5.4; ours have 8 */
    ICE_PASSWORD_CHARS_MAX = 256, /* ours have 24 */
    ICE_ADDRESS_CHARS_MAX = 63,   /* literal IPv4 or IPv6; names are never resolved */
    ICE_CANDIDATES_MAX = 32,
    ICE_CANDIDATE_TEXT_MAX = 256
};

struct ice_credentials {
    char ufrag[ICE_UFRAG_CHARS_MAX + 1];
    char password[ICE_PASSWORD_CHARS_MAX + 1];
};

enum ice_candidate_type { ICE_HOST, ICE_SERVER_REFLEXIVE, ICE_PEER_REFLEXIVE, ICE_RELAYED };
enum ice_tcp_type { ICE_UDP, ICE_TCP_ACTIVE, ICE_TCP_PASSIVE, ICE_TCP_SIMULTANEOUS_OPEN };

struct ice_candidate {
    char foundation[33];
    uint8_t component; /* 1 */
    uint8_t transport; /* enum ice_tcp_type */
    uint8_t type;      /* enum ice_candidate_type */
    uint32_t priority;
    char address[ICE_ADDRESS_CHARS_MAX + 1];
    uint16_t port;
};

/* Fills fresh random credentials: 8 and 24 characters of the ice-char set (RFC 8445 section 5.3).
 */
void ice_credentials_make(struct ice_credentials *credentials);
/* Reads "candidate:..." with or without "a=" (not terminated). STATUS_UNSUPPORTED: well-formed, but
 * a name instead of an address (mDNS), or not component 1; the caller drops it silently. */
MUST_CHECK enum status ice_candidate_parse(const char *text, size_t text_bytes,
                                           struct ice_candidate *candidate);
/* Writes "candidate:..." terminated into out (ICE_CANDIDATE_TEXT_MAX). */
void ice_candidate_format(const struct ice_candidate *candidate, char *out);

#endif
