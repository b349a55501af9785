#include "opus_voice.h"

#include <math.h>
#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RATE_HZ = 48000, PACKET_SAMPLES = RATE_HZ * OPUS_VOICE_PACKET_MS / 1000, CHANNELS_MAX = 2 };

static const double pitch_hz = 440;
static const double turn = 6.283185307179586;

struct opus_voice {
    OpusEncoder *encoder;
    unsigned channels;
    uint64_t sample; /* since the beginning */
};

struct opus_voice *opus_voice_create(const struct opus_voice_settings *settings)
{
    struct opus_voice *voice = calloc(1, sizeof *voice);
    int error = OPUS_OK;

    assert_non_null(voice);
    voice->channels = settings->channels;
    voice->encoder =
        opus_encoder_create(RATE_HZ, (int)settings->channels, settings->application, &error);
    assert_int_equal(error, OPUS_OK);
    assert_int_equal(opus_encoder_ctl(voice->encoder, OPUS_SET_DTX(settings->dtx)), OPUS_OK);
    assert_int_equal(opus_encoder_ctl(voice->encoder, OPUS_SET_BITRATE(64000)), OPUS_OK);
    return voice;
}

void opus_voice_destroy(struct opus_voice *voice)
{
    opus_encoder_destroy(voice->encoder);
    free(voice);
}

static double value_of(enum opus_voice_signal signal, double rms, uint64_t sample)
{
    const double sine = sin((double)sample / RATE_HZ * pitch_hz * turn);

    switch (signal) {
    case OPUS_VOICE_NOTHING:
        return 0;
    case OPUS_VOICE_SINE:
        return rms * sqrt(2) * sine;
    case OPUS_VOICE_SQUARE:
        return sine < 0 ? -rms : rms;
    }
    return 0;
}

size_t opus_voice_encode(struct opus_voice *voice, enum opus_voice_signal signal, double rms_db,
                         uint8_t *out)
{
    const double rms = pow(10, rms_db / 20);
    float samples[PACKET_SAMPLES * CHANNELS_MAX];

    for (unsigned i = 0; i < PACKET_SAMPLES; i++)
        for (unsigned channel = 0; channel < voice->channels; channel++)
            samples[i * voice->channels + channel] =
                (float)value_of(signal, rms, voice->sample + i);
    voice->sample += PACKET_SAMPLES;
    const opus_int32 bytes =
        opus_encode_float(voice->encoder, samples, PACKET_SAMPLES, out, OPUS_VOICE_BYTES_MAX);
    assert_true(bytes > 0);
    return (size_t)bytes;
}
