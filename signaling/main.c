/* signaling/main.c - the process: reads its settings, starts the parts in order, runs the loop, and
 * takes them down in reverse. Exit status 0 after SIGTERM or SIGINT, 2 when it cannot start. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "signaling/address_rates.h"
#include "signaling/config.h"
#include "signaling/doctor.h"
#include "signaling/drain.h"
#include "signaling/endpoint.h"
#include "signaling/health.h"
#include "signaling/journal.h"
#include "signaling/message.h"
#include "signaling/relay.h"
#include "signaling/router.h"
#include "signaling/server.h"
#include "signaling/socketio_rooms.h"
#include "signaling/whep_events.h"
#include "transport/certificate.h"
#include "transport/descriptors.h"
#include "transport/media.h"
#include "transport/mono_clock.h"

enum { EXIT_CANNOT_START = 2 };

struct process {
    int argc;
    char **argv;
    struct config config;
    struct certificate *certificate;
    struct hooks *hooks;
    struct endpoint *endpoint;
    struct media *media;
    struct server *server;
    struct router router;
    struct server_handlers handlers;
    struct address_rates *rates;
    sigset_t signals;
    struct drain drain;
};

static void on_request(void *context, struct exchange *exchange)
{
    const struct process *process = context;

    router_handle(&process->router, exchange);
}

static const struct socket_handler *route_socket(void *context, const char *path)
{
    (void)context;
    return router_socket(path);
}

/* What polls by POST has a rate of its own, for its messages. */
static bool may_ask(void *context, const char *path, const char *peer)
{
    const struct process *process = context;
    const struct config *config = &process->config;

    return (path != NULL && strcmp(path, SOCKETIO_ROOMS_PATH) == 0) ||
           address_rates_take(process->rates, peer, config->limits_requests_per_second,
                              config->limits_request_burst, mono_clock_ns());
}

static struct server_settings server_settings_of(const struct config *config)
{
    return (struct server_settings){
        .bind = config->http_bind,
        .port = config->http_port,
        .certificate_path = config->http_certificate,
        .key_path = config->http_key,
        .origins = config->http_origins,
        .proxies = &config->http_proxies,
        .sockets_per_address_max = config->limits_connections_per_address,
        .share_port = config->http_share_port,
        .body_ns = config->limits_body_ns,
    };
}

/* SIGHUP: the settings and the certificate are read again; no session notices. */
static void reload(struct process *process)
{
    char error[CONFIG_ERROR_BYTES_MAX];

    if (config_reload(process->argc, process->argv, &process->config, error) != STATUS_OK) {
        LOG_ERROR("main", "nothing was reloaded: %s", error);
        return;
    }
    const struct server_settings settings = server_settings_of(&process->config);

    log_set_level(process->config.log_level);
    journal_set_format(process->config.log_format);
    endpoint_reconfigure(process->endpoint);
    server_reconfigure(process->server, &settings);
    LOG_INFO("main", "reloaded");
}

static void take_signals(struct process *process)
{
    static const struct timespec AT_ONCE = {0, 0};
    int signal_number;

    while ((signal_number = sigtimedwait(&process->signals, NULL, &AT_ONCE)) > 0)
        if (signal_number == SIGHUP)
            reload(process);
        else
            drain_signal(&process->drain);
}

/* Signals are blocked in all threads and asked for here: no handler runs in the middle of anything.
 */
static void on_tick(void *context, int64_t now_ns)
{
    struct process *process = context;

    take_signals(process);
    descriptors_count(now_ns);
    address_rates_tick(process->rates, now_ns);
    hooks_tick(process->hooks, now_ns);
    endpoint_tick(process->endpoint, now_ns);
    whep_events_tick(now_ns);
    switch (drain_tick(&process->drain, now_ns)) {
    case DRAIN_NOT:
    case DRAIN_GOING:
        return;
    case DRAIN_BEGUN:
        if (process->config.http_share_port)
            server_stop_listening(process->server);
        return;
    case DRAIN_OVER:
        server_stop(process->server);
        return;
    }
}

static void on_wake(void *context)
{
    const struct process *process = context;

    if (process->media != NULL)
        media_poll(process->media);
    if (process->hooks != NULL)
        hooks_poll(process->hooks);
}

/* Other threads wake main; they start before the server does. */
static void wake_main(void *context)
{
    const struct process *process = context;

    if (process->server != NULL)
        server_wake(process->server);
}

static int64_t on_alarm(void *context, int64_t now_ns)
{
    (void)context;
    return socketio_rooms_tick(now_ns);
}

static void set_alarm(void *context, int64_t due_ns)
{
    const struct process *process = context;

    if (process->server != NULL)
        server_alarm(process->server, due_ns);
}

static void on_head(void *context, struct exchange *exchange)
{
    (void)context;
    router_announce(exchange);
}

static size_t body_bytes_max(void *context, const char *path)
{
    (void)context;
    return router_body_bytes_max(path);
}

static enum status start_rooms(struct process *process)
{
    const struct engineio_clock clock = {process, mono_clock_ns, set_alarm};
    const enum status status = message_start(process->endpoint);

    return status == STATUS_OK
               ? socketio_rooms_start(process->endpoint, message_participants(), &clock)
               : status;
}

static enum status start_media(struct process *process)
{
    struct media_events events;
    enum status status = certificate_create(&process->certificate);

    if (status == STATUS_OK)
        status = endpoint_create(&process->config, process->certificate, &process->endpoint);
    if (status != STATUS_OK)
        return status;
    events = endpoint_media_events(process->endpoint);
    status = media_create(&process->config.media, process->certificate, &events, wake_main, process,
                          &process->media);
    if (status != STATUS_OK)
        return status;
    endpoint_attach(process->endpoint, process->media);
    status = hooks_create(&process->config, wake_main, process, mono_clock_ns(), &process->hooks);
    if (status != STATUS_OK)
        return status;
    endpoint_attach_hooks(process->endpoint, process->hooks);
    relay_start(process->endpoint);
    whep_events_start(process->endpoint);
    return start_rooms(process);
}

static enum status start(struct process *process)
{
    const struct server_settings settings = server_settings_of(&process->config);

    process->handlers = (struct server_handlers){.context = process,
                                                 .on_request = on_request,
                                                 .route_socket = route_socket,
                                                 .may_ask = may_ask,
                                                 .on_head = on_head,
                                                 .on_tick = on_tick,
                                                 .on_wake = on_wake,
                                                 .on_alarm = on_alarm,
                                                 .body_bytes_max = body_bytes_max};
    const enum status status = address_rates_create(&process->rates);
    return status == STATUS_OK ? server_create(&settings, &process->handlers, &process->server)
                               : status;
}

static void stop(struct process *process)
{
    /* Sessions first, while their sockets can still be told; then the sockets. */
    struct media *media = process->media;

    if (media != NULL)
        media_destroy(media);
    process->media = NULL;
    hooks_close(process->hooks); /* its thread wakes the server no more */
    server_destroy(process->server);
    process->server = NULL;
    if (media != NULL) {
        socketio_rooms_stop();
        message_stop();
        relay_stop();
        whep_events_stop();
    }
    address_rates_destroy(process->rates);
    endpoint_destroy(process->endpoint);
    hooks_destroy(process->hooks); /* the last sessions are told of */
    certificate_destroy(process->certificate);
}

static void print_addresses(const struct process *process)
{
    const char *scheme = process->config.http_certificate[0] != '\0' ? "https" : "http";
    const unsigned port = server_port(process->server);
    struct ice_candidate candidates[ICE_CANDIDATES_MAX];
    const unsigned count = media_viewer_candidates(process->media, candidates, ICE_CANDIDATES_MAX);

    (void)printf("manycast is up. Open %s://localhost:%u/\n", scheme, port);
    for (unsigned i = 0; i < count; i++) {
        if (candidates[i].transport == ICE_UDP)
            (void)printf("  viewers' media (UDP and TCP): %s port %u\n", candidates[i].address,
                         candidates[i].port);
    }
    (void)printf("  %s\n", access_describe(&process->config));
    (void)fflush(stdout);
}

/* Opens the ports. Says why not, prefix first, in the one line that a port in use is told by. */
static enum status open_all(struct process *process, const char *prefix)
{
    const char *setting = process->config.media.spare_port != 0
                              ? "media.port; so is media.spare_port"
                              : "media.port; media.spare_port would be taken instead";
    unsigned port = process->config.media.media_port;
    enum status status = start_media(process);

    if (status == STATUS_OK) {
        setting = "http.port";
        port = process->config.http_port;
        status = start(process);
    }
    if (status == STATUS_EXISTS)
        (void)fprintf(stderr, "manycast: %s: port %u is in use (%s)\n", prefix, port, setting);
    else if (status != STATUS_OK)
        (void)fprintf(stderr, "manycast: %s: %s\n", prefix, status_text(status));
    return status;
}

static int run(struct process *process)
{
    struct doctor_report report;

    if (open_all(process, "cannot start") != STATUS_OK) {
        stop(process);
        return EXIT_CANNOT_START;
    }
    process->router = (struct router){process->endpoint, process->media, process->rates};
    process->drain.endpoint = process->endpoint;
    print_addresses(process);
    doctor_examine(&process->config, false, &report);
    doctor_log(&report);
    server_run(process->server);
    stop(process);
    LOG_INFO("main", "stopped");
    return EXIT_SUCCESS;
}

/* Would it start? Opens every port and closes it again. */
static int check(struct process *process)
{
    const enum status status = open_all(process, "would not start");

    stop(process);
    if (status != STATUS_OK)
        return EXIT_CANNOT_START;
    (void)printf("manycast: would start\n");
    return EXIT_SUCCESS;
}

/* What is asked for beside serving; returns the exit status. */
static int tell(enum config_action action, const struct config *config)
{
    struct doctor_report report;

    switch (action) {
    case CONFIG_HELP:
        config_print_help();
        return EXIT_SUCCESS;
    case CONFIG_REFERENCE:
        config_print_reference();
        return EXIT_SUCCESS;
    case CONFIG_ROUTES:
        router_print();
        return EXIT_SUCCESS;
    case CONFIG_VERSION:
        (void)printf("manycast %s\n", MANYCAST_VERSION);
        return EXIT_SUCCESS;
    case CONFIG_HEALTH:
        return health_ask(config);
    case CONFIG_DOCTOR:
        doctor_examine(config, true, &report);
        return doctor_print(&report);
    case CONFIG_RUN:
    case CONFIG_CHECK:
        break;
    }
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static struct process process; /* static: too large for a stack, one for the process */
    char error[CONFIG_ERROR_BYTES_MAX];
    enum config_action action;

    journal_keep_descriptors();
    process.argc = argc;
    process.argv = argv;
    if (config_read(argc, argv, &process.config, &action, error) != STATUS_OK) {
        (void)fprintf(stderr, "manycast: %s\n", error);
        return EXIT_CANNOT_START;
    }
    if (action != CONFIG_RUN && action != CONFIG_CHECK)
        return tell(action, &process.config);
    journal_start(process.config.log_level, process.config.log_format);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&process.signals);
    (void)sigaddset(&process.signals, SIGTERM);
    (void)sigaddset(&process.signals, SIGINT);
    (void)sigaddset(&process.signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &process.signals, NULL);
    return action == CONFIG_CHECK ? check(&process) : run(&process);
}
