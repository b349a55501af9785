#include "signaling/server_report.h"

#include <math.h>

#include "core/mono.h"

/* All reasons, by the names that they have in core/stats.h, without what these begin with. */
static json_t *drops_json(const struct stats *stats)
{
    json_t *drops = json_object();

#define ADD_DROP(name, help)                                                                       \
    json_object_set_new(                                                                           \
        drops, &#name[sizeof "drop_" - 1],                                                         \
        json_integer((json_int_t)atomic_load_explicit(&stats->name, memory_order_relaxed)));
    STATS_DROPS(ADD_DROP)
#undef ADD_DROP
    return drops;
}

static json_t *workers_json(const struct vitals *vitals)
{
    json_t *workers = json_array();

    for (unsigned i = 0; i < vitals->workers; i++) {
        struct vitals_worker worker;

        vitals_read_worker(vitals, i, &worker);
        json_array_append_new(workers,
                              json_pack("{s:I, s:f, s:I, s:I, s:I, s:o}", "worker", (json_int_t)i,
                                        "cpu_percent", round(10 * worker.cpu_percent) / 10,
                                        "viewers", (json_int_t)worker.viewers, "packets_per_second",
                                        (json_int_t)worker.packets_per_second, "kbps",
                                        (json_int_t)worker.kbps, "drops",
                                        drops_json(vitals_worker_stats(vitals, i))));
    }
    return workers;
}

json_t *server_report_make(const struct endpoint *endpoint)
{
    struct endpoint_counts counts;
    const struct vitals *vitals = endpoint_vitals(endpoint);
    struct vitals_server server;

    endpoint_count(endpoint, &counts);
    vitals_read_server(vitals, endpoint_now_ns(endpoint), &server);
    return json_pack("{s:s, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:o}", "version", MANYCAST_VERSION,
                     "uptime_seconds", (json_int_t)(server.uptime_ns / MONO_SECOND), "draining",
                     (int)endpoint_is_draining(endpoint), "rooms", (json_int_t)counts.rooms,
                     "sessions", (json_int_t)counts.publishers + counts.viewers, "viewers",
                     (json_int_t)counts.viewers, "kbps_in", (json_int_t)server.kbps_in, "kbps_out",
                     (json_int_t)server.kbps_out, "workers", workers_json(vitals));
}
