/* bench/publish/wake.h - one time on the default GLib main context at which a function is called.
 * Times as g_get_monotonic_time has them, in nanoseconds (CLOCK_MONOTONIC). */
#ifndef BENCH_PUBLISH_WAKE_H
#define BENCH_PUBLISH_WAKE_H

#include <stdint.h>

struct wake;

int64_t wake_now_ns(void);
/* call is made once for each wake_at; context is borrowed. Never NULL. */
struct wake *wake_create(void (*call)(void *context), void *context);
void wake_destroy(struct wake *wake); /* NULL is allowed; also from within call */
/* Replaces the time set before; MONO_NEVER: not at all. */
void wake_at(struct wake *wake, int64_t at_ns);

#endif
