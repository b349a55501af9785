/* bench/publish/microphone.h - encodes and sends the tone, 20 ms by 20 ms, in time. On the default
 * GLib main context. */
#ifndef BENCH_PUBLISH_MICROPHONE_H
#define BENCH_PUBLISH_MICROPHONE_H

#include "bench/publish/rtp_source.h"
#include "core/status.h"

struct microphone;

MUST_CHECK enum status microphone_create(struct microphone **microphone);
void microphone_destroy(struct microphone *microphone); /* NULL is allowed */
/* Sends to source (borrowed until microphone_stop), beginning now. */
void microphone_start(struct microphone *microphone, struct rtp_source *source);
void microphone_stop(struct microphone *microphone);

#endif
