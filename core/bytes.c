#include "core/bytes.h"

#include <string.h>

struct bytes bytes_of(const void *data, size_t length_bytes)
{
    const uint8_t *at = data;

    return (struct bytes){.at = at, .end = length_bytes > 0 ? at + length_bytes : at};
}

bool bytes_ok(const struct bytes *bytes)
{
    return !bytes->failed;
}

size_t bytes_left(const struct bytes *bytes)
{
    return bytes->failed ? 0 : (size_t)(bytes->end - bytes->at);
}

const uint8_t *bytes_take(struct bytes *bytes, size_t length_bytes)
{
    if (bytes->failed || length_bytes > (size_t)(bytes->end - bytes->at)) {
        bytes->failed = true;
        return NULL;
    }
    const uint8_t *taken = bytes->at;
    if (length_bytes > 0)
        bytes->at += length_bytes;
    return taken;
}

uint8_t bytes_u8(struct bytes *bytes)
{
    const uint8_t *b = bytes_take(bytes, 1);

    return b != NULL ? b[0] : 0;
}

uint16_t bytes_u16(struct bytes *bytes)
{
    const uint8_t *b = bytes_take(bytes, 2);

    return b != NULL ? (uint16_t)(b[0] << 8 | b[1]) : 0;
}

uint32_t bytes_u24(struct bytes *bytes)
{
    const uint8_t *b = bytes_take(bytes, 3);

    return b != NULL ? (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2] : 0;
}

uint32_t bytes_u32(struct bytes *bytes)
{
    const uint8_t *b = bytes_take(bytes, 4);

    return b != NULL ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

uint64_t bytes_u64(struct bytes *bytes)
{
    const uint8_t *b = bytes_take(bytes, 8);
    if (b == NULL)
        return 0;

    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | b[i];
    return value;
}

void bytes_skip(struct bytes *bytes, size_t length_bytes)
{
    (void)bytes_take(bytes, length_bytes);
}

struct bytes bytes_cut(struct bytes *bytes, size_t length_bytes)
{
    const uint8_t *at = bytes_take(bytes, length_bytes);
    if (bytes->failed)
        return (struct bytes){.failed = true};
    return bytes_of(at, length_bytes);
}

struct bytes_writer bytes_writer_of(void *data, size_t capacity_bytes)
{
    uint8_t *start = data;

    return (struct bytes_writer){
        .start = start, .at = start, .end = capacity_bytes > 0 ? start + capacity_bytes : start};
}

bool bytes_writer_ok(const struct bytes_writer *writer)
{
    return !writer->failed;
}

size_t bytes_written(const struct bytes_writer *writer)
{
    return (size_t)(writer->at - writer->start);
}

/* Returns room for length_bytes and moves on; NULL on failure. */
static uint8_t *claim(struct bytes_writer *writer, size_t length_bytes)
{
    if (writer->failed || length_bytes > (size_t)(writer->end - writer->at)) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *at = writer->at;
    writer->at += length_bytes;
    return at;
}

/* Writes the low count_bytes of value, big-endian. */
static void put_integer(struct bytes_writer *writer, uint64_t value, unsigned count_bytes)
{
    uint8_t *at = claim(writer, count_bytes);
    if (at == NULL)
        return;
    for (unsigned i = 0; i < count_bytes; i++)
        at[i] = (uint8_t)(value >> (8 * (count_bytes - 1 - i)));
}

void bytes_put_u8(struct bytes_writer *writer, uint8_t value)
{
    put_integer(writer, value, 1);
}

void bytes_put_u16(struct bytes_writer *writer, uint16_t value)
{
    put_integer(writer, value, 2);
}

void bytes_put_u24(struct bytes_writer *writer, uint32_t value)
{
    put_integer(writer, value, 3);
}

void bytes_put_u32(struct bytes_writer *writer, uint32_t value)
{
    put_integer(writer, value, 4);
}

void bytes_put_u64(struct bytes_writer *writer, uint64_t value)
{
    put_integer(writer, value, 8);
}

void bytes_put(struct bytes_writer *writer, const void *data, size_t length_bytes)
{
    uint8_t *at = length_bytes > 0 ? claim(writer, length_bytes) : NULL;

    if (at != NULL)
        memcpy(at, data, length_bytes);
}

void bytes_put_zeros(struct bytes_writer *writer, size_t length_bytes)
{
    uint8_t *at = length_bytes > 0 ? claim(writer, length_bytes) : NULL;

    if (at != NULL)
        memset(at, 0, length_bytes);
}

void bytes_patch_u16(struct bytes_writer *writer, size_t offset_bytes, uint16_t value)
{
    if (writer->failed || offset_bytes + 2 > bytes_written(writer)) {
        writer->failed = true;
        return;
    }
    writer->start[offset_bytes] = (uint8_t)(value >> 8);
    writer->start[offset_bytes + 1] = (uint8_t)value;
}
