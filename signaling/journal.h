/* signaling/journal.h - the log's sink: one line an event on standard error,
 * "2026-01-01T00:00:00.000Z level area message". More than JOURNAL_LINES_PER_SECOND in a second are
 * counted instead of written, since logs are an amplifier too. Any thread. */
#ifndef SIGNALING_JOURNAL_H
#define SIGNALING_JOURNAL_H

#include "core/log.h"

enum { JOURNAL_LINES_PER_SECOND = 200 }; /* debug lines are not limited */

/* Becomes the log's sink. Before the threads start. */
void journal_start(enum log_level level);

#endif
