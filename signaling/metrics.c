#include "signaling/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_counter(FILE *out, const char *name, const char *help, uint64_t value)
{
    (void)fprintf(
        out,
        "# HELP manycast_%s_total %s.\n# TYPE manycast_%s_total counter\nmanycast_%s_total %" PRIu64
        "\n",
        name, help, name, name, value);
}

static void put_gauge(FILE *out, const char *name, const char *help, unsigned value)
{
    (void)fprintf(out, "# HELP manycast_%s %s.\n# TYPE manycast_%s gauge\nmanycast_%s %u\n", name,
                  help, name, name, value);
}

static void put_histogram(FILE *out, const char *name, const char *help,
                          const struct stats_histogram *histogram,
                          const uint32_t bounds[STATS_BOUNDS])
{
    uint64_t count = 0;

    (void)fprintf(out, "# HELP manycast_%s %s.\n# TYPE manycast_%s histogram\n", name, help, name);
    for (unsigned i = 0; i < STATS_BOUNDS; i++) {
        count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        (void)fprintf(out, "manycast_%s_bucket{le=\"%" PRIu32 "\"} %" PRIu64 "\n", name, bounds[i],
                      count);
    }
    count += atomic_load_explicit(&histogram->buckets[STATS_BOUNDS], memory_order_relaxed);
    (void)fprintf(out,
                  "manycast_%s_bucket{le=\"+Inf\"} %" PRIu64 "\nmanycast_%s_sum %" PRIu64
                  "\nmanycast_%s_count %" PRIu64 "\n",
                  name, count, name, atomic_load_explicit(&histogram->sum, memory_order_relaxed),
                  name, count);
}

static void put_hooks(FILE *out, const struct hooks_counts *hooks)
{
    (void)fprintf(out, "# HELP manycast_hook_calls_total Calls of the operator's HTTP hooks.\n"
                       "# TYPE manycast_hook_calls_total counter\n");
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++)
        for (enum hook_result result = 0; result < HOOK_RESULT_COUNT; result++)
            (void)fprintf(out, "manycast_hook_calls_total{hook=\"%s\",result=\"%s\"} %" PRIu64 "\n",
                          hooks_name(hook), hook_result_text(result), hooks->calls[hook][result]);
    put_gauge(out, "hook_calls_under_way", "Calls of hooks that wait for an answer",
              hooks->under_way);
    put_gauge(out, "hook_calls_queued", "Calls of hooks that wait for their turn", hooks->queued);
}

char *metrics_text(const struct stats *stats, const struct metrics_gauges *gauges)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    if (out == NULL)
        return NULL;
    put_gauge(out, "rooms", "Rooms that exist", gauges->counts.rooms);
    put_gauge(out, "streams", "Streams that are live", gauges->counts.streams);
    put_gauge(out, "publishers", "Broadcasters' sessions", gauges->counts.publishers);
    put_gauge(out, "viewers", "Viewers' sessions", gauges->counts.viewers);
    put_gauge(out, "participants", "Who joined a room by WebSocket", gauges->counts.participants);
    put_gauge(out, "sockets", "WebSocket connections", gauges->sockets);
    put_gauge(out, "workers", "Worker threads", gauges->workers);
    put_counter(out, "chat_dropped", "Chat that was not sent to clients that read too slowly",
                gauges->dropped);
    put_counter(out, "log_lost", "Lines of the log that could not be written", gauges->log_lost);
    put_hooks(out, &gauges->hooks);
#define PUT_COUNTER(name, help)                                                                    \
    put_counter(out, #name, help, atomic_load_explicit(&stats->name, memory_order_relaxed));
    STATS_LIST(PUT_COUNTER)
#undef PUT_COUNTER
#define PUT_HISTOGRAM(name, help, ...)                                                             \
    put_histogram(out, #name, help, &stats->name, stats_bounds_##name);
    STATS_HISTOGRAMS(PUT_HISTOGRAM)
#undef PUT_HISTOGRAM
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

void metrics_handle(const struct media *media, const struct metrics_gauges *gauges,
                    struct exchange *exchange)
{
    struct stats sum;
    char *text;

    memset(&sum, 0, sizeof sum);
    media_stats(media, &sum);
    text = metrics_text(&sum, gauges);
    if (text == NULL)
        exchange_problem(exchange, 503, "The server is out of memory.");
    else
        exchange_answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", text,
                        strlen(text));
    free(text);
}
