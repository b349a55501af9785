/* bench/rooms/bench.h - what is asked of the server's rooms, and how it is told: each phase is one
 * line of JSON. Questions are asked in a closed loop: so many are under way at a time. Thread:
 * main.
 */
#ifndef BENCH_ROOMS_BENCH_H
#define BENCH_ROOMS_BENCH_H

#include <stdint.h>
#include <sys/types.h>

#include "core/status.h"

enum { BENCH_CONNECTIONS_MAX = 100000 };

struct bench_options {
    uint16_t port;    /* on 127.0.0.1 */
    pid_t server_pid; /* 0: its memory and time are not told */
    unsigned connections;
    unsigned window; /* questions under way */
    unsigned rounds; /* of joining and talking */
    unsigned lines;  /* of chat, one a second */
    unsigned rooms;  /* relay rooms, in steps of ten from 1,000 */
};

/* Everyone a room of his own over /ws: open, join, talk, join others, leave. */
MUST_CHECK enum status bench_rooms(const struct bench_options *options);
/* Everyone in one room: how long a line takes to the first and to the last. */
MUST_CHECK enum status bench_crowd(const struct bench_options *options);
/* Many relay rooms on each of a few Socket.IO connections. */
MUST_CHECK enum status bench_relay(const struct bench_options *options);

#endif
