#include "signaling/message.h"

#include <jansson.h>
#include <stdlib.h>

#include "signaling/participant.h"
#include "signaling/rate.h"

enum { CLOSE_POLICY = 1008 }; /* RFC 6455 section 7.4.1 */

struct connection {
    struct participant_line *line;
    struct rate rate;
};

/* A socket's callbacks carry no context of ours but its record: the one there is. */
static struct {
    struct endpoint *endpoint;
    struct participants *participants;
} service;

static void send_message(void *context, const struct participant_message *message)
{
    if (message->may_drop)
        socket_offer_shared(context, message->shared);
    else
        socket_send_shared(context, message->shared);
}

static void *on_open(struct socket *socket)
{
    const struct participant_output output = {.context = socket, .send = send_message};
    const struct config *config = endpoint_config(service.endpoint);
    const struct participant_caller caller = {.address = socket_peer(socket),
                                              .user_agent = socket_user_agent(socket),
                                              .via = SESSION_VIA_WEBSOCKET};
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->line = participant_open(service.participants, &output, &caller);
    if (connection->line == NULL) {
        free(connection);
        return NULL;
    }
    rate_init(&connection->rate, config->limits_messages_per_second, config->limits_message_burst,
              endpoint_now_ns(service.endpoint));
    return connection;
}

/* Whether one more message may pass; answers when not. */
static bool is_due(struct socket *socket)
{
    struct connection *connection = socket_record(socket);

    switch (rate_take(&connection->rate, endpoint_now_ns(service.endpoint))) {
    case RATE_PASS:
        return true;
    case RATE_REFUSE:
        participant_refuse(connection->line, "too-fast", "Too many messages; slow down.");
        return false;
    case RATE_REFUSE_MUTE:
        return false;
    case RATE_CLOSE:
        socket_close(socket, CLOSE_POLICY, "too-fast");
        return false;
    }
    return false;
}

static void on_text(struct socket *socket, const char *text, size_t text_bytes)
{
    const struct connection *connection = socket_record(socket);

    if (!is_due(socket))
        return;
    /* A string may hold a NUL in JSON: fields are checked for it one by one. */
    json_t *value = json_loadb(text, text_bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    participant_receive(connection->line, value);
    json_decref(value);
}

static void on_binary(struct socket *socket, const void *data, size_t data_bytes)
{
    const struct connection *connection = socket_record(socket);

    (void)data;
    (void)data_bytes;
    if (is_due(socket))
        participant_refuse(connection->line, "bad-message", "Messages are text frames.");
}

static void on_too_large(struct socket *socket)
{
    const struct connection *connection = socket_record(socket);

    participant_refuse(connection->line, "too-large", "A message is at most 64 KiB.");
}

static void on_close(struct socket *socket)
{
    struct connection *connection = socket_record(socket);

    participant_close(connection->line);
    free(connection);
}

const struct socket_handler message_socket_handler = {
    .on_open = on_open,
    .on_text = on_text,
    .on_binary = on_binary,
    .on_too_large = on_too_large,
    .on_close = on_close,
};

enum status message_start(struct endpoint *endpoint)
{
    service.endpoint = endpoint;
    return participants_create(endpoint, &service.participants);
}

void message_stop(void)
{
    participants_destroy(service.participants);
    service.participants = NULL;
}

struct participants *message_participants(void)
{
    return service.participants;
}
