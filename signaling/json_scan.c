#include "signaling/json_scan.h"

#include <stdint.h>
#include <string.h>

/* An array or object that is open. */
struct level {
    bool is_object;
    bool is_placeholder; /* "_placeholder": true was in it */
    bool has_number;     /* "num" was, a small whole one */
    uint64_t number;
};

struct scan {
    struct text rest;
    unsigned placeholders;
    unsigned depth;
    struct level levels[JSON_SCAN_DEPTH_MAX];
};

static void skip_space(struct text *rest)
{
    while (rest->bytes > 0 && strchr(" \t\r\n", rest->at[0]) != NULL && rest->at[0] != '\0') {
        rest->at++;
        rest->bytes--;
    }
}

static void skip(struct text *rest, size_t bytes)
{
    rest->at += bytes;
    rest->bytes -= bytes;
}

static bool take(struct text *rest, char character)
{
    if (rest->bytes == 0 || rest->at[0] != character)
        return false;
    skip(rest, 1);
    return true;
}

static bool skip_literal(struct text *rest, const char *literal)
{
    if (!text_starts(*rest, literal))
        return false;
    skip(rest, strlen(literal));
    return true;
}

/* value is between the quotation marks. */
static bool skip_string(struct text *rest, struct text *value)
{
    const char *start = rest->at + 1;

    if (!take(rest, '"'))
        return false;
    while (rest->bytes > 0 && rest->at[0] != '"') {
        uint64_t unit;

        if ((unsigned char)rest->at[0] < ' ')
            return false;
        if (rest->at[0] != '\\') {
            skip(rest, 1);
        } else if (rest->bytes >= 6 && rest->at[1] == 'u') {
            if (!text_hexadecimal((struct text){rest->at + 2, 4}, UINT16_MAX, &unit))
                return false;
            skip(rest, 6);
        } else if (rest->bytes >= 2 && rest->at[1] != '\0' &&
                   strchr("\"\\/bfnrt", rest->at[1]) != NULL) {
            skip(rest, 2);
        } else {
            return false;
        }
    }
    *value = text_between(start, rest->at);
    return take(rest, '"');
}

static size_t skip_digits(struct text *rest)
{
    size_t digits = 0;

    while (rest->bytes > 0 && rest->at[0] >= '0' && rest->at[0] <= '9') {
        skip(rest, 1);
        digits++;
    }
    return digits;
}

static bool skip_number(struct text *rest)
{
    (void)take(rest, '-');
    if (!take(rest, '0') && skip_digits(rest) == 0)
        return false;
    if (take(rest, '.') && skip_digits(rest) == 0)
        return false;
    if (take(rest, 'e') || take(rest, 'E')) {
        if (!take(rest, '-'))
            (void)take(rest, '+');
        return skip_digits(rest) > 0;
    }
    return true;
}

/* A value that holds no other. */
static bool skip_plain(struct text *rest, struct text *value)
{
    const char *start = rest->at;
    struct text string;
    bool sound;

    if (rest->bytes == 0)
        return false;
    if (rest->at[0] == '"')
        sound = skip_string(rest, &string);
    else if (rest->at[0] == '-' || (rest->at[0] >= '0' && rest->at[0] <= '9'))
        sound = skip_number(rest);
    else
        sound =
            skip_literal(rest, "true") || skip_literal(rest, "false") || skip_literal(rest, "null");
    *value = text_between(start, rest->at);
    return sound;
}

static bool open_level(struct scan *scan)
{
    if (scan->depth == JSON_SCAN_DEPTH_MAX)
        return false;
    scan->levels[scan->depth++] = (struct level){.is_object = scan->rest.at[0] == '{'};
    skip(&scan->rest, 1);
    skip_space(&scan->rest);
    return true;
}

/* Closes the innermost level; its bracket is next. */
static bool close_level(struct scan *scan)
{
    const struct level *level = &scan->levels[--scan->depth];

    if (!take(&scan->rest, level->is_object ? '}' : ']'))
        return false;
    return scan->placeholders == 0 || !level->is_placeholder ||
           (level->has_number && level->number < scan->placeholders);
}

static bool skip_key(struct scan *scan, struct text *key)
{
    skip_space(&scan->rest);
    if (!skip_string(&scan->rest, key))
        return false;
    skip_space(&scan->rest);
    if (!take(&scan->rest, ':'))
        return false;
    skip_space(&scan->rest);
    return true;
}

static void note_member(struct scan *scan, struct text key, struct text value)
{
    struct level *level = &scan->levels[scan->depth - 1];

    if (text_is(key, "_placeholder"))
        level->is_placeholder = text_is(value, "true");
    else if (text_is(key, "num"))
        level->has_number = text_number(value, UINT32_MAX, &level->number);
}

/* One value, or the start of one that holds others; false: malformed. The next is a value when
 * *expects_value, else the end of one. */
static bool step_value(struct scan *scan, bool *expects_value)
{
    struct text key = {NULL, 0};
    struct text value;
    const bool in_object = scan->depth > 0 && scan->levels[scan->depth - 1].is_object;

    if (in_object && !skip_key(scan, &key))
        return false;
    if (scan->rest.bytes > 0 && (scan->rest.at[0] == '[' || scan->rest.at[0] == '{')) {
        if (!open_level(scan))
            return false;
        const bool is_empty =
            scan->rest.bytes > 0 && (scan->rest.at[0] == ']' || scan->rest.at[0] == '}');
        *expects_value = !is_empty;
        return true;
    }
    *expects_value = false;
    if (!skip_plain(&scan->rest, &value))
        return false;
    if (in_object)
        note_member(scan, key, value);
    return true;
}

enum status json_scan_value(struct text *rest, unsigned placeholders, struct text *value)
{
    struct scan scan = {.placeholders = placeholders};
    bool expects_value = true;

    skip_space(rest);
    scan.rest = *rest;
    do {
        if (expects_value) {
            skip_space(&scan.rest);
            if (!step_value(&scan, &expects_value))
                return STATUS_MALFORMED;
        } else {
            skip_space(&scan.rest);
            expects_value = take(&scan.rest, ',');
            if (!expects_value && !close_level(&scan))
                return STATUS_MALFORMED;
        }
    } while (scan.depth > 0);
    *value = text_between(rest->at, scan.rest.at);
    skip_space(&scan.rest);
    *rest = scan.rest;
    return STATUS_OK;
}

enum status json_scan_whole(struct text text, unsigned placeholders)
{
    struct text value;
    const enum status status = json_scan_value(&text, placeholders, &value);

    return status == STATUS_OK && text.bytes > 0 ? STATUS_MALFORMED : status;
}

void json_scan_first(struct text array, struct text *first, struct text *others)
{
    struct text rest = {array.at + 1, array.bytes - 2};

    *first = (struct text){NULL, 0};
    *others = *first;
    if (json_scan_value(&rest, 0, first) != STATUS_OK)
        return;
    if (take(&rest, ',')) {
        skip_space(&rest);
        *others = rest;
    }
}

/* Decodes one character of valid UTF-8. */
static uint32_t take_point(struct text *rest)
{
    static const unsigned char FIRST_BITS[] = {0x7f, 0, 0x1f, 0x0f, 0x07};
    const unsigned char first = (unsigned char)rest->at[0];
    const size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t point = first & (bytes == 1 ? 0x7f : FIRST_BITS[bytes]);

    for (size_t i = 1; i < bytes && i < rest->bytes; i++)
        point = point << 6 | ((unsigned char)rest->at[i] & 0x3fu);
    skip(rest, bytes < rest->bytes ? bytes : rest->bytes);
    return point;
}

void json_put_ascii(struct text json, struct text_writer *out)
{
    enum { BEYOND_ASCII = 0x80, BEYOND_ONE_UNIT = 0x10000 };

    while (json.bytes > 0) {
        size_t plain = 0;

        while (plain < json.bytes && (unsigned char)json.at[plain] < BEYOND_ASCII)
            plain++;
        text_put_view(out, (struct text){json.at, plain});
        skip(&json, plain);
        if (json.bytes == 0)
            return;
        const uint32_t point = take_point(&json);
        if (point < BEYOND_ONE_UNIT)
            text_put(out, "\\u%04x", point);
        else
            text_put(out, "\\u%04x\\u%04x", 0xd800u + ((point - BEYOND_ONE_UNIT) >> 10),
                     0xdc00u + ((point - BEYOND_ONE_UNIT) & 0x3ffu));
    }
}
