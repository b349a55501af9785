/* bench/load/server_watch.h - what the server process costs, from /proc/PID. */
#ifndef BENCH_LOAD_SERVER_WATCH_H
#define BENCH_LOAD_SERVER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct server_usage {
    int64_t cpu_ns; /* user and system, all threads */
    uint64_t resident_bytes;
};

/* False when there is no such process. */
bool server_watch_read(int pid, struct server_usage *usage);

#endif
