/* tests/transport/opus_voice.h - signals of a known level, as Opus by libopus (48 kHz, 20 ms a
 * packet). */
#ifndef TESTS_TRANSPORT_OPUS_VOICE_H
#define TESTS_TRANSPORT_OPUS_VOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPUS_VOICE_BYTES_MAX = 1276, OPUS_VOICE_PACKET_MS = 20 };

enum opus_voice_signal {
    OPUS_VOICE_NOTHING, /* digital silence */
    OPUS_VOICE_SINE,    /* 440 Hz */
    OPUS_VOICE_SQUARE,  /* 440 Hz */
};

struct opus_voice_settings {
    unsigned channels;
    int application; /* OPUS_APPLICATION_... */
    bool dtx;
};

struct opus_voice;

struct opus_voice *opus_voice_create(const struct opus_voice_settings *settings);
void opus_voice_destroy(struct opus_voice *voice);
/* Encodes the next 20 ms of signal, rms_db below a square wave at full scale, into out
 * (OPUS_VOICE_BYTES_MAX); returns the packet's bytes. */
size_t opus_voice_encode(struct opus_voice *voice, enum opus_voice_signal signal, double rms_db,
                         uint8_t *out);

#endif
