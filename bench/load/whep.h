/* bench/load/whep.h - the HTTP side of one viewer's join: writes the offer, POSTs it by libcurl,
 * reads what is needed of the answer. Blocks. */
#ifndef BENCH_LOAD_WHEP_H
#define BENCH_LOAD_WHEP_H

#include <stdbool.h>

#include "transport/certificate.h"
#include "transport/ice.h"

enum { WHEP_LOCATION_BYTES_MAX = 512 };

struct whep_session {
    char location[WHEP_LOCATION_BYTES_MAX]; /* absolute URL */
    struct ice_credentials remote;
    struct fingerprint fingerprint;
    struct ice_candidate candidate; /* the one to use */
};

struct whep;

/* One for all viewers of a thread: connections are used again where the server allows. token: NULL
 * for none. NULL on failure. */
struct whep *whep_create(const char *url, const char *token, bool tcp,
                         const struct fingerprint *own);
/* From now on sessions begin at url-0, url-1 ... in turn; rooms 1: at url. */
void whep_spread(struct whep *whep, unsigned rooms);
void whep_destroy(struct whep *whep);
/* local: the credentials to offer. False: refused or failed (said on stderr, a few times). */
bool whep_join(struct whep *whep, const struct ice_credentials *local,
               struct whep_session *session);
void whep_leave(struct whep *whep, const char *location);

#endif
