#include "wall_clock.h"

#include <sys/time.h>

#include "core/mono.h"

static int64_t wall_ns = MONO_SECOND;

int wall_clock_gettimeofday(struct timeval *now, void *zone) __asm__("gettimeofday");

int wall_clock_gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    now->tv_sec = wall_ns / MONO_SECOND;
    now->tv_usec = wall_ns % MONO_SECOND / 1000;
    return 0;
}

int64_t wall_clock_ns(void)
{
    return wall_ns;
}

void wall_clock_set(int64_t now_ns)
{
    wall_ns = now_ns;
}
