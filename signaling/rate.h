/* signaling/rate.h - a token bucket for a connection's messages: a burst passes, a flood is
 * refused, and a flood that lasts ends the connection (PROTOCOL.md section 3). Pure; time comes in.
 */
#ifndef SIGNALING_RATE_H
#define SIGNALING_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RATE_FLOOD_MS = 10000, /* refusals for so long without a pause: RATE_CLOSE */
    RATE_PAUSE_MS = 1000,  /* so long without a refusal ends a flood */
    RATE_TELL_MS = 1000,   /* the flooder is told at most so often */
};

enum rate_verdict {
    RATE_PASS,
    RATE_REFUSE,      /* and say so */
    RATE_REFUSE_MUTE, /* it was told a moment ago */
    RATE_CLOSE
};

struct rate {
    unsigned per_second;
    unsigned burst;
    double tokens;
    int64_t filled_ns;
    int64_t flood_began_ns; /* 0: none */
    int64_t refused_last_ns;
    int64_t told_ns;
};

/* per_second 0: no limit. */
void rate_init(struct rate *rate, unsigned per_second, unsigned burst, int64_t now_ns);
/* One message. now_ns > 0, never goes back. */
enum rate_verdict rate_take(struct rate *rate, int64_t now_ns);

#endif
