/* signaling/origin.h - which web origins may speak to us (http.origins): "*" or a list (RFC 6454
 * serialisations, separated by spaces or commas). Pure. */
#ifndef SIGNALING_ORIGIN_H
#define SIGNALING_ORIGIN_H

#include <stdbool.h>

/* origin "" (no Origin header: not a browser) is allowed. */
bool origin_is_allowed(const char *origins, const char *origin);
/* True when origins is "*". */
bool origin_is_any(const char *origins);

/* True for "*", for "", and for a list of http and https origins. */
bool origin_list_is_valid(const char *origins);

#endif
