#include "bench/publish/camera.h"

#include <glib.h>
#include <stdlib.h>

#include "bench/publish/pattern.h"
#include "bench/publish/recording.h"
#include "bench/publish/video_encoder.h"
#include "bench/publish/vp8_payload.h"
#include "bench/publish/wake.h"
#include "core/mono.h"

/* What a block of noise costs at the quality that the bit rate leaves: measured, see pattern.h. */
enum { NOISE_BLOCK_BITS = 800 };

enum { LATE_FRAMES_MAX = 2 }; /* a frame that would be later is skipped */

struct camera {
    const struct options *options;
    struct pattern *pattern;
    struct video_encoder *encoder;
    struct recording *recording; /* NULL: each frame is drawn and encoded when it is due */
    struct wake *wake;
    struct rtp_source *source; /* borrowed; NULL: stopped */
    int64_t start_ns;
    uint64_t frame;       /* since start_ns, the next one */
    uint64_t first_frame; /* since the beginning, that of start_ns: shown */
    unsigned since_key_frame;
    uint16_t picture_id;
    bool key_frame_wanted;
    struct video_frame encoded;
    struct camera_counts counts;
};

static int64_t due_ns(const struct camera *camera, uint64_t frame)
{
    return camera->start_ns + (int64_t)(frame * MONO_SECOND / camera->options->fps);
}

static void send_frame(struct camera *camera)
{
    const struct video_frame *encoded = &camera->encoded;
    uint32_t timestamp = (uint32_t)(camera->frame * CAMERA_CLOCK_HZ / camera->options->fps);
    uint8_t payload[RTP_SOURCE_PAYLOAD_BYTES_MAX];
    struct vp8_payload payloads =
        vp8_payload_of(encoded->data, encoded->bytes, camera->picture_id++, sizeof payload);
    size_t bytes = 0;
    while ((bytes = vp8_payload_next(&payloads, payload)) > 0) {
        bool marker = payloads.next == payloads.count;
        rtp_source_send(camera->source, timestamp, due_ns(camera, camera->frame), marker, payload,
                        bytes);
    }
}

static enum status take_frame(struct camera *camera, bool key)
{
    if (camera->recording != NULL) {
        recording_next(camera->recording, key, &camera->encoded);
        return STATUS_OK;
    }
    uint64_t number = camera->first_frame + camera->frame;
    uint64_t wall_ms = (uint64_t)g_get_real_time() / 1000;
    return video_encoder_run(camera->encoder, pattern_draw(camera->pattern, number, wall_ms), key,
                             &camera->encoded);
}

static void send_next(struct camera *camera)
{
    bool gop_over = camera->options->gop > 0 && camera->since_key_frame >= camera->options->gop;
    if (take_frame(camera, camera->key_frame_wanted || gop_over) != STATUS_OK)
        return;
    camera->counts.frames++;
    camera->since_key_frame++;
    if (camera->encoded.key) {
        camera->counts.key_frames++;
        camera->since_key_frame = 1;
        camera->key_frame_wanted = false;
    }
    send_frame(camera);
}

static void on_wake(void *context)
{
    struct camera *camera = context;
    if (camera->source == NULL)
        return;
    int64_t now_ns = wake_now_ns();
    while (due_ns(camera, camera->frame + LATE_FRAMES_MAX) <= now_ns) {
        camera->frame++;
        camera->counts.skipped++;
    }
    send_next(camera);
    camera->frame++;
    wake_at(camera->wake, due_ns(camera, camera->frame));
}

enum status camera_create(const struct options *options, struct camera **camera)
{
    struct camera *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->options = options;
    made->wake = wake_create(on_wake, made);
    made->picture_id = (uint16_t)g_random_int();
    unsigned noise_blocks = options->kbps * 1000 / options->fps / NOISE_BLOCK_BITS;
    enum status status =
        pattern_create(options->width, options->height, options->fps, noise_blocks, &made->pattern);
    if (status == STATUS_OK) {
        status = video_encoder_create(options->width, options->height, options->fps, options->kbps,
                                      &made->encoder);
    }
    if (status == STATUS_OK && options->recorded)
        status = recording_make(made->pattern, made->encoder, options->gop, &made->recording);
    if (status != STATUS_OK) {
        camera_destroy(made);
        return status;
    }
    *camera = made;
    return STATUS_OK;
}

void camera_destroy(struct camera *camera)
{
    if (camera == NULL)
        return;
    wake_destroy(camera->wake);
    recording_destroy(camera->recording);
    video_encoder_destroy(camera->encoder);
    pattern_destroy(camera->pattern);
    free(camera);
}

void camera_start(struct camera *camera, struct rtp_source *source)
{
    camera->source = source;
    camera->start_ns = wake_now_ns();
    camera->first_frame += camera->frame;
    camera->frame = 0;
    camera->key_frame_wanted = true;
    wake_at(camera->wake, camera->start_ns);
}

void camera_stop(struct camera *camera)
{
    camera->source = NULL;
    wake_at(camera->wake, MONO_NEVER);
}

void camera_want_key_frame(struct camera *camera)
{
    camera->key_frame_wanted = true;
}

struct camera_counts camera_counts(const struct camera *camera)
{
    return camera->counts;
}
