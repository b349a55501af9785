/* bench/publish/tone.h - the sound: a quiet 440 Hz tone with a louder beep at the start of each
 * second of the wall clock, as Opus (48 kHz, stereo) by libopus. */
#ifndef BENCH_PUBLISH_TONE_H
#define BENCH_PUBLISH_TONE_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum {
    TONE_HZ = 48000,
    TONE_FRAME_SAMPLES = 960, /* 20 ms */
    TONE_FRAME_BYTES_MAX = 1000
};

struct tone;

MUST_CHECK enum status tone_create(struct tone **tone);
void tone_destroy(struct tone *tone); /* NULL is allowed */
/* Encodes the 20 ms that begin at wall_ms into out (TONE_FRAME_BYTES_MAX); returns its bytes, 0
 * when libopus refused. */
size_t tone_encode(struct tone *tone, uint64_t wall_ms, uint8_t *out);

#endif
