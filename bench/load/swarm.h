/* bench/load/swarm.h - all clients on one epoll loop; joins are made by a thread of their own,
 * since HTTP blocks. Thread: main. */
#ifndef BENCH_LOAD_SWARM_H
#define BENCH_LOAD_SWARM_H

#include <stdint.h>

#include "bench/load/client.h"
#include "bench/load/options.h"
#include "bench/load/server_watch.h"
#include "core/status.h"

/* What a run showed. */
struct swarm_report {
    unsigned joined; /* HTTP said yes */
    unsigned connected;
    unsigned failed;
    unsigned with_media;
    double measured_s;
    uint64_t packets; /* while measured, as the next ones */
    uint64_t bytes;
    uint64_t lost;
    uint64_t lost_viewers;        /* that lost something */
    struct client_totals totals;  /* of the whole run */
    struct server_usage before;   /* before the first join */
    struct server_usage from;     /* when measuring began */
    struct server_usage to;       /* and ended */
    struct server_usage own_from; /* the swarm's own, likewise */
    struct server_usage own_to;
};

/* Runs the whole load; blocks for its length. STATUS_SYSTEM, STATUS_NO_MEMORY. */
MUST_CHECK enum status swarm_run(const struct options *options, struct swarm_report *report);

#endif
