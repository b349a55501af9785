/* bench/publish/whip.h - the HTTP side of WHIP (RFC 9725) by libcurl: POST an offer, DELETE a
 * session. Blocks, with a deadline of some seconds. */
#ifndef BENCH_PUBLISH_WHIP_H
#define BENCH_PUBLISH_WHIP_H

#include <stddef.h>

enum {
    WHIP_ANSWER_BYTES_MAX = 64 * 1024,
    WHIP_WHY_BYTES_MAX = 256,
    WHIP_LOCATION_BYTES_MAX = 1024
};

struct whip_session {
    char location[WHIP_LOCATION_BYTES_MAX]; /* absolute URL */
    char answer[WHIP_ANSWER_BYTES_MAX];     /* terminated */
};

enum whip_result {
    WHIP_ACCEPTED,
    WHIP_LATER,   /* no server, full, busy: worth another try */
    WHIP_REFUSED, /* no use to ask again */
};

/* token: NULL for none. Fills session when accepted, else why, with what the server said and at
 * *retry_after_s (0: nothing said). */
enum whip_result whip_post(const char *url, const char *token, const char *offer,
                           struct whip_session *session, char why[WHIP_WHY_BYTES_MAX],
                           unsigned *retry_after_s);
/* Failures are ignored: there may be nobody to tell. */
void whip_delete(const char *location, const char *token);

#endif
