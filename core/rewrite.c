#include "core/rewrite.h"

#include <string.h>

#include "core/mono.h"

enum { LEAST_STEPS_A_SECOND = 50 }; /* two segments lie at least 1/50 s apart */

void rewrite_init(struct rewrite *rewrite, uint32_t clock_hz, uint32_t first_timestamp)
{
    memset(rewrite, 0, sizeof *rewrite);
    rewrite->clock_hz = clock_hz;
    rewrite->newest_timestamp = first_timestamp;
}

void rewrite_end(struct rewrite *rewrite)
{
    rewrite->runs = false;
}

static void begin_segment(struct rewrite *rewrite, int64_t sequence_in, uint32_t timestamp_in,
                          int64_t now_ns)
{
    uint32_t step = 0;

    if (rewrite->newest_ns != 0) {
        uint64_t passed_ns =
            now_ns > rewrite->newest_ns ? (uint64_t)(now_ns - rewrite->newest_ns) : 0;
        uint64_t second_ns = (uint64_t)MONO_SECOND;
        uint64_t steps = passed_ns / second_ns * rewrite->clock_hz +
                         passed_ns % second_ns * rewrite->clock_hz / second_ns;
        uint64_t least = rewrite->clock_hz / LEAST_STEPS_A_SECOND;
        step = (uint32_t)(steps > least ? steps : least);
    }
    rewrite->runs = true;
    rewrite->first_in = sequence_in;
    rewrite->newest_in = sequence_in - 1;
    rewrite->sequence_offset = rewrite->highest + 1 - sequence_in;
    rewrite->timestamp_offset = rewrite->newest_timestamp + step - timestamp_in;
    rewrite->skip_count = 0;
}

bool rewrite_place(struct rewrite *rewrite, int64_t sequence_in, uint32_t timestamp_in,
                   int64_t now_ns, int64_t *sequence_number, uint32_t *timestamp)
{
    unsigned skips_after = 0;

    if (!rewrite->runs)
        begin_segment(rewrite, sequence_in, timestamp_in, now_ns);
    if (sequence_in < rewrite->first_in ||
        (rewrite->skip_count == REWRITE_SKIPS_KEPT && sequence_in < rewrite->skips[0]))
        return false;
    while (skips_after < rewrite->skip_count &&
           rewrite->skips[rewrite->skip_count - 1 - skips_after] > sequence_in)
        skips_after++;
    *sequence_number = sequence_in + rewrite->sequence_offset + skips_after;
    *timestamp = timestamp_in + rewrite->timestamp_offset;
    if (*sequence_number > rewrite->highest) /* also of one that padding overtook */
        rewrite->highest = *sequence_number;
    if (sequence_in > rewrite->newest_in) {
        rewrite->newest_in = sequence_in;
        rewrite->newest_timestamp = *timestamp;
        rewrite->newest_ns = now_ns;
    }
    return true;
}

void rewrite_skip(struct rewrite *rewrite, int64_t sequence_in)
{
    if (!rewrite->runs || sequence_in <= rewrite->newest_in)
        return;
    if (rewrite->skip_count == REWRITE_SKIPS_KEPT) {
        memmove(&rewrite->skips[0], &rewrite->skips[1],
                (REWRITE_SKIPS_KEPT - 1) * sizeof rewrite->skips[0]);
        rewrite->skip_count--;
    }
    rewrite->skips[rewrite->skip_count++] = sequence_in;
    rewrite->newest_in = sequence_in;
    rewrite->sequence_offset--;
}

bool rewrite_timestamp(const struct rewrite *rewrite, uint32_t timestamp_in, uint32_t *timestamp)
{
    if (!rewrite->runs)
        return false;
    *timestamp = timestamp_in + rewrite->timestamp_offset;
    return true;
}
