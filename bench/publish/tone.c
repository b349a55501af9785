#include "bench/publish/tone.h"

#include <math.h>
#include <opus.h>
#include <stdlib.h>

enum {
    CHANNELS = 2,
    BITRATE_BPS = 64000,
    COMPLEXITY = 3, /* of 10 */
    TONE_PITCH_HZ = 440,
    BEEP_PITCH_HZ = 880,
    BEEP_MS = 100
};

static const float tone_level = 0.1F;
static const float beep_level = 0.4F;
static const double turn = 6.283185307179586;

struct tone {
    OpusEncoder *encoder;
    uint64_t sample; /* since the start */
};

enum status tone_create(struct tone **tone)
{
    struct tone *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    int error = OPUS_OK;
    made->encoder = opus_encoder_create(TONE_HZ, CHANNELS, OPUS_APPLICATION_AUDIO, &error);
    if (error != OPUS_OK ||
        opus_encoder_ctl(made->encoder, OPUS_SET_BITRATE(BITRATE_BPS)) != OPUS_OK ||
        opus_encoder_ctl(made->encoder, OPUS_SET_COMPLEXITY(COMPLEXITY)) != OPUS_OK) {
        tone_destroy(made);
        return STATUS_SYSTEM;
    }
    *tone = made;
    return STATUS_OK;
}

void tone_destroy(struct tone *tone)
{
    if (tone == NULL)
        return;
    if (tone->encoder != NULL)
        opus_encoder_destroy(tone->encoder);
    free(tone);
}

/* Both pitches are whole numbers of turns a second: the phase may start anew each second. */
static float wave(uint64_t sample, int pitch_hz)
{
    double seconds = (double)(sample % TONE_HZ) / TONE_HZ;
    return (float)sin(seconds * pitch_hz * turn);
}

size_t tone_encode(struct tone *tone, uint64_t wall_ms, uint8_t *out)
{
    float pcm[TONE_FRAME_SAMPLES * CHANNELS];
    for (unsigned i = 0; i < TONE_FRAME_SAMPLES; i++) {
        uint64_t ms_of_second = (wall_ms + i * 1000U / TONE_HZ) % 1000;
        float value = tone_level * wave(tone->sample + i, TONE_PITCH_HZ);
        if (ms_of_second < BEEP_MS)
            value += beep_level * wave(tone->sample + i, BEEP_PITCH_HZ);
        pcm[i * CHANNELS] = value;
        pcm[i * CHANNELS + 1] = value;
    }
    tone->sample += TONE_FRAME_SAMPLES;
    opus_int32 bytes =
        opus_encode_float(tone->encoder, pcm, TONE_FRAME_SAMPLES, out, TONE_FRAME_BYTES_MAX);
    return bytes > 0 ? (size_t)bytes : 0;
}
