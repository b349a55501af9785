/* bench/load/tally.h - numbers of a run: what arrived, what is missing, and distributions. */
#ifndef BENCH_LOAD_TALLY_H
#define BENCH_LOAD_TALLY_H

#include <stdint.h>

enum { TALLY_BUCKETS = 4096 };

/* A distribution of times, by buckets of 0.25 ms up to 1 s; longer ones are in the last. */
struct tally_times {
    uint64_t count;
    uint64_t buckets[TALLY_BUCKETS];
};

void tally_times_add(struct tally_times *times, int64_t time_ns);
/* In milliseconds; share 0..1. 0 when empty. */
double tally_times_ms(const struct tally_times *times, double share);

/* One RTP stream as one viewer got it. */
struct tally_stream {
    uint32_t ssrc;
    uint32_t received;
    int64_t first; /* extended sequence numbers */
    int64_t highest;
};

void tally_stream_add(struct tally_stream *stream, uint16_t sequence_number);
/* Starts over from what was received last. */
void tally_stream_reset(struct tally_stream *stream);
uint64_t tally_stream_lost(const struct tally_stream *stream);

#endif
