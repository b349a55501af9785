/* signaling/metrics.h - GET /metrics: the counters of all threads and what is there now, as
 * Prometheus text (version 0.0.4). A scrape reads what threads count for themselves (core/stats.h)
 * and what main has: no thread is asked, no viewer is looked at. Thread: main. */
#ifndef SIGNALING_METRICS_H
#define SIGNALING_METRICS_H

#include "signaling/endpoint.h"
#include "signaling/exchange.h"

/* What the endpoint does not know. */
struct metrics_gauges {
    unsigned sockets;          /* WebSocket connections */
    uint64_t dropped;          /* chat for slow clients */
    unsigned engineio;         /* Socket.IO connections */
    unsigned polls_waiting;    /* of them, long polls */
    uint64_t requests_limited; /* refused: too many of their address */
    uint64_t log_lost;         /* lines of the log that could not be written */
    struct hooks_counts hooks;
};

/* Returns the text, malloc'd and terminated; NULL when out of memory. sum: the counters of all
 * threads. */
char *metrics_text(const struct endpoint *endpoint, const struct stats *sum,
                   const struct metrics_gauges *gauges);
/* Answers one request for /metrics: 401 without auth.metrics_key where that is set. media is
 * borrowed. */
void metrics_handle(const struct endpoint *endpoint, const struct media *media,
                    const struct metrics_gauges *gauges, struct exchange *exchange);

#endif
