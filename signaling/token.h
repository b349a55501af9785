/* signaling/token.h - stream keys: who may publish (setting auth.publish_key; RFC 6750 bearer
 * tokens). Compared in constant time, never logged. Pure functions. */
#ifndef SIGNALING_TOKEN_H
#define SIGNALING_TOKEN_H

#include "core/status.h"

/* Returns the token of an Authorization header "Bearer TOKEN" (scheme case-insensitive), borrowed;
 * NULL when there is none. */
const char *token_bearer(const char *authorization);

/* presented may be NULL: nothing was shown. STATUS_OK: key is "" or presented is the key.
 * STATUS_NOT_FOUND: a key is needed and none was shown. STATUS_DENIED: it is another one. */
MUST_CHECK enum status token_check(const char *key, const char *presented);

#endif
