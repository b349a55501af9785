/* signaling/content_coding.h - what content codings a client takes (RFC 9110 section 12.5.3). Any
 * thread. */
#ifndef SIGNALING_CONTENT_CODING_H
#define SIGNALING_CONTENT_CODING_H

#include <stdbool.h>

/* Whether an Accept-Encoding field of this value, "" when absent, lets us answer with gzip. "*"
 * counts for no coding in particular: who can read gzip names it. */
bool content_coding_takes_gzip(const char *accept_encoding);

#endif
