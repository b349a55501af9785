#include "bench/publish/pattern.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/publish/clock_code.h"
#include "bench/publish/glyphs.h"

enum {
    BLOCK = 16,
    NOISE_BYTES = 1 << 18,
    NOISE_AMPLITUDE = 40,
    LUMA_BLACK = 16,
    LUMA_DARK = 40,
    LUMA_WHITE = 235,
    CHROMA_NEUTRAL = 128,
    CLOCK_CHARACTERS = 12, /* 12:34:56.789 */
    BALL_PERIOD_FRAMES = 150,
    TEXT_BYTES = 64
};

struct pattern {
    unsigned width;
    unsigned height;
    unsigned fps;
    unsigned noise_rows; /* of pixels, at the bottom */
    size_t picture_bytes;
    uint32_t random;
    uint8_t *still;   /* what never changes */
    uint8_t *picture; /* drawn anew for each frame */
    uint8_t *noise;   /* NOISE_BYTES and one row */
};

struct box {
    unsigned x;
    unsigned y;
    unsigned width;
    unsigned height;
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return *state >> 8;
}

static uint8_t *chroma(const struct pattern *pattern, uint8_t *picture, unsigned which)
{
    size_t luma_bytes = (size_t)pattern->width * pattern->height;
    return picture + luma_bytes + which * luma_bytes / 4;
}

static void fill_luma(const struct pattern *pattern, uint8_t *picture, struct box box, int value)
{
    for (unsigned y = box.y; y < box.y + box.height && y < pattern->height; y++)
        memset(picture + (size_t)y * pattern->width + box.x, value, box.width);
}

static void fill(const struct pattern *pattern, uint8_t *picture, struct box box,
                 const uint8_t colour[3])
{
    fill_luma(pattern, picture, box, colour[0]);
    for (unsigned plane = 0; plane < 2; plane++) {
        uint8_t *out = chroma(pattern, picture, plane);
        for (unsigned y = box.y / 2; y < (box.y + box.height) / 2; y++) {
            memset(out + (size_t)y * (pattern->width / 2) + box.x / 2, colour[1 + plane],
                   box.width / 2);
        }
    }
}

static const uint8_t grey[3] = {LUMA_DARK, CHROMA_NEUTRAL, CHROMA_NEUTRAL};

/* 75 % bars, BT.601: white, yellow, cyan, green, magenta, red, blue. */
static void draw_still(const struct pattern *pattern)
{
    static const uint8_t bars[][3] = {{180, 128, 128}, {162, 44, 142}, {131, 156, 44},
                                      {112, 72, 58},   {84, 184, 198}, {65, 100, 212},
                                      {35, 212, 114}};
    enum { BARS = sizeof bars / sizeof bars[0] };
    const struct box whole = {0, 0, pattern->width, pattern->height};
    fill(pattern, pattern->still, whole, grey);
    unsigned top = pattern->height / CLOCK_CODE_ROWS;
    for (unsigned i = 0; i < BARS; i++) {
        unsigned left = i * pattern->width / BARS & ~1U;
        unsigned right = (i + 1) * pattern->width / BARS & ~1U;
        const struct box bar = {left, (top + 1) & ~1U, right - left, pattern->height / 3 & ~1U};
        fill(pattern, pattern->still, bar, bars[i]);
    }
    /* Chroma under the clock's code is neutral: the row above the bars may share a chroma row. */
    const struct box code = {0, 0, pattern->width, (top + 1) & ~1U};
    fill(pattern, pattern->still, code, grey);
}

static void draw_glyph(const struct pattern *pattern, struct box cell, char character)
{
    const uint8_t *rows = glyphs_find(character);
    unsigned scale = cell.width / GLYPH_COLUMNS;
    for (unsigned row = 0; row < GLYPH_ROWS; row++) {
        for (unsigned column = 0; column < GLYPH_COLUMNS; column++) {
            const struct box dot = {cell.x + column * scale, cell.y + row * scale, scale, scale};
            if ((rows[row] >> (GLYPH_COLUMNS - 1 - column) & 1) != 0)
                fill_luma(pattern, pattern->picture, dot, LUMA_WHITE);
        }
    }
}

/* Centred, its top at y; what does not fit the width is left out. */
static void draw_text(const struct pattern *pattern, const char *text, unsigned y, unsigned scale)
{
    unsigned text_width = (unsigned)strlen(text) * GLYPH_ADVANCE * scale;
    if (scale == 0 || text_width > pattern->width || y + GLYPH_ROWS * scale > pattern->height)
        return;
    unsigned x = (pattern->width - text_width) / 2;
    for (; *text != '\0'; text++) {
        const struct box cell = {x, y, GLYPH_COLUMNS * scale, GLYPH_ROWS * scale};
        draw_glyph(pattern, cell, *text);
        x += GLYPH_ADVANCE * scale;
    }
}

static void draw_clock(const struct pattern *pattern, uint64_t frame, uint64_t wall_ms)
{
    char text[TEXT_BYTES];
    struct tm local;
    time_t seconds = (time_t)(wall_ms / 1000);
    localtime_r(&seconds, &local);
    snprintf(text, sizeof text, "%02d:%02d:%02d.%03u", local.tm_hour, local.tm_min, local.tm_sec,
             (unsigned)(wall_ms % 1000));
    unsigned scale = pattern->width * 2 / 3 / (CLOCK_CHARACTERS * GLYPH_ADVANCE);
    unsigned y = pattern->height / 2;
    draw_text(pattern, text, y, scale);
    y += (GLYPH_ROWS + 3) * scale;
    snprintf(text, sizeof text, "%ux%u %u FPS FRAME %llu", pattern->width, pattern->height,
             pattern->fps, (unsigned long long)frame);
    draw_text(pattern, text, y, scale / 3);
}

static void draw_ball(const struct pattern *pattern, uint64_t frame)
{
    unsigned phase = (unsigned)(frame % BALL_PERIOD_FRAMES);
    unsigned half = BALL_PERIOD_FRAMES / 2;
    unsigned along = phase < half ? phase : BALL_PERIOD_FRAMES - phase;
    unsigned side = pattern->height / 12;
    unsigned y = pattern->height / CLOCK_CODE_ROWS + pattern->height / 8;
    const struct box ball = {(pattern->width - side) * along / half, y, side, side};
    fill_luma(pattern, pattern->picture, ball, LUMA_BLACK);
    const struct box core = {ball.x + side / 4, ball.y + side / 4, side / 2, side / 2};
    fill_luma(pattern, pattern->picture, core, LUMA_WHITE);
}

/* Each row from another place of the noise: no motion vector finds it again. */
static void draw_noise(struct pattern *pattern)
{
    for (unsigned row = pattern->height - pattern->noise_rows; row < pattern->height; row++) {
        memcpy(pattern->picture + (size_t)row * pattern->width,
               pattern->noise + next_random(&pattern->random) % NOISE_BYTES, pattern->width);
    }
}

static unsigned noise_rows(const struct pattern *pattern, unsigned noise_blocks)
{
    unsigned blocks_a_row = (pattern->width + BLOCK - 1) / BLOCK;
    unsigned rows = noise_blocks * BLOCK / blocks_a_row;
    unsigned most = pattern->height / 5;
    return rows < most ? rows : most;
}

enum status pattern_create(unsigned width, unsigned height, unsigned fps, unsigned noise_blocks,
                           struct pattern **pattern)
{
    struct pattern *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->width = width;
    made->height = height;
    made->fps = fps;
    made->random = 1;
    made->noise_rows = noise_rows(made, noise_blocks);
    made->picture_bytes = (size_t)width * height * 3 / 2;
    made->still = malloc(made->picture_bytes);
    made->picture = malloc(made->picture_bytes);
    made->noise = malloc(NOISE_BYTES + PATTERN_SIDE_MAX);
    if (made->still == NULL || made->picture == NULL || made->noise == NULL) {
        pattern_destroy(made);
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < NOISE_BYTES + PATTERN_SIDE_MAX; i++) {
        made->noise[i] = (uint8_t)(128 - NOISE_AMPLITUDE / 2 +
                                   next_random(&made->random) % (NOISE_AMPLITUDE + 1));
    }
    draw_still(made);
    *pattern = made;
    return STATUS_OK;
}

void pattern_destroy(struct pattern *pattern)
{
    if (pattern == NULL)
        return;
    free(pattern->still);
    free(pattern->picture);
    free(pattern->noise);
    free(pattern);
}

uint8_t *pattern_draw(struct pattern *pattern, uint64_t frame, uint64_t wall_ms)
{
    memcpy(pattern->picture, pattern->still, pattern->picture_bytes);
    draw_ball(pattern, frame);
    draw_clock(pattern, frame, wall_ms);
    draw_noise(pattern);
    clock_code_draw(wall_ms, pattern->picture, pattern->width, pattern->height);
    return pattern->picture;
}
