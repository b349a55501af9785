#include "bench/rooms/bench.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/rooms/server_process.h"
#include "bench/rooms/websocket.h"
#include "core/mono.h"

enum { QUESTION_BYTES_MAX = 256, CONNECTING_MAX = 256 };
static const int64_t PATIENCE_NS = 30 * MONO_SECOND; /* without any answer */

/* Writes question number n of a connection; returns its bytes. */
typedef int ask_fn(char *out, unsigned connection, unsigned n);

struct phase {
    const char *name;
    const char *answer; /* how its answers begin */
    ask_fn *ask;
};

struct bench {
    const struct bench_options *options;
    struct loop *loop;
    struct websocket *sockets;
    unsigned open;
    unsigned lost;
    const struct phase *phase; /* NULL: nothing is asked */
    const char *greeting;      /* what a connection says first; NULL: nothing */
    unsigned answered;
    int64_t heard_ns;       /* the last answer */
    uint32_t *latencies_us; /* of what was answered */
    unsigned latencies_max;
    int64_t began_ns;
    int64_t cpu_began_ns;
};

static int compare(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a;
    const uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static double quantile_ms(const struct bench *bench, double share)
{
    const unsigned count = bench->answered;
    const unsigned at = (unsigned)(share * count);

    return count == 0 ? 0 : bench->latencies_us[at < count ? at : count - 1] / 1000.0;
}

/* One line of JSON. rooms: how many there are at the end. */
static void tell(struct bench *bench, const char *name, unsigned rooms)
{
    const double seconds = (double)(bench->heard_ns - bench->began_ns) / (double)MONO_SECOND;
    const int64_t cpu_ns = server_process_cpu_ns(bench->options->server_pid) - bench->cpu_began_ns;

    qsort(bench->latencies_us, bench->answered, sizeof bench->latencies_us[0], compare);
    printf("{\"phase\":\"%s\",\"connections\":%u,\"rooms\":%u,\"answers\":%u,\"seconds\":%.3f,"
           "\"per_second\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"most_ms\":%.2f,"
           "\"server_bytes\":%" PRIu64 ",\"server_cpu_share\":%.3f}\n",
           name, bench->open, rooms, bench->answered, seconds,
           seconds > 0 ? bench->answered / seconds : 0, quantile_ms(bench, 0.5),
           quantile_ms(bench, 0.99), quantile_ms(bench, 1),
           server_process_bytes(bench->options->server_pid),
           seconds > 0 ? (double)cpu_ns / (double)MONO_SECOND / seconds : 0);
    (void)fflush(stdout);
}

static void begin(struct bench *bench)
{
    bench->answered = 0;
    bench->began_ns = loop_now_ns();
    bench->heard_ns = bench->began_ns;
    bench->cpu_began_ns = server_process_cpu_ns(bench->options->server_pid);
}

static void note(struct bench *bench, int64_t sent_ns)
{
    bench->heard_ns = loop_now_ns();
    if (bench->answered < bench->latencies_max)
        bench->latencies_us[bench->answered++] = (uint32_t)((bench->heard_ns - sent_ns) / 1000);
}

/* -- events -- */

static void on_open(void *context, struct websocket *socket)
{
    struct bench *bench = context;

    bench->open++;
    note(bench, socket->sent_ns);
    socket->sent_ns = 0;
    if (bench->greeting != NULL)
        websocket_send(socket, bench->greeting, strlen(bench->greeting));
}

static bool begins(const char *text, size_t text_bytes, const char *with)
{
    const size_t bytes = strlen(with);

    return text_bytes >= bytes && memcmp(text, with, bytes) == 0;
}

static void on_text(void *context, struct websocket *socket, const char *text, size_t text_bytes)
{
    struct bench *bench = context;

    if (text_bytes == 1 && text[0] == '2') { /* Engine.IO's ping */
        websocket_send(socket, "3", 1);
        return;
    }
    if (bench->phase == NULL || !begins(text, text_bytes, bench->phase->answer))
        return;
    if (socket->sent_ns != 0) {
        note(bench, socket->sent_ns);
        socket->sent_ns = 0;
    }
}

static void on_closed(void *context, struct websocket *socket)
{
    struct bench *bench = context;

    bench->open -= bench->open > 0;
    bench->lost++;
    socket->sent_ns = 0;
}

/* -- steps -- */

static enum status open_all(struct bench *bench, const char *path)
{
    const unsigned count = bench->options->connections;

    begin(bench);
    for (unsigned asked = 0; bench->open + bench->lost < count;) {
        while (asked < count && asked - bench->open - bench->lost < CONNECTING_MAX) {
            struct websocket *socket = &bench->sockets[asked];
            socket->index = asked++;
            socket->sent_ns = loop_now_ns();
            if (websocket_connect(bench->loop, socket, path) != STATUS_OK)
                return STATUS_SYSTEM;
        }
        if (loop_turn(bench->loop, 100) - bench->heard_ns > PATIENCE_NS)
            return STATUS_CLOSED;
    }
    return bench->lost == 0 ? STATUS_OK : STATUS_CLOSED;
}

/* Asks questions first to last - 1, in turn over all connections. */
static enum status ask_all(struct bench *bench, const struct phase *phase, unsigned first,
                           unsigned last)
{
    const unsigned count = bench->options->connections;
    unsigned asked = first;

    bench->phase = phase;
    begin(bench);
    while (bench->answered < last - first) {
        while (asked < last && asked - first - bench->answered < bench->options->window) {
            char question[QUESTION_BYTES_MAX];
            struct websocket *socket = &bench->sockets[asked % count];
            if (socket->sent_ns != 0)
                break; /* its last one comes first */
            const int bytes = phase->ask(question, asked % count, asked / count);
            socket->sent_ns = loop_now_ns();
            websocket_send(socket, question, (size_t)bytes);
            asked++;
        }
        const int64_t now_ns = loop_turn(bench->loop, 100);
        if (bench->lost > 0 || now_ns - bench->heard_ns > PATIENCE_NS)
            return STATUS_CLOSED;
    }
    bench->phase = NULL;
    return STATUS_OK;
}

static void listen_for(struct bench *bench, int64_t time_ns)
{
    const int64_t ends_ns = loop_now_ns() + time_ns;

    while (loop_turn(bench->loop, 10) < ends_ns) {
    }
}

static void bench_close(struct bench *bench)
{
    for (unsigned i = 0; bench->sockets != NULL && i < bench->options->connections; i++)
        websocket_close(&bench->sockets[i]);
    loop_destroy(bench->loop);
    free(bench->sockets);
    free(bench->latencies_us);
}

static enum status bench_open(struct bench *bench, const struct bench_options *options,
                              unsigned answers_max)
{
    const struct sockaddr_in server = {.sin_family = AF_INET,
                                       .sin_port = htons(options->port),
                                       .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const struct loop_events events = {
        .context = bench, .on_open = on_open, .on_text = on_text, .on_closed = on_closed};

    *bench = (struct bench){.options = options, .latencies_max = answers_max};
    bench->sockets = calloc(options->connections, sizeof bench->sockets[0]);
    bench->latencies_us = calloc(answers_max, sizeof bench->latencies_us[0]);
    if (bench->sockets == NULL || bench->latencies_us == NULL)
        return STATUS_NO_MEMORY;
    for (unsigned i = 0; i < options->connections; i++)
        bench->sockets[i].fd = -1;
    return loop_create(&server, &events, &bench->loop);
}

static unsigned larger(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* -- what is asked -- */

static int ask_join(char *out, unsigned connection, unsigned n)
{
    return snprintf(out, QUESTION_BYTES_MAX, "{\"type\":\"join\",\"room\":\"room-%u-%u\"}",
                    connection, n);
}

static int ask_one_room(char *out, unsigned connection, unsigned n)
{
    (void)n;
    return snprintf(out, QUESTION_BYTES_MAX,
                    "{\"type\":\"join\",\"room\":\"crowd\",\"name\":\"viewer %u\",\"wants\":"
                    "[\"chats\"]}",
                    connection);
}

static int ask_chat(char *out, unsigned connection, unsigned n)
{
    return snprintf(out, QUESTION_BYTES_MAX, "{\"type\":\"chat\",\"text\":\"line %u of %u\"}", n,
                    connection);
}

static int ask_leave(char *out, unsigned connection, unsigned n)
{
    (void)connection;
    (void)n;
    return snprintf(out, QUESTION_BYTES_MAX, "{\"type\":\"leave\"}");
}

static int ask_relay(char *out, unsigned connection, unsigned n)
{
    return snprintf(out, QUESTION_BYTES_MAX, "42[\"create or join\",\"relay-%u-%u\"]", connection,
                    n);
}

static const struct phase join = {"join", "{\"type\":\"joined\"", ask_join};
static const struct phase rejoin = {"join another", "{\"type\":\"joined\"", ask_join};
static const struct phase talk = {"talk", "{\"type\":\"chat\"", ask_chat};
static const struct phase leave = {"leave", "{\"type\":\"left\"", ask_leave};
static const struct phase enter = {"join one room", "{\"type\":\"joined\"", ask_one_room};
static const struct phase line = {"line", "{\"type\":\"chat\"", NULL};
static const struct phase relay = {"relay room", "42[\"created\"", ask_relay};

enum status bench_rooms(const struct bench_options *options)
{
    const unsigned count = options->connections;
    const struct {
        const struct phase *phase;
        unsigned first;
        unsigned last;
    } steps[] = {{&join, 0, count},
                 {&talk, 0, options->rounds * count},
                 {&rejoin, count, (1 + options->rounds) * count},
                 {&leave, 0, count}};
    struct bench bench;

    enum status status = bench_open(&bench, options, (1 + options->rounds) * count);
    if (status == STATUS_OK) {
        begin(&bench);
        tell(&bench, "before", 0);
        status = open_all(&bench, "/ws");
        tell(&bench, "connect", 0);
    }
    for (unsigned i = 0; status == STATUS_OK && i < sizeof steps / sizeof steps[0]; i++) {
        status = ask_all(&bench, steps[i].phase, steps[i].first, steps[i].last);
        tell(&bench, steps[i].phase->name, steps[i].phase == &leave ? 0 : count);
    }
    bench_close(&bench);
    return status;
}

/* Says a line and notes when each hears it. */
static enum status say_line(struct bench *bench, unsigned n)
{
    char text[QUESTION_BYTES_MAX];
    const int bytes = ask_chat(text, 0, n);

    bench->phase = &line;
    begin(bench);
    for (unsigned i = 0; i < bench->options->connections; i++)
        bench->sockets[i].sent_ns = bench->began_ns;
    websocket_send(&bench->sockets[n < bench->options->connections ? n : 0], text, (size_t)bytes);
    while (bench->answered < bench->options->connections)
        if (loop_turn(bench->loop, 100) - bench->heard_ns > PATIENCE_NS || bench->lost > 0)
            return STATUS_CLOSED;
    bench->phase = NULL;
    return STATUS_OK;
}

enum status bench_crowd(const struct bench_options *options)
{
    struct bench bench;

    enum status status = bench_open(&bench, options, larger(options->connections, 1));
    if (status == STATUS_OK)
        status = open_all(&bench, "/ws");
    if (status == STATUS_OK)
        status = ask_all(&bench, &enter, 0, options->connections);
    if (status == STATUS_OK)
        tell(&bench, enter.name, 1);
    for (unsigned i = 0; status == STATUS_OK && i < options->lines; i++) {
        listen_for(&bench, MONO_SECOND);
        status = say_line(&bench, i);
        tell(&bench, line.name, 1);
    }
    bench_close(&bench);
    return status;
}

enum status bench_relay(const struct bench_options *options)
{
    struct bench bench;
    unsigned made = 0;

    enum status status = bench_open(&bench, options, larger(options->rooms, options->connections));
    if (status == STATUS_OK) {
        bench.greeting = "40";
        status = open_all(&bench, "/socket.io/?EIO=4&transport=websocket");
        listen_for(&bench, MONO_SECOND); /* the namespace is connected */
        tell(&bench, "connect", 0);
    }
    for (unsigned rooms = 1000; status == STATUS_OK && made < options->rooms; rooms *= 10) {
        const unsigned all = rooms < options->rooms ? rooms : options->rooms;
        status = ask_all(&bench, &relay, made, all);
        made = all;
        tell(&bench, relay.name, made);
    }
    bench_close(&bench);
    return status;
}
