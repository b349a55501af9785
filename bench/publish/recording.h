/* bench/publish/recording.h - a group of pictures, encoded once and played over and over: a
 * broadcaster that takes no processor from those who are measured. Any one thread. */
#ifndef BENCH_PUBLISH_RECORDING_H
#define BENCH_PUBLISH_RECORDING_H

#include <stdbool.h>

#include "bench/publish/pattern.h"
#include "bench/publish/video_encoder.h"
#include "core/status.h"

struct recording;

/* Draws and encodes so many frames, the first a key frame. pattern and encoder are lent for that
 * alone. */
MUST_CHECK enum status recording_make(struct pattern *pattern, struct video_encoder *encoder,
                                      unsigned frames, struct recording **recording);
void recording_destroy(struct recording *recording); /* NULL is allowed */
/* The next frame, the first one after the last and when a key frame is wanted; borrowed until
 * recording_destroy. */
void recording_next(struct recording *recording, bool key_frame, struct video_frame *frame);

#endif
