#include "signaling/socketio_answer.h"

#include <stdlib.h>
#include <string.h>

/* An acknowledgement that the answer to an offer will have. */
struct socketio_waiting_offer {
    struct socketio_waiting_offer *next;
    int64_t acknowledgement;
    char id[];
};

void socketio_answers_init(struct socketio_answers *answers, struct socketio_socket *socket)
{
    *answers = (struct socketio_answers){.socket = socket, .join = SOCKETIO_NO_ACKNOWLEDGEMENT};
}

void socketio_answers_close(struct socketio_answers *answers)
{
    while (answers->offers != NULL) {
        struct socketio_waiting_offer *offer = answers->offers;

        answers->offers = offer->next;
        free(offer);
    }
}

/* Two names are taken in the client library. */
static const char *event_name(const char *type)
{
    if (strcmp(type, "error") == 0)
        return "failed";
    return strcmp(type, "reconnect") == 0 ? "moving" : type;
}

static const char *type_of(const json_t *message)
{
    const char *type = json_string_value(json_object_get(message, "type"));

    return type != NULL ? type : "";
}

static void acknowledge(const struct socketio_answers *answers, int64_t acknowledgement,
                        struct text text)
{
    static const struct socketio_attachments none = {NULL, 0};

    socketio_acknowledge(answers->socket, acknowledgement, text, &none);
}

static void acknowledge_json(const struct socketio_answers *answers, int64_t acknowledgement,
                             json_t *message)
{
    json_object_set_new(message, "type", json_string(event_name(type_of(message))));
    char *text = json_dumps(message, JSON_COMPACT);
    if (text != NULL)
        acknowledge(answers, acknowledgement, text_of(text));
    free(text);
}

static void emit(const struct socketio_answers *answers, const char *type, struct text fields)
{
    struct text_writer name;

    text_writer_init(&name, 512);
    text_put(&name, "\"%s\"", event_name(type)); /* types are our own words */
    char *quoted = text_writer_finish(&name);
    if (quoted != NULL)
        socketio_emit(answers->socket,
                      &(struct socketio_event){.name = text_of(quoted), .arguments = fields});
    free(quoted);
}

static void emit_json(const struct socketio_answers *answers, json_t *message)
{
    const char *type = type_of(message);
    json_t *fields = json_copy(message);

    json_object_del(fields, "type");
    char *text = json_dumps(fields, JSON_COMPACT);
    if (text != NULL)
        emit(answers, type, text_of(text));
    free(text);
    json_decref(fields);
}

void socketio_answer(struct socketio_answers *answers, int64_t acknowledgement, json_t *message)
{
    if (acknowledgement == SOCKETIO_NO_ACKNOWLEDGEMENT) {
        if (message != NULL)
            emit_json(answers, message);
    } else if (message == NULL) {
        acknowledge(answers, acknowledgement, text_of("{\"type\":\"ok\"}"));
    } else {
        acknowledge_json(answers, acknowledgement, message);
    }
    json_decref(message);
}

bool socketio_answer_later(struct socketio_answers *answers, int64_t acknowledgement,
                           const char *id)
{
    struct socketio_waiting_offer *offer;

    if (answers->offer_count == SOCKETIO_ANSWER_WAITING_MAX)
        return false;
    offer = malloc(sizeof *offer + strlen(id) + 1);
    if (offer == NULL)
        return false;
    offer->acknowledgement = acknowledgement;
    memcpy(offer->id, id, strlen(id) + 1);
    offer->next = answers->offers;
    answers->offers = offer;
    answers->offer_count++;
    return true;
}

/* Takes the oldest acknowledgement that waits for the answer to an offer of that id. */
static int64_t take_offer(struct socketio_answers *answers, const char *id)
{
    struct socketio_waiting_offer **oldest = NULL;

    for (struct socketio_waiting_offer **link = &answers->offers; *link != NULL;
         link = &(*link)->next)
        if (id != NULL && strcmp((*link)->id, id) == 0)
            oldest = link;
    if (oldest == NULL)
        return SOCKETIO_NO_ACKNOWLEDGEMENT;
    struct socketio_waiting_offer *offer = *oldest;
    const int64_t acknowledgement = offer->acknowledgement;
    *oldest = offer->next;
    answers->offer_count--;
    free(offer);
    return acknowledgement;
}

/* The acknowledgement that waits for this message, or none. */
static int64_t find_waiting(struct socketio_answers *answers, const json_t *message)
{
    const char *type = type_of(message);
    const char *re = json_string_value(json_object_get(message, "re"));
    int64_t acknowledgement = SOCKETIO_NO_ACKNOWLEDGEMENT;

    if (strcmp(type, "joined") == 0) {
        acknowledgement = answers->join;
        answers->join = SOCKETIO_NO_ACKNOWLEDGEMENT;
    } else if (strcmp(type, "answer") == 0 || strcmp(type, "bye") == 0 ||
               (strcmp(type, "error") == 0 && re != NULL && strcmp(re, "offer") == 0)) {
        acknowledgement = take_offer(answers, json_string_value(json_object_get(message, "id")));
    }
    return acknowledgement;
}

void socketio_answers_take(struct socketio_answers *answers,
                           const struct participant_message *message)
{
    const int64_t acknowledgement = find_waiting(answers, message->object);

    if (acknowledgement != SOCKETIO_NO_ACKNOWLEDGEMENT) {
        json_t *copy = json_copy(message->object);

        if (copy != NULL)
            acknowledge_json(answers, acknowledgement, copy);
        json_decref(copy);
        if (strcmp(type_of(message->object), "bye") != 0)
            return;
    }
    emit_json(answers, message->object);
}
