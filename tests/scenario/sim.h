/* tests/scenario/sim.h - a whole room in virtual time: a broadcaster, the core, viewers, and a
 * network between them that delays, reorders and loses by a seed. Same seed, same run. */
#ifndef TESTS_SCENARIO_SIM_H
#define TESTS_SCENARIO_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fanout.h"
#include "core/gop_cache.h"
#include "core/packet.h"
#include "core/stats.h"
#include "core/stream.h"
#include "sim_broadcaster.h"
#include "sim_random.h"
#include "sim_viewer.h"

enum { SIM_DATAGRAM_BYTES_MAX = 1200 };

/* A way, in both directions. A datagram takes delay_ns and up to jitter_ns more: it may overtake.
 */
struct sim_link {
    int64_t delay_ns;
    int64_t jitter_ns;
    unsigned loss_per_mille;
};

struct sim_settings {
    uint64_t seed;
    unsigned viewers;
    bool viewer_rtx;
    struct gop_cache_limits cache; /* bytes_max 0: nothing is kept for those who join */
    uint32_t replay_bps;
    struct sim_link uplink;
    struct sim_link downlink;
};

struct sim_datagram;

struct sim {
    struct sim_settings settings;
    struct sim_random random;
    int64_t now_ns;
    struct stats stats;
    struct packet_pool *pool;
    struct stream *stream;
    struct fanout *fanout;
    struct gop_cache cache; /* the ingest thread's */
    struct replay_headers replay_headers;
    unsigned replayed_most; /* packets in one turn */
    struct egress egress;
    struct sim_broadcaster broadcaster;
    struct sim_viewer *viewers;
    struct sim_datagram **heap; /* what is on its way, soonest first */
    unsigned heap_count;
    unsigned heap_capacity;
    struct sim_datagram *free_datagrams;
    uint64_t datagrams; /* ever */
    int64_t batch_since_ns;
};

/* Reads the seed of this run from the first argument, takes a fixed one without, and prints it. */
void sim_read_seed(int argc, char **argv);
uint64_t sim_seed(void);

struct sim *sim_create(const struct sim_settings *settings);
/* Checks that every packet came back to the pool. */
void sim_destroy(struct sim *sim);
void sim_run(struct sim *sim, int64_t duration_ns);

void sim_publish(struct sim *sim, const struct sim_publish *publish);
void sim_unpublish(struct sim *sim);
void sim_join(struct sim *sim, unsigned viewer);
void sim_leave(struct sim *sim, unsigned viewer);

#endif
