#include "signaling/vitals.h"

#include "core/mono.h"

#define READ(stats, name) atomic_load_explicit(&(stats)->name, memory_order_relaxed)

static void count_all(const struct vitals *vitals, int64_t now_ns, struct vitals_count *count)
{
    struct stats sum = {0};

    media_stats(vitals->media, &sum);
    count->at_ns = now_ns;
    count->bytes_in = READ(&sum, bytes_in);
    count->bytes_out = READ(&sum, bytes_out);
    for (unsigned i = 0; i < vitals->workers; i++) {
        const struct stats *stats = media_worker_stats(vitals->media, i);

        count->workers[i] =
            (struct vitals_worker_count){.cpu_ns = media_worker_cpu_ns(vitals->media, i),
                                         .packets = READ(stats, packets_out),
                                         .bytes = READ(stats, bytes_out)};
    }
}

void vitals_init(struct vitals *vitals, const struct media *media)
{
    *vitals = (struct vitals){.media = media, .workers = media_workers(media)};
}

void vitals_tick(struct vitals *vitals, int64_t now_ns)
{
    const bool first = vitals->started_ns == 0;

    if (!first && now_ns - vitals->last.at_ns < MONO_SECOND)
        return;
    vitals->before = vitals->last;
    count_all(vitals, now_ns, &vitals->last);
    if (first) {
        vitals->started_ns = now_ns;
        vitals->before = vitals->last;
    }
}

/* How much a second, amount having been counted between the last two times. */
static double rate(const struct vitals *vitals, uint64_t amount)
{
    const int64_t between_ns = vitals->last.at_ns - vitals->before.at_ns;

    return between_ns > 0 ? (double)amount * (double)MONO_SECOND / (double)between_ns : 0;
}

static uint64_t kbps(const struct vitals *vitals, uint64_t bytes)
{
    return (uint64_t)(rate(vitals, bytes) * 8 / 1000);
}

void vitals_read_server(const struct vitals *vitals, int64_t now_ns, struct vitals_server *server)
{
    *server = (struct vitals_server){
        .uptime_ns = now_ns - vitals->started_ns,
        .kbps_in = kbps(vitals, vitals->last.bytes_in - vitals->before.bytes_in),
        .kbps_out = kbps(vitals, vitals->last.bytes_out - vitals->before.bytes_out)};
}

void vitals_read_worker(const struct vitals *vitals, unsigned number, struct vitals_worker *worker)
{
    const struct vitals_worker_count *before = &vitals->before.workers[number];
    const struct vitals_worker_count *last = &vitals->last.workers[number];
    const struct stats *stats = vitals_worker_stats(vitals, number);
    const uint64_t closed = READ(stats, sessions_closed); /* first: never more than were opened */

    *worker = (struct vitals_worker){
        .cpu_percent =
            100 * rate(vitals, (uint64_t)(last->cpu_ns - before->cpu_ns)) / (double)MONO_SECOND,
        .packets_per_second = (uint64_t)rate(vitals, last->packets - before->packets),
        .kbps = kbps(vitals, last->bytes - before->bytes),
        .viewers = (unsigned)(READ(stats, sessions_opened) - closed)};
}

const struct stats *vitals_worker_stats(const struct vitals *vitals, unsigned number)
{
    return media_worker_stats(vitals->media, number);
}

int64_t vitals_worker_cpu_ns(const struct vitals *vitals, unsigned number)
{
    return media_worker_cpu_ns(vitals->media, number);
}
