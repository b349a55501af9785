/* core/bytes.h - bounded, big-endian reading and writing of bytes from and for the net.
 * A reader's or writer's first failure sticks: later reads give zero and move nothing, later writes
 * write nothing. Check bytes_ok / bytes_writer_ok once, after the last access. Owner: whoever holds
 * the value; no threads inside. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reader over borrowed memory. */
struct bytes {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

/* Writer into borrowed memory. */
struct bytes_writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool failed;
};

struct bytes bytes_of(const void *data, size_t length_bytes);
bool bytes_ok(const struct bytes *bytes);
size_t bytes_left(const struct bytes *bytes);
uint8_t bytes_u8(struct bytes *bytes);
uint16_t bytes_u16(struct bytes *bytes);
uint32_t bytes_u24(struct bytes *bytes);
uint32_t bytes_u32(struct bytes *bytes);
uint64_t bytes_u64(struct bytes *bytes);
/* Moves on by length_bytes. */
void bytes_skip(struct bytes *bytes, size_t length_bytes);
/* Returns the next length_bytes, borrowed, and moves on; NULL on failure. */
const uint8_t *bytes_take(struct bytes *bytes, size_t length_bytes);
/* Returns a reader of exactly the next length_bytes and moves on; a failed reader on failure.
 * Nested parts get their own reader so that they cannot bleed into their neighbours. */
struct bytes bytes_cut(struct bytes *bytes, size_t length_bytes);

struct bytes_writer bytes_writer_of(void *data, size_t capacity_bytes);
bool bytes_writer_ok(const struct bytes_writer *writer);
/* Bytes written so far. */
size_t bytes_written(const struct bytes_writer *writer);
void bytes_put_u8(struct bytes_writer *writer, uint8_t value);
void bytes_put_u16(struct bytes_writer *writer, uint16_t value);
void bytes_put_u24(struct bytes_writer *writer, uint32_t value);
void bytes_put_u32(struct bytes_writer *writer, uint32_t value);
void bytes_put_u64(struct bytes_writer *writer, uint64_t value);
void bytes_put(struct bytes_writer *writer, const void *data, size_t length_bytes);
void bytes_put_zeros(struct bytes_writer *writer, size_t length_bytes);
/* Overwrites 16 bits at offset_bytes from the start, which must have been written already. */
void bytes_patch_u16(struct bytes_writer *writer, size_t offset_bytes, uint16_t value);

#endif
