#include "bench/load/tally.h"

#include "core/rtp.h"

static const int64_t bucket_ns = 250000;

void tally_times_add(struct tally_times *times, int64_t time_ns)
{
    int64_t bucket = time_ns < 0 ? 0 : time_ns / bucket_ns;

    if (bucket >= TALLY_BUCKETS)
        bucket = TALLY_BUCKETS - 1;
    times->buckets[bucket]++;
    times->count++;
}

double tally_times_ms(const struct tally_times *times, double share)
{
    const double wanted = share * (double)times->count;
    uint64_t seen = 0;

    for (unsigned i = 0; times->count > 0 && i < TALLY_BUCKETS; i++) {
        seen += times->buckets[i];
        if ((double)seen >= wanted)
            return (double)(i + 1) * (double)bucket_ns / 1e6;
    }
    return 0;
}

void tally_stream_add(struct tally_stream *stream, uint16_t sequence_number)
{
    if (stream->received == 0) {
        stream->first = stream->highest = sequence_number;
    } else {
        const int64_t number = rtp_sequence_extend(stream->highest, sequence_number);
        stream->highest = number > stream->highest ? number : stream->highest;
    }
    stream->received++;
}

void tally_stream_reset(struct tally_stream *stream)
{
    stream->first = stream->highest + 1;
    stream->received = stream->received > 0 ? 1 : 0;
    stream->first -= stream->received;
}

uint64_t tally_stream_lost(const struct tally_stream *stream)
{
    const int64_t expected = stream->received == 0 ? 0 : stream->highest - stream->first + 1;

    return expected > stream->received ? (uint64_t)(expected - stream->received) : 0;
}
