#include "signaling/socketio.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mono.h"
#include "signaling/deadline.h"
#include "signaling/identifier.h"
#include "signaling/json_scan.h"
#include "signaling/socketio_assembly.h"

enum { ID_CHARS = 20, ID_BYTES_MAX = 128, SPACE_BYTES_MAX = 100 };

static const char MAIN_SPACE[] = "/";

struct connection;

struct socketio {
    struct engineio *engine;
    struct engineio_clock clock;
    struct socketio_handler handler;
    size_t event_bytes_max; /* its attachments counted */
    unsigned messages_per_second;
    unsigned message_burst;
    struct deadline_queue connects;
    struct connection *ended; /* freed at the next tick */
};

struct socketio_socket {
    struct socketio_socket *next;
    struct connection *connection;
    const char *space; /* of handler.spaces */
    void *record;      /* NULL while on_connect is asked */
    char id[ID_BYTES_MAX];
};

struct connection {
    struct socketio *all;
    struct engineio_session *session; /* NULL: ended */
    struct socketio_socket *first;
    struct deadline connect;
    struct rate rate;
    struct socketio_assembly *assembly; /* NULL: no attachments are awaited */
    struct connection *next_ended;
};

/* -- life -- */

/* Connections outlive the calls in which they ended. */
static void free_ended(struct socketio *all)
{
    while (all->ended != NULL) {
        struct connection *connection = all->ended;

        all->ended = connection->next_ended;
        socketio_assembly_destroy(connection->assembly);
        free(connection);
    }
}

/* Tells the handler that socket, which is in no list any more, is no more. */
static void end_socket(struct socketio_socket *socket)
{
    if (socket->record != NULL)
        socket->connection->all->handler.on_disconnect(socket);
    free(socket);
}

static void part(struct socketio_socket *socket)
{
    struct socketio_socket **link = &socket->connection->first;

    while (*link != socket)
        link = &(*link)->next;
    *link = socket->next;
    end_socket(socket);
}

static void close_connection(struct connection *connection)
{
    if (connection->session != NULL)
        engineio_close(connection->session);
}

/* -- sending -- */

static void send_text(const struct connection *connection, struct text_writer *writer)
{
    const size_t bytes = writer->bytes;
    char *text = text_writer_finish(writer);

    if (text != NULL && connection->session != NULL)
        engineio_send_text(connection->session, (struct text){text, bytes});
    free(text);
}

/* Older clients are sent ASCII alone: some decode UTF-8 twice. */
static void put_json(const struct connection *connection, struct text json,
                     struct text_writer *writer)
{
    if (engineio_protocol_of(connection->session) == ENGINEIO_3)
        json_put_ascii(json, writer);
    else
        text_put_view(writer, json);
}

static void send_plain(const struct connection *connection, enum socketio_type type,
                       struct text space, struct text payload)
{
    const struct socketio_packet packet = {
        .type = type, .space = space, .acknowledgement = SOCKETIO_NO_ACKNOWLEDGEMENT};
    struct text_writer writer;

    text_writer_init(&writer, SIZE_MAX / 4);
    socketio_packet_put_head(&packet, &writer);
    put_json(connection, payload, &writer);
    send_text(connection, &writer);
}

/* [name,arguments] with its attachments; name may be empty. */
static void send_array(const struct socketio_socket *socket, struct socketio_packet *packet,
                       struct text name, struct text arguments,
                       const struct socketio_attachments *attachments)
{
    const struct connection *connection = socket->connection;
    struct text_writer writer;

    if (connection->session == NULL)
        return;
    packet->space = text_of(socket->space);
    packet->attachments = attachments->count;
    text_writer_init(&writer, SIZE_MAX / 4);
    socketio_packet_put_head(packet, &writer);
    text_put_view(&writer, text_of("["));
    put_json(connection, name, &writer);
    if (name.bytes > 0 && arguments.bytes > 0)
        text_put_view(&writer, text_of(","));
    put_json(connection, arguments, &writer);
    text_put_view(&writer, text_of("]"));
    send_text(connection, &writer);
    for (unsigned i = 0; i < attachments->count && connection->session != NULL; i++)
        engineio_send_binary(connection->session, attachments->first[i]);
}

void socketio_emit(struct socketio_socket *socket, const struct socketio_event *event)
{
    struct socketio_packet packet = {.type = event->attachments.count > 0 ? SOCKETIO_BINARY_EVENT
                                                                          : SOCKETIO_EVENT,
                                     .acknowledgement = SOCKETIO_NO_ACKNOWLEDGEMENT};

    send_array(socket, &packet, event->name, event->arguments, &event->attachments);
}

void socketio_acknowledge(struct socketio_socket *socket, int64_t acknowledgement,
                          struct text arguments, const struct socketio_attachments *attachments)
{
    struct socketio_packet packet = {.type = attachments->count > 0 ? SOCKETIO_BINARY_ACK
                                                                    : SOCKETIO_ACK,
                                     .acknowledgement = acknowledgement};

    send_array(socket, &packet, (struct text){NULL, 0}, arguments, attachments);
}

/* -- namespaces -- */

static struct socketio_socket *find_socket(const struct connection *connection, struct text space)
{
    for (struct socketio_socket *socket = connection->first; socket != NULL; socket = socket->next)
        if (text_is(space, socket->space))
            return socket;
    return NULL;
}

static const char *find_space(const struct socketio *all, struct text space)
{
    for (const char *const *at = all->handler.spaces; *at != NULL; at++)
        if (text_is(space, *at))
            return *at;
    return NULL;
}

static void name_socket(struct socketio_socket *socket)
{
    const struct engineio_session *session = socket->connection->session;

    if (engineio_protocol_of(session) == ENGINEIO_4)
        identifier_make(socket->id, ID_CHARS);
    else if (strcmp(socket->space, MAIN_SPACE) == 0)
        g_strlcpy(socket->id, engineio_sid(session), sizeof socket->id);
    else
        (void)snprintf(socket->id, sizeof socket->id, "%s#%s", socket->space,
                       engineio_sid(session));
}

static void send_connected(const struct socketio_socket *socket)
{
    const struct connection *connection = socket->connection;
    char payload[ID_BYTES_MAX + 16] = "";

    if (engineio_protocol_of(connection->session) == ENGINEIO_4)
        (void)snprintf(payload, sizeof payload, "{\"sid\":\"%s\"}", socket->id);
    send_plain(connection, SOCKETIO_CONNECT, text_of(socket->space), text_of(payload));
}

static void refuse_space(const struct connection *connection, struct text space,
                         const char *message)
{
    char payload[96];
    const bool is_old = engineio_protocol_of(connection->session) == ENGINEIO_3;

    (void)snprintf(payload, sizeof payload, is_old ? "\"%s\"" : "{\"message\":\"%s\"}", message);
    send_plain(connection, SOCKETIO_CONNECT_ERROR, space, text_of(payload));
}

static void connect_space(struct connection *connection, struct text named, struct text payload)
{
    const struct socketio *all = connection->all;
    const char *space;
    struct socketio_socket *socket;

    if (engineio_protocol_of(connection->session) == ENGINEIO_3)
        named = text_take(&named, '?'); /* old clients put their query there */
    space = find_space(all, named);
    if (find_socket(connection, named) != NULL)
        return; /* it is there already */
    socket = space != NULL ? calloc(1, sizeof *socket) : NULL;
    if (socket == NULL) {
        if (named.bytes <= SPACE_BYTES_MAX)
            refuse_space(connection, named, space == NULL ? "Invalid namespace" : "Out of memory");
        return;
    }
    socket->connection = connection;
    socket->space = space;
    socket->next = connection->first;
    connection->first = socket;
    name_socket(socket);
    deadline_stop(&connection->connect);
    send_connected(socket);
    void *record = all->handler.on_connect(all->handler.context, socket,
                                           payload.bytes > 0 ? payload : text_of("{}"));
    if (connection->session == NULL)
        return; /* ended meanwhile, and socket with it */
    socket->record = record;
    if (record == NULL)
        close_connection(connection);
}

/* -- packets -- */

/* Leaving a namespace and asking for it again is no way around the limits. */
static void take_connect(struct connection *connection, const struct socketio_packet *packet)
{
    switch (rate_take(&connection->rate, connection->all->clock.now_ns())) {
    case RATE_PASS:
        connect_space(connection, packet->space, packet->payload);
        return;
    case RATE_REFUSE:
        if (packet->space.bytes <= SPACE_BYTES_MAX)
            refuse_space(connection, packet->space, "Too many messages; slow down.");
        return;
    case RATE_REFUSE_MUTE:
        return;
    case RATE_CLOSE:
        close_connection(connection);
        return;
    }
}

static void take_event(struct socketio_socket *socket, const struct socketio_packet *packet,
                       const struct socketio_attachments *attachments)
{
    struct socketio_event event = {.acknowledgement = packet->acknowledgement,
                                   .attachments = *attachments};

    json_scan_first(packet->payload, &event.name, &event.arguments);
    socket->connection->all->handler.on_event(socket, &event);
}

static void take_packet(struct connection *connection, const struct socketio_packet *packet,
                        const struct socketio_attachments *attachments)
{
    struct socketio_socket *socket;

    if (packet->type == SOCKETIO_CONNECT) {
        take_connect(connection, packet);
        return;
    }
    socket = find_socket(connection, packet->space);
    if (socket == NULL) {
        close_connection(connection);
        return;
    }
    switch (packet->type) {
    case SOCKETIO_DISCONNECT:
        part(socket);
        break;
    case SOCKETIO_EVENT:
    case SOCKETIO_BINARY_EVENT:
        take_event(socket, packet, attachments);
        break;
    case SOCKETIO_CONNECT:
    case SOCKETIO_ACK: /* the server asks for none */
    case SOCKETIO_CONNECT_ERROR:
    case SOCKETIO_BINARY_ACK:
    case SOCKETIO_TYPES:
        break;
    }
}

static void on_text(struct engineio_session *session, struct text text)
{
    struct connection *connection = engineio_record(session);
    const struct socketio_attachments none = {NULL, 0};
    struct socketio_packet packet;

    enum status status =
        connection->assembly != NULL ? STATUS_MALFORMED : socketio_packet_read(text, &packet);
    if (status == STATUS_OK && packet.attachments > 0)
        status =
            socketio_assembly_create(text, connection->all->event_bytes_max, &connection->assembly);
    else if (status == STATUS_OK)
        take_packet(connection, &packet, &none);
    if (status != STATUS_OK)
        close_connection(connection);
}

static void on_binary(struct engineio_session *session, struct text data)
{
    struct connection *connection = engineio_record(session);
    struct socketio_assembly *assembly = connection->assembly;
    const struct socketio_packet *packet;
    struct socketio_attachments attachments;

    if (assembly == NULL || socketio_assembly_add(assembly, data) != STATUS_OK) {
        close_connection(connection);
    } else if ((packet = socketio_assembly_whole(assembly, &attachments)) != NULL) {
        connection->assembly = NULL;
        take_packet(connection, packet, &attachments);
        socketio_assembly_destroy(assembly);
    }
}

/* -- connections -- */

static int64_t next_due_ns(const struct socketio *all)
{
    return deadline_next_ns(&all->connects);
}

static void *on_open(void *context, struct engineio_session *session)
{
    struct socketio *all = context;
    struct connection *connection = calloc(1, sizeof *connection);

    if (connection == NULL)
        return NULL;
    connection->all = all;
    connection->session = session;
    rate_init(&connection->rate, all->messages_per_second, all->message_burst, all->clock.now_ns());
    if (engineio_protocol_of(session) == ENGINEIO_3) {
        connect_space(connection, text_of(MAIN_SPACE), (struct text){NULL, 0});
    } else {
        deadline_set(&all->connects, &connection->connect, connection, all->clock.now_ns());
        all->clock.set_alarm(all->clock.context, next_due_ns(all));
    }
    return connection;
}

static void on_close(struct engineio_session *session)
{
    struct connection *connection = engineio_record(session);
    struct socketio_socket *socket = connection->first;

    connection->first = NULL;
    connection->session = NULL;
    deadline_stop(&connection->connect);
    while (socket != NULL) {
        struct socketio_socket *next = socket->next;

        end_socket(socket);
        socket = next;
    }
    connection->next_ended = connection->all->ended; /* the engine sets the alarm */
    connection->all->ended = connection;
}

int64_t socketio_tick(struct socketio *all, int64_t now_ns)
{
    struct connection *connection;

    free_ended(all);
    const int64_t engine_ns = engineio_tick(all->engine, now_ns);
    while ((connection = deadline_take(&all->connects, now_ns, NULL)) != NULL)
        close_connection(connection);
    return mono_earlier(engine_ns, next_due_ns(all));
}

enum status socketio_create(const struct socketio_settings *settings,
                            const struct socketio_handler *handler,
                            const struct engineio_clock *clock, struct socketio **created)
{
    struct socketio *all = calloc(1, sizeof *all);

    if (all == NULL)
        return STATUS_NO_MEMORY;
    all->handler = *handler;
    all->clock = *clock;
    all->event_bytes_max = settings->engine.payload_bytes_max;
    all->messages_per_second = settings->messages_per_second;
    all->message_burst = settings->message_burst;
    all->connects.delay_ns = settings->connect_timeout_ns;
    const struct engineio_handler sessions = {.context = all,
                                              .on_open = on_open,
                                              .on_text = on_text,
                                              .on_binary = on_binary,
                                              .on_close = on_close};
    const enum status status = engineio_create(&settings->engine, &sessions, clock, &all->engine);
    if (status != STATUS_OK) {
        free(all);
        return status;
    }
    *created = all;
    return STATUS_OK;
}

void socketio_destroy(struct socketio *all)
{
    if (all == NULL)
        return;
    engineio_destroy(all->engine);
    free_ended(all);
    free(all);
}

struct engineio *socketio_engine(struct socketio *all)
{
    return all->engine;
}

void *socketio_record(const struct socketio_socket *socket)
{
    return socket->record;
}

const char *socketio_id(const struct socketio_socket *socket)
{
    return socket->id;
}

const char *socketio_space(const struct socketio_socket *socket)
{
    return socket->space;
}

const char *socketio_peer(const struct socketio_socket *socket)
{
    return engineio_peer(socket->connection->session);
}

const char *socketio_user_agent(const struct socketio_socket *socket)
{
    return engineio_user_agent(socket->connection->session);
}

enum rate_verdict socketio_rate_take(struct socketio_socket *socket)
{
    struct connection *connection = socket->connection;

    return rate_take(&connection->rate, connection->all->clock.now_ns());
}

void socketio_close(struct socketio_socket *socket)
{
    close_connection(socket->connection);
}
