#include "signaling/router.h"

#include <stdio.h>
#include <string.h>

#include "signaling/api.h"
#include "signaling/journal.h"
#include "signaling/message.h"
#include "signaling/metrics.h"
#include "signaling/pages.h"
#include "signaling/relay.h"
#include "signaling/session_handle.h"
#include "signaling/socket_lws.h"
#include "signaling/socketio_rooms.h"
#include "signaling/whep.h"
#include "signaling/whip.h"

static void answer_text(struct exchange *exchange, unsigned status, const char *text)
{
    exchange_header(exchange, "Cache-Control", "no-store");
    exchange_answer(exchange, status, "text/plain; charset=utf-8", text, strlen(text));
}

static void handle_health(const struct router *router, struct exchange *exchange)
{
    (void)router;
    answer_text(exchange, 200, "alive\n");
}

static void handle_ready(const struct router *router, struct exchange *exchange)
{
    const bool draining = endpoint_is_draining(router->endpoint);

    answer_text(exchange, draining ? 503 : 200, draining ? "draining\n" : "ready\n");
}

static void handle_metrics(const struct router *router, struct exchange *exchange)
{
    struct metrics_gauges gauges = {.sockets = socket_lws_count(),
                                    .dropped = socket_lws_dropped(),
                                    .log_lost = journal_lost(),
                                    .engineio = socketio_rooms_connections(),
                                    .polls_waiting = socketio_rooms_waiting_polls(),
                                    .requests_limited = address_rates_refused(router->rates)};

    hooks_count(endpoint_hooks(router->endpoint), &gauges.hooks);
    metrics_handle(router->endpoint, router->media, &gauges, exchange);
}

static void handle_whip(const struct router *router, struct exchange *exchange)
{
    whip_handle(router->endpoint, exchange);
}

static void handle_whep(const struct router *router, struct exchange *exchange)
{
    whep_handle(router->endpoint, exchange);
}

static void handle_session(const struct router *router, struct exchange *exchange)
{
    session_handle(router->endpoint, exchange);
}

static void handle_api(const struct router *router, struct exchange *exchange)
{
    api_handle(router->endpoint, exchange);
}

static void handle_socketio(const struct router *router, struct exchange *exchange)
{
    (void)router;
    engineio_handle(socketio_rooms_engine(), exchange);
}

struct route {
    const char *path;
    bool is_prefix; /* what follows is the handler's */
    bool read_only; /* GET and HEAD alone; otherwise the handler looks at the method */
    void (*handle)(const struct router *router, struct exchange *exchange);
};

static const struct route ROUTES[] = {
    {"/whip/", true, false, handle_whip},       {"/whep/", true, false, handle_whep},
    {"/session/", true, false, handle_session}, {"/api/", true, false, handle_api},
    {"/metrics", false, true, handle_metrics},  {"/healthz", false, true, handle_health},
    {"/readyz", false, true, handle_ready},     {"/socket.io/", false, false, handle_socketio},
};

static const struct route *find_route(const char *path)
{
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++) {
        const size_t bytes = strlen(ROUTES[i].path);

        if (ROUTES[i].is_prefix ? strncmp(path, ROUTES[i].path, bytes) == 0
                                : strcmp(path, ROUTES[i].path) == 0)
            return &ROUTES[i];
    }
    return NULL;
}

static const struct socket_handler *message_sockets(void)
{
    return &message_socket_handler;
}

static const struct socket_handler *relay_sockets(void)
{
    return &relay_socket_handler;
}

static const struct socket_handler *socketio_sockets(void)
{
    return engineio_socket_handler(socketio_rooms_engine());
}

static const struct {
    const char *path;
    bool is_prefix;
    const struct socket_handler *(*handler)(void);
} SOCKETS[] = {
    {"/ws", false, message_sockets},
    {"/signaling", false, relay_sockets},
    {"/signaling/", true, relay_sockets},
    {SOCKETIO_ROOMS_PATH, false, socketio_sockets},
};

const struct socket_handler *router_socket(const char *path)
{
    for (size_t i = 0; i < sizeof SOCKETS / sizeof SOCKETS[0]; i++)
        if (SOCKETS[i].is_prefix ? strncmp(path, SOCKETS[i].path, strlen(SOCKETS[i].path)) == 0
                                 : strcmp(path, SOCKETS[i].path) == 0)
            return SOCKETS[i].handler();
    return NULL;
}

/* A socket's address, asked without an upgrade. */
static void refuse_plain(struct exchange *exchange)
{
    exchange_header(exchange, "Connection", "Upgrade");
    exchange_header(exchange, "Upgrade", "websocket");
    exchange_problem(exchange, 426, "This address speaks WebSocket alone.");
}

void router_handle(const struct router *router, struct exchange *exchange)
{
    const struct route *route = find_route(exchange_path(exchange));
    const enum http_method method = exchange_method(exchange);

    if (route == NULL) {
        if (router_socket(exchange_path(exchange)) != NULL)
            refuse_plain(exchange);
        else if (!pages_handle(exchange))
            pages_missing(exchange);
        return;
    }
    if (route->read_only && method != HTTP_GET && method != HTTP_HEAD) {
        exchange_header(exchange, "Allow", "GET, HEAD");
        exchange_problem(exchange, 405, "This address can only be read.");
        return;
    }
    route->handle(router, exchange);
}

void router_announce(struct exchange *exchange)
{
    if (strcmp(exchange_path(exchange), SOCKETIO_ROOMS_PATH) == 0)
        engineio_announce(socketio_rooms_engine(), exchange);
}

size_t router_body_bytes_max(const char *path)
{
    return strcmp(path, SOCKETIO_ROOMS_PATH) == 0 ? socketio_rooms_body_bytes_max()
                                                  : EXCHANGE_BODY_BYTES_MAX;
}

void router_print(void)
{
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++)
        if (ROUTES[i].handle != handle_api)
            (void)printf("%s %s%s\n", ROUTES[i].read_only ? "GET" : "*", ROUTES[i].path,
                         ROUTES[i].is_prefix ? "{}" : "");
    for (size_t i = 0; i < sizeof SOCKETS / sizeof SOCKETS[0]; i++)
        (void)printf("GET %s%s\n", SOCKETS[i].path, SOCKETS[i].is_prefix ? "{}" : "");
    api_print_routes();
    pages_print_routes();
}
