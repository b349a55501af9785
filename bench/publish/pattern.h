/* bench/publish/pattern.h - the moving test picture: colour bars, a bouncing ball, the wall clock
 * as text and as code (clock_code.h), and a strip of noise that costs the encoder the bits that a
 * camera's picture would. */
#ifndef BENCH_PUBLISH_PATTERN_H
#define BENCH_PUBLISH_PATTERN_H

#include <stdint.h>

#include "core/status.h"

enum { PATTERN_WIDTH_MIN = 64, PATTERN_HEIGHT_MIN = 64, PATTERN_SIDE_MAX = 4096 };

struct pattern;

/* width and height are even, within the limits above. noise_blocks: 16x16 blocks of noise, cut to
 * what there is room for. */
MUST_CHECK enum status pattern_create(unsigned width, unsigned height, unsigned fps,
                                      unsigned noise_blocks, struct pattern **pattern);
void pattern_destroy(struct pattern *pattern); /* NULL is allowed */
/* Draws frame number frame, showing wall_ms (Unix epoch). Returns its I420 planes, one behind the
 * other without padding; borrowed until the next call. */
uint8_t *pattern_draw(struct pattern *pattern, uint64_t frame, uint64_t wall_ms);

#endif
