/* bench/load/report.h - says what a run showed, to people or to programs. */
#ifndef BENCH_LOAD_REPORT_H
#define BENCH_LOAD_REPORT_H

#include "bench/load/options.h"
#include "bench/load/swarm.h"

void report_print(const struct options *options, const struct swarm_report *report);

#endif
