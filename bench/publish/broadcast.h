/* bench/publish/broadcast.h - one broadcast from beginning to end: asks the server until it takes
 * us, sends picture and sound, answers its feedback, and begins anew when the connection is lost.
 * On the default GLib main context. */
#ifndef BENCH_PUBLISH_BROADCAST_H
#define BENCH_PUBLISH_BROADCAST_H

#include "bench/publish/options.h"
#include "core/status.h"

struct broadcast;

/* options are borrowed. on_end is called at most once: the time is up, or the server does not want
 * us at all (refused). */
MUST_CHECK enum status broadcast_create(const struct options *options,
                                        void (*on_end)(void *context, bool refused), void *context,
                                        struct broadcast **broadcast);
/* Ends the session at the server (DELETE). NULL is allowed; not from within on_end. */
void broadcast_destroy(struct broadcast *broadcast);

#endif
