/* signaling/vitals.h - what the server does just now: rates from the counters of all threads, read
 * once a second. Reading is a few hundred loads of counters that their threads go on writing (core/
 * stats.h); nobody is asked and nothing waits. Thread: main. */
#ifndef SIGNALING_VITALS_H
#define SIGNALING_VITALS_H

#include <stdint.h>

#include "core/stats.h"
#include "transport/media.h"

struct vitals_worker_count {
    int64_t cpu_ns;
    uint64_t packets;
    uint64_t bytes;
};

/* What was counted at a time. */
struct vitals_count {
    int64_t at_ns;
    uint64_t bytes_in;
    uint64_t bytes_out;
    struct vitals_worker_count workers[MEDIA_WORKERS_MAX];
};

struct vitals {
    const struct media *media; /* borrowed */
    int64_t started_ns;
    unsigned workers;
    struct vitals_count before, last;
};

struct vitals_worker {
    double cpu_percent; /* of one core */
    uint64_t packets_per_second;
    uint64_t kbps; /* sent to viewers */
    unsigned viewers;
};

struct vitals_server {
    int64_t uptime_ns;
    uint64_t kbps_in; /* from broadcasters */
    uint64_t kbps_out;
};

void vitals_init(struct vitals *vitals, const struct media *media);
/* Counts once a second, however often it is called; uptime begins with the first call. */
void vitals_tick(struct vitals *vitals, int64_t now_ns);

/* Rates over the last second that was counted, 0 before there was one. */
void vitals_read_server(const struct vitals *vitals, int64_t now_ns, struct vitals_server *server);
void vitals_read_worker(const struct vitals *vitals, unsigned number, struct vitals_worker *worker);
/* The counters of a worker as they are now. */
const struct stats *vitals_worker_stats(const struct vitals *vitals, unsigned number);
/* CPU time that a worker took so far. */
int64_t vitals_worker_cpu_ns(const struct vitals *vitals, unsigned number);

#endif
