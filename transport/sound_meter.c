#include "transport/sound_meter.h"

#include <math.h>
#include <opus.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/mono.h"

enum {
    RATE_HZ = 16000,
    PACKET_SAMPLES_MAX = RATE_HZ * 120 / 1000, /* RFC 6716 section 2.1.4: 120 ms */
    SLOTS = 10,
    SLOT_SAMPLES_MAX =
        3 * RATE_HZ / SLOTS, /* a burst after a stall; no more than that is decoded */
    DTX_BYTES_MAX = 2,       /* RFC 6716 section 2.1.9: nothing to be heard */
    CLIPPED_SAMPLES = RATE_HZ * SOUND_CLIPPED_MS / 1000,
};

#define SLOT_NS (SOUND_WINDOW_MS * MONO_MS / SLOTS)

static const float full_scale = 0.98F; /* Opus does not keep a clipped top exactly flat */

/* What arrived in a tenth of a second. */
struct slot {
    int64_t number; /* time / SLOT_NS */
    unsigned samples;
    unsigned clipped;
    double squares;
};

struct sound_meter {
    OpusDecoder *decoder; /* NULL: nothing arrived yet */
    struct slot slots[SLOTS];
    double silent_square; /* mean square below which is silence */
    int64_t silent_ns;
    int64_t loud_ns;    /* when it was no silence last */
    int64_t clipped_ns; /* when it clipped last */
    bool has_clipped;
};

const char *sound_state_text(enum sound_state state)
{
    switch (state) {
    case SOUND_UNKNOWN:
        return "unknown";
    case SOUND_OK:
        return "ok";
    case SOUND_SILENT:
        return "silent";
    case SOUND_CLIPPING:
        return "clipping";
    }
    return "unknown";
}

enum status sound_meter_create(int64_t silent_ns, struct sound_meter **meter)
{
    struct sound_meter *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->silent_ns = silent_ns;
    made->silent_square = pow(10, SOUND_SILENT_DB / 10.0);
    *meter = made;
    return STATUS_OK;
}

void sound_meter_destroy(struct sound_meter *meter)
{
    if (meter == NULL)
        return;
    if (meter->decoder != NULL)
        opus_decoder_destroy(meter->decoder);
    free(meter);
}

static enum status begin(struct sound_meter *meter, int64_t now_ns)
{
    int error = OPUS_OK;

    if (meter->decoder != NULL)
        return STATUS_OK;
    meter->decoder = opus_decoder_create(RATE_HZ, 1, &error);
    if (meter->decoder == NULL)
        return STATUS_NO_MEMORY;
    meter->loud_ns = now_ns;
    return STATUS_OK;
}

static struct slot *slot_at(struct sound_meter *meter, int64_t now_ns)
{
    const int64_t number = now_ns / SLOT_NS;
    struct slot *slot = &meter->slots[number % SLOTS];

    if (slot->number != number)
        *slot = (struct slot){.number = number};
    return slot;
}

static void add(struct slot *slot, const float *samples, unsigned count)
{
    double squares = 0;

    for (unsigned i = 0; i < count; i++) {
        squares += (double)samples[i] * (double)samples[i];
        slot->clipped += fabsf(samples[i]) >= full_scale;
    }
    slot->samples += count;
    slot->squares += squares;
}

enum status sound_meter_receive(struct sound_meter *meter, const uint8_t *payload,
                                size_t payload_bytes, int64_t now_ns)
{
    float samples[PACKET_SAMPLES_MAX];
    const enum status status = begin(meter, now_ns);

    if (status != STATUS_OK || payload_bytes <= DTX_BYTES_MAX)
        return status;
    struct slot *slot = slot_at(meter, now_ns);
    const int expected = opus_packet_get_nb_samples(payload, (opus_int32)payload_bytes, RATE_HZ);
    if (expected <= 0 || expected > PACKET_SAMPLES_MAX)
        return STATUS_MALFORMED;
    if (slot->samples + (unsigned)expected > SLOT_SAMPLES_MAX)
        return STATUS_FULL;
    const int decoded = opus_decode_float(meter->decoder, payload, (opus_int32)payload_bytes,
                                          samples, PACKET_SAMPLES_MAX, 0);
    if (decoded <= 0)
        return STATUS_MALFORMED;
    const double before = slot->squares;
    add(slot, samples, (unsigned)decoded);
    if (slot->squares - before >= meter->silent_square * decoded)
        meter->loud_ns = now_ns;
    return STATUS_OK;
}

/* All of the last second. */
static struct slot sum_window(const struct sound_meter *meter, int64_t now_ns)
{
    struct slot sum = {.number = now_ns / SLOT_NS};

    for (unsigned i = 0; i < SLOTS; i++) {
        const struct slot *slot = &meter->slots[i];

        if (slot->number <= sum.number - SLOTS)
            continue;
        sum.samples += slot->samples;
        sum.clipped += slot->clipped;
        sum.squares += slot->squares;
    }
    return sum;
}

static int level_db(const struct slot *sum)
{
    const double level =
        sum->squares > 0 ? 10 * log10(sum->squares / sum->samples) : SOUND_FLOOR_DB;

    return level > SOUND_FLOOR_DB ? (int)lround(level) : SOUND_FLOOR_DB;
}

struct sound sound_meter_read(struct sound_meter *meter, int64_t now_ns)
{
    if (meter->decoder == NULL)
        return (struct sound){SOUND_UNKNOWN, SOUND_FLOOR_DB};
    const struct slot sum = sum_window(meter, now_ns);
    struct sound sound = {SOUND_OK, level_db(&sum)};
    if (sum.clipped >= CLIPPED_SAMPLES) {
        meter->clipped_ns = now_ns;
        meter->has_clipped = true;
    }
    if (now_ns - meter->loud_ns >= meter->silent_ns)
        sound.state = SOUND_SILENT;
    else if (meter->has_clipped && now_ns - meter->clipped_ns < SOUND_CLIPPED_HOLD_MS * MONO_MS)
        sound.state = SOUND_CLIPPING;
    return sound;
}
