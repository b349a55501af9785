/* signaling/process_figures.h - what this process takes of the machine, as /proc tells (proc(5)).
 * Thread: main; a read takes a few microseconds. */
#ifndef SIGNALING_PROCESS_FIGURES_H
#define SIGNALING_PROCESS_FIGURES_H

#include <stdint.h>

struct process_figures {
    double cpu_seconds; /* user and system, of all threads */
    uint64_t resident_bytes;
    uint64_t descriptors;
    uint64_t descriptors_max;
};

/* What cannot be read is 0. */
void process_figures_read(struct process_figures *figures);

#endif
