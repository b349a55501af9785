#include "signaling/relay.h"

#include <glib.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/name.h"
#include "signaling/rate.h"
#include "signaling/request.h"

enum { CLOSE_POLICY = 1008 }; /* RFC 6455 section 7.4.1 */

struct relay_room {
    char name[NAME_BYTES_MAX + 1]; /* "": the one of "/signaling" itself */
    struct member *first;
};

struct member {
    struct socket *socket;
    struct relay_room *room;
    struct member *next;
    struct rate rate;
};

/* A socket's callbacks carry no context of ours but its record: the one there is. */
static struct {
    const struct endpoint *endpoint;
    GHashTable *rooms; /* name: struct relay_room, owned; each has a member */
} service;

/* The room that the path names. */
static enum status read_room(const char *path, char *name)
{
    const char *segment = path + strlen("/signaling");

    segment += segment[0] == '/';
    if (segment[0] == '\0') {
        name[0] = '\0';
        return STATUS_OK;
    }
    return name_decode(segment, strcspn(segment, "/"), name);
}

static struct relay_room *room_open(const char *name)
{
    struct relay_room *room = g_hash_table_lookup(service.rooms, name);

    if (room == NULL) {
        room = calloc(1, sizeof *room);
        if (room == NULL)
            return NULL;
        g_strlcpy(room->name, name, sizeof room->name);
        g_hash_table_insert(service.rooms, room->name, room);
    }
    return room;
}

static void *on_open(struct socket *socket)
{
    char name[NAME_BYTES_MAX + 1];
    const struct config *config = endpoint_config(service.endpoint);

    if (read_room(socket_path(socket), name) != STATUS_OK)
        return NULL;
    struct member *member = calloc(1, sizeof *member);
    if (member == NULL)
        return NULL;
    member->room = room_open(name);
    if (member->room == NULL) {
        free(member);
        return NULL;
    }
    member->socket = socket;
    member->next = member->room->first;
    member->room->first = member;
    rate_init(&member->rate, config->limits_messages_per_second, config->limits_message_burst,
              endpoint_now_ns(service.endpoint));
    return member;
}

static void refuse(struct socket *socket, const char *code, const char *message)
{
    const struct request unread = {0};
    json_t *error = request_error(&unread, code, message);
    char *text = error != NULL ? json_dumps(error, JSON_COMPACT) : NULL;

    if (text != NULL)
        socket_send(socket, text, strlen(text));
    free(text);
    json_decref(error);
}

/* Whether one more message may pass; answers when not. */
static bool is_due(struct socket *socket, struct member *member)
{
    switch (rate_take(&member->rate, endpoint_now_ns(service.endpoint))) {
    case RATE_PASS:
        return true;
    case RATE_REFUSE:
        refuse(socket, "too-fast", "Too many messages; slow down.");
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
    struct member *sender = socket_record(socket);

    if (!is_due(socket, sender))
        return;
    json_t *value = json_loadb(text, text_bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    const bool is_message = json_is_string(json_object_get(value, "type"));
    const bool is_json = value != NULL;
    json_decref(value);
    if (!is_message) {
        refuse(socket, is_json ? "bad-message" : "bad-json",
               "A message is a JSON object with a string type.");
        return;
    }
    for (const struct member *member = sender->room->first; member != NULL; member = member->next)
        if (member != sender)
            socket_send(member->socket, text, text_bytes);
}

static void on_binary(struct socket *socket, const void *data, size_t data_bytes)
{
    (void)data;
    (void)data_bytes;
    if (is_due(socket, socket_record(socket)))
        refuse(socket, "bad-message", "Messages are text frames.");
}

static void on_too_large(struct socket *socket)
{
    refuse(socket, "too-large", "A message is at most 64 KiB.");
}

static void on_close(struct socket *socket)
{
    struct member *member = socket_record(socket);
    struct member **link = &member->room->first;

    while (*link != member)
        link = &(*link)->next;
    *link = member->next;
    if (member->room->first == NULL)
        g_hash_table_remove(service.rooms, member->room->name);
    free(member);
}

const struct socket_handler relay_socket_handler = {
    .on_open = on_open,
    .on_text = on_text,
    .on_binary = on_binary,
    .on_too_large = on_too_large,
    .on_close = on_close,
};

void relay_start(struct endpoint *endpoint)
{
    service.endpoint = endpoint;
    service.rooms = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free);
}

void relay_stop(void)
{
    if (service.rooms != NULL) {
        g_hash_table_destroy(service.rooms);
        service.rooms = NULL;
    }
}
