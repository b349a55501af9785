#include "signaling/engineio_packet.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "signaling/base64.h"
#include "signaling/name.h"

enum {
    SEPARATOR = 0x1e,
    FRAME_TEXT = 0,
    FRAME_BINARY = 1,
    FRAME_LENGTH_END = 255,
    LENGTH_DIGITS_MAX = 9,
    ASCII_MAX = 0x7f,
};

/* -- reading -- */

/* Protocol 3's older clients encode UTF-8 twice: what decoded once is all U+00FF or less, not all
 * ASCII, and UTF-8 when each character is taken as a byte, is decoded once more into *owned. */
static enum status undo_second_encoding(struct text *text, char **owned)
{
    size_t written = 0;
    char *once = NULL;

    for (size_t i = 0; i < text->bytes; i++) {
        const unsigned char byte = (unsigned char)text->at[i];

        if (byte > 0xc3) /* the first byte of U+0100 and beyond */
            return STATUS_OK;
        written += byte > ASCII_MAX;
    }
    if (written == 0)
        return STATUS_OK;
    once = malloc(text->bytes + 1);
    if (once == NULL)
        return STATUS_NO_MEMORY;
    written = 0;
    for (size_t i = 0; i < text->bytes; i++) {
        unsigned byte = (unsigned char)text->at[i];

        if (byte > ASCII_MAX) /* two bytes, as the text is valid UTF-8 up to U+00FF */
            byte = (byte & 3u) << 6 | ((unsigned char)text->at[++i] & 63u);
        once[written++] = (char)byte;
    }
    if (name_count_points(once, written) < 0) {
        free(once);
        return STATUS_OK;
    }
    *owned = once;
    *text = (struct text){once, written};
    return STATUS_OK;
}

static enum status read_base64(struct text text, struct engineio_packet *packet)
{
    unsigned char *decoded = malloc(text.bytes / 4 * 3 + 1);
    size_t decoded_bytes = 0;

    if (decoded == NULL)
        return STATUS_NO_MEMORY;
    if (base64_read(text, decoded, &decoded_bytes) != STATUS_OK) {
        free(decoded);
        return STATUS_MALFORMED;
    }
    *packet = (struct engineio_packet){.type = ENGINEIO_MESSAGE,
                                       .binary = true,
                                       .data = {(const char *)decoded, decoded_bytes},
                                       .owned = (char *)decoded};
    return STATUS_OK;
}

static bool read_type(char digit, enum engineio_type *type)
{
    if (digit < '0' || digit >= '0' + ENGINEIO_TYPES)
        return false;
    *type = (enum engineio_type)(digit - '0');
    return true;
}

enum status engineio_packet_read_text(enum engineio_protocol protocol, struct text frame,
                                      struct engineio_packet *packet)
{
    enum engineio_type type;
    char *owned = NULL;

    if (text_starts(frame, protocol == ENGINEIO_3 ? "b4" : "b")) {
        const size_t mark_bytes = protocol == ENGINEIO_3 ? 2 : 1;
        return read_base64((struct text){frame.at + mark_bytes, frame.bytes - mark_bytes}, packet);
    }
    if (frame.bytes == 0 || !read_type(frame.at[0], &type))
        return STATUS_MALFORMED;
    struct text data = {frame.at + 1, frame.bytes - 1};
    if (name_count_points(data.at, data.bytes) < 0)
        return STATUS_MALFORMED;
    if (protocol == ENGINEIO_3 && undo_second_encoding(&data, &owned) != STATUS_OK)
        return STATUS_NO_MEMORY;
    *packet = (struct engineio_packet){.type = type, .data = data, .owned = owned};
    return STATUS_OK;
}

enum status engineio_packet_read_binary(enum engineio_protocol protocol, struct text frame,
                                        struct engineio_packet *packet)
{
    if (protocol == ENGINEIO_3) {
        if (frame.bytes == 0 || frame.at[0] != ENGINEIO_MESSAGE)
            return STATUS_MALFORMED;
        frame = (struct text){frame.at + 1, frame.bytes - 1};
    }
    *packet = (struct engineio_packet){.type = ENGINEIO_MESSAGE, .binary = true, .data = frame};
    return STATUS_OK;
}

void engineio_packet_close(struct engineio_packet *packet)
{
    free(packet->owned);
    packet->owned = NULL;
}

/* The bytes of so many UTF-16 code units of valid UTF-8 at the start of text; false: it ends
 * before, or between the two halves of a character. */
static bool units_to_bytes(struct text text, uint64_t units, size_t *bytes)
{
    size_t at = 0;

    while (units > 0) {
        if (at >= text.bytes)
            return false;
        const unsigned char byte = (unsigned char)text.at[at];
        const unsigned taken = byte >= 0xf0 ? 2 : 1;

        if (taken > units)
            return false;
        units -= taken;
        at += byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    }
    *bytes = at;
    return at <= text.bytes;
}

static enum status next_counted(struct text *rest, struct engineio_packet *packet)
{
    struct text after = *rest;
    const struct text digits = text_take(&after, ':');
    uint64_t units;
    size_t bytes;

    if (digits.bytes == rest->bytes || digits.bytes > LENGTH_DIGITS_MAX ||
        !text_number(digits, UINT32_MAX, &units) || !units_to_bytes(after, units, &bytes))
        return STATUS_MALFORMED;
    *rest = (struct text){after.at + bytes, after.bytes - bytes};
    return engineio_packet_read_text(ENGINEIO_3, (struct text){after.at, bytes}, packet);
}

static enum status next_framed(struct text *rest, struct engineio_packet *packet)
{
    struct bytes reader = bytes_of(rest->at, rest->bytes);
    const uint8_t kind = bytes_u8(&reader);
    uint64_t length_bytes = 0;
    unsigned digits = 0;
    uint8_t digit;

    for (digit = bytes_u8(&reader); digit <= 9 && bytes_ok(&reader); digit = bytes_u8(&reader)) {
        length_bytes = length_bytes * 10 + digit;
        if (++digits > LENGTH_DIGITS_MAX)
            return STATUS_MALFORMED;
    }
    if (kind > FRAME_BINARY || digits == 0 || digit != FRAME_LENGTH_END)
        return STATUS_MALFORMED;
    const struct text frame = {(const char *)bytes_take(&reader, (size_t)length_bytes),
                               (size_t)length_bytes};
    if (!bytes_ok(&reader))
        return STATUS_MALFORMED;
    *rest = (struct text){frame.at + frame.bytes, bytes_left(&reader)};
    return kind == FRAME_BINARY ? engineio_packet_read_binary(ENGINEIO_3, frame, packet)
                                : engineio_packet_read_text(ENGINEIO_3, frame, packet);
}

enum status engineio_payload_next(enum engineio_payload_form form, struct text *rest,
                                  struct engineio_packet *packet)
{
    if (rest->at == NULL || (form != ENGINEIO_SEPARATED && rest->bytes == 0))
        return STATUS_NOT_FOUND;
    switch (form) {
    case ENGINEIO_SEPARATED: /* rest->at becomes NULL behind the last one */
        return engineio_packet_read_text(ENGINEIO_4, text_take(rest, SEPARATOR), packet);
    case ENGINEIO_COUNTED:
        return next_counted(rest, packet);
    case ENGINEIO_FRAMED:
        return next_framed(rest, packet);
    }
    return STATUS_MALFORMED;
}

/* -- writing -- */

static size_t utf16_units(struct text text)
{
    size_t units = 0;

    for (size_t i = 0; i < text.bytes; i++) {
        const unsigned char byte = (unsigned char)text.at[i];

        units += (byte & 0xc0u) != 0x80;
        units += byte >= 0xf0;
    }
    return units;
}

void engineio_packet_put_text(enum engineio_protocol protocol, const struct engineio_packet *packet,
                              struct text_writer *frame)
{
    if (packet->binary) {
        text_put_view(frame, text_of(protocol == ENGINEIO_3 ? "b4" : "b"));
        base64_put(frame, packet->data.at, packet->data.bytes);
        return;
    }
    const char type = (char)('0' + (int)packet->type);
    text_put_view(frame, (struct text){&type, 1});
    text_put_view(frame, packet->data);
}

static void put_framed(const struct engineio_packet *packet, struct text_writer *payload)
{
    char digits[24];
    const char kind = packet->binary ? FRAME_BINARY : FRAME_TEXT;
    const char type = (char)((packet->binary ? 0 : '0') + (int)packet->type);
    const char end = (char)FRAME_LENGTH_END;
    const int digit_count = snprintf(digits, sizeof digits, "%zu", packet->data.bytes + 1);

    for (int i = 0; i < digit_count; i++)
        digits[i] = (char)(digits[i] - '0');
    text_put_view(payload, (struct text){&kind, 1});
    text_put_view(payload, (struct text){digits, (size_t)digit_count});
    text_put_view(payload, (struct text){&end, 1});
    text_put_view(payload, (struct text){&type, 1});
    text_put_view(payload, packet->data);
}

void engineio_payload_put(enum engineio_payload_form form, const struct engineio_packet *packet,
                          struct text_writer *payload)
{
    switch (form) {
    case ENGINEIO_SEPARATED:
        if (payload->bytes > 0)
            text_put_view(payload, (struct text){&(const char){SEPARATOR}, 1});
        engineio_packet_put_text(ENGINEIO_4, packet, payload);
        return;
    case ENGINEIO_COUNTED:
        text_put(payload, "%zu:",
                 packet->binary ? 2 + base64_encoded_bytes(packet->data.bytes)
                                : 1 + utf16_units(packet->data));
        engineio_packet_put_text(ENGINEIO_3, packet, payload);
        return;
    case ENGINEIO_FRAMED:
        put_framed(packet, payload);
        return;
    }
}
