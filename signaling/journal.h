/* signaling/journal.h - the log's sink: one line an event on standard error (journal_line.h). More
 * than JOURNAL_LINES_PER_SECOND in a second are counted instead of written, since logs are an
 * amplifier too; so are lines that nobody takes (disk full, reader gone or too slow): a log never
 * holds a thread up. Any thread. */
#ifndef SIGNALING_JOURNAL_H
#define SIGNALING_JOURNAL_H

#include <stdint.h>

#include "core/log.h"
#include "signaling/journal_line.h"

enum { JOURNAL_LINES_PER_SECOND = 200 }; /* debug lines are not limited */

/* Where the process was started with standard descriptors closed, opens something harmless there,
 * so that no socket of ours ever is what others print to. Before anything else is opened. */
void journal_keep_descriptors(void);
/* Becomes the log's sink. Before the threads start. */
void journal_start(enum log_level level, enum journal_format format);
void journal_set_format(enum journal_format format);
/* Lines lost so far because they could not be written. */
uint64_t journal_lost(void);

#endif
