#include "signaling/base64.h"

#include <stdint.h>

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { CHARS_A_GROUP = 4, BYTES_A_GROUP = 3, GROUPS_AT_A_TIME = 256 };

size_t base64_encoded_bytes(size_t bytes)
{
    return (bytes + BYTES_A_GROUP - 1) / BYTES_A_GROUP * CHARS_A_GROUP;
}

static void encode_group(const unsigned char *in, size_t in_bytes, char out[CHARS_A_GROUP])
{
    const uint32_t bits = (uint32_t)in[0] << 16 | (in_bytes > 1 ? (uint32_t)in[1] << 8 : 0u) |
                          (in_bytes > 2 ? (uint32_t)in[2] : 0u);

    out[0] = ALPHABET[bits >> 18];
    out[1] = ALPHABET[bits >> 12 & 63u];
    out[2] = in_bytes > 1 ? ALPHABET[bits >> 6 & 63u] : '=';
    out[3] = in_bytes > 2 ? ALPHABET[bits & 63u] : '=';
}

void base64_put(struct text_writer *writer, const void *data, size_t data_bytes)
{
    const unsigned char *at = data;

    while (data_bytes > 0) {
        char out[GROUPS_AT_A_TIME * CHARS_A_GROUP];
        size_t out_bytes = 0;

        while (data_bytes > 0 && out_bytes < sizeof out) {
            const size_t taken = data_bytes < BYTES_A_GROUP ? data_bytes : BYTES_A_GROUP;

            encode_group(at, taken, out + out_bytes);
            out_bytes += CHARS_A_GROUP;
            at += taken;
            data_bytes -= taken;
        }
        text_put_view(writer, (struct text){out, out_bytes});
    }
}

/* The six bits that a character stands for, or -1. */
static int value_of(char character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    if (character == '+')
        return 62;
    return character == '/' ? 63 : -1;
}

enum status base64_read(struct text text, unsigned char *out, size_t *out_bytes)
{
    size_t written = 0;
    size_t padding = 0;

    if (text.bytes % CHARS_A_GROUP != 0)
        return STATUS_MALFORMED;
    while (padding < 2 && padding < text.bytes && text.at[text.bytes - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < text.bytes; i += CHARS_A_GROUP) {
        uint32_t bits = 0;

        for (size_t n = i; n < i + CHARS_A_GROUP; n++) {
            const int value = n < text.bytes - padding ? value_of(text.at[n]) : 0;

            if (value < 0)
                return STATUS_MALFORMED;
            bits = bits << 6 | (uint32_t)value;
        }
        out[written++] = (unsigned char)(bits >> 16);
        out[written++] = (unsigned char)(bits >> 8);
        out[written++] = (unsigned char)bits;
    }
    *out_bytes = written - padding;
    return STATUS_OK;
}
