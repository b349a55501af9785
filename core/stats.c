#include "core/stats.h"

#define STATS_DEFINE_BOUNDS(name, help, ...)                                                       \
    const uint32_t stats_bounds_##name[STATS_BOUNDS] = {__VA_ARGS__};
STATS_HISTOGRAMS(STATS_DEFINE_BOUNDS)
#undef STATS_DEFINE_BOUNDS

static void add(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + amount,
                          memory_order_relaxed);
}

void stats_observe(struct stats_histogram *histogram, const uint32_t bounds[STATS_BOUNDS],
                   uint64_t value)
{
    unsigned bucket = 0;

    while (bucket < STATS_BOUNDS && value > bounds[bucket])
        bucket++;
    add(&histogram->buckets[bucket], 1);
    add(&histogram->sum, value);
}

static void sum_histogram(struct stats_histogram *sum, const struct stats_histogram *part)
{
    for (unsigned i = 0; i <= STATS_BOUNDS; i++)
        add(&sum->buckets[i], atomic_load_explicit(&part->buckets[i], memory_order_relaxed));
    add(&sum->sum, atomic_load_explicit(&part->sum, memory_order_relaxed));
}

void stats_sum(struct stats *sum, const struct stats *part)
{
#define STATS_SUM(name, help)                                                                      \
    STATS_ADD(sum, name, atomic_load_explicit(&part->name, memory_order_relaxed));
    STATS_LIST(STATS_SUM)
#undef STATS_SUM
#define STATS_SUM_HISTOGRAM(name, help, ...) sum_histogram(&sum->name, &part->name);
    STATS_HISTOGRAMS(STATS_SUM_HISTOGRAM)
#undef STATS_SUM_HISTOGRAM
}
