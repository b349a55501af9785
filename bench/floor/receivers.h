/* bench/floor/receivers.h - those to whom floor sends: a process of their own on the last
 * processor, which reads and discards. */
#ifndef BENCH_FLOOR_RECEIVERS_H
#define BENCH_FLOOR_RECEIVERS_H

#include <stdbool.h>
#include <sys/types.h>

/* Forks count receivers on loopback; with gro they take a GSO message whole. Their ports, in
 * network order, are read from *from at once; when *to is closed the number of datagrams that came
 * (uint64_t) is read from it, and the process ends. Ends the program if that fails. */
pid_t receivers_start(unsigned count, bool gro, int *to, int *from);

/* The calling process to one processor. */
void receivers_pin(int processor);

/* Says what failed, with errno, and ends the program. */
_Noreturn void receivers_fail(const char *what);

#endif
