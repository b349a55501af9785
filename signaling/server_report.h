/* signaling/server_report.h - the whole server as its operator sees it (GET /api/server). Thread:
 * main. */
#ifndef SIGNALING_SERVER_REPORT_H
#define SIGNALING_SERVER_REPORT_H

#include <jansson.h>

#include "signaling/endpoint.h"

/* {version, uptime_seconds, draining, rooms, sessions, viewers, kbps_in, kbps_out, workers:
 * [{worker, cpu_percent, viewers, packets_per_second, kbps, drops: {REASON: count}}]}; a new
 * reference, NULL when out of memory. */
json_t *server_report_make(const struct endpoint *endpoint);

#endif
