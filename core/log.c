#include "core/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

static void write_stderr(void *context, enum log_level level, const char *area, const char *line)
{
    (void)context;
    (void)level;
    fprintf(stderr, "%s: %s\n", area, line);
}

/* The one piece of process-wide state in core besides interned profiles: a line must be possible
 * anywhere, and everything else about logging is the sink's. */
static log_sink *current_sink = write_stderr;
static void *current_context;
static _Atomic int current_level = LOG_LEVEL_WARNING;

void log_set_sink(log_sink *sink, void *context)
{
    current_sink = sink != NULL ? sink : write_stderr;
    current_context = sink != NULL ? context : NULL;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

void log_event(enum log_level level, const char *area, const char *format, ...)
{
    if (!log_enabled(level))
        return;

    char line[LOG_LINE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (written >= 0)
        current_sink(current_context, level, area, line);
}

/* Returns how many bytes the UTF-8 character at text has (RFC 3629), 0 when it is none or a control
 * character. text is terminated, so a character that is cut short ends at a byte that continues
 * nothing. */
static unsigned printable_bytes(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    static const uint32_t least[] = {0, 0x20, 0xA0, 0x800, 0x10000}; /* no controls, no overlong */
    unsigned count = 1;
    uint32_t point = at[0];

    if (at[0] >= 0xF0 && at[0] <= 0xF4) {
        count = 4;
        point = at[0] & 0x07;
    } else if (at[0] >= 0xE0 && at[0] < 0xF0) {
        count = 3;
        point = at[0] & 0x0F;
    } else if (at[0] >= 0xC2 && at[0] < 0xE0) {
        count = 2;
        point = at[0] & 0x1F;
    } else if (at[0] >= 0x7F) {
        return 0;
    }
    for (unsigned i = 1; i < count; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3F);
    }
    if (point < least[count] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
        return 0;
    return count;
}

char *log_quote(char *out, unsigned capacity_bytes, const char *text)
{
    unsigned used = 0;

    if (capacity_bytes == 0)
        return out;
    while (*text != '\0') {
        unsigned count = printable_bytes(text);
        unsigned width = count > 0 ? count : 1;
        if (used + width >= capacity_bytes)
            break;
        for (unsigned i = 0; i < width; i++)
            out[used++] = count > 0 ? text[i] : '?';
        text += width;
    }
    out[used] = '\0';
    return out;
}
