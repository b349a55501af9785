#include "transport/feed.h"

#include <assert.h>
#include <stdlib.h>

#include "core/mono.h"

#define REPORT_INTERVAL_NS MONO_SECOND
#define KEY_FRAME_INTERVAL_NS (500 * MONO_MS)

struct feed {
    uint32_t stream_id;
    struct stream *stream;
    struct feed_settings settings;
    struct gop_cache cache;
    struct packet *report[TRACK_COUNT]; /* the broadcaster's last sender reports; NULL: none yet */
    uint64_t subscribed;                /* bit of each worker */
    bool published;                     /* between feed_begin and feed_end */
    bool live;                          /* media came since feed_begin */
    bool changed;                       /* to be reported at once */
    bool monitored;                     /* the audio monitor awaits sound */
    bool has[TRACK_COUNT];
    struct codec_format format[TRACK_COUNT];
    int64_t report_ns; /* next report while live */
};

static_assert(MEDIA_WORKERS_MAX <= 64, "subscribed has one bit for each worker");

void outlets_wake(struct outlets *outlets)
{
    for (unsigned i = 0; i < MEDIA_WORKERS_MAX; i++) {
        struct outlet *outlet = &outlets->worker[i];

        if (!outlet->pushed)
            continue;
        outlet->pushed = false;
        outlet->wake(outlet->wake_context);
    }
}

static void push(struct feed *feed, struct packet *packet, unsigned worker)
{
    struct outlet *outlet = &feed->settings.outlets->worker[worker];

    if (!ring_push(outlet->ring, packet_ref(packet))) {
        packet_unref(packet);
        STATS_ADD(feed->settings.stats, drop_ring_full, 1);
        return;
    }
    outlet->pushed = true;
}

/* Takes packet; NULL is allowed. */
static void deliver(struct feed *feed, struct packet *packet)
{
    if (packet == NULL)
        return;
    for (uint64_t left = feed->subscribed; left != 0; left &= left - 1)
        push(feed, packet, (unsigned)__builtin_ctzll(left));
    packet_unref(packet);
}

/* Lets the audio monitor know whether there may be sound from now on. */
static void tell_monitor(struct feed *feed, bool has_sound)
{
    struct audio_monitor *monitor = feed->settings.outlets->monitor;

    feed->monitored = has_sound;
    if (monitor == NULL)
        return;
    if (has_sound)
        audio_monitor_begin(monitor, feed->stream_id);
    else
        audio_monitor_end(monitor, feed->stream_id);
}

static void listen_to(const struct feed *feed, struct packet *packet)
{
    struct audio_monitor *monitor = feed->settings.outlets->monitor;

    if (monitor != NULL && packet->track == TRACK_AUDIO && !audio_monitor_push(monitor, packet))
        STATS_ADD(feed->settings.stats, drop_monitor_full, 1);
}

/* Decides whether a packet is kept for those who join, for all workers: they do as it says. */
static bool keep(struct feed *feed, struct packet *packet)
{
    const struct gop_cache_limits *limits = &feed->cache.limits;

    if (packet->track != TRACK_VIDEO || limits->bytes_max == 0 || limits->age_max_ns == 0)
        return false;
    if (packet_pool_is_short(feed->settings.pool)) {
        gop_cache_clear(&feed->cache); /* the live ones need it more */
        return false;
    }
    return gop_cache_push(&feed->cache, packet);
}

/* Hands what is kept to a worker; false when that is nothing. */
static bool give(struct feed *feed, unsigned worker)
{
    const struct outlet *outlet = &feed->settings.outlets->worker[worker];
    struct packet *packet = NULL;
    unsigned count = 0;

    if (outlet->give == NULL || !gop_cache_holds(&feed->cache))
        return false;
    const int64_t first = feed->cache.first;
    struct packet **packets =
        malloc((size_t)(feed->cache.newest - first + 1) * sizeof(struct packet *));
    if (packets == NULL)
        return false;
    for (int64_t i = first; (packet = gop_cache_next(&feed->cache, i)) != NULL;
         i = packet->sequence_number + 1)
        packets[count++] = packet_ref(packet);
    outlet->give(outlet->wake_context, feed->stream_id, packets, count);
    free(packets);
    return true;
}

/* Takes report. */
static void keep_report(struct feed *feed, struct packet *report)
{
    packet_unref(feed->report[report->track]);
    feed->report[report->track] = report;
}

static void forget_reports(struct feed *feed)
{
    for (unsigned track = 0; track < TRACK_COUNT; track++) {
        packet_unref(feed->report[track]);
        feed->report[track] = NULL;
    }
}

static bool format_equal(const struct codec_format *a, const struct codec_format *b)
{
    return a->codec == b->codec && a->packetization_mode == b->packetization_mode &&
           a->profile == b->profile && a->constraints == b->constraints && a->level == b->level;
}

static void note_track(struct feed *feed, const struct packet *packet)
{
    if (feed->has[packet->track] && format_equal(&feed->format[packet->track], &packet->format))
        return;
    feed->live = true;
    feed->changed = true;
    feed->has[packet->track] = true;
    feed->format[packet->track] = packet->format;
}

enum status feed_create(uint32_t stream_id, const struct feed_settings *settings,
                        struct feed **feed)
{
    const struct stream_settings stream_settings = {.stream_id = stream_id,
                                                    .random_seed = settings->random_seed,
                                                    .bandwidth_bps = settings->bandwidth_bps,
                                                    .key_frame_interval_ns = KEY_FRAME_INTERVAL_NS};
    struct feed *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->stream_id = stream_id;
    made->settings = *settings;
    gop_cache_init(&made->cache, &settings->cache);
    const enum status status =
        stream_create(&stream_settings, settings->pool, settings->stats, &made->stream);
    if (status != STATUS_OK) {
        free(made);
        return status;
    }
    *feed = made;
    return STATUS_OK;
}

void feed_destroy(struct feed *feed)
{
    if (feed == NULL)
        return;
    gop_cache_close(&feed->cache);
    forget_reports(feed);
    stream_destroy(feed->stream);
    free(feed);
}

uint32_t feed_stream_id(const struct feed *feed)
{
    return feed->stream_id;
}

void feed_begin(struct feed *feed, const struct publication *publication, int64_t now_ns)
{
    feed->published = true;
    feed->live = false;
    feed->changed = false;
    for (unsigned track = 0; track < TRACK_COUNT; track++)
        feed->has[track] = false;
    gop_cache_clear(&feed->cache);
    forget_reports(feed);
    tell_monitor(feed, publication->offered[TRACK_AUDIO]);
    deliver(feed, stream_begin(feed->stream, publication, now_ns));
}

void feed_update(struct feed *feed, const struct publication *publication, int64_t now_ns)
{
    for (unsigned track = 0; track < TRACK_COUNT; track++) {
        if (!publication->offered[track] && feed->has[track]) {
            feed->has[track] = false;
            feed->changed = true;
        }
    }
    if (!publication->offered[TRACK_VIDEO])
        gop_cache_clear(&feed->cache);
    if (publication->offered[TRACK_AUDIO] != feed->monitored)
        tell_monitor(feed, publication->offered[TRACK_AUDIO]);
    stream_update(feed->stream, publication, now_ns);
}

void feed_end(struct feed *feed, int64_t now_ns)
{
    struct stream_report report;

    if (!feed->published)
        return;
    feed->published = false;
    gop_cache_clear(&feed->cache);
    forget_reports(feed);
    tell_monitor(feed, false);
    deliver(feed, stream_end(feed->stream, now_ns));
    stream_read_report(feed->stream, &report, now_ns);
    report.live = false;
    feed->settings.on_report(feed->settings.context, feed->stream_id, &report);
}

void feed_receive_rtp(struct feed *feed, const uint8_t *rtp, size_t rtp_bytes, int64_t now_ns)
{
    struct packet *packet = stream_receive_rtp(feed->stream, rtp, rtp_bytes, now_ns);

    if (packet == NULL)
        return;
    note_track(feed, packet);
    packet->cached = keep(feed, packet);
    listen_to(feed, packet);
    deliver(feed, packet);
}

void feed_receive_rtcp(struct feed *feed, const uint8_t *compound, size_t compound_bytes,
                       int64_t now_ns)
{
    struct packet *reports[TRACK_COUNT];
    const unsigned count =
        stream_receive_rtcp(feed->stream, compound, compound_bytes, reports, now_ns);

    for (unsigned i = 0; i < count; i++) {
        keep_report(feed, packet_ref(reports[i]));
        deliver(feed, reports[i]);
    }
}

void feed_subscribe(struct feed *feed, unsigned worker, int64_t now_ns)
{
    feed->subscribed |= UINT64_C(1) << worker;
    if (!give(feed, worker))
        feed_want_key_frame(feed, now_ns);
    for (unsigned track = 0; track < TRACK_COUNT; track++)
        if (feed->report[track] != NULL)
            push(feed, feed->report[track], worker);
}

void feed_unsubscribe(struct feed *feed, unsigned worker)
{
    feed->subscribed &= ~(UINT64_C(1) << worker);
}

void feed_want_key_frame(struct feed *feed, int64_t now_ns)
{
    if (feed->published)
        stream_want_key_frame(feed->stream, now_ns);
}

void feed_set_bandwidth(struct feed *feed, uint32_t bandwidth_bps)
{
    stream_set_bandwidth(feed->stream, bandwidth_bps);
}

size_t feed_write_feedback(struct feed *feed, uint8_t *out, int64_t now_ns)
{
    return feed->published ? stream_write_feedback(feed->stream, out, now_ns) : 0;
}

int64_t feed_due_ns(const struct feed *feed)
{
    if (!feed->published)
        return MONO_NEVER;
    const int64_t feedback_ns = stream_feedback_due_ns(feed->stream);
    return feed->live ? mono_earlier(feedback_ns, feed->report_ns) : feedback_ns;
}

void feed_report(struct feed *feed, int64_t now_ns)
{
    struct stream_report report;

    if (!feed->published || !feed->live || (!feed->changed && now_ns < feed->report_ns))
        return;
    feed->changed = false;
    feed->report_ns = now_ns + REPORT_INTERVAL_NS;
    stream_read_report(feed->stream, &report, now_ns);
    feed->settings.on_report(feed->settings.context, feed->stream_id, &report);
}
