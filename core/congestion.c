#include "core/congestion.h"

#include <string.h>

#include "core/mono.h"
#include "core/rtp.h"

#define FEEDBACK_NS (50 * MONO_MS)
#define TICK_NS INT64_C(250000) /* the unit of deltas */

enum {
    TICKS_A_REFERENCE = 256, /* the reference time counts 64 ms */
    NUMBER_JUMP_MAX = CONGESTION_WINDOW / 2,
    RUN_MAX = 8191,
    VECTOR_1_BIT = 14, /* symbols in a status vector chunk */
    VECTOR_2_BIT = 7,
};

enum symbol { NOT_RECEIVED = 0, SMALL_DELTA = 1, LARGE_DELTA = 2 };

/* What one feedback says. */
struct statuses {
    uint8_t symbols[CONGESTION_STATUSES_MAX];
    int16_t deltas[CONGESTION_STATUSES_MAX]; /* of those received, in order */
    unsigned count;
    unsigned delta_count;
    int64_t reference; /* 64 ms */
};

void congestion_reset(struct congestion *congestion)
{
    uint8_t feedback_count = congestion->feedback_count;

    memset(congestion, 0, sizeof *congestion);
    congestion->feedback_count = feedback_count;
}

static int64_t *slot_of(struct congestion *congestion, int64_t number)
{
    return &congestion->arrival_ns[(uint64_t)number % CONGESTION_WINDOW];
}

void congestion_on_packet(struct congestion *congestion, uint16_t number, int64_t now_ns)
{
    int64_t extended = rtp_sequence_extend(congestion->highest, number);
    int64_t ahead = extended - congestion->highest;

    if (!congestion->begun || ahead > NUMBER_JUMP_MAX || ahead < -NUMBER_JUMP_MAX) {
        memset(congestion->arrival_ns, 0, sizeof congestion->arrival_ns);
        /* High enough to step back from. */
        extended = (int64_t)number + 0x10000;
        congestion->begun = true;
        congestion->next = extended;
        congestion->highest = extended;
    }
    for (; congestion->highest < extended; congestion->highest++)
        *slot_of(congestion, congestion->highest + 1) = 0;
    if (congestion->next <= congestion->highest - CONGESTION_WINDOW)
        congestion->next = congestion->highest - CONGESTION_WINDOW + 1;
    if (*slot_of(congestion, extended) != 0)
        return;
    *slot_of(congestion, extended) = now_ns;
    if (extended < congestion->next) /* told as lost already: tell it again */
        congestion->next = extended;
    if (!congestion->pending) {
        congestion->pending = true;
        if (congestion->due_ns < now_ns)
            congestion->due_ns = now_ns + FEEDBACK_NS;
    }
}

int64_t congestion_due_ns(const struct congestion *congestion)
{
    return congestion->pending ? congestion->due_ns : MONO_NEVER;
}

/* Collects what the next feedback says, and moves on by that. */
static void collect(struct congestion *congestion, struct statuses *statuses)
{
    int64_t ticks = -1;   /* of the last one that arrived */
    unsigned arrived = 0; /* symbols up to the last that arrived: a feedback ends with it */

    statuses->count = 0;
    statuses->delta_count = 0;
    statuses->reference = 0;
    for (int64_t number = congestion->next;
         number <= congestion->highest && statuses->count < CONGESTION_STATUSES_MAX; number++) {
        int64_t arrival_ns = *slot_of(congestion, number);
        enum symbol symbol = NOT_RECEIVED;
        if (arrival_ns != 0) {
            int64_t now_ticks = arrival_ns / TICK_NS;
            if (ticks < 0) {
                statuses->reference = now_ticks / TICKS_A_REFERENCE;
                ticks = statuses->reference * TICKS_A_REFERENCE;
            }
            int64_t delta = now_ticks - ticks;
            if (delta < INT16_MIN || delta > INT16_MAX)
                break; /* too far from the others: the next feedback has a reference of its own */
            ticks = now_ticks;
            symbol = delta >= 0 && delta <= UINT8_MAX ? SMALL_DELTA : LARGE_DELTA;
            statuses->deltas[statuses->delta_count++] = (int16_t)delta;
        }
        statuses->symbols[statuses->count++] = (uint8_t)symbol;
        if (symbol != NOT_RECEIVED)
            arrived = statuses->count;
    }
    if (arrived > 0)
        statuses->count = arrived;
    congestion->next += statuses->count;
}

static unsigned run_length(const struct statuses *statuses, unsigned from)
{
    unsigned i = from;

    while (i < statuses->count && i - from < RUN_MAX &&
           statuses->symbols[i] == statuses->symbols[from])
        i++;
    return i - from;
}

/* Writes one packet chunk for the symbols from there on; returns how many it told. */
static unsigned put_chunk(struct bytes_writer *writer, const struct statuses *statuses,
                          unsigned from)
{
    unsigned left = statuses->count - from;
    unsigned run = run_length(statuses, from);
    bool large = false;
    uint32_t chunk = 0;

    if (run >= VECTOR_1_BIT || run == left) {
        bytes_put_u16(writer, (uint16_t)((unsigned)statuses->symbols[from] << 13 | run));
        return run;
    }
    for (unsigned i = 0; i < VECTOR_1_BIT && i < left; i++)
        large = large || statuses->symbols[from + i] == LARGE_DELTA;
    unsigned in_chunk = large ? VECTOR_2_BIT : VECTOR_1_BIT;
    unsigned bits = large ? 2 : 1;
    for (unsigned i = 0; i < in_chunk; i++)
        chunk = chunk << bits | (i < left ? statuses->symbols[from + i] : 0u);
    bytes_put_u16(writer, (uint16_t)(0x8000 | (large ? 0x4000 : 0) | chunk));
    return in_chunk < left ? in_chunk : left;
}

void congestion_put_feedback(struct congestion *congestion, struct bytes_writer *writer,
                             struct rtcp_feedback feedback, int64_t now_ns)
{
    struct statuses statuses;
    unsigned delta = 0;

    if (!congestion->pending)
        return;
    int64_t base = congestion->next;
    collect(congestion, &statuses);
    congestion->pending = congestion->next <= congestion->highest;
    congestion->due_ns = congestion->pending ? now_ns : now_ns + FEEDBACK_NS;
    if (statuses.delta_count == 0)
        return;
    size_t begun = rtcp_begin_part(writer, RTCP_TRANSPORT_FEEDBACK, RTCP_FORMAT_TRANSPORT_WIDE);
    bytes_put_u32(writer, feedback.sender_ssrc);
    bytes_put_u32(writer, feedback.media_ssrc);
    bytes_put_u16(writer, (uint16_t)base);
    bytes_put_u16(writer, (uint16_t)statuses.count);
    bytes_put_u24(writer, (uint32_t)statuses.reference & 0xffffff);
    bytes_put_u8(writer, congestion->feedback_count++);
    for (unsigned i = 0; i < statuses.count;)
        i += put_chunk(writer, &statuses, i);
    for (unsigned i = 0; i < statuses.count; i++)
        if (statuses.symbols[i] == SMALL_DELTA)
            bytes_put_u8(writer, (uint8_t)statuses.deltas[delta++]);
        else if (statuses.symbols[i] == LARGE_DELTA)
            bytes_put_u16(writer, (uint16_t)statuses.deltas[delta++]);
    rtcp_finish_part(writer, begun);
}
