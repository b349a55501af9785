/* tests/interop/socketio_echo.c - a server that says everything back, on engineio and socketio
 * alone, for clients and protocol suites that others wrote: `auth` with the payload on CONNECT,
 * `message` as `message-back`, `message-with-ack` as its acknowledgement, a namespace /custom. With
 * --engine it is Engine.IO at /engine.io/, each message sent back.
 *
 *   socketio_echo [--engine] [--port N] [--ping-interval MS] [--ping-timeout MS]
 *                 [--connect-timeout MS] [--max-payload BYTES] */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mono.h"
#include "signaling/server.h"
#include "signaling/socketio.h"
#include "transport/mono_clock.h"

enum { EXIT_CANNOT_START = 2, QUEUE_SPARE_BYTES = 256 * 1024, SESSIONS_MAX = 100000 };

struct echo {
    long port;
    long ping_interval_ms;
    long ping_timeout_ms;
    long connect_timeout_ms;
    long payload_bytes_max;
    bool engine_alone;
    const char *path;
    struct engineio *engine; /* of socketio, or alone */
    struct socketio *socketio;
    struct server *server;
    sigset_t stop_signals;
};

/* -- Engine.IO alone -- */

static void *on_session(void *context, struct engineio_session *session)
{
    (void)session;
    return context;
}

static void on_session_text(struct engineio_session *session, struct text text)
{
    engineio_send_text(session, text);
}

static void on_session_binary(struct engineio_session *session, struct text data)
{
    engineio_send_binary(session, data);
}

static void on_session_close(struct engineio_session *session)
{
    (void)session;
}

/* -- Socket.IO -- */

static void *on_connect(void *context, struct socketio_socket *socket, struct text payload)
{
    const struct socketio_event auth = {.name = text_of("\"auth\""), .arguments = payload};

    socketio_emit(socket, &auth);
    return context;
}

static void on_event(struct socketio_socket *socket, const struct socketio_event *event)
{
    if (text_is(event->name, "\"message\"")) {
        struct socketio_event back = *event;

        back.name = text_of("\"message-back\"");
        socketio_emit(socket, &back);
    } else if (text_is(event->name, "\"message-with-ack\"") &&
               event->acknowledgement != SOCKETIO_NO_ACKNOWLEDGEMENT) {
        socketio_acknowledge(socket, event->acknowledgement, event->arguments, &event->attachments);
    }
}

static void on_disconnect(struct socketio_socket *socket)
{
    (void)socket;
}

/* -- the server -- */

static bool is_ours(const struct echo *echo, const char *path)
{
    return strcmp(path, echo->path) == 0;
}

static void on_request(void *context, struct exchange *exchange)
{
    const struct echo *echo = context;

    if (is_ours(echo, exchange_path(exchange)))
        engineio_handle(echo->engine, exchange);
    else
        exchange_problem(exchange, 404, "There is nothing at this address.");
}

static void on_head(void *context, struct exchange *exchange)
{
    const struct echo *echo = context;

    if (is_ours(echo, exchange_path(exchange)))
        engineio_announce(echo->engine, exchange);
}

static const struct socket_handler *route_socket(void *context, const char *path)
{
    const struct echo *echo = context;

    return is_ours(echo, path) ? engineio_socket_handler(echo->engine) : NULL;
}

static void on_tick(void *context, int64_t now_ns)
{
    static const struct timespec AT_ONCE = {0, 0};
    const struct echo *echo = context;

    (void)now_ns;
    if (sigtimedwait(&echo->stop_signals, NULL, &AT_ONCE) > 0)
        server_stop(echo->server);
}

static void on_wake(void *context)
{
    (void)context;
}

static int64_t on_alarm(void *context, int64_t now_ns)
{
    const struct echo *echo = context;

    return echo->engine_alone ? engineio_tick(echo->engine, now_ns)
                              : socketio_tick(echo->socketio, now_ns);
}

static size_t body_bytes_max(void *context, const char *path)
{
    const struct echo *echo = context;

    return is_ours(echo, path) ? (size_t)echo->payload_bytes_max : EXCHANGE_BODY_BYTES_MAX;
}

static void set_alarm(void *context, int64_t due_ns)
{
    const struct echo *echo = context;

    if (echo->server != NULL) /* NULL: the end; sessions that are left are closed */
        server_alarm(echo->server, due_ns);
}

static enum status create_protocol(struct echo *echo)
{
    static const char *const SPACES[] = {"/", "/custom", NULL};
    const struct engineio_settings engine = {
        .ping_interval_ns = mono_from_ms(echo->ping_interval_ms),
        .ping_timeout_ns = mono_from_ms(echo->ping_timeout_ms),
        .upgrade_timeout_ns = 10 * MONO_SECOND,
        .payload_bytes_max = (size_t)echo->payload_bytes_max,
        .queue_bytes_max = 2 * (size_t)echo->payload_bytes_max + QUEUE_SPARE_BYTES,
        .sessions_max = SESSIONS_MAX,
        .origins = "*",
    };
    const struct socketio_settings settings = {
        .engine = engine, .connect_timeout_ns = mono_from_ms(echo->connect_timeout_ms)};
    const struct engineio_clock clock = {echo, mono_clock_ns, set_alarm};
    const struct engineio_handler sessions = {echo, on_session, on_session_text, on_session_binary,
                                              on_session_close};
    const struct socketio_handler sockets = {echo, SPACES, on_connect, on_event, on_disconnect};

    if (echo->engine_alone)
        return engineio_create(&engine, &sessions, &clock, &echo->engine);
    const enum status status = socketio_create(&settings, &sockets, &clock, &echo->socketio);
    if (status == STATUS_OK)
        echo->engine = socketio_engine(echo->socketio);
    return status;
}

static int run(struct echo *echo)
{
    static const struct networks NO_PROXIES = {.count = 0};
    const struct server_settings settings = {.bind = "",
                                             .port = (uint16_t)echo->port,
                                             .certificate_path = "",
                                             .key_path = "",
                                             .origins = "*",
                                             .proxies = &NO_PROXIES,
                                             .body_ns = 10 * MONO_SECOND};
    const struct server_handlers handlers = {.context = echo,
                                             .on_request = on_request,
                                             .route_socket = route_socket,
                                             .on_head = on_head,
                                             .on_tick = on_tick,
                                             .on_wake = on_wake,
                                             .on_alarm = on_alarm,
                                             .body_bytes_max = body_bytes_max};

    if (create_protocol(echo) != STATUS_OK ||
        server_create(&settings, &handlers, &echo->server) != STATUS_OK)
        return EXIT_CANNOT_START;
    (void)printf("listening on port %u\n", server_port(echo->server));
    (void)fflush(stdout);
    server_run(echo->server);
    server_destroy(echo->server);
    echo->server = NULL;
    if (echo->engine_alone)
        engineio_destroy(echo->engine);
    else
        socketio_destroy(echo->socketio);
    return EXIT_SUCCESS;
}

/* --NAME VALUE; false: no such option. */
static bool read_option(struct echo *echo, const char *name, const char *value)
{
    const struct {
        const char *name;
        long *field;
        long most;
    } options[] = {
        {"--port", &echo->port, UINT16_MAX},
        {"--ping-interval", &echo->ping_interval_ms, INT32_MAX},
        {"--ping-timeout", &echo->ping_timeout_ms, INT32_MAX},
        {"--connect-timeout", &echo->connect_timeout_ms, INT32_MAX},
        {"--max-payload", &echo->payload_bytes_max, INT32_MAX},
    };
    uint64_t number;

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strcmp(name, options[i].name) == 0 && value != NULL &&
            text_number(text_of(value), (uint64_t)options[i].most, &number)) {
            *options[i].field = (long)number;
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct echo echo = {.port = 3000,
                        .ping_interval_ms = 25000,
                        .ping_timeout_ms = 20000,
                        .connect_timeout_ms = 45000,
                        .payload_bytes_max = 1000000,
                        .path = "/socket.io/"};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--engine") == 0) {
            echo.engine_alone = true;
            echo.path = "/engine.io/";
        } else if (read_option(&echo, argv[i], argv[i + 1])) {
            i++;
        } else {
            (void)fprintf(stderr, "socketio_echo: what is %s?\n", argv[i]);
            return EXIT_CANNOT_START;
        }
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&echo.stop_signals);
    (void)sigaddset(&echo.stop_signals, SIGTERM);
    (void)sigaddset(&echo.stop_signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &echo.stop_signals, NULL);
    return run(&echo);
}
