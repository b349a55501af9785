/* bench/publish/offer.h - writes the WHIP offer: Opus and VP8 with RTX, one bundle, all candidates
 * in it (RFC 9725 section 4.2, RFC 8829). */
#ifndef BENCH_PUBLISH_OFFER_H
#define BENCH_PUBLISH_OFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/certificate.h"

enum { OFFER_OPUS = 111, OFFER_VP8 = 96, OFFER_RTX = 97 }; /* payload types */

struct offer {
    const char *ufrag;
    const char *password;
    const char *candidates; /* lines "a=candidate:...", each with its CRLF */
    const struct fingerprint *fingerprint;
    const char *cname;
    bool audio;
    bool video;
    uint32_t audio_ssrc;
    uint32_t video_ssrc;
    uint32_t rtx_ssrc;
};

/* Returns the SDP; the caller frees it with g_free. */
char *offer_write(const struct offer *offer);

#endif
