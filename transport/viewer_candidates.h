/* transport/viewer_candidates.h - the candidates that each viewer's answer carries: the shared port
 * on the announced or the machine's own addresses, UDP before TCP (RFC 8445 section 5.1, RFC 6544
 * section 4.5). Thread: main. */
#ifndef TRANSPORT_VIEWER_CANDIDATES_H
#define TRANSPORT_VIEWER_CANDIDATES_H

#include <stdint.h>

#include "transport/ice.h"
#include "transport/media.h"

/* Writes up to most candidates, best first; returns how many. port is what the workers listen on.
 */
unsigned viewer_candidates_write(const struct media_settings *settings, uint16_t port,
                                 struct ice_candidate *candidates, unsigned most);

#endif
