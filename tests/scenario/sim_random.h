/* tests/scenario/sim_random.h - random numbers from a seed (xorshift64*). */
#ifndef TESTS_SCENARIO_SIM_RANDOM_H
#define TESTS_SCENARIO_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct sim_random {
    uint64_t state; /* never 0 */
};

static inline uint64_t sim_random_next(struct sim_random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * UINT64_C(0x2545f4914f6cdd1d);
}

/* 0..below-1 */
static inline uint64_t sim_random_below(struct sim_random *random, uint64_t below)
{
    return (sim_random_next(random) >> 11) % below;
}

static inline bool sim_random_chance(struct sim_random *random, unsigned per_mille)
{
    return sim_random_below(random, 1000) < per_mille;
}

#endif
