#include "transport/audio_monitor.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib.h>

#include "core/log.h"
#include "core/mailbox.h"
#include "core/mono.h"
#include "core/ring.h"
#include "transport/mono_clock.h"

enum { POP_PACKETS_MAX = 64, NICE = 10 /* media first */ };

struct audio_monitor {
    struct audio_monitor_settings settings;
    struct ring *ring; /* of packet references */
    struct mailbox mailbox;
    struct stats stats;
    GHashTable *streams; /* by id: struct listened; owns */
    pthread_t thread;
    bool started;
    bool stopping; /* own thread */
    int wake;
};

/* A stream whose broadcaster may send sound. */
struct listened {
    uint32_t stream_id;
    struct sound_meter *meter;
    struct sound told;
    int64_t told_ns;
};

/* What ingest asks. */
struct order {
    struct message message;
    uint32_t stream_id;
};

static const struct sound unknown = {SOUND_UNKNOWN, SOUND_FLOOR_DB};

static void wake(void *context)
{
    const struct audio_monitor *monitor = context;
    const uint64_t one = 1;

    if (write(monitor->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        LOG_ERROR("monitor", "wake-up: %s", strerrordesc_np(errno));
}

static void free_listened(gpointer data)
{
    struct listened *listened = data;

    sound_meter_destroy(listened->meter);
    free(listened);
}

static void tell(const struct audio_monitor *monitor, struct listened *listened,
                 const struct sound *sound, int64_t now_ns)
{
    listened->told = *sound;
    listened->told_ns = now_ns;
    monitor->settings.on_sound(monitor->settings.context, listened->stream_id, sound);
}

static void forget(const struct audio_monitor *monitor, uint32_t stream_id)
{
    struct listened *listened = g_hash_table_lookup(monitor->streams, GUINT_TO_POINTER(stream_id));

    if (listened == NULL)
        return;
    if (listened->told.state != SOUND_UNKNOWN)
        tell(monitor, listened, &unknown, 0);
    g_hash_table_remove(monitor->streams, GUINT_TO_POINTER(stream_id));
}

static void handle_begin(struct message *message, void *owner)
{
    const struct order *order = (struct order *)(void *)message;
    struct audio_monitor *monitor = owner;
    struct listened *listened = calloc(1, sizeof *listened);

    forget(monitor, order->stream_id);
    if (listened == NULL ||
        sound_meter_create(monitor->settings.silent_ns, &listened->meter) != STATUS_OK) {
        free(listened); /* it stays unknown; its media go on */
    } else {
        listened->stream_id = order->stream_id;
        listened->told = unknown;
        g_hash_table_insert(monitor->streams, GUINT_TO_POINTER(order->stream_id), listened);
    }
    free(message);
}

static void handle_end(struct message *message, void *owner)
{
    const struct order *order = (struct order *)(void *)message;

    forget(owner, order->stream_id);
    free(message);
}

static void handle_stop(struct message *message, void *owner)
{
    struct audio_monitor *monitor = owner;

    monitor->stopping = true;
    free(message);
}

static void receive(struct audio_monitor *monitor, const struct packet *packet)
{
    const struct listened *listened =
        g_hash_table_lookup(monitor->streams, GUINT_TO_POINTER(packet->stream_id));

    if (listened == NULL) /* its stream is over */
        return;
    const enum status status =
        sound_meter_receive(listened->meter, &packet->data[packet->payload_offset],
                            packet->payload_bytes, packet->arrival_ns);
    if (status == STATUS_OK)
        STATS_ADD(&monitor->stats, monitor_packets, 1);
    else
        STATS_ADD(&monitor->stats, monitor_undecoded, 1);
}

static void drain_ring(struct audio_monitor *monitor)
{
    void *packets[POP_PACKETS_MAX];
    unsigned left = AUDIO_MONITOR_RING_PACKETS; /* then others have their turn */
    unsigned count;

    do {
        count = ring_pop(monitor->ring, packets, POP_PACKETS_MAX);
        for (unsigned i = 0; i < count; i++) {
            receive(monitor, packets[i]);
            packet_unref(packets[i]);
        }
        left -= MIN(count, left);
    } while (count == POP_PACKETS_MAX && left > 0);
}

static void look_at(const struct audio_monitor *monitor, struct listened *listened, int64_t now_ns)
{
    const struct sound sound = sound_meter_read(listened->meter, now_ns);
    const bool is_due = now_ns - listened->told_ns >= AUDIO_MONITOR_TELL_MS * MONO_MS;

    if (sound.state != listened->told.state ||
        (is_due && sound.level_db != listened->told.level_db))
        tell(monitor, listened, &sound, now_ns);
}

bool audio_monitor_turn(struct audio_monitor *monitor, int64_t now_ns)
{
    GHashTableIter each;
    gpointer listened;

    (void)mailbox_drain(&monitor->mailbox, monitor);
    drain_ring(monitor);
    g_hash_table_iter_init(&each, monitor->streams);
    while (g_hash_table_iter_next(&each, NULL, &listened))
        look_at(monitor, listened, now_ns);
    return g_hash_table_size(monitor->streams) > 0;
}

/* Packets wake nobody: they are looked at when the time has come. */
static void rest(const struct audio_monitor *monitor, bool is_listening)
{
    struct pollfd woken = {.fd = monitor->wake, .events = POLLIN};
    uint64_t count;

    if (poll(&woken, 1, is_listening ? AUDIO_MONITOR_TURN_MS : -1) > 0 &&
        read(monitor->wake, &count, sizeof count) < 0)
        LOG_ERROR("monitor", "wake-up: %s", strerrordesc_np(errno));
}

static void *run(void *context)
{
    struct audio_monitor *monitor = context;

    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* Linux: of this thread alone */
    for (;;) {
        const bool is_listening = audio_monitor_turn(monitor, mono_clock_ns());

        if (monitor->stopping)
            return NULL;
        rest(monitor, is_listening);
    }
}

enum status audio_monitor_create(const struct audio_monitor_settings *settings,
                                 struct audio_monitor **monitor)
{
    struct audio_monitor *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->settings = *settings;
    made->streams = g_hash_table_new_full(NULL, NULL, NULL, free_listened);
    mailbox_init(&made->mailbox, wake, made);
    made->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum status status = made->wake >= 0 ? STATUS_OK : STATUS_SYSTEM;
    if (status == STATUS_OK)
        status = ring_create(AUDIO_MONITOR_RING_PACKETS, &made->ring);
    if (status != STATUS_OK) {
        audio_monitor_destroy(made);
        return status;
    }
    *monitor = made;
    return STATUS_OK;
}

enum status audio_monitor_start(struct audio_monitor *monitor)
{
    sigset_t all;
    sigset_t before;

    /* Signals are main's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&monitor->thread, NULL, run, monitor);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        LOG_ERROR("monitor", "no thread: %s", strerrordesc_np(error));
        return STATUS_SYSTEM;
    }
    (void)pthread_setname_np(monitor->thread, "monitor");
    monitor->started = true;
    return STATUS_OK;
}

static void post(struct audio_monitor *monitor, uint32_t stream_id,
                 void (*handle)(struct message *message, void *owner))
{
    struct order *order = g_new0(struct order, 1); /* must not be lost, as ingest's commands */

    order->message.handle = handle;
    order->stream_id = stream_id;
    mailbox_post(&monitor->mailbox, &order->message);
}

static void drop_packets(struct audio_monitor *monitor)
{
    void *packet;

    while (ring_pop(monitor->ring, &packet, 1) == 1)
        packet_unref(packet);
}

void audio_monitor_stop(struct audio_monitor *monitor)
{
    if (monitor->started) {
        post(monitor, 0, handle_stop);
        pthread_join(monitor->thread, NULL);
        monitor->started = false;
    }
    if (monitor->ring != NULL)
        drop_packets(monitor);
}

void audio_monitor_destroy(struct audio_monitor *monitor)
{
    if (monitor == NULL)
        return;
    audio_monitor_stop(monitor);
    (void)mailbox_drain(&monitor->mailbox, monitor);
    g_hash_table_destroy(monitor->streams);
    ring_destroy(monitor->ring);
    if (monitor->wake >= 0)
        close(monitor->wake);
    free(monitor);
}

void audio_monitor_begin(struct audio_monitor *monitor, uint32_t stream_id)
{
    post(monitor, stream_id, handle_begin);
}

void audio_monitor_end(struct audio_monitor *monitor, uint32_t stream_id)
{
    post(monitor, stream_id, handle_end);
}

bool audio_monitor_push(struct audio_monitor *monitor, struct packet *packet)
{
    if (ring_push(monitor->ring, packet_ref(packet)))
        return true;
    packet_unref(packet);
    return false;
}

const struct stats *audio_monitor_stats(const struct audio_monitor *monitor)
{
    return &monitor->stats;
}
