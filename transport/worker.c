#include "transport/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "transport/mono_clock.h"
#include "transport/worker_parts.h"

enum {
    PACKETS_A_POP = 64,
    POPS_A_TURN = 8,
    RECEIVES_A_TURN = 8, /* of UDP_RECEIVE_BATCH datagrams */
    EVENTS_A_TURN = 4,   /* there are three descriptors */
    HANDSHAKE_SHARE = 3  /* one third of what forwarding and feedback took */
};

static const int64_t audience_sweep_ns = 100 * MONO_MS;
static const int64_t sweep_ns = MONO_SECOND;
static const int64_t handshake_least_ns = MONO_MS;
static const int64_t handshake_most_ns = 10 * MONO_MS;

void worker_wake(void *context)
{
    struct worker *worker = context;
    const uint64_t one = 1;

    /* Together with the fence in sleep_until: either we see it asleep, or it sees what we left. */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&worker->asleep, memory_order_relaxed) &&
        atomic_exchange_explicit(&worker->asleep, false, memory_order_relaxed) &&
        write(worker->wake, &one, sizeof one) < 0)
        LOG_ERROR("worker", "wake-up: %s", strerrordesc_np(errno));
}

/* One datagram of the data thread for a viewer. */
static void take_data(void *context, uint64_t session, const uint8_t *datagram,
                      size_t datagram_bytes)
{
    struct worker *worker = context;
    const struct viewer_session *viewer =
        worker->stopping ? NULL : viewers_find(worker->viewers, session);
    const struct path *path = viewer != NULL ? ice_lite_path(&viewer->ice) : NULL;

    if (path != NULL)
        viewer_egress_datagram(&worker->out, path, datagram, datagram_bytes);
}

static void lose_data(void *context, uint64_t session, bool left)
{
    struct worker *worker = context;
    struct viewer_session *viewer =
        worker->stopping ? NULL : viewers_find(worker->viewers, session);

    if (viewer == NULL)
        return;
    viewer->has_data = false;
    if (left)
        viewers_on_outcome(worker->viewers, viewer, VIEWER_SESSION_LEFT, mono_clock_ns());
}

static void take_frame(void *context, struct tcp_connection *connection, uint8_t *frame,
                       size_t frame_bytes)
{
    struct worker *worker = context;
    const struct path path = *tcp_path(connection);

    intake_take(worker->intake, &path, frame, frame_bytes, false, mono_clock_ns());
}

static void lose_connection(void *context, struct tcp_connection *connection)
{
    (void)context;
    ice_lite_forget(&tcp_session(connection)->ice, tcp_path(connection));
}

static enum status open_sockets(struct worker *worker)
{
    const struct worker_settings *settings = &worker->settings;
    const struct tcp_handler handler = {
        .context = worker, .on_frame = take_frame, .on_closed = lose_connection};

    enum status status = udp_open(settings->port, settings->send, &worker->stats, &worker->udp);
    if (status == STATUS_OK && settings->tcp)
        status = tcp_open(udp_port(worker->udp), settings->viewers_max, &handler, &worker->stats,
                          &worker->tcp);
    if (status == STATUS_OK)
        viewer_egress_init(&worker->out, udp_out(worker->udp), worker->tcp, &worker->stats);
    return status;
}

static enum status create_parts(struct worker *worker)
{
    const struct worker_settings *settings = &worker->settings;

    enum status status = mux_create(&worker->mux);
    if (status == STATUS_OK)
        status = audiences_create((unsigned)settings->number, &settings->upstream,
                                  &worker->out.egress, settings->history_age_ns,
                                  settings->replay_bps, &worker->stats, &worker->audiences);
    if (status != STATUS_OK)
        return status;
    const struct viewers_settings viewers = {.consent_ns = settings->consent_ns,
                                             .handshake_deadline_ns =
                                                 settings->handshake_deadline_ns,
                                             .handshakes_max = settings->handshakes_max,
                                             .mux = worker->mux,
                                             .tickets = settings->tickets,
                                             .audiences = worker->audiences,
                                             .out = &worker->out,
                                             .stats = &worker->stats,
                                             .data = settings->data,
                                             .data_owner = data_inbox_owner(&worker->from_data),
                                             .events = settings->events};
    status = viewers_create(&viewers, &worker->viewers);
    if (status != STATUS_OK)
        return status;
    const struct intake_settings intake = {.worker = settings->number,
                                           .mux = worker->mux,
                                           .viewers = worker->viewers,
                                           .tickets = settings->tickets,
                                           .dtls_context = settings->dtls_context,
                                           .out = &worker->out,
                                           .stats = &worker->stats,
                                           .data = settings->data,
                                           .events = settings->events,
                                           .peers = {.context = worker,
                                                     .forward = worker_forward_datagram,
                                                     .hand_over = worker_hand_over_connection}};
    return intake_create(&intake, &worker->intake);
}

static enum status watch(struct worker *worker)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.fd = worker->wake}};

    /* Edge-triggered: a wake-up is an event, its count is never read. */
    if (epoll_ctl(worker->poll, EPOLL_CTL_ADD, worker->wake, &event) != 0)
        return STATUS_SYSTEM;
    event = (struct epoll_event){.events = EPOLLIN, .data = {.fd = udp_descriptor(worker->udp)}};
    if (epoll_ctl(worker->poll, EPOLL_CTL_ADD, event.data.fd, &event) != 0)
        return STATUS_SYSTEM;
    if (worker->tcp == NULL)
        return STATUS_OK;
    event.data.fd = tcp_descriptor(worker->tcp);
    return epoll_ctl(worker->poll, EPOLL_CTL_ADD, event.data.fd, &event) == 0 ? STATUS_OK
                                                                              : STATUS_SYSTEM;
}

enum status worker_create(const struct worker_settings *settings, struct worker **worker)
{
    struct worker *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->settings = *settings;
    mailbox_init(&made->mailbox, worker_wake, made);
    mailbox_init(&made->gifts, worker_wake, made);
    made->from_data = (struct data_inbox){
        .mailbox = &made->mailbox, .context = made, .on_datagram = take_data, .on_over = lose_data};
    made->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    made->poll = epoll_create1(EPOLL_CLOEXEC);
    enum status status = made->wake >= 0 && made->poll >= 0 ? STATUS_OK : STATUS_SYSTEM;
    if (status == STATUS_OK)
        status = ring_create(WORKER_RING_PACKETS, &made->ring);
    if (status == STATUS_OK)
        status = open_sockets(made);
    if (status == STATUS_OK)
        status = create_parts(made);
    if (status == STATUS_OK)
        status = watch(made);
    if (status != STATUS_OK) {
        worker_destroy(made);
        return status;
    }
    *worker = made;
    return STATUS_OK;
}

uint16_t worker_port(const struct worker *worker)
{
    return udp_port(worker->udp);
}

struct ring *worker_ring(struct worker *worker)
{
    return worker->ring;
}

void worker_set_peers(struct worker *worker, struct worker *const *peers, unsigned count)
{
    worker->peers = peers;
    worker->peer_count = count;
}

/* Returns true when the ring is empty. */
static bool take_packets(struct worker *worker, int64_t now_ns)
{
    void *packets[PACKETS_A_POP];

    if (worker->held != NULL) {
        (void)mailbox_drain(&worker->gifts, worker);
        audiences_take(worker->audiences, worker->held, now_ns);
        worker->held = NULL;
    }
    for (unsigned i = 0; i < POPS_A_TURN; i++) {
        const unsigned count = ring_pop(worker->ring, packets, PACKETS_A_POP);
        /* What was given before these were pushed is there by now; what is given later is newer. */
        if (!mailbox_is_empty(&worker->gifts))
            (void)mailbox_drain(&worker->gifts, worker);
        for (unsigned k = 0; k < count; k++)
            audiences_take(worker->audiences, packets[k], now_ns);
        if (count < PACKETS_A_POP)
            return true;
    }
    return false;
}

/* While a batch goes out: what came meanwhile may join it. What cannot waits, and all behind it. */
static void gather_late(void *context)
{
    struct worker *worker = context;
    void *packet = NULL;

    while (worker->held == NULL && ring_pop(worker->ring, &packet, 1) == 1)
        if (!mailbox_is_empty(&worker->gifts) || /* it may go before this one */
            !audiences_take_late(worker->audiences, packet, worker->turn_ns))
            worker->held = packet;
}

/* Returns true when there may be more. */
static bool receive_datagrams(struct worker *worker, int64_t now_ns)
{
    struct udp_datagram datagrams[UDP_RECEIVE_BATCH];
    bool more = true;

    for (unsigned i = 0; i < RECEIVES_A_TURN && more; i++) {
        const unsigned count = udp_receive(worker->udp, datagrams, &more);
        for (unsigned k = 0; k < count; k++)
            intake_take(worker->intake, &datagrams[k].path, datagrams[k].bytes,
                        datagrams[k].length_bytes, false, now_ns);
    }
    return more;
}

/* Returns when to come again. */
static int64_t sweep(struct worker *worker, int64_t now_ns)
{
    if (now_ns - worker->audience_swept_ns >= audience_sweep_ns) {
        audiences_sweep(worker->audiences, now_ns);
        worker->audience_swept_ns = now_ns;
    }
    if (now_ns - worker->swept_ns >= sweep_ns) {
        viewers_sweep(worker->viewers, now_ns);
        mux_expire_foreign(worker->mux, now_ns - worker->settings.consent_ns);
        if (worker->tcp != NULL)
            tcp_sweep(worker->tcp, now_ns);
        if (worker->settings.on_tick != NULL)
            worker->settings.on_tick(worker->settings.tick_context);
        worker->swept_ns = now_ns;
    }
    return worker->audience_swept_ns + audience_sweep_ns;
}

/* How long handshakes may hold a turn that began at began_ns: a share of what forwarding and
 * feedback took, so that a busy worker with few turns a second still lets joiners in, and one that
 * idles is never away from its ring for long. */
static int64_t handshakes_until(int64_t began_ns)
{
    const int64_t now_ns = mono_clock_ns();
    int64_t share_ns = (now_ns - began_ns) / HANDSHAKE_SHARE;

    if (share_ns < handshake_least_ns)
        share_ns = handshake_least_ns;
    return now_ns + (share_ns < handshake_most_ns ? share_ns : handshake_most_ns);
}

/* Forwarding, then feedback, then a few handshake steps. Returns when the next turn is due; now_ns
 * or less: at once. */
static int64_t turn(struct worker *worker, bool tcp_ready, int64_t now_ns)
{
    const struct fanout_gather gather = {worker, gather_late};

    worker_assert_own_thread(worker);
    worker->turn_ns = now_ns;
    const bool drained = take_packets(worker, now_ns);
    const int64_t held_ns = audiences_run(worker->audiences, drained, &gather, now_ns);
    const int64_t replay_ns = audiences_replay(worker->audiences, now_ns);

    (void)mailbox_drain(&worker->mailbox, worker);
    bool more = receive_datagrams(worker, now_ns);
    if (tcp_ready)
        tcp_turn(worker->tcp, now_ns);
    more = intake_handshake_steps(worker->intake, now_ns, handshakes_until(now_ns)) || more;
    const int64_t handshake_ns = viewers_handshake_turn(worker->viewers, now_ns);
    const int64_t sweep_due_ns = sweep(worker, now_ns);
    viewer_egress_flush(&worker->out);
    if (!drained || more || worker->held != NULL)
        return now_ns;
    return mono_earlier(mono_earlier(held_ns, replay_ns), mono_earlier(handshake_ns, sweep_due_ns));
}

/* Waits for a datagram, a wake-up or due_ns; returns whether TCP has something to do. */
static bool sleep_until(struct worker *worker, int64_t due_ns)
{
    struct epoll_event events[EVENTS_A_TURN];
    const int64_t wait_ns = due_ns - mono_clock_ns();
    struct timespec timeout = {0};

    atomic_store_explicit(&worker->asleep, true, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (wait_ns > 0 && ring_is_empty(worker->ring) && mailbox_is_empty(&worker->gifts) &&
        mailbox_is_empty(&worker->mailbox)) {
        timeout.tv_sec = wait_ns / MONO_SECOND;
        timeout.tv_nsec = wait_ns % MONO_SECOND;
    }
    const int count = epoll_pwait2(worker->poll, events, EVENTS_A_TURN, &timeout, NULL);
    atomic_store_explicit(&worker->asleep, false, memory_order_relaxed);

    bool tcp_ready = false;
    for (int i = 0; i < count; i++)
        tcp_ready =
            tcp_ready || (worker->tcp != NULL && events[i].data.fd == tcp_descriptor(worker->tcp));
    return tcp_ready;
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    bool tcp_ready = false;

    worker->self = pthread_self();
    while (!worker->stopping) {
        const int64_t due_ns = turn(worker, tcp_ready, mono_clock_ns());
        tcp_ready = sleep_until(worker, due_ns);
    }
    viewers_close_all(worker->viewers, mono_clock_ns());
    viewer_egress_flush(&worker->out);
    return NULL;
}

enum status worker_start(struct worker *worker)
{
    sigset_t all;
    sigset_t before;

    /* Signals are main's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&worker->thread, NULL, run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        LOG_ERROR("worker", "thread: %s", strerrordesc_np(error));
        return STATUS_SYSTEM;
    }
    worker->started = true;
    return STATUS_OK;
}

void worker_stop(struct worker *worker)
{
    if (!worker->started)
        return;
    worker_post_stop(worker);
    pthread_join(worker->thread, NULL);
    worker->started = false;
}

void worker_destroy(struct worker *worker)
{
    void *packet = NULL;

    if (worker == NULL)
        return;
    worker_stop(worker);
    worker->stopping = true;
    (void)mailbox_drain(&worker->mailbox, worker);
    (void)mailbox_drain(&worker->gifts, worker);
    if (worker->held != NULL)
        packet_unref(worker->held);
    while (worker->ring != NULL && ring_pop(worker->ring, &packet, 1) == 1)
        packet_unref(packet);
    ring_destroy(worker->ring);
    intake_destroy(worker->intake);
    viewers_destroy(worker->viewers);
    audiences_destroy(worker->audiences);
    mux_destroy(worker->mux);
    tcp_shut(worker->tcp);
    udp_close(worker->udp);
    if (worker->poll >= 0)
        close(worker->poll);
    if (worker->wake >= 0)
        close(worker->wake);
    free(worker);
}

const struct stats *worker_stats(const struct worker *worker)
{
    return &worker->stats;
}

int64_t worker_cpu_ns(const struct worker *worker)
{
    clockid_t clock;
    struct timespec time;

    if (!worker->started || pthread_getcpuclockid(worker->thread, &clock) != 0 ||
        clock_gettime(clock, &time) != 0)
        return 0;
    return time.tv_sec * MONO_SECOND + time.tv_nsec;
}
