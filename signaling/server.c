#include "signaling/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mono.h"
#include "signaling/exchange_lws.h"
#include "signaling/socket_lws.h"
#include "transport/mono_clock.h"

enum {
    HEAD_BYTES_MAX = 8192,      /* of a request */
    HEAD_SECONDS_MAX = 10,      /* for a request's head, and for its body */
    PING_AFTER_SECONDS = 20,    /* of silence on a WebSocket */
    HANG_UP_AFTER_SECONDS = 45, /* of silence, pings unanswered */
    RECEIVE_BYTES = 4096,       /* of a WebSocket message at a time */
    DESCRIPTORS_MAX = 262144,
    HEADS_AT_A_TIME = 2048,
};

/* What libwebsockets keeps for each connection. */
struct connection {
    struct exchange *exchange;
    struct socket *socket;
};

struct server {
    struct server_settings settings;
    const struct server_handlers *handlers;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws_protocols protocols[2];
    lws_retry_bo_t idle_policy;
    lws_sorted_usec_list_t tick; /* also finds its server: see on_tick */
    bool stopping;
};

/* libwebsockets' timers carry no pointer of ours; there is one server a process. */
static struct server *the_server;

static void on_tick(lws_sorted_usec_list_t *tick)
{
    struct server *server = the_server;
    const int64_t now_ns = mono_clock_ns();

    exchange_lws_tick(now_ns);
    server->handlers->on_tick(server->handlers->context, now_ns);
    lws_sul_schedule(server->context, 0, tick, on_tick, SERVER_TICK_MS * LWS_US_PER_MS);
}

/* The one callback of the one protocol: an upgrade without a subprotocol is bound to the first
 * entry of the table, so there is no other entry that could be reached around the admission. */
static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t in_bytes)
{
    struct connection *connection = user;

    switch ((int)reason) {
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

/* True when a socket can listen there; false with errno. libwebsockets itself does not say why it
 * could not. */
static bool port_is_free(int family, const char *bind_address, uint16_t port)
{
    struct sockaddr_in6 address6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any};
    struct sockaddr_in address4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int on = 1;
    const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool free_now;
    int why;

    if (fd < 0)
        return false;
    if (bind_address[0] != '\0') {
        (void)inet_pton(AF_INET6, bind_address, &address6.sin6_addr);
        (void)inet_pton(AF_INET, bind_address, &address4.sin_addr);
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        free_now =
            bind(fd, (struct sockaddr *)&address6, sizeof address6) == 0 && listen(fd, 1) == 0;
    else
        free_now =
            bind(fd, (struct sockaddr *)&address4, sizeof address4) == 0 && listen(fd, 1) == 0;
    why = errno;
    close(fd);
    errno = why;
    return free_now;
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

static void fill_creation_info(struct server *server, bool ipv6,
                               struct lws_context_creation_info *info)
{
    const struct server_settings *settings = &server->settings;

    memset(info, 0, sizeof *info);
    info->port = settings->port;
    info->iface = settings->bind[0] != '\0' ? settings->bind : NULL;
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
    if (!ipv6)
        info->options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    if (settings->certificate_path[0] != '\0') {
        info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info->ssl_cert_filepath = settings->certificate_path;
        info->ssl_private_key_filepath = settings->key_path;
    }
}

/* Which family to listen with: IPv6 (dual stack) where the machine has it and the address allows
 * it. */
static enum status choose_family(const struct server_settings *settings, bool *ipv6)
{
    struct in_addr address4;
    const bool is_ipv4 = inet_pton(AF_INET, settings->bind, &address4) == 1;

    if (!is_ipv4 && port_is_free(AF_INET6, settings->bind, settings->port)) {
        *ipv6 = true;
        return STATUS_OK;
    }
    if (is_ipv4 || errno != EADDRINUSE) {
        if (port_is_free(AF_INET, settings->bind, settings->port)) {
            *ipv6 = false;
            return STATUS_OK;
        }
    }
    if (errno == EADDRINUSE) {
        LOG_ERROR("http", "port %u is in use (http.port)", settings->port);
        return STATUS_EXISTS;
    }
    LOG_ERROR("http", "cannot listen on port %u: %s (http.bind, http.port)", settings->port,
              strerrordesc_np(errno));
    return STATUS_SYSTEM;
}

enum status server_create(const struct server_settings *settings,
                          const struct server_handlers *handlers, struct server **created)
{
    struct lws_context_creation_info info;
    struct server *server;
    bool ipv6 = false;
    const enum status status = choose_family(settings, &ipv6);

    if (status != STATUS_OK)
        return status;
    server = calloc(1, sizeof *server);
    if (server == NULL)
        return STATUS_NO_MEMORY;
    server->settings = *settings;
    server->handlers = handlers;
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
    fill_creation_info(server, ipv6, &info);
    the_server = server;
    server->context = lws_create_context(&info);
    if (server->context != NULL)
        server->vhost = lws_create_vhost(server->context, &info);
    if (server->vhost == NULL) {
        LOG_ERROR("http", "cannot start on port %u (http.cert, http.key readable and matching?)",
                  settings->port);
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
        server->vhost = NULL; /* no wake is delivered any more */
        lws_context_destroy(server->context);
    }
    the_server = NULL;
    free(server);
}

uint16_t server_port(const struct server *server)
{
    return (uint16_t)lws_get_vhost_listen_port(server->vhost);
}

void server_run(struct server *server)
{
    server->stopping = false;
    while (!server->stopping && lws_service(server->context, 0) >= 0) {
    }
}

void server_stop(struct server *server)
{
    server->stopping = true;
    lws_cancel_service(server->context);
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
