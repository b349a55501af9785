#include "transport/ingest.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include <glib.h>

#include "core/log.h"
#include "core/mailbox.h"
#include "core/mono.h"
#include "transport/broadcasts.h"
#include "transport/data_inbox.h"
#include "transport/feed.h"
#include "transport/mono_clock.h"

enum {
    /* The pool's memory is touched only as far as packets were ever out at a time. */
    POOL_PACKETS_MIN = 8192,
    POOL_PACKETS_MAX = 524288,
    POOL_STREAMS = 64,        /* full-rate streams whose history and cache fit at a time */
    POOL_PACKET_BYTES = 1000, /* a little under what a packet of video carries */
    POOL_SLACK_MS = 1000,     /* in rings and batches, beside the history */
    TIMER_LEAST_NS = 1000000, /* a timer that is always due must not spin the thread */
    STOP_TURNS_MAX = 16,      /* for what libnice finishes later */
};

struct ingest {
    struct media_settings settings;
    struct ingest_events events;
    struct broadcasts *broadcasts;
    struct outlets outlets;
    struct stats stats;
    struct packet_pool *pool;
    struct mailbox mailbox;
    struct data *data; /* NULL: no data channels */
    struct data_inbox from_data;
    GMainContext *main_context;
    GSource *timer;
    pthread_t thread;
    bool started;
    bool stopping; /* the thread's own */
};

enum command_kind {
    COMMAND_STREAM_OPEN,
    COMMAND_STREAM_CLOSE,
    COMMAND_CANDIDATE,
    COMMAND_END,
    COMMAND_SUBSCRIBE,
    COMMAND_UNSUBSCRIBE,
    COMMAND_WANT_KEY_FRAME,
    COMMAND_SET_BANDWIDTH,
    COMMAND_STOP
};

/* What was posted; the message comes first, so that a message is its command. */
struct command {
    struct message message;
    enum command_kind kind;
    uint64_t session;
    uint32_t stream_id;
    unsigned worker;
    uint32_t bandwidth_bps;
    struct ice_candidate candidate;
};

struct publish_command {
    struct message message;
    struct media_publish publish;
};

struct update_command {
    struct message message;
    uint64_t session;
    struct publication publication;
    struct datachannel_terms data;
};

struct restart_command {
    struct message message;
    uint64_t session;
    struct ice_credentials remote;
    struct ice_candidate candidates[ICE_CANDIDATES_MAX];
    unsigned candidate_count;
};

/* Commands, on the ingest thread: each takes its message. */

static void handle_publish(struct message *message, void *owner)
{
    struct publish_command *command = (struct publish_command *)message;
    struct ingest *ingest = owner;

    if (ingest->stopping)
        broadcasts_refuse(ingest->broadcasts, command->publish.session, STATUS_CLOSED);
    else
        broadcasts_publish(ingest->broadcasts, &command->publish);
    explicit_bzero(&command->publish.remote, sizeof command->publish.remote);
    g_free(command);
}

static void handle_restart(struct message *message, void *owner)
{
    struct restart_command *command = (struct restart_command *)message;
    struct ingest *ingest = owner;

    broadcasts_restart(ingest->broadcasts, command->session, &command->remote, command->candidates,
                       command->candidate_count);
    explicit_bzero(&command->remote, sizeof command->remote);
    g_free(command);
}

static void handle_update(struct message *message, void *owner)
{
    struct update_command *command = (struct update_command *)message;
    struct ingest *ingest = owner;

    broadcasts_update(ingest->broadcasts, command->session, &command->publication, &command->data);
    g_free(command);
}

static void handle_feed_command(struct ingest *ingest, const struct command *command)
{
    struct feed *feed = broadcasts_find_stream(ingest->broadcasts, command->stream_id);

    if (feed == NULL)
        return;
    if (command->kind == COMMAND_WANT_KEY_FRAME)
        feed_want_key_frame(feed, mono_clock_ns());
    else if (command->kind == COMMAND_UNSUBSCRIBE)
        feed_unsubscribe(feed, command->worker);
    else if (ingest->outlets.worker[command->worker].ring != NULL)
        feed_subscribe(feed, command->worker, mono_clock_ns());
}

static void handle_command(struct message *message, void *owner)
{
    struct command *command = (struct command *)message;
    struct ingest *ingest = owner;

    switch (command->kind) {
    case COMMAND_STREAM_OPEN:
        broadcasts_open_stream(ingest->broadcasts, command->stream_id);
        break;
    case COMMAND_STREAM_CLOSE:
        broadcasts_close_stream(ingest->broadcasts, command->stream_id);
        break;
    case COMMAND_CANDIDATE:
        broadcasts_add_candidate(ingest->broadcasts, command->session, &command->candidate);
        break;
    case COMMAND_END:
        broadcasts_end(ingest->broadcasts, command->session);
        break;
    case COMMAND_SUBSCRIBE:
    case COMMAND_UNSUBSCRIBE:
    case COMMAND_WANT_KEY_FRAME:
        handle_feed_command(ingest, command);
        break;
    case COMMAND_SET_BANDWIDTH:
        broadcasts_set_bandwidth(ingest->broadcasts, command->bandwidth_bps);
        break;
    case COMMAND_STOP:
        ingest->stopping = true;
        break;
    }
    g_free(command);
}

/* What the data thread hands back. */

static void send_data(void *context, uint64_t session, const uint8_t *packet, size_t packet_bytes)
{
    struct ingest *ingest = context;

    if (!ingest->stopping)
        broadcasts_send_data(ingest->broadcasts, session, packet, packet_bytes);
}

static void lose_data(void *context, uint64_t session, bool left)
{
    (void)context; /* its media go on, and what it still sends finds nobody */
    (void)session;
    (void)left;
}

/* The thread */

static gboolean on_timer(gpointer context)
{
    (void)context; /* it only ends the wait: run_turn does the work */
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch_timer(GSource *source, GSourceFunc callback, gpointer context)
{
    g_source_set_ready_time(source, -1);
    return callback(context);
}

static GSourceFuncs timer_functions = {.dispatch = dispatch_timer};

/* After each dispatch: commands, timers, wake-ups; then says when the next turn is due. */
static void run_turn(struct ingest *ingest)
{
    (void)mailbox_drain(&ingest->mailbox, ingest);
    const int64_t now_ns = mono_clock_ns();
    const int64_t due_ns = broadcasts_turn(ingest->broadcasts, now_ns);
    outlets_wake(&ingest->outlets);
    if (due_ns == MONO_NEVER)
        g_source_set_ready_time(ingest->timer, -1);
    else
        g_source_set_ready_time(ingest->timer, (MAX(due_ns, now_ns + TIMER_LEAST_NS) + 999) / 1000);
}

static void *run(void *context)
{
    struct ingest *ingest = context;

    g_main_context_push_thread_default(ingest->main_context);
    while (!ingest->stopping) {
        run_turn(ingest);
        if (!ingest->stopping)
            (void)g_main_context_iteration(ingest->main_context, TRUE);
    }
    broadcasts_end_all(ingest->broadcasts);
    outlets_wake(&ingest->outlets);
    for (unsigned i = 0; i < STOP_TURNS_MAX; i++)
        (void)g_main_context_iteration(ingest->main_context, FALSE);
    g_main_context_pop_thread_default(ingest->main_context);
    return NULL;
}

static void wake_thread(void *context)
{
    const struct ingest *ingest = context;

    g_main_context_wakeup(ingest->main_context);
}

/* Enough for the histories and caches of POOL_STREAMS streams at the admitted rate. With more of
 * them the caches are let go first (feed.c). */
static unsigned pool_packets(const struct media_settings *settings)
{
    const int64_t rate = settings->publisher_bandwidth_bps / 8; /* bytes a second */
    const int64_t kept_ms = mono_to_ms(settings->history_age_ns) + POOL_SLACK_MS;
    const int64_t history_bytes = rate * kept_ms / 1000;
    const int64_t cache_bytes = MIN(rate * mono_to_ms(settings->cache_age_ns) / 1000,
                                    (int64_t)settings->cache_kbytes * 1024);
    const int64_t stream_packets = (history_bytes + cache_bytes) / POOL_PACKET_BYTES;

    return (unsigned)CLAMP(stream_packets * POOL_STREAMS, POOL_PACKETS_MIN, POOL_PACKETS_MAX) +
           (settings->monitor_audio ? AUDIO_MONITOR_RING_PACKETS : 0);
}

static struct broadcasts *make_broadcasts(struct ingest *ingest, struct dtls_context *dtls_context)
{
    const struct publisher_environment environment = {.settings = &ingest->settings,
                                                      .dtls_context = dtls_context,
                                                      .main_context = ingest->main_context,
                                                      .stats = &ingest->stats,
                                                      .data = ingest->data,
                                                      .data_owner =
                                                          data_inbox_owner(&ingest->from_data)};
    const struct feed_settings feed_settings = {
        .pool = ingest->pool,
        .stats = &ingest->stats,
        .outlets = &ingest->outlets,
        .bandwidth_bps = ingest->settings.publisher_bandwidth_bps,
        .cache = {.bytes_max = ingest->settings.cache_kbytes * UINT64_C(1024),
                  .age_max_ns = ingest->settings.cache_age_ns},
        .on_report = ingest->events.on_stream_report,
        .context = ingest->events.context};

    return broadcasts_create(&environment, &feed_settings, &ingest->events);
}

enum status ingest_create(const struct media_settings *settings, struct dtls_context *dtls_context,
                          struct data *data, const struct ingest_events *events,
                          struct ingest **ingest)
{
    struct ingest *made = g_new0(struct ingest, 1);

    made->settings = *settings;
    made->events = *events;
    const enum status status = packet_pool_create(pool_packets(settings), &made->pool);
    if (status != STATUS_OK) {
        g_free(made);
        return status;
    }
    made->main_context = g_main_context_new();
    made->timer = g_source_new(&timer_functions, sizeof(GSource));
    g_source_set_callback(made->timer, on_timer, NULL, NULL);
    g_source_attach(made->timer, made->main_context);
    mailbox_init(&made->mailbox, wake_thread, made);
    made->data = data;
    made->from_data = (struct data_inbox){
        .mailbox = &made->mailbox, .context = made, .on_datagram = send_data, .on_over = lose_data};
    made->broadcasts = make_broadcasts(made, dtls_context);
    *ingest = made;
    return STATUS_OK;
}

void ingest_attach_worker(struct ingest *ingest, unsigned worker, const struct outlet *outlet)
{
    ingest->outlets.worker[worker] = *outlet;
}

void ingest_attach_monitor(struct ingest *ingest, struct audio_monitor *monitor)
{
    ingest->outlets.monitor = monitor;
}

enum status ingest_start(struct ingest *ingest)
{
    sigset_t all;
    sigset_t before;

    /* Signals are main's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&ingest->thread, NULL, run, ingest);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        LOG_ERROR("ingest", "no thread: %s", strerrordesc_np(failed));
        return STATUS_SYSTEM;
    }
    (void)pthread_setname_np(ingest->thread, "ingest");
    ingest->started = true;
    return STATUS_OK;
}

static void post(struct ingest *ingest, const struct command *command)
{
    struct command *posted = g_memdup2(command, sizeof *command);

    posted->message.handle = handle_command;
    mailbox_post(&ingest->mailbox, &posted->message);
}

void ingest_stop(struct ingest *ingest)
{
    if (!ingest->started)
        return;
    post(ingest, &(struct command){.kind = COMMAND_STOP});
    pthread_join(ingest->thread, NULL);
    ingest->started = false;
}

void ingest_destroy(struct ingest *ingest)
{
    if (ingest == NULL)
        return;
    ingest_stop(ingest);
    ingest->stopping = true;
    (void)mailbox_drain(&ingest->mailbox, ingest); /* what came too late is refused */
    broadcasts_destroy(ingest->broadcasts);
    g_source_destroy(ingest->timer);
    g_source_unref(ingest->timer);
    g_main_context_unref(ingest->main_context);
    packet_pool_destroy(ingest->pool);
    g_free(ingest);
}

const struct stats *ingest_stats(const struct ingest *ingest)
{
    return &ingest->stats;
}

void ingest_stream_open(struct ingest *ingest, uint32_t stream_id)
{
    post(ingest, &(struct command){.kind = COMMAND_STREAM_OPEN, .stream_id = stream_id});
}

void ingest_stream_close(struct ingest *ingest, uint32_t stream_id)
{
    post(ingest, &(struct command){.kind = COMMAND_STREAM_CLOSE, .stream_id = stream_id});
}

void ingest_set_bandwidth(struct ingest *ingest, uint32_t bandwidth_bps)
{
    post(ingest, &(struct command){.kind = COMMAND_SET_BANDWIDTH, .bandwidth_bps = bandwidth_bps});
}

void ingest_publish(struct ingest *ingest, const struct media_publish *publish)
{
    struct publish_command *command = g_new0(struct publish_command, 1);

    command->message.handle = handle_publish;
    command->publish = *publish;
    mailbox_post(&ingest->mailbox, &command->message);
}

void ingest_candidate(struct ingest *ingest, uint64_t session,
                      const struct ice_candidate *candidate)
{
    /* The end of candidates means nothing here: a peer may still be learned from its checks. */
    if (candidate != NULL)
        post(ingest, &(struct command){
                         .kind = COMMAND_CANDIDATE, .session = session, .candidate = *candidate});
}

void ingest_restart(struct ingest *ingest, uint64_t session, const struct ice_credentials *remote,
                    const struct ice_candidate *candidates, unsigned candidate_count)
{
    struct restart_command *command = g_new0(struct restart_command, 1);

    command->message.handle = handle_restart;
    command->session = session;
    command->remote = *remote;
    command->candidate_count = MIN(candidate_count, (unsigned)ICE_CANDIDATES_MAX);
    if (command->candidate_count > 0)
        memcpy(command->candidates, candidates, command->candidate_count * sizeof *candidates);
    mailbox_post(&ingest->mailbox, &command->message);
}

void ingest_update(struct ingest *ingest, uint64_t session, const struct publication *publication,
                   const struct datachannel_terms *data)
{
    struct update_command *command = g_new0(struct update_command, 1);

    command->message.handle = handle_update;
    command->session = session;
    command->publication = *publication;
    command->data = *data;
    mailbox_post(&ingest->mailbox, &command->message);
}

void ingest_end(struct ingest *ingest, uint64_t session)
{
    post(ingest, &(struct command){.kind = COMMAND_END, .session = session});
}

void ingest_subscribe(struct ingest *ingest, uint32_t stream_id, unsigned worker)
{
    post(ingest,
         &(struct command){.kind = COMMAND_SUBSCRIBE, .stream_id = stream_id, .worker = worker});
}

void ingest_unsubscribe(struct ingest *ingest, uint32_t stream_id, unsigned worker)
{
    post(ingest,
         &(struct command){.kind = COMMAND_UNSUBSCRIBE, .stream_id = stream_id, .worker = worker});
}

void ingest_want_key_frame(struct ingest *ingest, uint32_t stream_id)
{
    post(ingest, &(struct command){.kind = COMMAND_WANT_KEY_FRAME, .stream_id = stream_id});
}
