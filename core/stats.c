#include "core/stats.h"

void stats_sum(struct stats *sum, const struct stats *part)
{
#define STATS_SUM(name, help)                                                                      \
    STATS_ADD(sum, name, atomic_load_explicit(&part->name, memory_order_relaxed));
    STATS_LIST(STATS_SUM)
#undef STATS_SUM
}
