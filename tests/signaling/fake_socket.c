#include "tests/signaling/fake_socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void *socket_record(const struct socket *socket)
{
    return socket->record;
}

const char *socket_path(const struct socket *socket)
{
    return socket->path;
}

void *socket_context(const struct socket *socket)
{
    return socket->handler->context;
}

const char *socket_query(const struct socket *socket)
{
    return socket->query;
}

const char *socket_peer(const struct socket *socket)
{
    return socket->peer;
}

const char *socket_user_agent(const struct socket *socket)
{
    (void)socket;
    return "Fake/1.0";
}

void socket_send(struct socket *socket, const char *text, size_t text_bytes)
{
    json_t *message = socket->is_raw ? json_stringn(text, text_bytes)
                                     : json_loadb(text, text_bytes, JSON_ALLOW_NUL, NULL);

    assert_non_null(message);
    json_array_append_new(socket->sent, message);
}

void socket_send_shared(struct socket *socket, struct shared_text *text)
{
    socket_send(socket, shared_text_get(text), text->bytes);
}

void socket_offer_shared(struct socket *socket, struct shared_text *text)
{
    socket_send_shared(socket, text);
}

void socket_send_binary(struct socket *socket, const void *prefix, size_t prefix_bytes,
                        const void *data, size_t data_bytes)
{
    const unsigned char *const parts[] = {prefix, data};
    const size_t bytes[] = {prefix_bytes, data_bytes};
    char text[256] = "binary";
    size_t used = strlen(text);

    for (unsigned part = 0; part < 2; part++) {
        for (size_t i = 0; i < bytes[part]; i++) {
            assert_true(used + 4 < sizeof text);
            used += (size_t)snprintf(text + used, sizeof text - used, " %02x", parts[part][i]);
        }
    }
    socket_send(socket, text, used);
}

void socket_close(struct socket *socket, unsigned code, const char *reason)
{
    (void)reason;
    socket->close_code = code;
}

static struct socket *make(const struct socket_handler *handler, const struct socket *like)
{
    struct socket *socket = malloc(sizeof *socket);

    assert_non_null(socket);
    *socket = *like;
    socket->handler = handler;
    socket->sent = json_array();
    socket->record = handler->on_open(socket);
    if (socket->record == NULL) {
        json_decref(socket->sent);
        free(socket);
        return NULL;
    }
    return socket;
}

struct socket *fake_socket_open_from(const struct socket_handler *handler, const char *path,
                                     const char *peer)
{
    return make(handler, &(struct socket){.path = path, .query = "", .peer = peer});
}

struct socket *fake_socket_open_raw(const struct socket_handler *handler, const char *query)
{
    return make(handler,
                &(struct socket){.path = "", .query = query, .peer = "192.0.2.1", .is_raw = true});
}

struct socket *fake_socket_open(const struct socket_handler *handler, const char *path)
{
    return fake_socket_open_from(handler, path, "192.0.2.1");
}

void fake_socket_close(struct socket *socket)
{
    socket->handler->on_close(socket);
    json_decref(socket->sent);
    free(socket);
}

void fake_socket_text(struct socket *socket, const char *text)
{
    socket->handler->on_text(socket, text, strlen(text));
}

void fake_socket_binary(struct socket *socket, const char *data, size_t data_bytes)
{
    socket->handler->on_binary(socket, data, data_bytes);
}

void fake_socket_json(struct socket *socket, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);

    json_decref(message);
    assert_non_null(text);
    fake_socket_text(socket, text);
    free(text);
}

static json_t *take_any(struct socket *socket)
{
    json_t *message = json_incref(json_array_get(socket->sent, 0));

    json_array_remove(socket->sent, 0);
    return message;
}

void fake_socket_take_frame(struct socket *socket, const char *start)
{
    json_t *frame = take_any(socket);

    if (frame == NULL)
        fail_msg("no frame where %s was expected", start);
    if (strncmp(json_string_value(frame), start, strlen(start)) != 0)
        fail_msg("%s where %s was expected", json_string_value(frame), start);
    json_decref(frame);
}

json_t *fake_socket_take(struct socket *socket, const char *type)
{
    json_t *message = take_any(socket);

    if (message == NULL)
        fail_msg("no message where %s was expected", type);
    const char *is = json_string_value(json_object_get(message, "type"));
    if (is == NULL || strcmp(is, type) != 0)
        fail_msg("%s where %s was expected", json_dumps(message, 0), type);
    return message;
}

json_t *fake_socket_seek(struct socket *socket, const char *type)
{
    for (;;) {
        json_t *message = take_any(socket);
        if (message == NULL)
            fail_msg("no %s was sent", type);
        if (strcmp(json_string_value(json_object_get(message, "type")), type) == 0)
            return message;
        json_decref(message);
    }
}

void fake_socket_take_error(struct socket *socket, const char *code)
{
    json_t *error = fake_socket_take(socket, "error");

    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    json_decref(error);
}

void fake_socket_expect_silence(const struct socket *socket)
{
    const json_t *message = json_array_get(socket->sent, 0);

    if (message != NULL)
        fail_msg("%s where nothing was expected", json_dumps(message, 0));
}

unsigned fake_socket_clear(struct socket *socket)
{
    const unsigned count = (unsigned)json_array_size(socket->sent);

    json_array_clear(socket->sent);
    return count;
}
