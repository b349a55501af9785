/* transport/mono_clock.h - reads the monotonic clock that core/mono.h counts in. Loops read it once
 * a turn and pass it on. Any thread. */
#ifndef TRANSPORT_MONO_CLOCK_H
#define TRANSPORT_MONO_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "core/mono.h"

static inline int64_t mono_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
    return (int64_t)now.tv_sec * MONO_SECOND + now.tv_nsec;
}

#endif
