#include "signaling/relay_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/name.h"
#include "signaling/name_table.h"
#include "signaling/request.h"

enum { SEATS = 2, RECIPIENTS_FIRST = 64, LOG_LINE_CHARS_MAX = 512 };

/* A place in a room. */
struct relay_seat {
    struct relay_client *client; /* NULL: free */
    struct relay_room *room;
    struct relay_seat *next; /* of the client */
    bool created;            /* the client was told that it made the room */
};

struct relay_room {
    struct name_entry entry; /* first: see find_room */
    struct relay_seat seats[SEATS];
    char name[]; /* terminated */
};

struct relay_rooms {
    struct relay_settings settings;
    struct relay_outlet outlet;
    struct name_table rooms; /* each with a member */
    struct relay_client *lobby;
    size_t lobby_count;
    struct relay_client **to; /* those that the event under way goes to */
    size_t to_count;
    size_t to_room;
    uint64_t delivery;
};

/* -- telling -- */

static void to_nobody(struct relay_rooms *rooms)
{
    rooms->to_count = 0;
    rooms->delivery++;
}

/* Each client once, however many rooms it shares with the sender. */
static void to_add(struct relay_rooms *rooms, struct relay_client *client)
{
    if (client->gathered == rooms->delivery)
        return;
    if (rooms->to_count == rooms->to_room) {
        const size_t wanted = rooms->to_room > 0 ? 2 * rooms->to_room : RECIPIENTS_FIRST;
        struct relay_client **to = realloc(rooms->to, wanted * sizeof(struct relay_client *));
        if (to == NULL)
            return; /* it misses an event, as it does when its queue is full */
        rooms->to = to;
        rooms->to_room = wanted;
    }
    client->gathered = rooms->delivery;
    rooms->to[rooms->to_count++] = client;
}

static void to_others(struct relay_rooms *rooms, const struct relay_client *sender)
{
    to_nobody(rooms);
    for (const struct relay_seat *seat = sender->seats; seat != NULL; seat = seat->next) {
        for (unsigned i = 0; i < SEATS; i++) {
            struct relay_client *member = seat->room->seats[i].client;
            if (member != NULL && member != sender)
                to_add(rooms, member);
        }
    }
    if (sender->seats != NULL)
        return;
    for (struct relay_client *other = rooms->lobby; other != NULL; other = other->next)
        if (other != sender)
            to_add(rooms, other);
}

static void deliver(struct relay_rooms *rooms, const struct relay_event *event)
{
    if (rooms->to_count > 0 && (event->arguments != NULL || event->original != NULL))
        rooms->outlet.deliver(rooms->outlet.context, event, rooms->to, rooms->to_count);
}

/* Takes arguments. */
static void deliver_own(struct relay_rooms *rooms, const char *name, json_t *arguments)
{
    deliver(rooms, &(struct relay_event){.name = name, .arguments = arguments});
    json_decref(arguments);
}

static void tell(struct relay_rooms *rooms, struct relay_client *client, const char *name,
                 json_t *arguments)
{
    to_nobody(rooms);
    to_add(rooms, client);
    deliver_own(rooms, name, arguments);
}

/* -- the lobby -- */

static void lobby_add(struct relay_rooms *rooms, struct relay_client *client)
{
    client->previous = NULL;
    client->next = rooms->lobby;
    if (client->next != NULL)
        client->next->previous = client;
    rooms->lobby = client;
    rooms->lobby_count++;
}

static void lobby_remove(struct relay_rooms *rooms, struct relay_client *client)
{
    if (client->previous != NULL)
        client->previous->next = client->next;
    else
        rooms->lobby = client->next;
    if (client->next != NULL)
        client->next->previous = client->previous;
    rooms->lobby_count--;
}

/* -- rooms -- */

static struct relay_room *find_room(const struct relay_rooms *rooms, const char *name)
{
    struct name_entry *entry = name_table_find(&rooms->rooms, name);

    return (struct relay_room *)entry; /* its first member */
}

static struct relay_room *make_room(struct relay_rooms *rooms, const char *name)
{
    const size_t name_bytes = strlen(name) + 1;
    struct relay_room *room = calloc(1, sizeof *room + name_bytes);

    if (room == NULL)
        return NULL;
    memcpy(room->name, name, name_bytes);
    room->entry.name = room->name;
    for (unsigned i = 0; i < SEATS; i++)
        room->seats[i].room = room;
    name_table_add(&rooms->rooms, &room->entry);
    return room;
}

static struct relay_seat *seat_of(struct relay_room *room, const struct relay_client *client)
{
    for (unsigned i = 0; i < SEATS; i++)
        if (room->seats[i].client == client)
            return &room->seats[i];
    return NULL;
}

static void sit_down(struct relay_rooms *rooms, struct relay_client *client,
                     struct relay_seat *seat, bool created)
{
    if (client->seats == NULL)
        lobby_remove(rooms, client);
    seat->client = client;
    seat->created = created;
    seat->next = client->seats;
    client->seats = seat;
    client->rooms++;
}

/* Out of all rooms, and not in the lobby either. */
static void stand_up(struct relay_rooms *rooms, struct relay_client *client)
{
    while (client->seats != NULL) {
        struct relay_seat *seat = client->seats;
        struct relay_room *room = seat->room;
        client->seats = seat->next;
        seat->client = NULL;
        if (room->seats[0].client == NULL && room->seats[1].client == NULL) {
            name_table_remove(&rooms->rooms, &room->entry);
            free(room);
        }
    }
    client->rooms = 0;
}

/* -- create or join -- */

/* What the server did, as the tutorials show it in the console. */
static void tell_log(struct relay_rooms *rooms, struct relay_client *client, const char *what,
                     const char *room)
{
    char line[LOG_LINE_CHARS_MAX];

    (void)snprintf(line, sizeof line, "Client ID %s %s room %s", client->id, what, room);
    tell(rooms, client, "log", json_pack("[[s, s]]", "Message from server:", line));
}

static void tell_place(struct relay_rooms *rooms, struct relay_client *client,
                       const struct relay_seat *seat)
{
    const char *room = seat->room->name;

    tell(rooms, client, seat->created ? "created" : "joined",
         json_pack("[s, s]", room, client->id));
}

static json_t *create(struct relay_rooms *rooms, struct relay_client *client, const char *name)
{
    static const struct request asked = {.type = "create or join"};
    struct relay_room *room =
        rooms->rooms.count < rooms->settings.rooms_max ? make_room(rooms, name) : NULL;

    if (room == NULL)
        return request_error(&asked, "full", "The server has no room for another room now.");
    sit_down(rooms, client, &room->seats[0], true);
    tell_place(rooms, client, &room->seats[0]);
    tell_log(rooms, client, "created", name);
    return NULL;
}

static void join(struct relay_rooms *rooms, struct relay_client *client, struct relay_room *room)
{
    struct relay_seat *seat = seat_of(room, NULL);

    if (seat == NULL) {
        tell(rooms, client, "full", json_pack("[s]", room->name));
        tell_log(rooms, client, "found no place in", room->name);
        return;
    }
    for (unsigned i = 0; i < SEATS; i++)
        if (room->seats[i].client != NULL)
            tell(rooms, room->seats[i].client, "join", json_pack("[s]", room->name));
    sit_down(rooms, client, seat, false);
    tell_place(rooms, client, seat);
    to_nobody(rooms);
    for (unsigned i = 0; i < SEATS; i++)
        to_add(rooms, room->seats[i].client);
    deliver_own(rooms, "ready", json_pack("[s]", room->name));
    tell_log(rooms, client, "joined", room->name);
}

static json_t *on_create_or_join(struct relay_rooms *rooms, struct relay_client *client,
                                 const struct relay_event *event)
{
    static const struct request asked = {.type = "create or join"};
    const json_t *argument = json_array_get(event->arguments, 0);
    const char *name = json_string_value(argument);

    if (name == NULL || !name_is_valid(name, json_string_length(argument)))
        return request_error(&asked, "bad-room", "A room's name is 1 to 64 characters.");
    struct relay_room *room = find_room(rooms, name);
    const struct relay_seat *seat = room != NULL ? seat_of(room, client) : NULL;
    if (seat != NULL) {
        tell_place(rooms, client, seat);
        tell_log(rooms, client, "is already in", name);
        return NULL;
    }
    if (client->rooms >= rooms->settings.rooms_per_client_max)
        return request_error(&asked, "full", "Too many rooms on one connection.");
    if (room == NULL)
        return create(rooms, client, name);
    join(rooms, client, room);
    return NULL;
}

/* -- the other events -- */

/* The object that argument is the text of: a new reference, NULL when it is no such text. */
static json_t *parse_object(const json_t *argument)
{
    const char *text = json_string_value(argument);
    const size_t bytes = json_string_length(argument);
    json_t *object = NULL;

    if (text == NULL)
        return NULL;
    object = json_loadb(text, bytes, JSON_ALLOW_NUL, NULL);
    if (object == NULL) /* a number may be beyond what an integer holds */
        object = json_loadb(text, bytes, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

/* The arguments with each text that is a JSON object as that object, a new reference; NULL when
 * there is no such text. A tutorial's server parses what it relays. */
static json_t *parse_objects(json_t *arguments)
{
    json_t *parsed = NULL;
    json_t *argument;
    size_t i;

    json_array_foreach(arguments, i, argument)
    {
        json_t *object = parse_object(argument);
        if (object != NULL && parsed == NULL)
            parsed = json_copy(arguments);
        if (object != NULL)
            json_array_set_new(parsed, i, object);
    }
    return parsed;
}

static json_t *on_message(struct relay_rooms *rooms, struct relay_client *client,
                          const struct relay_event *event)
{
    /* Beside binary data an object could pass for the mark of some: nothing is parsed there. */
    const bool parses = client->seats == NULL && !event->binary;

    to_others(rooms, client);
    json_t *parsed = parses && rooms->to_count > 0 ? parse_objects(event->arguments) : NULL;
    if (parsed != NULL)
        deliver_own(rooms, event->name, parsed);
    else
        deliver(rooms, event);
    return NULL;
}

static json_t *on_ipaddr(struct relay_rooms *rooms, struct relay_client *client,
                         const struct relay_event *event)
{
    struct host_addresses addresses = {.count = 0};

    (void)event;
    rooms->outlet.read_addresses(&addresses);
    for (unsigned i = 0; i < addresses.count; i++) {
        const struct host_address *address = &addresses.address[i];
        if (host_address_is_ipv4(address->rank) && !host_address_is_loopback(address->rank))
            tell(rooms, client, "ipaddr", json_pack("[s]", address->text));
    }
    return NULL;
}

static void tell_bye(struct relay_rooms *rooms, const struct relay_client *client)
{
    if (client->seats == NULL && rooms->lobby_count > rooms->settings.lobby_told_max)
        return;
    to_others(rooms, client);
    deliver_own(rooms, "bye", json_pack("[s]", client->id));
}

static json_t *on_bye(struct relay_rooms *rooms, struct relay_client *client,
                      const struct relay_event *event)
{
    (void)event;
    tell_bye(rooms, client);
    if (client->seats != NULL) {
        stand_up(rooms, client);
        lobby_add(rooms, client);
    }
    return NULL;
}

/* -- */

static bool is_always(const json_t *argument, const struct relay_media *media)
{
    (void)argument;
    (void)media;
    return true;
}

static bool names_open_peer(const json_t *argument, const struct relay_media *media)
{
    const char *id = json_string_value(json_object_get(argument, "id"));

    return id != NULL && media->is_open != NULL && media->is_open(media->context, id);
}

static bool is_offer(const json_t *argument, const struct relay_media *media)
{
    return json_object_get(argument, "publish") == NULL &&
           json_object_get(argument, "subscribe") == NULL && !names_open_peer(argument, media);
}

static bool is_candidate(const json_t *argument, const struct relay_media *media)
{
    return !media->joined && !names_open_peer(argument, media);
}

static bool is_bye(const json_t *argument, const struct relay_media *media)
{
    (void)media;
    return json_object_get(argument, "id") == NULL;
}

struct relay_kind {
    const char *name;
    bool (*is_ours)(const json_t *argument, const struct relay_media *media);
    json_t *(*take)(struct relay_rooms *rooms, struct relay_client *client,
                    const struct relay_event *event);
};

static const struct relay_kind KINDS[] = {
    {"create or join", is_always, on_create_or_join},
    {"message", is_always, on_message},
    {"offer", is_offer, on_message},
    {"answer", is_always, on_message},
    {"candidate", is_candidate, on_message},
    {"ipaddr", is_always, on_ipaddr},
    {"bye", is_bye, on_bye},
};

static const struct relay_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
        if (strcmp(KINDS[i].name, name) == 0)
            return &KINDS[i];
    return NULL;
}

bool relay_rooms_is_event(const char *name, const json_t *arguments,
                          const struct relay_media *media)
{
    const struct relay_kind *kind = find_kind(name);

    return kind != NULL && kind->is_ours(json_array_get(arguments, 0), media);
}

json_t *relay_rooms_take(struct relay_rooms *rooms, struct relay_client *client,
                         const struct relay_event *event)
{
    return find_kind(event->name)->take(rooms, client, event);
}

void relay_rooms_enter(struct relay_rooms *rooms, struct relay_client *client)
{
    lobby_add(rooms, client);
}

void relay_rooms_leave(struct relay_rooms *rooms, struct relay_client *client)
{
    tell_bye(rooms, client);
    if (client->seats != NULL)
        stand_up(rooms, client);
    else
        lobby_remove(rooms, client);
}

enum status relay_rooms_create(const struct relay_settings *settings,
                               const struct relay_outlet *outlet, struct relay_rooms **created)
{
    struct relay_rooms *rooms = calloc(1, sizeof *rooms);

    if (rooms == NULL)
        return STATUS_NO_MEMORY;
    const enum status status = name_table_init(&rooms->rooms);
    if (status != STATUS_OK) {
        free(rooms);
        return status;
    }
    rooms->settings = *settings;
    rooms->outlet = *outlet;
    *created = rooms;
    return STATUS_OK;
}

void relay_rooms_destroy(struct relay_rooms *rooms)
{
    if (rooms == NULL)
        return;
    name_table_close(&rooms->rooms);
    free(rooms->to);
    free(rooms);
}

size_t relay_rooms_count(const struct relay_rooms *rooms)
{
    return rooms->rooms.count;
}
