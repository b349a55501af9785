#include "signaling/server.h"

#include <ev.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mono.h"
#include "signaling/exchange_lws.h"
#include "signaling/listener.h"
#include "signaling/socket_lws.h"
#include "signaling/tls.h"
#include "transport/descriptors.h"
#include "transport/mono_clock.h"

enum {
    HEAD_BYTES_MAX = 8192,      /* of a request */
    HEAD_SECONDS_MAX = 10,      /* for a request's head, and for its body */
    PING_AFTER_SECONDS = 20,    /* of silence on a WebSocket */
    HANG_UP_AFTER_SECONDS = 45, /* of silence, pings unanswered */
    RECEIVE_BYTES = 4096,       /* of a WebSocket message at a time */
    DESCRIPTORS_MAX = 262144,
    HEADS_AT_A_TIME = 65535, /* made as they are needed; a long poll that waits keeps its own */
    ACCEPTED_A_TURN_MAX = 64,
    NS_PER_US = 1000,
};

/* What libwebsockets keeps for each connection. */
struct connection {
    struct exchange *exchange;
    struct socket *socket;
};

struct server {
    struct server_settings settings;
    const struct server_handlers *handlers;
    struct ev_loop *loop; /* epoll; NULL: libwebsockets' own, which polls all there are each turn */
    struct lws_context *context;
    struct lws_vhost *vhost;
    SSL_CTX *tls;         /* libwebsockets' own; NULL: no TLS */
    struct lws *listener; /* NULL: no more */
    bool listener_rests;  /* until a descriptor is free */
    bool turns_away;      /* since the last tick that found room; logged */
    uint16_t port;
    struct lws_protocols protocols[2];
    lws_retry_bo_t idle_policy;
    lws_sorted_usec_list_t tick; /* also finds its server: see on_tick */
    lws_sorted_usec_list_t alarm;
    int64_t alarm_ns; /* MONO_NEVER: not set */
    bool stopping;
};

/* libwebsockets' timers carry no pointer of ours; there is one server a process. */
static struct server *the_server;

/* Descriptors run out: it is told so, where that can be said at once. Over TLS it would take a
 * handshake, which keeps the descriptor, and an SSL object, for as long as the client likes. */
static void turn_away(struct server *server, int accepted)
{
    static const char refusal[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"
                                  "Content-Length: 0\r\nConnection: close\r\n\r\n";
    char request[HEAD_BYTES_MAX];

    /* What is closed with something unread is reset, and the refusal lost. */
    (void)!recv(accepted, request, sizeof request, MSG_DONTWAIT);
    if (server->tls == NULL)
        (void)!send(accepted, refusal, sizeof refusal - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(accepted);
    if (!server->turns_away)
        LOG_WARNING("http", "descriptors run out: connections are turned away");
    server->turns_away = true;
}

/* Takes what is in the queue, a bounded number a turn. */
static void accept_all(struct server *server)
{
    for (unsigned i = 0; i < ACCEPTED_A_TURN_MAX; i++) {
        bool exhausted;
        const int accepted = listener_accept(lws_get_socket_fd(server->listener), &exhausted);

        if (accepted >= 0 && !descriptors_take(1)) {
            turn_away(server, accepted);
            continue;
        }
        if (accepted >= 0) {
            (void)lws_adopt_socket_vhost(server->vhost, accepted); /* closes it when it cannot */
            continue;
        }
        if (exhausted && !server->listener_rests) {
            LOG_WARNING("http", "no descriptor is left for another connection");
            server->listener_rests = true;
            (void)lws_rx_flow_control(server->listener, 0);
        }
        return;
    }
}

static void on_tick(lws_sorted_usec_list_t *tick)
{
    struct server *server = the_server;
    const int64_t now_ns = mono_clock_ns();

    if (server->listener_rests && server->listener != NULL) {
        server->listener_rests = false;
        (void)lws_rx_flow_control(server->listener, 1);
    }
    if (server->turns_away && descriptors_take(1)) {
        LOG_INFO("http", "there are descriptors again");
        server->turns_away = false;
    }
    exchange_lws_tick(now_ns);
    server->handlers->on_tick(server->handlers->context, now_ns);
    lws_sul_schedule(server->context, 0, tick, on_tick, SERVER_TICK_MS * LWS_US_PER_MS);
}

static void on_alarm(lws_sorted_usec_list_t *alarm)
{
    struct server *server = the_server;

    (void)alarm;
    server->alarm_ns = MONO_NEVER;
    server_alarm(server, server->handlers->on_alarm(server->handlers->context, mono_clock_ns()));
}

void server_alarm(struct server *server, int64_t due_ns)
{
    if (due_ns >= server->alarm_ns || server->vhost == NULL) /* NULL: it is being destroyed */
        return;
    const int64_t ahead_ns = due_ns - mono_clock_ns();
    server->alarm_ns = due_ns;
    lws_sul_schedule(server->context, 0, &server->alarm, on_alarm,
                     ahead_ns > 0 ? ahead_ns / NS_PER_US + 1 : 1);
}

/* The one callback of the one protocol: an upgrade without a subprotocol is bound to the first
 * entry of the table, so there is no other entry that could be reached around the admission. */
static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t in_bytes)
{
    struct connection *connection = user;

    switch ((int)reason) {
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        the_server->tls = user; /* the vhost's, as it is made */
        return 0;
    case LWS_CALLBACK_RAW_RX_FILE:
        if (the_server != NULL && wsi == the_server->listener)
            accept_all(the_server);
        return 0;
    case LWS_CALLBACK_HTTP:
        return exchange_lws_on_head(wsi, &connection->exchange);
    case LWS_CALLBACK_HTTP_BODY:
        return exchange_lws_on_body(connection->exchange, in, in_bytes);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return exchange_lws_on_body_complete(connection->exchange);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return exchange_lws_on_writable(wsi, &connection->exchange);
    case LWS_CALLBACK_CLOSED_HTTP:
        if (connection != NULL)
            exchange_lws_on_closed(&connection->exchange);
        return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return socket_lws_admit(wsi);
    case LWS_CALLBACK_ESTABLISHED:
        return socket_lws_on_open(wsi, &connection->socket);
    case LWS_CALLBACK_RECEIVE:
        return socket_lws_on_receive(wsi, connection->socket, in, in_bytes);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return socket_lws_on_writable(wsi, connection->socket);
    case LWS_CALLBACK_TIMER:
        socket_lws_on_timer(wsi, connection->socket);
        return 0;
    case LWS_CALLBACK_CLOSED:
        socket_lws_on_closed(&connection->socket);
        return 0;
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        if (the_server != NULL && the_server->vhost != NULL)
            the_server->handlers->on_wake(the_server->handlers->context);
        return 0;
    default:
        return 0;
    }
}

static void on_library_line(int level, const char *line)
{
    char quoted[LOG_LINE_BYTES_MAX];
    const size_t bytes = strcspn(line, "\n");

    (void)snprintf(quoted, sizeof quoted, "%.*s", (int)bytes, line);
    if (level == LLL_ERR)
        LOG_WARNING("http", "libwebsockets: %s", quoted);
    else
        LOG_DEBUG("http", "libwebsockets: %s", quoted);
}

static rlim_t raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1024;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

static void fill_creation_info(struct server *server, struct lws_context_creation_info *info)
{
    const struct server_settings *settings = &server->settings;

    memset(info, 0, sizeof *info);
    info->port = CONTEXT_PORT_NO_LISTEN_SERVER; /* we listen ourselves */
    info->protocols = server->protocols;
    info->gid = -1;
    info->uid = -1;
    info->server_string = "manycast";
    info->max_http_header_data = HEAD_BYTES_MAX;
    info->max_http_header_pool = HEADS_AT_A_TIME;
    info->timeout_secs = HEAD_SECONDS_MAX;
    info->keepalive_timeout = HEAD_SECONDS_MAX;
    info->fd_limit_per_thread = (unsigned)raise_descriptor_limit();
    info->retry_and_idle_policy = &server->idle_policy;
    info->alpn = "http/1.1";
    info->options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    if (settings->certificate_path[0] != '\0') {
        info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info->ssl_cert_filepath = settings->certificate_path;
        info->ssl_private_key_filepath = settings->key_path;
    }
}

/* With libwebsockets' plugin for libev where it is installed; that is loaded when it is needed. */
static struct lws_context *create_context(struct server *server,
                                          struct lws_context_creation_info *info)
{
    void *loops[1];
    struct lws_context *context = NULL;

    server->loop = ev_loop_new(EVBACKEND_EPOLL);
    if (server->loop != NULL) {
        loops[0] = server->loop;
        info->foreign_loops = loops;
        info->options |= LWS_SERVER_OPTION_LIBEV;
        context = lws_create_context(info);
        info->foreign_loops = NULL;
    }
    if (context != NULL || server->loop == NULL)
        return context != NULL ? context : lws_create_context(info);
    LOG_WARNING("http", "libwebsockets has no libev here: slower with thousands of connections");
    ev_loop_destroy(server->loop);
    server->loop = NULL;
    info->options &= ~(uint64_t)LWS_SERVER_OPTION_LIBEV;
    return lws_create_context(info);
}

enum status server_create(const struct server_settings *settings,
                          const struct server_handlers *handlers, struct server **created)
{
    struct lws_context_creation_info info;
    struct server *server;
    uint16_t port = settings->port;
    int descriptor;
    const enum status status =
        listener_open(settings->bind, settings->share_port, &port, &descriptor);

    if (status != STATUS_OK)
        return status;
    server = calloc(1, sizeof *server);
    if (server == NULL) {
        close(descriptor);
        return STATUS_NO_MEMORY;
    }
    server->port = port;
    server->settings = *settings;
    server->handlers = handlers;
    server->alarm_ns = MONO_NEVER;
    server->idle_policy.secs_since_valid_ping = PING_AFTER_SECONDS;
    server->idle_policy.secs_since_valid_hangup = HANG_UP_AFTER_SECONDS;
    server->protocols[0] =
        (struct lws_protocols){.name = "manycast",
                               .callback = on_event,
                               .per_session_data_size = sizeof(struct connection),
                               .rx_buffer_size = RECEIVE_BYTES};
    lws_set_log_level(LLL_ERR | LLL_WARN, on_library_line);
    exchange_lws_start(&server->settings, handlers);
    socket_lws_start(&server->settings, handlers);
    fill_creation_info(server, &info);
    the_server = server;
    server->context = create_context(server, &info);
    if (server->context != NULL)
        server->vhost = lws_create_vhost(server->context, &info);
    if (server->vhost != NULL)
        server->listener = lws_adopt_descriptor_vhost(server->vhost, LWS_ADOPT_RAW_FILE_DESC,
                                                      (lws_sock_file_fd_type){.filefd = descriptor},
                                                      server->protocols[0].name, NULL);
    if (server->listener == NULL) {
        LOG_ERROR("http", "cannot start on port %u (http.cert, http.key readable and matching?)",
                  port);
        if (server->vhost == NULL)
            close(descriptor); /* else libwebsockets did */
        server_destroy(server);
        return STATUS_SYSTEM;
    }
    lws_sul_schedule(server->context, 0, &server->tick, on_tick, SERVER_TICK_MS * LWS_US_PER_MS);
    *created = server;
    return STATUS_OK;
}

void server_destroy(struct server *server)
{
    if (server == NULL)
        return;
    if (server->context != NULL) {
        lws_sul_cancel(&server->tick);
        lws_sul_cancel(&server->alarm);
        server->vhost = NULL; /* no wake is delivered any more */
        lws_context_destroy(server->context);
    }
    if (server->loop != NULL)
        ev_loop_destroy(server->loop);
    the_server = NULL;
    free(server);
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

void server_run(struct server *server)
{
    server->stopping = false;
    while (!server->stopping)
        if (server->loop != NULL)
            (void)ev_run(server->loop, EVRUN_ONCE);
        else if (lws_service(server->context, 0) < 0)
            return;
}

void server_stop(struct server *server)
{
    server->stopping = true;
    lws_cancel_service(server->context);
}

void server_reconfigure(struct server *server, const struct server_settings *settings)
{
    server->settings.sockets_per_address_max = settings->sockets_per_address_max;
    server->settings.origins = settings->origins;
    server->settings.proxies = settings->proxies;
    server->settings.body_ns = settings->body_ns;
    server->settings.certificate_path = settings->certificate_path;
    server->settings.key_path = settings->key_path;
    if (server->tls == NULL && settings->certificate_path[0] != '\0')
        LOG_WARNING("http", "TLS begins only at the next start (http.cert)");
    else if (server->tls != NULL && settings->certificate_path[0] == '\0')
        LOG_WARNING("http", "TLS ends only at the next start (http.cert)");
    else if (server->tls != NULL &&
             tls_exchange(server->tls, settings->certificate_path, settings->key_path) != STATUS_OK)
        LOG_WARNING("http", "clients go on being shown the old certificate");
}

void server_stop_listening(struct server *server)
{
    if (server->listener == NULL)
        return;
    LOG_INFO("http", "port %u left to others", server->port);
    /* Who is in the queue already is let in first: closing would cut them off. */
    accept_all(server);
    lws_set_timeout(server->listener, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    server->listener = NULL;
}

void server_wake(struct server *server)
{
    lws_cancel_service(server->context);
}

unsigned server_sockets(const struct server *server)
{
    (void)server;
    return socket_lws_count();
}
