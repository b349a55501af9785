/* core/mono.h - monotonic time as int64_t nanoseconds, and its arithmetic. Core never reads a
 * clock: loops read it once a turn (transport) and pass it in. */
#ifndef CORE_MONO_H
#define CORE_MONO_H

#include <stdint.h>

#define MONO_MS INT64_C(1000000)
#define MONO_SECOND INT64_C(1000000000)
#define MONO_NEVER INT64_MAX

static inline int64_t mono_from_ms(int64_t ms)
{
    return ms * MONO_MS;
}

static inline int64_t mono_to_ms(int64_t ns)
{
    return ns / MONO_MS;
}

/* Returns the earlier of two times. */
static inline int64_t mono_earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

#endif
