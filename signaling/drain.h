/* signaling/drain.h - how the process leaves: the first request (a signal, POST /api/drain) lets
 * nobody new in and tells everybody to move on; those who are there may stay for drain.seconds; the
 * second signal ends it at once. Thread: main. */
#ifndef SIGNALING_DRAIN_H
#define SIGNALING_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "signaling/endpoint.h"

enum drain_state {
    DRAIN_NOT,   /* serving */
    DRAIN_BEGUN, /* since the last tick */
    DRAIN_GOING,
    DRAIN_OVER /* stop now */
};

struct drain {
    struct endpoint *endpoint; /* borrowed */
    int64_t began_ns;          /* 0: not yet */
    bool signalled;
    bool at_once;
};

/* SIGTERM or SIGINT came. What it does shows at the next tick. */
void drain_signal(struct drain *drain);
/* After endpoint_tick. */
enum drain_state drain_tick(struct drain *drain, int64_t now_ns);

/* When one who is there shall move: broadcasters first, so that viewers find them where they go;
 * viewers spread over most of the time there is, never all at once: they come to one server. */
unsigned drain_move_after_ms(const struct endpoint *endpoint, bool publishes);
/* When one who comes to a server that drains shall try again: when it is gone, and its successor
 * there. */
unsigned drain_return_after_ms(const struct endpoint *endpoint);

#endif
