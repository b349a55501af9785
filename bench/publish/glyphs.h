/* bench/publish/glyphs.h - a 5x7 font with the few characters that the test pattern shows. */
#ifndef BENCH_PUBLISH_GLYPHS_H
#define BENCH_PUBLISH_GLYPHS_H

#include <stdint.h>

enum { GLYPH_COLUMNS = 5, GLYPH_ROWS = 7, GLYPH_ADVANCE = GLYPH_COLUMNS + 1 };

/* GLYPH_ROWS rows, the leftmost column in bit 4. Never NULL: what is not in the font is blank. */
const uint8_t *glyphs_find(char character);

#endif
