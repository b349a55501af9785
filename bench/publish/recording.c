#include "bench/publish/recording.h"

#include <stdlib.h>
#include <string.h>

struct recording {
    unsigned count;
    unsigned next;
    struct kept_frame {
        uint8_t *data;
        size_t bytes;
        bool key;
    } frames[];
};

static enum status keep(struct recording *recording, const struct video_frame *encoded)
{
    uint8_t *data = malloc(encoded->bytes);

    if (data == NULL)
        return STATUS_NO_MEMORY;
    memcpy(data, encoded->data, encoded->bytes);
    recording->frames[recording->count++] =
        (struct kept_frame){.data = data, .bytes = encoded->bytes, .key = encoded->key};
    return STATUS_OK;
}

enum status recording_make(struct pattern *pattern, struct video_encoder *encoder, unsigned frames,
                           struct recording **recording)
{
    struct recording *made = calloc(1, sizeof *made + frames * sizeof made->frames[0]);
    enum status status = made != NULL && frames > 0 ? STATUS_OK : STATUS_NO_MEMORY;

    /* The second group: in the first one the encoder is still finding its bit rate. */
    for (unsigned i = 0; i < 2 * frames && status == STATUS_OK; i++) {
        struct video_frame encoded;

        status = video_encoder_run(encoder, pattern_draw(pattern, i, 0), i % frames == 0, &encoded);
        if (status == STATUS_OK && i >= frames)
            status = keep(made, &encoded);
    }
    if (status != STATUS_OK) {
        recording_destroy(made);
        return status;
    }
    *recording = made;
    return STATUS_OK;
}

void recording_destroy(struct recording *recording)
{
    if (recording == NULL)
        return;
    for (unsigned i = 0; i < recording->count; i++)
        free(recording->frames[i].data);
    free(recording);
}

void recording_next(struct recording *recording, bool key_frame, struct video_frame *frame)
{
    if (key_frame || recording->next == recording->count)
        recording->next = 0;
    const struct kept_frame *kept = &recording->frames[recording->next++];
    *frame = (struct video_frame){.data = kept->data, .bytes = kept->bytes, .key = kept->key};
}
