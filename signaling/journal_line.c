#include "signaling/journal_line.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

enum {
    TIME_BYTES = 32,
    ESCAPED_BYTES_MAX = 7, /* "\u0001", or a character of UTF-8, and an end */
};

static const char json_end[] = "\"}\n"; /* without its terminator */

static void write_time(const struct timespec *time, char out[TIME_BYTES])
{
    struct tm parts;

    (void)gmtime_r(&time->tv_sec, &parts);
    const size_t bytes = strftime(out, TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(&out[bytes], TIME_BYTES - bytes, ".%03uZ",
                   (unsigned)(time->tv_nsec / 1000000) % 1000);
}

/* Escapes the character at text, which is not at its end, and moves text on. Returns the bytes
 * written. */
static size_t escape(const char **text, char out[ESCAPED_BYTES_MAX])
{
    const char *at = *text;
    const gunichar point = g_utf8_get_char_validated(at, -1);
    int bytes;

    *text = at + 1;
    if (point == (gunichar)-1 || point == (gunichar)-2) {
        bytes = snprintf(out, ESCAPED_BYTES_MAX, "\\ufffd");
    } else if (point < ' ' || point == 0x7f) {
        bytes = snprintf(out, ESCAPED_BYTES_MAX, "\\u%04x", point & 0x7fU);
    } else if (point == '"' || point == '\\') {
        bytes = snprintf(out, ESCAPED_BYTES_MAX, "\\%c", (char)point);
    } else {
        bytes = g_unichar_to_utf8(point, out);
        *text = at + bytes;
    }
    return (size_t)bytes;
}

/* What fits of message, with json_end behind it; returns the bytes of all. */
static size_t put_json_message(const char *message, char *out, size_t used)
{
    const size_t end_bytes = sizeof json_end - 1;
    char escaped[ESCAPED_BYTES_MAX];

    while (*message != '\0') {
        const size_t bytes = escape(&message, escaped);

        if (used + bytes + end_bytes > JOURNAL_LINE_BYTES_MAX)
            break;
        memcpy(&out[used], escaped, bytes);
        used += bytes;
    }
    memcpy(&out[used], json_end, end_bytes);
    return used + end_bytes;
}

static size_t put_text_message(const char *message, char *out, size_t used)
{
    const size_t bytes = strnlen(message, JOURNAL_LINE_BYTES_MAX - 1 - used);

    memcpy(&out[used], message, bytes);
    out[used + bytes] = '\n';
    return used + bytes + 1;
}

size_t journal_line_write(enum journal_format format, const struct journal_line *line, char *out)
{
    static const char *const LEVELS[] = {"error", "warning", "info", "debug"};
    const char *level = LEVELS[line->level];
    char time_text[TIME_BYTES];
    int head;

    write_time(&line->time, time_text);
    if (format == JOURNAL_TEXT) {
        head = snprintf(out, JOURNAL_LINE_BYTES_MAX, "%s %s %.64s ", time_text, level, line->area);
        return put_text_message(line->message, out, head > 0 ? (size_t)head : 0);
    }
    head = snprintf(out, JOURNAL_LINE_BYTES_MAX,
                    "{\"time\":\"%s\",\"level\":\"%s\",\"area\":\"%.64s\",\"message\":\"",
                    time_text, level, line->area);
    return put_json_message(line->message, out, head > 0 ? (size_t)head : 0);
}
