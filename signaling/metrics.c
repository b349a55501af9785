#include "signaling/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mono.h"
#include "signaling/http_session.h"
#include "signaling/metrics_rooms.h"
#include "signaling/metrics_text.h"
#include "signaling/process_figures.h"

enum { NUMBER_CHARS = 12 };

#define READ(stats, name) atomic_load_explicit(&(stats)->name, memory_order_relaxed)

static void put_gauge(struct metrics_writer *writer, const char *name, const char *help,
                      uint64_t value)
{
    metrics_put_count(writer, name, "gauge", help, value);
}

static void put_counts(struct metrics_writer *writer, const struct endpoint *endpoint,
                       const struct metrics_gauges *gauges)
{
    struct endpoint_counts counts;

    endpoint_count(endpoint, &counts);
    put_gauge(writer, "manycast_rooms", "Rooms that exist", counts.rooms);
    put_gauge(writer, "manycast_streams", "Streams that are live", counts.streams);
    put_gauge(writer, "manycast_publishers", "Broadcasters' sessions", counts.publishers);
    put_gauge(writer, "manycast_viewers", "Viewers' sessions", counts.viewers);
    put_gauge(writer, "manycast_participants", "Who joined a room by WebSocket",
              counts.participants);
    put_gauge(writer, "manycast_sockets", "WebSocket connections", gauges->sockets);
    put_gauge(writer, "manycast_engineio_sessions", "Socket.IO connections", gauges->engineio);
    put_gauge(writer, "manycast_polls_waiting", "Long polls of Socket.IO that wait",
              gauges->polls_waiting);
    put_gauge(writer, "manycast_draining", "1 while the server drains",
              endpoint_is_draining(endpoint));
    metrics_put_count(writer, "manycast_chat_dropped_total", "counter",
                      "Chat that was not sent to clients that read too slowly", gauges->dropped);
    metrics_put_count(writer, "manycast_requests_limited_total", "counter",
                      "Requests and WebSockets refused: too many of their address",
                      gauges->requests_limited);
    metrics_put_count(writer, "manycast_log_lost_total", "counter",
                      "Lines of the log that could not be written", gauges->log_lost);
}

static void put_hooks(struct metrics_writer *writer, const struct hooks_counts *hooks)
{
    static const char name[] = "manycast_hook_calls_total";

    metrics_family(writer, name, "counter", "Calls of the operator's HTTP hooks");
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        for (enum hook_result result = 0; result < HOOK_RESULT_COUNT; result++) {
            const struct metrics_label labels[METRICS_LABELS_MAX] = {
                {"hook", hooks_name(hook)}, {"result", hook_result_text(result)}};
            metrics_count(writer, name, labels, hooks->calls[hook][result]);
        }
    }
    put_gauge(writer, "manycast_hook_calls_under_way", "Calls of hooks that wait for an answer",
              hooks->under_way);
    put_gauge(writer, "manycast_hook_calls_queued", "Calls of hooks that wait for their turn",
              hooks->queued);
}

static void put_stats(struct metrics_writer *writer, const struct stats *sum)
{
#define PUT_COUNTER(name, help)                                                                    \
    metrics_put_count(writer, "manycast_" #name "_total", "counter", help, READ(sum, name));
    STATS_LIST(PUT_COUNTER)
#undef PUT_COUNTER
#define PUT_HISTOGRAM(name, help, ...)                                                             \
    metrics_put_histogram(writer, "manycast_" #name, help, &sum->name, stats_bounds_##name);
    STATS_HISTOGRAMS(PUT_HISTOGRAM)
#undef PUT_HISTOGRAM
}

static void put_process(struct metrics_writer *writer)
{
    struct process_figures figures;

    process_figures_read(&figures);
    metrics_put_real(writer, "process_cpu_seconds_total", "counter",
                     "CPU time taken, user and system", figures.cpu_seconds);
    put_gauge(writer, "process_resident_memory_bytes", "Memory that is resident",
              figures.resident_bytes);
    put_gauge(writer, "process_open_fds", "Open descriptors", figures.descriptors);
    put_gauge(writer, "process_max_fds", "Descriptors that may be open", figures.descriptors_max);
}

/* A worker's label. */
static struct metrics_label worker_label(unsigned number, char text[NUMBER_CHARS])
{
    (void)snprintf(text, NUMBER_CHARS, "%u", number);
    return (struct metrics_label){"worker", text};
}

static void put_workers_cpu(struct metrics_writer *writer, const struct vitals *vitals)
{
    static const char name[] = "manycast_worker_cpu_seconds_total";
    char text[NUMBER_CHARS];

    metrics_family(writer, name, "counter", "CPU time that a worker's thread took");
    for (unsigned i = 0; i < vitals->workers; i++) {
        const struct metrics_label labels[METRICS_LABELS_MAX] = {worker_label(i, text)};

        metrics_real(writer, name, labels,
                     (double)vitals_worker_cpu_ns(vitals, i) / (double)MONO_SECOND);
    }
}

static void put_workers_viewers(struct metrics_writer *writer, const struct vitals *vitals)
{
    static const char name[] = "manycast_worker_viewers";
    char text[NUMBER_CHARS];

    metrics_family(writer, name, "gauge", "Viewers connected to a worker");
    for (unsigned i = 0; i < vitals->workers; i++) {
        const struct metrics_label labels[METRICS_LABELS_MAX] = {worker_label(i, text)};
        struct vitals_worker worker;

        vitals_read_worker(vitals, i, &worker);
        metrics_count(writer, name, labels, worker.viewers);
    }
}

/* One counter of all workers. */
#define PUT_WORKERS(counter, help)                                                                 \
    metrics_family(writer, "manycast_worker_" #counter "_total", "counter", help);                 \
    for (unsigned i = 0; i < vitals->workers; i++) {                                               \
        const struct metrics_label labels[METRICS_LABELS_MAX] = {worker_label(i, text)};           \
                                                                                                   \
        metrics_count(writer, "manycast_worker_" #counter "_total", labels,                        \
                      READ(vitals_worker_stats(vitals, i), counter));                              \
    }

static void put_workers_drops(struct metrics_writer *writer, const struct vitals *vitals)
{
    static const char name[] = "manycast_worker_drops_total";
    char text[NUMBER_CHARS];

    metrics_family(writer, name, "counter", "What a worker threw away, by reason");
    for (unsigned i = 0; i < vitals->workers; i++) {
        const struct stats *stats = vitals_worker_stats(vitals, i);
        struct metrics_label labels[METRICS_LABELS_MAX] = {worker_label(i, text), {"reason", NULL}};

#define PUT_DROP(counter, help)                                                                    \
    labels[1].value = &#counter[sizeof "drop_" - 1];                                               \
    metrics_count(writer, name, labels, READ(stats, counter));
        STATS_DROPS(PUT_DROP)
#undef PUT_DROP
    }
}

static void put_workers(struct metrics_writer *writer, const struct vitals *vitals)
{
    char text[NUMBER_CHARS];

    put_gauge(writer, "manycast_workers", "Worker threads", vitals->workers);
    put_workers_cpu(writer, vitals);
    put_workers_viewers(writer, vitals);
    PUT_WORKERS(packets_out, "RTP packets that a worker sent to viewers")
    PUT_WORKERS(bytes_out, "Bytes of SRTP that a worker sent to viewers")
    PUT_WORKERS(batches, "Batches that a worker fanned out")
    put_workers_drops(writer, vitals);
}

char *metrics_text(const struct endpoint *endpoint, const struct stats *sum,
                   const struct metrics_gauges *gauges)
{
    struct metrics_writer writer;

    if (metrics_writer_open(&writer) != STATUS_OK)
        return NULL;
    put_counts(&writer, endpoint, gauges);
    put_hooks(&writer, &gauges->hooks);
    put_stats(&writer, sum);
    put_workers(&writer, endpoint_vitals(endpoint));
    metrics_rooms_put(&writer, endpoint_directory(endpoint),
                      endpoint_config(endpoint)->metrics_rooms);
    put_process(&writer);
    return metrics_writer_close(&writer);
}

void metrics_handle(const struct endpoint *endpoint, const struct media *media,
                    const struct metrics_gauges *gauges, struct exchange *exchange)
{
    struct access_answer access;
    struct stats sum;

    access_ask_metrics(endpoint_config(endpoint), http_session_token(exchange), &access);
    if (access.status != STATUS_OK) {
        http_session_refuse_access(exchange, &access);
        return;
    }
    memset(&sum, 0, sizeof sum);
    media_stats(media, &sum);
    char *text = metrics_text(endpoint, &sum, gauges);
    if (text == NULL)
        exchange_problem(exchange, 503, "The server is out of memory.");
    else
        exchange_answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", text,
                        strlen(text));
    free(text);
}
