#include "signaling/name.h"

#include <string.h>

/* Reads one code point at text; returns its bytes, 0 when it is not UTF-8. */
static size_t read_point(const unsigned char *text, size_t text_bytes, unsigned long *point)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char first = text[0];
    const size_t bytes = first < 0x80             ? 1
                         : (first & 0xe0) == 0xc0 ? 2
                         : (first & 0xf0) == 0xe0 ? 3
                         : (first & 0xf8) == 0xf0 ? 4
                                                  : 0;
    if (bytes == 0 || bytes > text_bytes)
        return 0;

    unsigned long value = bytes == 1 ? first : first & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        value = (value << 6) | (text[i] & 0x3fu);
    }
    if (value < least[bytes] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *point = value;
    return bytes;
}

long name_count_points(const char *text, size_t text_bytes)
{
    const unsigned char *bytes = (const unsigned char *)text;
    long points = 0;

    for (size_t at = 0; at < text_bytes; points++) {
        unsigned long point;
        const size_t taken = read_point(bytes + at, text_bytes - at, &point);
        if (taken == 0)
            return -1;
        at += taken;
    }
    return points;
}

bool name_is_valid(const char *text, size_t text_bytes)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t points = 0;

    for (size_t at = 0; at < text_bytes; points++) {
        unsigned long point;
        const size_t taken = read_point(bytes + at, text_bytes - at, &point);
        const bool control = taken > 0 && (point < 0x20 || (point >= 0x7f && point < 0xa0));
        if (taken == 0 || control || point == '/' || points == NAME_POINTS_MAX)
            return false;
        at += taken;
    }
    return points > 0;
}

static int hexadecimal(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

enum status name_decode(const char *segment, size_t segment_bytes, char *name)
{
    char decoded[NAME_BYTES_MAX + 1];
    size_t decoded_bytes = 0;

    for (size_t at = 0; at < segment_bytes; at++) {
        char byte = segment[at];
        if (byte == '%') {
            const int high = at + 3 <= segment_bytes ? hexadecimal(segment[at + 1]) : -1;
            const int low = at + 3 <= segment_bytes ? hexadecimal(segment[at + 2]) : -1;
            if (high < 0 || low < 0)
                return STATUS_MALFORMED;
            byte = (char)(high << 4 | low);
            at += 2;
        }
        if (decoded_bytes == NAME_BYTES_MAX)
            return STATUS_MALFORMED;
        decoded[decoded_bytes++] = byte;
    }
    if (!name_is_valid(decoded, decoded_bytes))
        return STATUS_MALFORMED;
    memcpy(name, decoded, decoded_bytes);
    name[decoded_bytes] = '\0';
    return STATUS_OK;
}

enum status name_split_path(const char *path, const char *prefix, char *room, char *stream)
{
    const char *segment = path + strlen(prefix);
    size_t segment_bytes = strcspn(segment, "/");
    enum status status = name_decode(segment, segment_bytes, room);
    if (status != STATUS_OK)
        return status;

    segment += segment_bytes;
    if (segment[0] == '\0' || segment[1] == '\0') {
        memcpy(stream, "main", sizeof "main");
        return STATUS_OK;
    }
    segment++;
    segment_bytes = strcspn(segment, "/");
    if (segment[segment_bytes] != '\0' && segment[segment_bytes + 1] != '\0')
        return STATUS_MALFORMED;
    return name_decode(segment, segment_bytes, stream);
}
