/* bench/publish/video_encoder.h - VP8 by libvpx, tuned for real time and little CPU. */
#ifndef BENCH_PUBLISH_VIDEO_ENCODER_H
#define BENCH_PUBLISH_VIDEO_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

struct video_encoder;

struct video_frame {
    const uint8_t *data; /* borrowed until the next call */
    size_t bytes;
    bool key;
};

MUST_CHECK enum status video_encoder_create(unsigned width, unsigned height, unsigned fps,
                                            unsigned kbps, struct video_encoder **encoder);
void video_encoder_destroy(struct video_encoder *encoder); /* NULL is allowed */
/* Encodes one I420 picture. STATUS_SYSTEM: libvpx refused. */
MUST_CHECK enum status video_encoder_run(struct video_encoder *encoder, uint8_t *picture, bool key,
                                         struct video_frame *encoded);

#endif
