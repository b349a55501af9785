/* core/bitrate.h - bits a second over the last second. Held by value; thread: its owner's. */
#ifndef CORE_BITRATE_H
#define CORE_BITRATE_H

#include <stdint.h>

enum { BITRATE_BUCKETS = 10 }; /* of 100 ms each */

struct bitrate {
    int64_t newest; /* number of the newest bucket since time 0 */
    uint64_t bytes[BITRATE_BUCKETS];
};

/* A bitrate that is all zero is ready for use. */
void bitrate_add(struct bitrate *bitrate, uint64_t bytes, int64_t now_ns);
uint32_t bitrate_bps(const struct bitrate *bitrate, int64_t now_ns);

#endif
