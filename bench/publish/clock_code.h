/* bench/publish/clock_code.h - the wall clock as blocks that a program can read back from the
 * picture. web/js/clock_code.js defines it; this is the same, drawn into a luma plane. */
#ifndef BENCH_PUBLISH_CLOCK_CODE_H
#define BENCH_PUBLISH_CLOCK_CODE_H

#include <stdint.h>

enum { CLOCK_CODE_COLUMNS = 64, CLOCK_CODE_ROWS = 16, CLOCK_CODE_BLOCKS = 60 };

/* Fills blocks with 1 (white) and 0 (black) for wall_ms, milliseconds since the Unix epoch. */
void clock_code_blocks(uint64_t wall_ms, uint8_t blocks[CLOCK_CODE_BLOCKS]);
/* Draws them over the top width x floor(height / 16) pixels of luma (rows of width bytes). */
void clock_code_draw(uint64_t wall_ms, uint8_t *luma, unsigned width, unsigned height);

#endif
