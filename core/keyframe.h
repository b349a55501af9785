/* core/keyframe.h - when to ask a broadcaster for a key frame, however many viewers want one: never
 * twice within the interval, not while a request is in flight (it is lost after 1 s), and not for
 * what a key frame has answered meanwhile. Held by value; thread: the ingest thread that owns the
 * stream. */
#ifndef CORE_KEYFRAME_H
#define CORE_KEYFRAME_H

#include <stdbool.h>
#include <stdint.h>

struct keyframe {
    int64_t interval_ns;
    bool wanted;
    bool in_flight; /* asked for, and none arrived since */
    int64_t asked_ns;
    int64_t arrived_ns; /* the newest one */
};

void keyframe_init(struct keyframe *keyframe, int64_t interval_ns);
/* Another broadcaster: nothing is in flight. */
void keyframe_reset(struct keyframe *keyframe);
/* Somebody wanted one at wanted_ns. */
void keyframe_want(struct keyframe *keyframe, int64_t wanted_ns);
void keyframe_on_arrival(struct keyframe *keyframe, int64_t now_ns);
/* When the next request may go out; MONO_NEVER: none is wanted. */
int64_t keyframe_due_ns(const struct keyframe *keyframe);
/* True when a request is to be sent now; taken as sent. */
bool keyframe_take(struct keyframe *keyframe, int64_t now_ns);

#endif
