#include "bench/publish/microphone.h"

#include <glib.h>
#include <stdlib.h>

#include "bench/publish/tone.h"
#include "bench/publish/wake.h"
#include "core/mono.h"

/* Further behind than this, the gap is left as silence. */
static const int64_t catch_up_ns = 200 * MONO_MS;

struct microphone {
    struct tone *tone;
    struct wake *wake;
    struct rtp_source *source; /* borrowed; NULL: stopped */
    int64_t start_ns;
    uint64_t frame; /* since start_ns, the next one */
};

static int64_t due_ns(const struct microphone *microphone)
{
    return microphone->start_ns +
           (int64_t)(microphone->frame * TONE_FRAME_SAMPLES * MONO_SECOND / TONE_HZ);
}

static void on_wake(void *context)
{
    struct microphone *microphone = context;
    if (microphone->source == NULL)
        return;
    int64_t now_ns = wake_now_ns();
    while (due_ns(microphone) < now_ns - catch_up_ns)
        microphone->frame++;
    while (due_ns(microphone) <= now_ns) {
        uint8_t opus[TONE_FRAME_BYTES_MAX];
        uint64_t wall_ms = (uint64_t)g_get_real_time() / 1000;
        size_t bytes = tone_encode(microphone->tone, wall_ms, opus);
        bool first = microphone->frame == 0; /* RFC 7587 section 4.2: marks a talk spurt */
        if (bytes > 0) {
            rtp_source_send(microphone->source, (uint32_t)(microphone->frame * TONE_FRAME_SAMPLES),
                            due_ns(microphone), first, opus, bytes);
        }
        microphone->frame++;
    }
    wake_at(microphone->wake, due_ns(microphone));
}

enum status microphone_create(struct microphone **microphone)
{
    struct microphone *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    enum status status = tone_create(&made->tone);
    if (status != STATUS_OK) {
        free(made);
        return status;
    }
    made->wake = wake_create(on_wake, made);
    *microphone = made;
    return STATUS_OK;
}

void microphone_destroy(struct microphone *microphone)
{
    if (microphone == NULL)
        return;
    wake_destroy(microphone->wake);
    tone_destroy(microphone->tone);
    free(microphone);
}

void microphone_start(struct microphone *microphone, struct rtp_source *source)
{
    microphone->source = source;
    microphone->start_ns = wake_now_ns();
    microphone->frame = 0;
    wake_at(microphone->wake, microphone->start_ns);
}

void microphone_stop(struct microphone *microphone)
{
    microphone->source = NULL;
    wake_at(microphone->wake, MONO_NEVER);
}
