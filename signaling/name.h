/* signaling/name.h - names of rooms and streams, and text by code points: 1 to 64 code points of
 * UTF-8 without '/' and control characters, percent-encoded in a URL (PROTOCOL.md section 1). Pure
 * functions. */
#ifndef SIGNALING_NAME_H
#define SIGNALING_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

enum { NAME_POINTS_MAX = 64, NAME_BYTES_MAX = 4 * NAME_POINTS_MAX };

/* Returns the number of code points, or -1 when text is not UTF-8 (RFC 3629: no overlong forms, no
 * surrogates). */
long name_count_points(const char *text, size_t text_bytes);
bool name_is_valid(const char *text, size_t text_bytes);
/* Undoes the percent-encoding of one path segment and checks the name. Terminated into name
 * (NAME_BYTES_MAX + 1). STATUS_MALFORMED. */
MUST_CHECK enum status name_decode(const char *segment, size_t segment_bytes, char *name);
/* Splits "/PREFIX/ROOM[/STREAM]", the raw path; stream is "main" when it is not given. prefix is
 * "/whip/" or the like, with which path begins. One '/' at the end is allowed. */
MUST_CHECK enum status name_split_path(const char *path, const char *prefix, char *room,
                                       char *stream);

#endif
