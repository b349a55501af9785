#include "signaling/socketio_rooms.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/mono.h"
#include "signaling/relay_rooms.h"
#include "signaling/request.h"
#include "signaling/socketio_answer.h"

const char SOCKETIO_ROOMS_PATH[] = "/socket.io/";

enum {
    EVENT_BYTES_MAX = 64 * 1024, /* PROTOCOL.md section 3 */
    QUEUE_SPARE_BYTES = 256 * 1024,
};

static const int64_t UPGRADE_TIMEOUT_NS = 10 * MONO_SECOND;

/* The record of a socket. */
struct client {
    struct relay_client relay; /* first: what relay_rooms delivers to is a list of clients */
    struct socketio_socket *socket;
    struct participant_line *line;
    struct socketio_answers answers;
};

static struct {
    struct endpoint *endpoint;
    struct participants *participants;
    struct socketio *socketio;
    struct relay_rooms *relay;
} service;

/* -- to clients -- */

static void send_message(void *context, const struct participant_message *message)
{
    struct client *client = context;

    socketio_answers_take(&client->answers, message);
}

static void emit_to_all(const struct socketio_event *event, struct relay_client *const *to,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        socketio_emit(((const struct client *)to[i])->socket, event);
}

static void deliver(void *context, const struct relay_event *event, struct relay_client *const *to,
                    size_t count)
{
    (void)context;
    if (event->original != NULL) {
        emit_to_all(event->original, to, count); /* as it was written, to the last digit */
        return;
    }
    json_t *name = json_string(event->name);
    char *quoted = json_dumps(name, JSON_ENCODE_ANY);
    char *array = json_dumps(event->arguments, JSON_COMPACT);
    if (quoted != NULL && array != NULL) {
        const struct socketio_event written = {
            .name = text_of(quoted),
            .arguments = {array + 1, strlen(array) - 2}, /* without the brackets */
        };

        emit_to_all(&written, to, count);
    }
    free(array);
    free(quoted);
    json_decref(name);
}

/* -- from clients -- */

static bool is_open(void *context, const char *id)
{
    const struct client *client = context;

    return participant_has_peer(client->line, id);
}

static json_t *make_error(const char *name, const char *code, const char *message)
{
    const struct request request = {.type = name};

    return request_error(&request, code, message);
}

/* Whether one more event may pass; answers when not. */
static bool is_due(struct client *client, const char *name, int64_t acknowledgement)
{
    switch (socketio_rate_take(client->socket)) {
    case RATE_PASS:
        return true;
    case RATE_REFUSE:
        socketio_answer(&client->answers, acknowledgement,
                        make_error(name, "too-fast", "Too many messages; slow down."));
        return false;
    case RATE_REFUSE_MUTE:
        return false;
    case RATE_CLOSE:
        socketio_close(client->socket);
        return false;
    }
    return false;
}

/* The arguments as an array, or NULL. A number may be beyond what an integer holds. */
static json_t *read_arguments(struct text arguments)
{
    struct text_writer writer;
    json_t *array = NULL;

    text_writer_init(&writer, EVENT_BYTES_MAX + 2);
    text_put_view(&writer, text_of("["));
    text_put_view(&writer, arguments);
    text_put_view(&writer, text_of("]"));
    const size_t bytes = writer.bytes;
    char *text = text_writer_finish(&writer);
    if (text != NULL)
        array = json_loadb(text, bytes, JSON_ALLOW_NUL, NULL);
    if (text != NULL && array == NULL)
        array = json_loadb(text, bytes, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    free(text);
    return array;
}

/* An event of the media rooms: its one argument has the fields of the message. */
static void do_message(struct client *client, const char *name, const json_t *arguments,
                       int64_t acknowledgement)
{
    json_t *fields = json_array_get(arguments, 0);
    json_t *message = json_is_object(fields)                   ? json_copy(fields)
                      : fields == NULL || json_is_null(fields) ? json_object()
                                                               : NULL;

    if (message == NULL) {
        socketio_answer(&client->answers, acknowledgement,
                        make_error(name, "bad-message", "The argument must be an object."));
        return;
    }
    json_object_set_new(message, "type", json_string(name));
    const bool is_join = strcmp(name, "join") == 0;
    client->answers.join = is_join ? acknowledgement : SOCKETIO_NO_ACKNOWLEDGEMENT;
    json_t *answer = participant_answer(client->line, message);
    const bool has_joined =
        is_join && client->answers.join == SOCKETIO_NO_ACKNOWLEDGEMENT; /* it was taken */
    const char *id = json_string_value(json_object_get(message, "id"));
    client->answers.join = SOCKETIO_NO_ACKNOWLEDGEMENT;
    if (answer != NULL || acknowledgement == SOCKETIO_NO_ACKNOWLEDGEMENT)
        socketio_answer(&client->answers, acknowledgement, answer);
    else if (strcmp(name, "offer") == 0 && id != NULL &&
             socketio_answer_later(&client->answers, acknowledgement, id))
        ; /* when the media plane has it */
    else if (!has_joined)
        socketio_answer(&client->answers, acknowledgement, NULL);
    json_decref(message);
}

static void do_event(struct client *client, const char *name, const struct socketio_event *event)
{
    const struct relay_media media = {
        .joined = participant_is_joined(client->line), .context = client, .is_open = is_open};
    json_t *arguments = read_arguments(event->arguments);

    if (relay_rooms_is_event(name, arguments, &media)) {
        const struct relay_event relayed = {.name = name,
                                            .arguments = arguments,
                                            .original = event,
                                            .binary = event->attachments.count > 0};

        socketio_answer(&client->answers, event->acknowledgement,
                        relay_rooms_take(service.relay, &client->relay, &relayed));
    } else if (arguments == NULL) {
        socketio_answer(&client->answers, event->acknowledgement,
                        make_error(name, "bad-message", "These arguments cannot be read."));
    } else {
        do_message(client, name, arguments, event->acknowledgement);
    }
    json_decref(arguments);
}

static void on_event(struct socketio_socket *socket, const struct socketio_event *event)
{
    struct client *client = socketio_record(socket);
    json_t *name =
        json_loadb(event->name.at, event->name.bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    const char *text = json_string_value(name);

    if (text != NULL && strlen(text) != json_string_length(name))
        text = NULL;
    if (event->name.bytes + event->arguments.bytes > EVENT_BYTES_MAX) {
        socketio_answer(&client->answers, event->acknowledgement,
                        make_error(text, "too-large", "A message is at most 64 KiB."));
        socketio_close(socket);
    } else if (!is_due(client, text, event->acknowledgement)) {
        ; /* it was told, or was told enough */
    } else if (text == NULL) {
        socketio_answer(&client->answers, event->acknowledgement,
                        make_error(NULL, "bad-message", "An event's name must be a text."));
    } else {
        do_event(client, text, event);
    }
    json_decref(name);
}

/* -- life -- */

static void *on_connect(void *context, struct socketio_socket *socket, struct text payload)
{
    struct client *client = calloc(1, sizeof *client);
    const struct participant_output output = {.context = client, .send = send_message};
    const struct participant_caller caller = {.address = socketio_peer(socket),
                                              .user_agent = socketio_user_agent(socket),
                                              .via = SESSION_VIA_SOCKETIO};

    (void)context;
    (void)payload;
    if (client == NULL)
        return NULL;
    client->line = participant_open(service.participants, &output, &caller);
    if (client->line == NULL) {
        free(client);
        return NULL;
    }
    client->socket = socket;
    client->relay.id = socketio_id(socket);
    socketio_answers_init(&client->answers, socket);
    relay_rooms_enter(service.relay, &client->relay);
    return client;
}

static void on_disconnect(struct socketio_socket *socket)
{
    struct client *client = socketio_record(socket);

    relay_rooms_leave(service.relay, &client->relay);
    participant_close(client->line);
    socketio_answers_close(&client->answers);
    free(client);
}

static enum status start_socketio(const struct engineio_clock *clock)
{
    static const char *const SPACES[] = {"/", NULL};
    const struct config *config = endpoint_config(service.endpoint);
    const struct engineio_settings engine = {
        .ping_interval_ns = config->socketio_ping_interval_ns,
        .ping_timeout_ns = config->socketio_ping_timeout_ns,
        .upgrade_timeout_ns = UPGRADE_TIMEOUT_NS,
        .payload_bytes_max = config->socketio_payload_bytes,
        .queue_bytes_max = config->socketio_payload_bytes + QUEUE_SPARE_BYTES,
        .sessions_max = config->socketio_connections,
        .sessions_per_address = config->limits_connections_per_address,
        .origins = config->http_origins,
    };
    const struct socketio_settings settings = {
        .engine = engine,
        .connect_timeout_ns = config->socketio_connect_timeout_ns,
        .messages_per_second = config->limits_messages_per_second,
        .message_burst = config->limits_message_burst,
    };
    const struct socketio_handler handler = {
        .spaces = SPACES,
        .on_connect = on_connect,
        .on_event = on_event,
        .on_disconnect = on_disconnect,
    };

    return socketio_create(&settings, &handler, clock, &service.socketio);
}

enum status socketio_rooms_start(struct endpoint *endpoint, struct participants *participants,
                                 const struct engineio_clock *clock)
{
    const struct config *config = endpoint_config(endpoint);
    const struct relay_settings settings = {
        .rooms_max = config->limits_relay_rooms,
        .rooms_per_client_max = config->limits_relay_rooms_per_connection,
        .lobby_told_max = config->limits_lobby_presence,
    };
    const struct relay_outlet outlet = {.deliver = deliver, .read_addresses = host_addresses_read};

    service.endpoint = endpoint;
    service.participants = participants;
    const enum status status = relay_rooms_create(&settings, &outlet, &service.relay);
    return status == STATUS_OK ? start_socketio(clock) : status;
}

void socketio_rooms_stop(void)
{
    socketio_destroy(service.socketio);
    relay_rooms_destroy(service.relay);
    service.socketio = NULL;
    service.relay = NULL;
}

int64_t socketio_rooms_tick(int64_t now_ns)
{
    return socketio_tick(service.socketio, now_ns);
}

struct engineio *socketio_rooms_engine(void)
{
    return socketio_engine(service.socketio);
}

size_t socketio_rooms_body_bytes_max(void)
{
    return endpoint_config(service.endpoint)->socketio_payload_bytes;
}

unsigned socketio_rooms_connections(void)
{
    return engineio_sessions(socketio_engine(service.socketio));
}

unsigned socketio_rooms_waiting_polls(void)
{
    return engineio_waiting_polls(socketio_engine(service.socketio));
}

size_t socketio_rooms_relayed(void)
{
    return relay_rooms_count(service.relay);
}
