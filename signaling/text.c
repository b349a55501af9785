#include "signaling/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct text text_of(const char *terminated)
{
    return (struct text){terminated, strlen(terminated)};
}

struct text text_between(const char *first_byte, const char *end)
{
    return (struct text){first_byte, (size_t)(end - first_byte)};
}

bool text_is(struct text text, const char *literal)
{
    return text_equals(text, text_of(literal));
}

bool text_is_nocase(struct text text, const char *literal)
{
    return text.bytes == strlen(literal) &&
           (text.bytes == 0 || strncasecmp(text.at, literal, text.bytes) == 0);
}

bool text_equals(struct text a, struct text b)
{
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.at, b.at, a.bytes) == 0);
}

bool text_starts(struct text text, const char *literal)
{
    const size_t literal_bytes = strlen(literal);

    return text.bytes >= literal_bytes &&
           (literal_bytes == 0 || memcmp(text.at, literal, literal_bytes) == 0);
}

bool text_has_word(struct text list, struct text a)
{
    for (struct text word = text_take_word(&list); word.bytes > 0; word = text_take_word(&list))
        if (text_equals(word, a))
            return true;
    return false;
}

static bool is_space(char character)
{
    return character == ' ' || character == '\t';
}

struct text text_trim(struct text text)
{
    while (text.bytes > 0 && is_space(text.at[0])) {
        text.at++;
        text.bytes--;
    }
    while (text.bytes > 0 && is_space(text.at[text.bytes - 1]))
        text.bytes--;
    return text;
}

struct text text_take(struct text *rest, char separator)
{
    const char *found = rest->bytes > 0 ? memchr(rest->at, separator, rest->bytes) : NULL;
    struct text taken = *rest;

    if (found == NULL) {
        *rest = (struct text){NULL, 0};
        return taken;
    }
    taken.bytes = (size_t)(found - rest->at);
    *rest = text_between(found + 1, rest->at + rest->bytes);
    return taken;
}

struct text text_take_word(struct text *rest)
{
    *rest = text_trim(*rest);
    return text_take(rest, ' ');
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return INT8_MAX;
}

static bool read_number(struct text text, unsigned base, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;

    if (text.bytes == 0)
        return false;
    for (size_t i = 0; i < text.bytes; i++) {
        const unsigned digit = (unsigned)digit_value(text.at[i]);
        if (digit >= base || digit > most || value > (most - digit) / base)
            return false;
        value = value * base + digit;
    }
    *number = value;
    return true;
}

bool text_number(struct text text, uint64_t most, uint64_t *number)
{
    return read_number(text, 10, most, number);
}

bool text_hexadecimal(struct text text, uint64_t most, uint64_t *number)
{
    return read_number(text, 16, most, number);
}

bool text_copy(struct text text, char *out, size_t capacity_bytes)
{
    out[0] = '\0';
    if (text.bytes >= capacity_bytes)
        return false;
    if (text.bytes > 0)
        memcpy(out, text.at, text.bytes);
    out[text.bytes] = '\0';
    return true;
}

void text_writer_init(struct text_writer *writer, size_t most_bytes)
{
    *writer = (struct text_writer){.most_bytes = most_bytes};
}

/* Makes room for more_bytes and a terminator. */
static bool reserve(struct text_writer *writer, size_t more_bytes)
{
    enum { FIRST_CAPACITY_BYTES = 2048 };
    size_t capacity_bytes =
        writer->capacity_bytes > 0 ? writer->capacity_bytes : FIRST_CAPACITY_BYTES;

    if (writer->failed || more_bytes > writer->most_bytes - writer->bytes) {
        writer->failed = true;
        return false;
    }
    while (capacity_bytes <= writer->bytes + more_bytes)
        capacity_bytes *= 2;
    if (capacity_bytes != writer->capacity_bytes) {
        char *grown = realloc(writer->start, capacity_bytes);
        if (grown == NULL) {
            writer->failed = true;
            return false;
        }
        writer->start = grown;
        writer->capacity_bytes = capacity_bytes;
    }
    return true;
}

void text_put(struct text_writer *writer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    /* See refusal.c. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    const int bytes = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (bytes < 0 || !reserve(writer, (size_t)bytes)) {
        writer->failed = true;
        return;
    }
    va_start(arguments, format);
    /* See refusal.c. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    vsnprintf(writer->start + writer->bytes, writer->capacity_bytes - writer->bytes, format,
              arguments);
    va_end(arguments);
    writer->bytes += (size_t)bytes;
}

void text_put_view(struct text_writer *writer, struct text text)
{
    if (!reserve(writer, text.bytes))
        return;
    if (text.bytes > 0)
        memcpy(writer->start + writer->bytes, text.at, text.bytes);
    writer->bytes += text.bytes;
    writer->start[writer->bytes] = '\0';
}

char *text_writer_finish(struct text_writer *writer)
{
    char *written = NULL;

    if (reserve(writer, 0)) {
        written = writer->start;
        written[writer->bytes] = '\0';
    } else {
        free(writer->start);
    }
    *writer = (struct text_writer){.failed = true};
    return written;
}
