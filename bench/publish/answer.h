/* bench/publish/answer.h - reads what the answer to our offer settles: transport, candidates, which
 * tracks are taken. */
#ifndef BENCH_PUBLISH_ANSWER_H
#define BENCH_PUBLISH_ANSWER_H

#include <stdbool.h>

#include "core/status.h"
#include "transport/certificate.h"
#include "transport/ice.h"

enum { ANSWER_CANDIDATE_CHARS_MAX = 255 };

struct answer {
    struct ice_credentials credentials;
    struct fingerprint fingerprint;
    bool active; /* the server begins the DTLS handshake */
    bool audio;  /* taken */
    bool video;
    bool rtx;
    unsigned candidate_count;
    char candidates[ICE_CANDIDATES_MAX][ANSWER_CANDIDATE_CHARS_MAX + 1]; /* "candidate:..." */
};

/* STATUS_MALFORMED: credentials or fingerprint are missing. */
MUST_CHECK enum status answer_read(const char *text, struct answer *answer);

#endif
