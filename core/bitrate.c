#include "core/bitrate.h"

#include "core/mono.h"

#define BUCKET_NS (MONO_SECOND / BITRATE_BUCKETS)

void bitrate_add(struct bitrate *bitrate, uint64_t bytes, int64_t now_ns)
{
    int64_t bucket = now_ns / BUCKET_NS;

    if (bucket > bitrate->newest) {
        int64_t passed = bucket - bitrate->newest;
        for (int64_t i = 0; i < passed && i < BITRATE_BUCKETS; i++)
            bitrate->bytes[(bucket - i) % BITRATE_BUCKETS] = 0;
        bitrate->newest = bucket;
    }
    bitrate->bytes[bitrate->newest % BITRATE_BUCKETS] += bytes;
}

uint32_t bitrate_bps(const struct bitrate *bitrate, int64_t now_ns)
{
    int64_t bucket = now_ns / BUCKET_NS;
    uint64_t bytes = 0;

    for (int64_t i = 0; i < BITRATE_BUCKETS; i++) {
        int64_t number = bitrate->newest - i;
        if (number >= 0 && number > bucket - BITRATE_BUCKETS)
            bytes += bitrate->bytes[number % BITRATE_BUCKETS];
    }
    return bytes * 8 > UINT32_MAX ? UINT32_MAX : (uint32_t)(bytes * 8);
}
