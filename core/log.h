/* core/log.h - one line an event. Core formats, a sink set at start writes; any thread may log.
 * Never log a key, a password, a token or an SDP; addresses and names of rooms are data, quoted by
 * the caller with %s after log_quote where they come from strangers. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum { LOG_LINE_BYTES_MAX = 1024 };

/* The sink gets one line without a line end, valid during the call only; called on the logging
 * thread. */
typedef void log_sink(void *context, enum log_level level, const char *area, const char *line);

/* Sets sink and level before the threads start; until then lines of level warning and above go to
 * stderr. */
void log_set_sink(log_sink *sink, void *context);
/* Any thread, any time. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

void log_event(enum log_level level, const char *area, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define LOG_ERROR(area, ...) log_event(LOG_LEVEL_ERROR, area, __VA_ARGS__)
#define LOG_WARNING(area, ...) log_event(LOG_LEVEL_WARNING, area, __VA_ARGS__)
#define LOG_INFO(area, ...) log_event(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define LOG_DEBUG(area, ...)                                                                       \
    do {                                                                                           \
        if (log_enabled(LOG_LEVEL_DEBUG))                                                          \
            log_event(LOG_LEVEL_DEBUG, area, __VA_ARGS__);                                         \
    } while (0)

/* Copies text into out (capacity bytes, always terminated) with control characters and invalid
 * bytes as '?'. Returns out. */
char *log_quote(char *out, unsigned capacity_bytes, const char *text);

#endif
