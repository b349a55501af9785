#include "bench/publish/clock_code.h"

#include <string.h>

enum {
    TIME_BITS = 48,
    CRC_BITS = 8,
    FIRST_BIT = 2,
    CLOSING = FIRST_BIT + TIME_BITS + CRC_BITS,
    LUMA_WHITE = 235, /* limited range */
    LUMA_BLACK = 16
};

/* CRC-8/I-432-1, over the bits of value from the highest. */
static uint8_t crc8(uint64_t value)
{
    unsigned crc = 0;
    for (int i = TIME_BITS - 1; i >= 0; i--) {
        unsigned top = crc >> 7 & 1;
        crc = crc << 1 & 0xFF;
        if (top != (value >> i & 1))
            crc ^= 0x07;
    }
    return (uint8_t)(crc ^ 0x55);
}

void clock_code_blocks(uint64_t wall_ms, uint8_t blocks[CLOCK_CODE_BLOCKS])
{
    uint64_t bits = (wall_ms & ((UINT64_C(1) << TIME_BITS) - 1)) << CRC_BITS | crc8(wall_ms);
    blocks[0] = 1;
    blocks[1] = 0;
    for (unsigned i = 0; i < TIME_BITS + CRC_BITS; i++)
        blocks[FIRST_BIT + i] = bits >> (TIME_BITS + CRC_BITS - 1 - i) & 1;
    blocks[CLOSING] = 0;
    blocks[CLOSING + 1] = 1;
}

void clock_code_draw(uint64_t wall_ms, uint8_t *luma, unsigned width, unsigned height)
{
    uint8_t blocks[CLOCK_CODE_BLOCKS];
    unsigned rows = height / CLOCK_CODE_ROWS;
    clock_code_blocks(wall_ms, blocks);
    for (unsigned i = 0; i < CLOCK_CODE_BLOCKS && rows > 0; i++) {
        unsigned left = i * width / CLOCK_CODE_COLUMNS;
        unsigned right = (i + 1) * width / CLOCK_CODE_COLUMNS;
        memset(luma + left, blocks[i] != 0 ? LUMA_WHITE : LUMA_BLACK, right - left);
    }
    for (unsigned row = 1; row < rows; row++)
        memcpy(luma + (size_t)row * width, luma, CLOCK_CODE_BLOCKS * width / CLOCK_CODE_COLUMNS);
}
