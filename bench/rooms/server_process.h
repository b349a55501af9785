/* bench/rooms/server_process.h - what a process takes of memory and time, from /proc. */
#ifndef BENCH_ROOMS_SERVER_PROCESS_H
#define BENCH_ROOMS_SERVER_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* 0 when pid is 0 or gone. */
uint64_t server_process_bytes(pid_t pid);
/* User and system time of all threads since it began. */
int64_t server_process_cpu_ns(pid_t pid);

#endif
