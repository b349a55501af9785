/* signaling/metrics.h - GET /metrics: the counters of all threads and what is there now, as
 * Prometheus text (version 0.0.4). Thread: main. */
#ifndef SIGNALING_METRICS_H
#define SIGNALING_METRICS_H

#include "core/stats.h"
#include "signaling/endpoint.h"
#include "signaling/exchange.h"

struct metrics_gauges {
    struct endpoint_counts counts;
    unsigned sockets;  /* WebSocket connections */
    uint64_t dropped;  /* chat for slow clients */
    uint64_t log_lost; /* lines of the log that could not be written */
    unsigned workers;
    struct hooks_counts hooks;
};

/* Returns the text, malloc'd and terminated; NULL when out of memory. */
char *metrics_text(const struct stats *stats, const struct metrics_gauges *gauges);
/* Answers one request for /metrics. media is borrowed. */
void metrics_handle(const struct media *media, const struct metrics_gauges *gauges,
                    struct exchange *exchange);

#endif
