#include "signaling/participant.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/mono.h"
#include "signaling/description.h"
#include "signaling/guests.h"
#include "signaling/ice_servers.h"
#include "signaling/identifier.h"
#include "signaling/name.h"
#include "signaling/peers.h"
#include "signaling/token.h"

enum { RECONNECT_MS = 1000, RECONNECT_SPREAD_MS = 2000 };

struct participants {
    struct endpoint *endpoint;
    struct guests *guests;
    GHashTable *by_resume; /* participant->resume: struct participant; holds all */
    unsigned lost;         /* of them, without a line */
};

struct participant {
    struct directory_member member; /* first: the directory's lists are lists of participants */
    struct participants *all;
    struct participant_line *line; /* NULL: lost since lost_ns */
    int64_t lost_ns;
    struct peers peers;
    struct guest *guest; /* guests' own */
    bool may_publish;
    char you[DIRECTORY_FROM_CHARS + 1];
    char resume[PARTICIPANT_RESUME_CHARS + 1];
    char name[NAME_BYTES_MAX + 1];
    char address[ICE_ADDRESS_CHARS_MAX + 1];
};

struct participant_line {
    struct participants *all;
    struct participant_output output;
    struct participant *participant; /* NULL: not joined */
    char address[ICE_ADDRESS_CHARS_MAX + 1];
};

/* Sending. */

/* Serializes object, which is taken; false when out of memory. */
static bool write_message(json_t *object, struct participant_message *message)
{
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    if (text == NULL) {
        json_decref(object);
        return false;
    }
    *message =
        (struct participant_message){.object = object, .text = text, .text_bytes = strlen(text)};
    return true;
}

static void free_message(struct participant_message *message)
{
    union {
        const char *text;
        char *owned;
    } memory = {.text = message->text};

    free(memory.owned);
    json_decref(message->object);
}

/* Takes object; NULL: nothing to say. */
static void send_line(struct participant_line *line, json_t *object)
{
    struct participant_message message;

    if (write_message(object, &message)) {
        line->output.send(line->output.context, &message);
        free_message(&message);
    }
}

/* To all in the room; takes object. */
static void send_room(const struct directory_room *room, json_t *object)
{
    struct participant_message message;

    if (!write_message(object, &message))
        return;
    for (struct directory_member *member = directory_members(room); member != NULL;
         member = member->next) {
        const struct participant_line *line = ((struct participant *)member)->line;
        if (line != NULL)
            line->output.send(line->output.context, &message);
    }
    free_message(&message);
}

/* Adds the type to a description, which is taken. */
static json_t *with_type(json_t *object, const char *type)
{
    json_object_set_new(object, "type", json_string(type));
    return object;
}

static void on_stream(void *context, const struct directory_stream *stream,
                      enum directory_change change)
{
    static const char *const types[] = {
        [DIRECTORY_ADDED] = "stream-added",
        [DIRECTORY_CHANGED] = "stream-changed",
        [DIRECTORY_REMOVED] = "stream-removed",
    };
    json_t *message = change == DIRECTORY_REMOVED ? json_pack("{s:s}", "stream", stream->name)
                                                  : description_of_stream(stream);

    (void)context;
    send_room(stream->room, with_type(message, types[change]));
}

static void on_viewers(void *context, struct directory_room *room, unsigned count)
{
    (void)context;
    send_room(room, json_pack("{s:s, s:I}", "type", "viewers", "count", (json_int_t)count));
}

static void on_chat(void *context, struct directory_room *room, const struct directory_chat *chat)
{
    (void)context;
    send_room(room, with_type(description_of_chat(chat), "chat"));
}

/* Participants. */

static void recount(struct participant *participant)
{
    directory_member_set(endpoint_directory(participant->all->endpoint), &participant->member,
                         participant->line != NULL || peers_is_active(&participant->peers),
                         peers_publishes(&participant->peers));
}

static bool peers_send(void *context, json_t *message)
{
    const struct participant *participant = context;

    if (participant->line == NULL) {
        json_decref(message);
        return false;
    }
    send_line(participant->line, message);
    return true;
}

static void on_peers_change(void *context)
{
    recount(context);
}

static void attach(struct participant *participant, struct participant_line *line)
{
    participant->all->lost -= participant->line == NULL;
    if (participant->line != NULL)
        participant->line->participant = NULL;
    participant->line = line;
    line->participant = participant;
    memcpy(participant->address, line->address, sizeof participant->address);
}

static void detach(struct participant *participant)
{
    participant->line->participant = NULL;
    participant->line = NULL;
    participant->lost_ns = endpoint_now_ns(participant->all->endpoint);
    participant->all->lost++;
    guests_lose(participant->guest);
}

/* Leaves the room, ends its media, frees it. */
static void part(struct participant *participant)
{
    struct participants *all = participant->all;

    if (participant->line != NULL)
        participant->line->participant = NULL;
    else
        all->lost--;
    peers_end_all(&participant->peers);
    guests_forget(participant->guest);
    directory_leave(endpoint_directory(all->endpoint), &participant->member);
    g_hash_table_remove(all->by_resume, participant->resume);
    free(participant);
}

static struct participant *make(struct participants *all, const char *name)
{
    struct participant *participant = calloc(1, sizeof *participant);
    if (participant == NULL)
        return NULL;
    participant->all = all;
    participant->peers = (struct peers){
        .endpoint = all->endpoint,
        .context = participant,
        .send = peers_send,
        .on_change = on_peers_change,
    };
    g_strlcpy(participant->name, name, sizeof participant->name);
    identifier_make(participant->you, DIRECTORY_FROM_CHARS);
    return participant;
}

/* A resume secret is good for one return. */
static void renew_resume(struct participant *participant)
{
    GHashTable *by_resume = participant->all->by_resume;

    g_hash_table_remove(by_resume, participant->resume);
    identifier_make(participant->resume, PARTICIPANT_RESUME_CHARS);
    g_hash_table_insert(by_resume, participant->resume, participant);
}

static json_t *make_joined(const struct participant *participant)
{
    const struct directory_room *room = participant->member.room;

    return json_pack("{s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:s}", "type", "joined", "room",
                     directory_room_name(room), "you", participant->you, "streams",
                     description_of_streams(room), "viewers", (json_int_t)directory_viewers(room),
                     "iceServers", ice_servers_json(endpoint_config(participant->all->endpoint)),
                     "chat", description_of_history(room), "resume", participant->resume);
}

/* Joining. */

struct join {
    const char *room;
    const char *name;
    const char *token; /* NULL: none */
    const char *resume;
};

/* Returns the error, or NULL. */
static json_t *read_join(const struct request *request, struct join *join)
{
    const char *room;
    enum status status = request_text(request, "room", 0, EXCHANGE_BODY_BYTES_MAX, &room);

    *join = (struct join){.room = "", .name = "", .resume = ""};
    if (status != STATUS_OK)
        return request_error(request, "bad-message", "room must be the room's name.");
    if (!name_is_valid(room, strlen(room))) {
        return request_error(request, "bad-room",
                             "A room's name is 1 to 64 characters, without '/' and control "
                             "characters.");
    }
    join->room = room;
    if (request_text(request, "name", 0, NAME_POINTS_MAX, &join->name) == STATUS_MALFORMED)
        return request_error(request, "bad-message", "name must be up to 64 characters.");
    if (request_text(request, "token", 0, CONFIG_TEXT_BYTES_MAX, &join->token) == STATUS_MALFORMED)
        return request_error(request, "bad-message", "token must be a stream key.");
    if (request_text(request, "resume", 0, CONFIG_TEXT_BYTES_MAX, &join->resume) ==
        STATUS_MALFORMED)
        return request_error(request, "bad-message", "resume must be what joined gave.");
    return NULL;
}

/* Who comes back, or NULL. */
static struct participant *find_resumed(const struct participants *all, const struct join *join)
{
    struct participant *participant = g_hash_table_lookup(all->by_resume, join->resume);

    return participant != NULL &&
                   strcmp(directory_room_name(participant->member.room), join->room) == 0
               ? participant
               : NULL;
}

static enum status enter(struct participant_line *line, const struct join *join)
{
    struct participants *all = line->all;
    struct participant *participant = make(all, join->name);
    if (participant == NULL)
        return STATUS_NO_MEMORY;
    const enum status status =
        directory_join(endpoint_directory(all->endpoint), join->room, &participant->member);
    if (status != STATUS_OK) {
        free(participant);
        return status;
    }
    all->lost++; /* until attach */
    renew_resume(participant);
    attach(participant, line);
    return STATUS_OK;
}

static json_t *on_join(struct participant_line *line, const struct request *request)
{
    struct join join;
    json_t *error = read_join(request, &join);
    struct endpoint *endpoint = line->all->endpoint;
    if (error != NULL)
        return error;
    if (endpoint_is_draining(endpoint))
        return request_error(request, "full", "The server is about to stop.");

    struct participant *resumed = find_resumed(line->all, &join);
    if (line->participant != NULL && line->participant != resumed)
        part(line->participant);
    if (resumed != NULL && line->participant != resumed)
        attach(resumed, line);
    else if (resumed == NULL && enter(line, &join) != STATUS_OK)
        return request_error(request, "full", "The server has no room for another room now.");
    struct participant *participant = line->participant;
    participant->may_publish =
        token_check(endpoint_config(endpoint)->auth_publish_key, join.token) == STATUS_OK;
    if (resumed != NULL) {
        renew_resume(participant);
        g_strlcpy(participant->name, join.name, sizeof participant->name);
        recount(participant);
        guests_greet(participant->all->guests, join.room);
    }
    send_line(line, make_joined(participant));
    peers_tell_ended(&participant->peers);
    return NULL;
}

/* The other messages. */

static json_t *on_leave(struct participant_line *line, const struct request *request)
{
    (void)request;
    part(line->participant);
    return json_pack("{s:s}", "type", "left");
}

static json_t *on_chat_request(struct participant_line *line, const struct request *request)
{
    const struct participant *participant = line->participant;
    struct timespec now;
    const char *text;

    if (request_text(request, "text", 1, DIRECTORY_CHAT_POINTS_MAX, &text) != STATUS_OK)
        return request_error(request, "bad-message", "text must be 1 to 500 characters.");
    timespec_get(&now, TIME_UTC);
    directory_say(endpoint_directory(line->all->endpoint), &participant->member, participant->you,
                  participant->name, text, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    return NULL;
}

static json_t *on_offer(struct participant_line *line, const struct request *request)
{
    struct participant *participant = line->participant;
    const struct peers_client client = {
        .room = directory_room_name(participant->member.room),
        .name = participant->name,
        .address = participant->address,
        .may_publish = participant->may_publish,
        .granted = guests_stream(participant->guest),
    };

    return peers_offer(&participant->peers, request, &client);
}

static json_t *on_candidate(struct participant_line *line, const struct request *request)
{
    return peers_candidate(&line->participant->peers, request);
}

static json_t *on_layer(struct participant_line *line, const struct request *request)
{
    return peers_layer(&line->participant->peers, request);
}

static json_t *on_bye(struct participant_line *line, const struct request *request)
{
    return peers_bye(&line->participant->peers, request);
}

static json_t *on_guests(struct participant_line *line, const struct request *request)
{
    struct participant *participant = line->participant;
    const char *name = participant->name;

    if (request_text(request, "name", 1, NAME_POINTS_MAX, &name) == STATUS_MALFORMED)
        return request_error(request, "bad-message", "name must be 1 to 64 characters.");
    if (name != participant->name)
        g_strlcpy(participant->name, name, sizeof participant->name);
    const struct guests_client client = {
        .peers = &participant->peers,
        .guest = &participant->guest,
        .room = directory_room_name(participant->member.room),
        .from = participant->you,
        .name = participant->name,
    };
    return guests_receive(line->all->guests, request, &client);
}

static json_t *on_ping(struct participant_line *line, const struct request *request)
{
    (void)line;
    (void)request;
    return json_pack("{s:s}", "type", "pong");
}

struct kind {
    const char *type;
    bool joined; /* only for those who joined */
    json_t *(*handle)(struct participant_line *line, const struct request *request);
};

static const struct kind *find_kind(const char *type)
{
    static const struct kind kinds[] = {
        {"join", false, on_join},    {"leave", true, on_leave},
        {"offer", true, on_offer},   {"candidate", true, on_candidate},
        {"layer", true, on_layer},   {"chat", true, on_chat_request},
        {"bye", true, on_bye},       {"ping", false, on_ping},
        {"ask", true, on_guests},    {"withdraw", true, on_guests},
        {"accept", true, on_guests}, {"decline", true, on_guests},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].type, type) == 0)
            return &kinds[i];
    return NULL;
}

static json_t *answer(struct participant_line *line, const struct request *request)
{
    if (request->type == NULL) {
        return request_error(request, "bad-message",
                             "A message is a JSON object with a string type.");
    }
    const struct kind *kind = find_kind(request->type);
    if (kind == NULL)
        return request_error(request, "unknown-type", "There is no message of that type.");
    if (kind->joined && line->participant == NULL)
        return request_error(request, "not-joined", "Join a room first.");
    return kind->handle(line, request);
}

/* Time and life. */

static void on_tick(void *context, int64_t now_ns)
{
    struct participants *all = context;
    GHashTableIter iterator;
    gpointer value;
    GSList *gone = NULL;

    guests_tick(all->guests, now_ns);
    if (all->lost == 0)
        return;
    g_hash_table_iter_init(&iterator, all->by_resume);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        struct participant *participant = value;
        if (participant->line == NULL &&
            now_ns - participant->lost_ns >= mono_from_ms(PARTICIPANT_RESUME_MS))
            gone = g_slist_prepend(gone, participant);
    }
    for (const GSList *at = gone; at != NULL; at = at->next)
        part(at->data);
    g_slist_free(gone);
}

static void on_drain(void *context)
{
    const struct participants *all = context;
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, all->by_resume);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const struct participant *participant = value;
        /* Not all at once: they come back to one server. */
        const unsigned after_ms = RECONNECT_MS + identifier_random() % RECONNECT_SPREAD_MS;
        if (participant->line != NULL) {
            send_line(participant->line, json_pack("{s:s, s:I}", "type", "reconnect", "after_ms",
                                                   (json_int_t)after_ms));
        }
    }
}

static unsigned count(const void *context)
{
    const struct participants *all = context;

    return g_hash_table_size(all->by_resume) - all->lost;
}

enum status participants_create(struct endpoint *endpoint, struct participants **participants)
{
    struct participants *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->endpoint = endpoint;
    if (guests_create(endpoint, &made->guests) != STATUS_OK) {
        free(made);
        return STATUS_NO_MEMORY;
    }
    made->by_resume = g_hash_table_new(g_str_hash, g_str_equal);
    endpoint_listen(endpoint, &(struct endpoint_listener){.context = made,
                                                          .on_tick = on_tick,
                                                          .on_drain = on_drain,
                                                          .participants = count});
    directory_listen(
        endpoint_directory(endpoint),
        &(struct directory_listener){
            .context = made, .on_stream = on_stream, .on_viewers = on_viewers, .on_chat = on_chat});
    *participants = made;
    return STATUS_OK;
}

void participants_destroy(struct participants *participants)
{
    GHashTableIter iterator;
    gpointer value;

    if (participants == NULL)
        return;
    endpoint_listen(participants->endpoint, NULL);
    directory_listen(endpoint_directory(participants->endpoint), NULL);
    g_hash_table_iter_init(&iterator, participants->by_resume);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        struct participant *participant = value;
        g_hash_table_iter_remove(&iterator);
        peers_abandon_all(&participant->peers);
        directory_leave(endpoint_directory(participants->endpoint), &participant->member);
        free(participant);
    }
    g_hash_table_destroy(participants->by_resume);
    guests_destroy(participants->guests);
    free(participants);
}

struct participant_line *participant_open(struct participants *participants,
                                          const struct participant_output *output,
                                          const char *address)
{
    struct participant_line *line = calloc(1, sizeof *line);
    if (line == NULL)
        return NULL;
    line->all = participants;
    line->output = *output;
    g_strlcpy(line->address, address, sizeof line->address);
    return line;
}

void participant_close(struct participant_line *line)
{
    struct participant *participant = line->participant;

    if (participant != NULL) {
        const bool idle =
            !peers_is_active(&participant->peers) && guests_stream(participant->guest) == NULL;
        if (idle && participant->all->lost >= PARTICIPANT_IDLE_LOST_MAX) {
            part(participant);
        } else {
            detach(participant);
            recount(participant);
        }
    }
    free(line);
}

void participant_receive(struct participant_line *line, const json_t *value)
{
    const struct request request = request_read(value);

    send_line(line, value != NULL ? answer(line, &request)
                                  : request_error(&request, "bad-json", "This is not JSON."));
}

void participant_refuse(struct participant_line *line, const char *code, const char *message)
{
    const struct request unread = {0};

    send_line(line, request_error(&unread, code, message));
}
