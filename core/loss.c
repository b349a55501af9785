#include "core/loss.h"

#include <string.h>

#include "core/mono.h"

#define REORDER_NS (8 * MONO_MS) /* so long a packet may be overtaken and is not missed */
#define AGAIN_LEAST_NS (40 * MONO_MS)
#define AGAIN_MOST_NS (250 * MONO_MS)
#define GIVE_UP_NS MONO_SECOND

enum {
    TRIES_MAX = 10,
    REORDER_PACKETS = 3, /* a gap of more is no reordering: asked for at once */
};

void loss_reset(struct loss *loss)
{
    memset(loss, 0, sizeof *loss);
}

static uint64_t *word_of(struct loss *loss, int64_t number)
{
    return &loss->received[(uint64_t)number % LOSS_WINDOW / 64];
}

static bool is_received(struct loss *loss, int64_t number)
{
    return (*word_of(loss, number) >> ((uint64_t)number % 64)) & 1;
}

static void set_received(struct loss *loss, int64_t number, bool received)
{
    uint64_t bit = UINT64_C(1) << ((uint64_t)number % 64);

    if (received)
        *word_of(loss, number) |= bit;
    else
        *word_of(loss, number) &= ~bit;
}

static void remove_missing(struct loss *loss, unsigned i)
{
    loss->missing_count--;
    memmove(&loss->missing[i], &loss->missing[i + 1],
            (loss->missing_count - i) * sizeof loss->missing[0]);
}

/* Opens the window up to number, which is above highest. */
static void advance(struct loss *loss, int64_t number, int64_t now_ns)
{
    int64_t gap = number - loss->highest - 1;
    int64_t due_ns = gap > REORDER_PACKETS ? now_ns : now_ns + REORDER_NS;
    int64_t from = loss->highest + 1;

    if (gap > LOSS_MISSING_MAX)
        from = number - LOSS_MISSING_MAX;
    int64_t window = gap < LOSS_WINDOW ? gap : LOSS_WINDOW;
    for (int64_t i = number - window; i < number; i++)
        set_received(loss, i, false);
    /* The oldest make room for the new ones. */
    unsigned added = (unsigned)(number - from);
    unsigned dropped = loss->missing_count + added > LOSS_MISSING_MAX
                           ? loss->missing_count + added - LOSS_MISSING_MAX
                           : 0;
    loss->given_up += dropped + (uint32_t)(gap - added);
    loss->missing_count -= dropped;
    memmove(&loss->missing[0], &loss->missing[dropped],
            loss->missing_count * sizeof loss->missing[0]);
    for (int64_t i = from; i < number; i++) {
        loss->missing[loss->missing_count++] =
            (struct loss_missing){.number = i, .since_ns = now_ns, .due_ns = due_ns};
    }
    loss->highest = number;
}

/* A hole was filled: if it was asked for just once, the answer tells the round trip. */
static void learn(struct loss *loss, const struct loss_missing *missing, int64_t now_ns)
{
    if (missing->tries != 1)
        return;
    int64_t sample_ns = now_ns - missing->asked_ns;
    loss->round_trip_ns =
        loss->round_trip_ns == 0 ? sample_ns : (7 * loss->round_trip_ns + sample_ns) / 8;
}

static void fill(struct loss *loss, int64_t number, int64_t now_ns)
{
    for (unsigned i = 0; i < loss->missing_count; i++) {
        if (loss->missing[i].number == number) {
            learn(loss, &loss->missing[i], now_ns);
            remove_missing(loss, i);
            return;
        }
    }
    if (loss->given_up > 0) /* it was given up too early */
        loss->given_up--;
}

enum loss_verdict loss_on_packet(struct loss *loss, int64_t number, int64_t now_ns)
{
    enum loss_verdict verdict = LOSS_FIRST_TIME;

    if (!loss->begun) {
        loss->begun = true;
        loss->first = number;
        loss->highest = number;
    } else if (number > loss->highest) {
        advance(loss, number, now_ns);
    } else if (number < loss->first || number <= loss->highest - LOSS_WINDOW) {
        return LOSS_TOO_OLD;
    } else if (is_received(loss, number)) {
        return LOSS_DUPLICATE;
    } else {
        fill(loss, number, now_ns);
        verdict = LOSS_LATE;
    }
    set_received(loss, number, true);
    return verdict;
}

static int64_t pause_ns(const struct loss *loss)
{
    int64_t pause = loss->round_trip_ns + loss->round_trip_ns / 4;

    if (pause < AGAIN_LEAST_NS)
        return AGAIN_LEAST_NS;
    return pause < AGAIN_MOST_NS ? pause : AGAIN_MOST_NS;
}

unsigned loss_take_nacks(struct loss *loss, uint16_t *numbers, unsigned most, int64_t now_ns)
{
    unsigned count = 0;
    unsigned i = 0;

    while (i < loss->missing_count) {
        struct loss_missing *missing = &loss->missing[i];
        if (missing->due_ns <= now_ns &&
            (missing->tries == TRIES_MAX || now_ns - missing->since_ns >= GIVE_UP_NS)) {
            remove_missing(loss, i);
            loss->given_up++;
            continue;
        }
        if (missing->due_ns <= now_ns && count < most) {
            numbers[count++] = (uint16_t)missing->number;
            missing->tries++;
            missing->asked_ns = now_ns;
            missing->due_ns = now_ns + pause_ns(loss);
        }
        i++;
    }
    return count;
}

int64_t loss_due_ns(const struct loss *loss)
{
    int64_t due_ns = MONO_NEVER;

    for (unsigned i = 0; i < loss->missing_count; i++)
        due_ns = mono_earlier(due_ns, loss->missing[i].due_ns);
    return due_ns;
}
