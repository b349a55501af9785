#include "bench/load/swarm.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/mailbox.h"
#include "core/mono.h"
#include "transport/mono_clock.h"

enum { EVENTS_A_TURN = 256, SETTLE_S = 2, JOIN_WAIT_S = 20, OTHER_DESCRIPTORS = 32 };

static const int64_t turn_ns = 25 * MONO_MS;
/* Sockets are looked at this often and nobody waits on them: on loopback the sender would pay for
 * waking us, as it would not over a network. Latencies are half of this too long on average. */
static const int64_t look_ns = MONO_MS / 2;

struct swarm {
    const struct options *options;
    struct certificate *certificate;
    struct dtls_context *context;
    struct client *clients;
    struct whep *whep;                          /* the join thread's */
    char (*locations)[WHEP_LOCATION_BYTES_MAX]; /* the join thread's */
    unsigned opened;
    unsigned refused; /* joins that failed, or clients that could not be opened */
    int poll;
    int wake;
    struct mailbox mailbox;
    struct mailbox departures; /* for the join thread, which looks by itself */
    atomic_bool leaving;       /* told to the join thread */
    struct client_totals totals;
};

/* From the join thread to the loop. */
struct joined {
    struct message message;
    bool accepted;
    unsigned number;
    int64_t began_ns;
    struct whep_session session;
    struct ice_credentials local;
};

static void wake_loop(void *context)
{
    const struct swarm *swarm = context;
    const uint64_t one = 1;

    if (write(swarm->wake, &one, sizeof one) < 0)
        perror("manycast-load: wake-up");
}

/* To the join thread: a viewer has stayed its time. */
struct departure {
    struct message message;
    unsigned number;
};

static void wake_nobody(void *context)
{
    (void)context;
}

static void take_joined(struct message *message, void *owner)
{
    struct joined *joined = (struct joined *)(void *)message;
    struct swarm *swarm = owner;
    struct client *client = &swarm->clients[swarm->opened];
    const bool sampled = swarm->opened % swarm->options->sample == 0;

    if (!joined->accepted || client_open(client, &joined->session, &joined->local, swarm->context,
                                         sampled, &swarm->totals, joined->began_ns) != STATUS_OK) {
        swarm->refused++;
    } else {
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = client}};
        epoll_ctl(swarm->poll, EPOLL_CTL_ADD, client->descriptor, &event);
        client->number = joined->number;
        swarm->opened++;
        client_turn(client, mono_clock_ns());
    }
    free(joined);
}

static void sleep_until(int64_t at_ns)
{
    const struct timespec at = {.tv_sec = at_ns / MONO_SECOND, .tv_nsec = at_ns % MONO_SECOND};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void end_session(struct swarm *swarm, unsigned number)
{
    char *location = swarm->locations[number];

    if (location[0] != '\0')
        whep_leave(swarm->whep, location);
    location[0] = '\0';
}

static void take_departure(struct message *message, void *owner)
{
    struct departure *departure = (struct departure *)(void *)message;

    end_session(owner, departure->number);
    free(departure);
}

/* The join thread: one POST after another at the pace of the ramp, a DELETE for each that has
 * stayed its time; DELETEs of the rest at the end. */
static void *join_all(void *argument)
{
    struct swarm *swarm = argument;
    const struct options *options = swarm->options;
    const int64_t start_ns = mono_clock_ns();

    swarm->whep = whep_create(options->url, options->token, options->tcp,
                              certificate_fingerprint(swarm->certificate));
    if (swarm->whep != NULL)
        whep_spread(swarm->whep, options->rooms);
    for (unsigned i = 0;
         swarm->whep != NULL && i < options->viewers && !atomic_load(&swarm->leaving); i++) {
        struct joined *joined = calloc(1, sizeof *joined);
        if (joined == NULL)
            break;
        sleep_until(start_ns + (int64_t)i * MONO_SECOND / options->ramp);
        (void)mailbox_drain(&swarm->departures, swarm);
        ice_credentials_make(&joined->local);
        joined->began_ns = mono_clock_ns();
        joined->accepted = whep_join(swarm->whep, &joined->local, &joined->session);
        if (joined->accepted)
            memcpy(swarm->locations[i], joined->session.location, WHEP_LOCATION_BYTES_MAX);
        joined->number = i;
        joined->message.handle = take_joined;
        mailbox_post(&swarm->mailbox, &joined->message);
    }
    while (!atomic_load(&swarm->leaving)) {
        sleep_until(mono_clock_ns() + 20 * MONO_MS);
        (void)mailbox_drain(&swarm->departures, swarm);
    }
    (void)mailbox_drain(&swarm->departures, swarm);
    for (unsigned i = 0; swarm->whep != NULL && i < options->viewers; i++)
        end_session(swarm, i);
    whep_destroy(swarm->whep);
    return NULL;
}

static enum status open_swarm(struct swarm *swarm, const struct options *options)
{
    struct rlimit limit;

    swarm->options = options;
    swarm->totals.plain = options->plain;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        if (limit.rlim_max < options->viewers + OTHER_DESCRIPTORS)
            fprintf(stderr, "manycast-load: only %llu descriptors may be open: see ulimit -n\n",
                    (unsigned long long)limit.rlim_max);
    }
    swarm->poll = epoll_create1(EPOLL_CLOEXEC);
    swarm->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    mailbox_init(&swarm->mailbox, wake_loop, swarm);
    mailbox_init(&swarm->departures, wake_nobody, NULL);
    swarm->clients = calloc(options->viewers, sizeof *swarm->clients);
    swarm->locations = calloc(options->viewers, WHEP_LOCATION_BYTES_MAX);
    if (swarm->clients == NULL || swarm->locations == NULL)
        return STATUS_NO_MEMORY;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.ptr = NULL}};
    if (swarm->poll < 0 || swarm->wake < 0 ||
        epoll_ctl(swarm->poll, EPOLL_CTL_ADD, swarm->wake, &event) != 0)
        return STATUS_SYSTEM;
    const enum status status = certificate_create(&swarm->certificate);
    return status != STATUS_OK
               ? status
               : dtls_context_create(swarm->certificate, options->suite, &swarm->context);
}

static void close_swarm(struct swarm *swarm)
{
    for (unsigned i = 0; i < swarm->opened; i++)
        client_close(&swarm->clients[i]);
    free(swarm->clients);
    free(swarm->locations);
    dtls_context_destroy(swarm->context);
    certificate_destroy(swarm->certificate);
    close(swarm->poll);
    close(swarm->wake);
}

static void send_away(struct swarm *swarm, struct client *client)
{
    struct departure *departure = calloc(1, sizeof *departure);

    if (departure == NULL)
        return;
    client_leave(client);
    departure->message.handle = take_departure;
    departure->number = client->number;
    mailbox_post(&swarm->departures, &departure->message);
}

static void turn(struct swarm *swarm, struct client *client, int64_t now_ns)
{
    const int64_t stay_ns = (int64_t)swarm->options->stay_s * MONO_SECOND;

    client_turn(client, now_ns);
    if (stay_ns > 0 && client_has_stayed(client, stay_ns, now_ns))
        send_away(swarm, client);
}

/* Runs the loop until at_ns, or until all have joined when that comes first and is asked for. */
static void run_until(struct swarm *swarm, int64_t at_ns, bool until_joined)
{
    struct epoll_event events[EVENTS_A_TURN];
    int64_t next_turn_ns = 0;

    for (;;) {
        const int64_t now_ns = mono_clock_ns();
        if (now_ns >= at_ns)
            return;
        if (now_ns >= next_turn_ns) {
            unsigned settled = swarm->refused;
            for (unsigned i = 0; i < swarm->opened; i++) {
                turn(swarm, &swarm->clients[i], now_ns);
                settled += swarm->clients[i].state >= CLIENT_CONNECTED;
            }
            if (until_joined && settled == swarm->options->viewers)
                return;
            next_turn_ns = now_ns + turn_ns;
        }
        const int count = epoll_wait(swarm->poll, events, EVENTS_A_TURN, 0);
        const int64_t read_ns = mono_clock_ns();
        if (count <= 0)
            sleep_until(read_ns + look_ns);
        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;
            if (client == NULL)
                (void)mailbox_drain(&swarm->mailbox, swarm);
            else if (client->state >= CLIENT_FAILED)
                epoll_ctl(swarm->poll, EPOLL_CTL_DEL, client->descriptor, NULL);
            else
                client_read(client, read_ns);
        }
    }
}

static void measure(struct swarm *swarm, struct swarm_report *report)
{
    const struct options *options = swarm->options;

    run_until(swarm, mono_clock_ns() + SETTLE_S * MONO_SECOND, false);
    for (unsigned i = 0; i < swarm->opened; i++)
        for (unsigned k = 0; k < CLIENT_STREAMS_MAX; k++)
            tally_stream_reset(&swarm->clients[i].streams[k]);
    const uint64_t packets = swarm->totals.packets;
    const uint64_t bytes = swarm->totals.bytes;
    swarm->totals.measuring = true;
    if (options->server_pid != 0)
        (void)server_watch_read(options->server_pid, &report->from);
    (void)server_watch_read(getpid(), &report->own_from);
    const int64_t began_ns = mono_clock_ns();
    run_until(swarm, began_ns + (int64_t)options->duration_s * MONO_SECOND, false);
    report->measured_s = (double)(mono_clock_ns() - began_ns) / 1e9;
    if (options->server_pid != 0)
        (void)server_watch_read(options->server_pid, &report->to);
    (void)server_watch_read(getpid(), &report->own_to);
    report->packets = swarm->totals.packets - packets;
    report->bytes = swarm->totals.bytes - bytes;
}

static void count(const struct swarm *swarm, struct swarm_report *report)
{
    report->joined = swarm->opened;
    report->failed = swarm->refused;
    for (unsigned i = 0; i < swarm->opened; i++) {
        const struct client *client = &swarm->clients[i];
        uint64_t lost = 0;

        report->connected += client->state == CLIENT_CONNECTED || client->state == CLIENT_LEFT;
        report->failed += client->state != CLIENT_CONNECTED && client->state != CLIENT_LEFT;
        report->with_media += client->streams[0].received > 0 || client->state == CLIENT_LEFT;
        for (unsigned k = 0; k < CLIENT_STREAMS_MAX; k++)
            lost += tally_stream_lost(&client->streams[k]);
        report->lost += lost;
        report->lost_viewers += lost > 0;
    }
    report->totals = swarm->totals;
}

enum status swarm_run(const struct options *options, struct swarm_report *report)
{
    struct swarm *swarm = calloc(1, sizeof *swarm);
    pthread_t thread;

    if (swarm == NULL)
        return STATUS_NO_MEMORY;
    memset(report, 0, sizeof *report);
    enum status status = open_swarm(swarm, options);
    if (status == STATUS_OK && options->server_pid != 0 &&
        !server_watch_read(options->server_pid, &report->before))
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK && pthread_create(&thread, NULL, join_all, swarm) != 0)
        status = STATUS_SYSTEM;
    if (status == STATUS_OK) {
        const int64_t ramp_ns = (int64_t)options->viewers * MONO_SECOND / options->ramp;
        run_until(swarm, mono_clock_ns() + ramp_ns + JOIN_WAIT_S * MONO_SECOND, true);
        measure(swarm, report);
        count(swarm, report);
        atomic_store(&swarm->leaving, true);
        pthread_join(thread, NULL);
        (void)mailbox_drain(&swarm->mailbox, swarm);
    }
    close_swarm(swarm);
    free(swarm);
    return status;
}
