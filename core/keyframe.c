#include "core/keyframe.h"

#include "core/mono.h"

#define UNANSWERED_NS MONO_SECOND
/* What is wanted so soon after a key frame was wanted before it could be seen by a worker. */
#define HAND_OVER_NS (20 * MONO_MS)
#define LONG_AGO (INT64_MIN / 2)

void keyframe_init(struct keyframe *keyframe, int64_t interval_ns)
{
    *keyframe = (struct keyframe){.interval_ns = interval_ns};
    keyframe_reset(keyframe);
}

void keyframe_reset(struct keyframe *keyframe)
{
    keyframe->wanted = false;
    keyframe->in_flight = false;
    keyframe->asked_ns = LONG_AGO;
    keyframe->arrived_ns = LONG_AGO;
}

void keyframe_want(struct keyframe *keyframe, int64_t wanted_ns)
{
    if (wanted_ns > keyframe->arrived_ns + HAND_OVER_NS)
        keyframe->wanted = true;
}

void keyframe_on_arrival(struct keyframe *keyframe, int64_t now_ns)
{
    keyframe->wanted = false;
    keyframe->in_flight = false;
    keyframe->arrived_ns = now_ns;
}

int64_t keyframe_due_ns(const struct keyframe *keyframe)
{
    if (!keyframe->wanted)
        return MONO_NEVER;
    if (keyframe->in_flight && keyframe->interval_ns < UNANSWERED_NS)
        return keyframe->asked_ns + UNANSWERED_NS;
    return keyframe->asked_ns + keyframe->interval_ns;
}

bool keyframe_take(struct keyframe *keyframe, int64_t now_ns)
{
    if (now_ns < keyframe_due_ns(keyframe))
        return false;
    keyframe->in_flight = true; /* wanted stays: a request may be lost too */
    keyframe->asked_ns = now_ns;
    return true;
}
