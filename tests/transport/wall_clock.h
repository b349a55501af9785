/* tests/transport/wall_clock.h - the wall clock of a program that drives SCTP through simulated
 * time: beside its ticks usrsctp asks gettimeofday (whether a packet is old enough to be sent
 * again, how long a round trip took), and gets this. */
#ifndef TESTS_TRANSPORT_WALL_CLOCK_H
#define TESTS_TRANSPORT_WALL_CLOCK_H

#include <stdint.h>

/* Starts at one second. */
int64_t wall_clock_ns(void);
void wall_clock_set(int64_t now_ns);

#endif
