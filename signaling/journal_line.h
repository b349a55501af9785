/* signaling/journal_line.h - how a line of the log looks, as text or as JSON (RFC 8259). Pure. */
#ifndef SIGNALING_JOURNAL_LINE_H
#define SIGNALING_JOURNAL_LINE_H

#include <stddef.h>
#include <time.h>

#include "core/log.h"

/* A line that is longer is cut: a little less than a pipe takes whole, whatever others write. */
enum { JOURNAL_LINE_BYTES_MAX = 4000 };

enum journal_format {
    JOURNAL_TEXT, /* 2026-01-01T00:00:00.000Z level area message */
    JOURNAL_JSON, /* {"time":, "level":, "area":, "message":} */
};

struct journal_line {
    struct timespec time; /* of the wall clock */
    enum log_level level;
    const char *area;    /* borrowed, a word of ours */
    const char *message; /* borrowed, any bytes */
};

/* Writes the line with its end into out (JOURNAL_LINE_BYTES_MAX), not terminated; returns its
 * bytes. In JSON bytes that are no UTF-8 become U+FFFD each, and control characters are escaped. */
size_t journal_line_write(enum journal_format format, const struct journal_line *line, char *out);

#endif
