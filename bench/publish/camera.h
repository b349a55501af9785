/* bench/publish/camera.h - draws, encodes and sends the picture, frame by frame, in time. On the
 * default GLib main context. */
#ifndef BENCH_PUBLISH_CAMERA_H
#define BENCH_PUBLISH_CAMERA_H

#include "bench/publish/options.h"
#include "bench/publish/rtp_source.h"
#include "core/status.h"

enum { CAMERA_CLOCK_HZ = 90000 };

struct camera;

struct camera_counts {
    unsigned frames;
    unsigned key_frames;
    unsigned skipped; /* the machine was too slow */
};

/* options are borrowed. */
MUST_CHECK enum status camera_create(const struct options *options, struct camera **camera);
void camera_destroy(struct camera *camera); /* NULL is allowed */
/* Sends to source (borrowed until camera_stop), beginning with a key frame now. */
void camera_start(struct camera *camera, struct rtp_source *source);
void camera_stop(struct camera *camera);
/* The next frame is to be a key frame. */
void camera_want_key_frame(struct camera *camera);
struct camera_counts camera_counts(const struct camera *camera);

#endif
