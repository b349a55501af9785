#include "transport/media.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "transport/audio_monitor.h"
#include "transport/data.h"
#include "transport/dtls.h"
#include "transport/ingest.h"
#include "transport/media_mail.h"
#include "transport/mono_clock.h"
#include "transport/port.h"
#include "transport/rtpsec.h"
#include "transport/viewer_candidates.h"
#include "transport/worker.h"

enum {
    PORT_TRIES = 16,      /* when any port will do, it must be free for UDP and TCP */
    SESSIONS_A_CALL = 64, /* tickets withdrawn by one call of the table */
};

/* Pages that handshakes leave behind go back to the system when it has been quiet for so long, or,
 * in a steady trickle of viewers, so long after the last time. */
#define TRIM_QUIET_NS (2 * MONO_SECOND)
#define TRIM_INTERVAL_NS (30 * MONO_SECOND)

struct media {
    struct media_settings settings;
    void (*wake_main)(void *context);
    void *wake_context;
    struct stats stats;     /* main's own */
    struct media_mail mail; /* what threads tell main */
    atomic_bool ticked;     /* a second has passed */
    struct dtls_context *dtls_context;
    struct ticket_table *tickets;
    struct data *data;             /* NULL: no data channels */
    struct audio_monitor *monitor; /* NULL: nobody listens */
    struct ingest *ingest;
    unsigned worker_count;
    struct worker *workers[MEDIA_WORKERS_MAX];
    uint64_t handshakes; /* started, when last looked */
    int64_t handshakes_ns;
    int64_t trimmed_ns;
    bool trim_due;
};

static void on_tick(void *context)
{
    struct media *media = context;

    atomic_store_explicit(&media->ticked, true, memory_order_relaxed);
    media->wake_main(media->wake_context);
}

static void subscribe(void *context, uint32_t stream_id, unsigned worker)
{
    const struct media *media = context;
    ingest_subscribe(media->ingest, stream_id, worker);
}

static void unsubscribe(void *context, uint32_t stream_id, unsigned worker)
{
    const struct media *media = context;
    ingest_unsubscribe(media->ingest, stream_id, worker);
}

static void want_key_frame(void *context, uint32_t stream_id)
{
    const struct media *media = context;
    ingest_want_key_frame(media->ingest, stream_id);
}

static enum status create_worker(struct media *media, unsigned number, uint16_t port)
{
    const struct media_settings *from = &media->settings;
    const struct worker_settings settings = {.number = (int)number,
                                             .port = port,
                                             .tcp = from->tcp,
                                             .send = from->send,
                                             .viewers_max = from->viewers_max,
                                             .handshakes_max = from->handshakes_max,
                                             .handshake_deadline_ns = from->handshake_deadline_ns,
                                             .consent_ns = from->consent_ns,
                                             .history_age_ns = from->history_age_ns,
                                             .replay_bps = from->replay_bps,
                                             .tickets = media->tickets,
                                             .dtls_context = media->dtls_context,
                                             .data = media->data,
                                             .upstream = {.context = media,
                                                          .subscribe = subscribe,
                                                          .unsubscribe = unsubscribe,
                                                          .want_key_frame = want_key_frame},
                                             .events = {.context = &media->mail,
                                                        .on_connected = media_mail_connected,
                                                        .on_closed = media_mail_closed},
                                             .on_tick = number == 0 ? on_tick : NULL,
                                             .tick_context = media};

    const enum status status = worker_create(&settings, &media->workers[number]);
    if (status == STATUS_OK) {
        const struct outlet outlet = {.ring = worker_ring(media->workers[number]),
                                      .wake = worker_wake,
                                      .wake_context = media->workers[number],
                                      .give = worker_give};
        ingest_attach_worker(media->ingest, number, &outlet);
    }
    return status;
}

/* Never the port of a server that is there, one that drains least of all: the kernel would give us
 * its viewers' datagrams. */
static enum status choose_port(const struct media_settings *settings, uint16_t *port)
{
    uint16_t chosen = settings->media_port;
    enum status status = chosen != 0 ? port_check(chosen, settings->tcp) : STATUS_OK;

    if (status == STATUS_EXISTS && settings->spare_port != 0) {
        chosen = settings->spare_port;
        status = port_check(chosen, settings->tcp);
        if (status == STATUS_OK)
            LOG_INFO("media", "another process has port %u; viewers come to %u (media.spare_port)",
                     (unsigned)settings->media_port, (unsigned)chosen);
    }
    if (status == STATUS_OK)
        *port = chosen;
    return status;
}

static enum status create_workers(struct media *media)
{
    const unsigned tries = media->settings.media_port == 0 ? PORT_TRIES : 1;
    uint16_t port;
    enum status status = choose_port(&media->settings, &port);

    if (status != STATUS_OK)
        return status;
    status = STATUS_SYSTEM;
    for (unsigned i = 0; i < tries && status == STATUS_SYSTEM; i++)
        status = create_worker(media, 0, port);
    for (unsigned i = 1; i < media->worker_count && status == STATUS_OK; i++)
        status = create_worker(media, i, worker_port(media->workers[0]));
    for (unsigned i = 0; i < media->worker_count && status == STATUS_OK; i++)
        worker_set_peers(media->workers[i], media->workers, media->worker_count);
    return status;
}

static enum status create_data(struct media *media)
{
    const struct data_events events = {.context = &media->mail, .on_chat = media_mail_chat};

    return media->settings.data ? data_create(&media->settings.data_limits, &events, &media->data)
                                : STATUS_OK;
}

static enum status create_monitor(struct media *media)
{
    const struct audio_monitor_settings settings = {.silent_ns = media->settings.monitor_silent_ns,
                                                    .on_sound = media_mail_sound,
                                                    .context = &media->mail};

    if (!media->settings.monitor_audio)
        return STATUS_OK;
    const enum status status = audio_monitor_create(&settings, &media->monitor);
    if (status == STATUS_OK)
        ingest_attach_monitor(media->ingest, media->monitor);
    return status;
}

static enum status start_threads(struct media *media)
{
    enum status status = media->data != NULL ? data_start(media->data) : STATUS_OK;

    if (status == STATUS_OK && media->monitor != NULL)
        status = audio_monitor_start(media->monitor);
    if (status == STATUS_OK)
        status = ingest_start(media->ingest);
    for (unsigned i = 0; i < media->worker_count && status == STATUS_OK; i++)
        status = worker_start(media->workers[i]);
    return status;
}

static unsigned count_workers(unsigned wanted)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (wanted == 0)
        wanted = cores > 0 ? (unsigned)cores : 1;
    return wanted < MEDIA_WORKERS_MAX ? wanted : MEDIA_WORKERS_MAX;
}

enum status media_create(const struct media_settings *settings,
                         const struct certificate *certificate, const struct media_events *events,
                         void (*wake_main)(void *context), void *wake_context, struct media **media)
{
    struct media *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->settings = *settings;
    made->wake_main = wake_main;
    made->wake_context = wake_context;
    made->worker_count = count_workers(settings->workers);
    media_mail_init(&made->mail, events, wake_main, wake_context);
    const struct ingest_events ingest_events = {.context = &made->mail,
                                                .on_publisher_local = media_mail_publisher_local,
                                                .on_connected = media_mail_connected,
                                                .on_stream_report = media_mail_stream_report,
                                                .on_closed = media_mail_closed};
    enum status status = rtpsec_start();
    if (status == STATUS_OK)
        status = dtls_context_create(certificate, -1, &made->dtls_context);
    if (status == STATUS_OK)
        status = ticket_table_create(settings->viewers_max,
                                     settings->joins_max * made->worker_count, &made->tickets);
    if (status == STATUS_OK)
        status = create_data(made);
    if (status == STATUS_OK)
        status =
            ingest_create(settings, made->dtls_context, made->data, &ingest_events, &made->ingest);
    if (status == STATUS_OK)
        status = create_monitor(made);
    if (status == STATUS_OK)
        status = create_workers(made);
    if (status == STATUS_OK)
        status = start_threads(made);
    if (status != STATUS_OK) {
        media_destroy(made);
        return status;
    }
    *media = made;
    return STATUS_OK;
}

/* Packets hang between the two sides: the ingest thread stops before the workers do, and frees the
 * packets after they, and the audio monitor, have let go of them. Both post to the data thread, and
 * it to them: it stops after them, and is freed after their mailboxes are. */
void media_destroy(struct media *media)
{
    if (media == NULL)
        return;
    if (media->ingest != NULL)
        ingest_stop(media->ingest);
    for (unsigned i = 0; i < media->worker_count; i++)
        if (media->workers[i] != NULL)
            worker_stop(media->workers[i]);
    if (media->data != NULL)
        data_stop(media->data);
    if (media->monitor != NULL)
        audio_monitor_stop(media->monitor);
    for (unsigned i = 0; i < media->worker_count; i++)
        worker_destroy(media->workers[i]);
    ingest_destroy(media->ingest);
    audio_monitor_destroy(media->monitor);
    data_destroy(media->data);
    ticket_table_destroy(media->tickets);
    dtls_context_destroy(media->dtls_context);
    media_mail_discard(&media->mail);
    free(media);
}

static void expire_tickets(struct media *media)
{
    const int64_t now_ns = mono_clock_ns();
    uint64_t sessions[SESSIONS_A_CALL];
    unsigned count = 0;

    do {
        count = ticket_table_expire(media->tickets, now_ns, sessions, SESSIONS_A_CALL);
        for (unsigned i = 0; i < count; i++)
            media->mail.events.on_closed(media->mail.events.context, sessions[i],
                                         MEDIA_CLOSED_NO_CHECK);
    } while (count == SESSIONS_A_CALL);
}

static void trim_after_handshakes(struct media *media)
{
    const int64_t now_ns = mono_clock_ns();
    struct stats sum = {0};

    media_stats(media, &sum);
    if (sum.handshakes_started != media->handshakes) {
        media->handshakes = sum.handshakes_started;
        media->handshakes_ns = now_ns;
        media->trim_due = true;
    }
    if (media->trim_due && (now_ns - media->handshakes_ns >= TRIM_QUIET_NS ||
                            now_ns - media->trimmed_ns >= TRIM_INTERVAL_NS)) {
        malloc_trim(0);
        media->trimmed_ns = now_ns;
        media->trim_due = false;
    }
}

void media_poll(struct media *media)
{
    media_mail_deliver(&media->mail);
    if (atomic_exchange_explicit(&media->ticked, false, memory_order_relaxed)) {
        expire_tickets(media);
        trim_after_handshakes(media);
    }
}

unsigned media_viewer_candidates(const struct media *media, struct ice_candidate *candidates,
                                 unsigned most)
{
    return viewer_candidates_write(&media->settings, media_port(media), candidates, most);
}

bool media_has_data(const struct media *media)
{
    return media->data != NULL && !data_is_full(media->data);
}

uint16_t media_port(const struct media *media)
{
    return worker_port(media->workers[0]);
}

unsigned media_workers(const struct media *media)
{
    return media->worker_count;
}

void media_stream_open(struct media *media, uint32_t stream_id)
{
    ingest_stream_open(media->ingest, stream_id);
}

void media_stream_close(struct media *media, uint32_t stream_id)
{
    uint64_t sessions[SESSIONS_A_CALL];
    unsigned count = 0;

    /* First those that no worker has, then no worker can get one any more. */
    do {
        count = ticket_table_withdraw_stream(media->tickets, stream_id, sessions, SESSIONS_A_CALL);
        for (unsigned i = 0; i < count; i++)
            media_mail_closed(&media->mail, sessions[i], MEDIA_CLOSED_BY_US);
    } while (count == SESSIONS_A_CALL);
    for (unsigned i = 0; i < media->worker_count; i++)
        worker_close_stream(media->workers[i], stream_id);
    ingest_stream_close(media->ingest, stream_id);
}

void media_set_bandwidth(struct media *media, uint32_t bandwidth_bps)
{
    ingest_set_bandwidth(media->ingest, bandwidth_bps);
}

void media_publish(struct media *media, const struct media_publish *publish)
{
    ingest_publish(media->ingest, publish);
}

void media_publisher_candidate(struct media *media, uint64_t session,
                               const struct ice_candidate *candidate)
{
    ingest_candidate(media->ingest, session, candidate);
}

void media_publisher_restart(struct media *media, uint64_t session,
                             const struct ice_credentials *remote,
                             const struct ice_candidate *candidates, unsigned candidate_count)
{
    ingest_restart(media->ingest, session, remote, candidates, candidate_count);
}

void media_publisher_update(struct media *media, uint64_t session,
                            const struct publication *publication,
                            const struct datachannel_terms *data)
{
    ingest_update(media->ingest, session, publication, data);
}

enum status media_subscribe(struct media *media, const struct ticket *ticket)
{
    const enum status status = ticket_table_put(media->tickets, ticket);

    if (status == STATUS_FULL)
        STATS_ADD(&media->stats, joins_refused, 1);
    return status;
}

enum status media_viewer_restart(struct media *media, uint64_t session,
                                 const struct ice_credentials *local, const char *remote_ufrag)
{
    return ticket_table_restart(media->tickets, session, local, remote_ufrag);
}

/* While no worker has it, each is told: one may be about to admit what it read of the ticket
 * before.
 */
void media_viewer_update(struct media *media, uint64_t session, const struct profile *profile,
                         const struct viewer_start *start)
{
    int owner = TICKET_UNCLAIMED;

    if (ticket_table_update(media->tickets, session, profile, start, &owner) != STATUS_OK)
        return; /* it is over */
    for (unsigned i = 0; i < media->worker_count; i++)
        if (owner == TICKET_UNCLAIMED || owner == (int)i)
            worker_renegotiate(media->workers[i], session, profile, start);
}

void media_end(struct media *media, uint64_t session)
{
    int owner = TICKET_UNCLAIMED;

    switch (ticket_table_withdraw(media->tickets, session, &owner)) {
    case STATUS_OK:
        media_mail_closed(&media->mail, session, MEDIA_CLOSED_BY_US);
        break;
    case STATUS_EXISTS:
        worker_end(media->workers[owner], session);
        break;
    default: /* no viewer: a broadcaster, or nobody */
        ingest_end(media->ingest, session);
        break;
    }
}

void media_stats(const struct media *media, struct stats *sum)
{
    stats_sum(sum, &media->stats);
    stats_sum(sum, ingest_stats(media->ingest));
    if (media->data != NULL)
        stats_sum(sum, data_stats(media->data));
    if (media->monitor != NULL)
        stats_sum(sum, audio_monitor_stats(media->monitor));
    for (unsigned i = 0; i < media->worker_count; i++)
        stats_sum(sum, worker_stats(media->workers[i]));
}

const struct stats *media_worker_stats(const struct media *media, unsigned worker)
{
    return worker_stats(media->workers[worker]);
}

int64_t media_worker_cpu_ns(const struct media *media, unsigned worker)
{
    return worker_cpu_ns(media->workers[worker]);
}
