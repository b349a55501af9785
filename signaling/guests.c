#include "signaling/guests.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/mono.h"
#include "signaling/name.h"

enum { STREAM_CHARS = sizeof "guest-4294967295" };

enum guest_state {
    GUEST_ASKING,
    GUEST_SEATED, /* was let in */
    GUEST_OVER,   /* kept until it may ask again */
};

/* What it was told when it ended. */
static const char refused[] = "refused";
static const char dismissed[] = "dismissed";
static const char expired[] = "expired";
static const char ended[] = "ended";

struct guest_room {
    struct guests *all;
    char name[NAME_BYTES_MAX + 1];
    struct guest *first; /* the longest here first */
    uint64_t told;       /* session of main when the hosts last heard the list */
    bool is_news;        /* the list has changed since */
};

struct guest {
    struct guest_room *room;
    struct guest *next;
    struct guest **place;
    struct peers *peers;
    enum guest_state state;
    int64_t asked_ns;
    int64_t used_ns; /* seated: last seen publishing */
    char stream[STREAM_CHARS];
    char from[DIRECTORY_FROM_CHARS + 1];
    char name[NAME_BYTES_MAX + 1];
};

struct guests {
    struct endpoint *endpoint;
    struct guests_outlet outlet;
    GHashTable *rooms; /* guest_room->name: struct guest_room, owned; each costs a live stream */
};

/* Rooms. */

static void room_free(void *context)
{
    struct guest_room *room = context;

    while (room->first != NULL) {
        struct guest *guest = room->first;
        room->first = guest->next;
        free(guest);
    }
    free(room);
}

static struct guest_room *room_open(struct guests *guests, const char *name)
{
    struct guest_room *room = g_hash_table_lookup(guests->rooms, name);

    if (room == NULL && (room = calloc(1, sizeof *room)) != NULL) {
        room->all = guests;
        (void)snprintf(room->name, sizeof room->name, "%s", name);
        g_hash_table_insert(guests->rooms, room->name, room);
    }
    return room;
}

static unsigned count(const struct guest_room *room, enum guest_state state)
{
    unsigned found = 0;

    for (const struct guest *guest = room != NULL ? room->first : NULL; guest != NULL;
         guest = guest->next)
        found += guest->state == state;
    return found;
}

static struct directory_stream *find_stream(const struct guests *guests, const char *room,
                                            const char *stream)
{
    return directory_stream_find(endpoint_directory(guests->endpoint), room, stream);
}

/* The client that publishes the room's main stream over this protocol, or NULL. */
static struct peers *find_host(const struct guests *guests, const char *room)
{
    const struct directory_stream *stream = find_stream(guests, room, "main");
    const struct session *session =
        stream != NULL
            ? session_table_by_number(endpoint_sessions(guests->endpoint), stream->publisher)
            : NULL;

    return session != NULL ? peers_of(session) : NULL;
}

/* Where nobody publishes main over this protocol, it is a program, or one that is away: then those
 * decide who could have published it. */
static bool is_host(const struct guests *guests, const struct guests_client *client)
{
    const struct peers *host = find_host(guests, client->room);

    return host != NULL ? host == client->peers
                        : client->may_host && find_stream(guests, client->room, "main") != NULL;
}

/* The end of guests. */

static void tell(const struct guest *guest, json_t *message)
{
    guest->peers->send(guest->peers->context, message);
}

static json_t *make_accepted(const struct guest *guest)
{
    return json_pack("{s:s, s:s}", "type", "accepted", "stream", guest->stream);
}

static json_t *make_declined(const char *reason)
{
    return json_pack("{s:s, s:s}", "type", "declined", "reason", reason);
}

static void log_guest(const struct guest *guest, const char *what)
{
    char room[128];

    log_quote(room, sizeof room, guest->room->name);
    LOG_INFO("guests", "%s room=\"%s\" stream=\"%s\" from=%s", what, room, guest->stream,
             guest->from);
}

/* Leaves the stage, or the queue before it. */
static void end(struct guest *guest, const char *reason)
{
    const struct guests *guests = guest->room->all;
    const enum guest_state state = guest->state;

    if (state == GUEST_OVER)
        return;
    guest->state = GUEST_OVER; /* first: what follows calls back */
    guest->room->is_news = true;
    if (state != GUEST_SEATED)
        return;
    log_guest(guest, reason);
    peers_end_stream(guest->peers, guest->stream, dismissed);
    struct directory_stream *stream = find_stream(guests, guest->room->name, guest->stream);
    if (stream != NULL)
        directory_stream_forgo(endpoint_directory(guests->endpoint), stream);
}

static void unlink_guest(struct guest **link)
{
    struct guest *guest = *link;

    *link = guest->next;
    *guest->place = NULL;
    free(guest);
}

static void drop(struct guest *guest)
{
    struct guest **link = &guest->room->first;

    while (*link != guest)
        link = &(*link)->next;
    unlink_guest(link);
}

/* What guests ask. */

static json_t *on_withdraw(struct guests *guests, const struct request *request,
                           const struct guests_client *client)
{
    (void)guests;
    (void)request;
    if (*client->guest != NULL)
        end(*client->guest, "withdrawn");
    return json_pack("{s:s}", "type", "withdrawn");
}

/* Why nobody may ask in this room now: the error, or NULL. */
static json_t *refuse_ask(const struct guests *guests, const struct request *request,
                          const struct guests_client *client)
{
    const struct config *config = endpoint_config(guests->endpoint);
    const struct guest_room *room = g_hash_table_lookup(guests->rooms, client->room);
    const struct directory_stream *stream = find_stream(guests, client->room, "main");
    const struct peers *host = find_host(guests, client->room);

    if (stream == NULL)
        return request_error(request, "no-stream", "Nobody is live here.");
    if (host == NULL && stream->publisher != 0 &&
        guests->outlet.tell_hosts(guests->outlet.context, client->room, NULL) == 0) {
        return request_error(request, "no-stream",
                             "Who is live here uses a program, and nobody takes guests for it.");
    }
    if (host == client->peers)
        return request_error(request, "bad-message", "The host need not ask.");
    if (count(room, GUEST_SEATED) >= config->guests_max)
        return request_error(request, "full", "There are as many guests as may be.");
    if (count(room, GUEST_ASKING) >= config->guests_asking_max)
        return request_error(request, "full", "Too many are asking already.");
    return NULL;
}

static struct guest *add(struct guests *guests, const struct guests_client *client)
{
    struct guest *guest = calloc(1, sizeof *guest);
    struct guest_room *room = guest != NULL ? room_open(guests, client->room) : NULL;
    if (room == NULL) {
        free(guest);
        return NULL;
    }
    struct guest **link = &room->first;
    while (*link != NULL)
        link = &(*link)->next;
    *link = guest;
    guest->room = room;
    guest->place = client->guest;
    guest->peers = client->peers;
    (void)snprintf(guest->from, sizeof guest->from, "%s", client->from);
    (void)snprintf(guest->name, sizeof guest->name, "%s", client->name);
    guest->asked_ns = endpoint_now_ns(guests->endpoint);
    room->is_news = true;
    *client->guest = guest;
    return guest;
}

/* Asking again changes nothing, and tells who came back where it stands. */
static json_t *on_ask(struct guests *guests, const struct request *request,
                      const struct guests_client *client)
{
    const struct guest *guest = *client->guest;

    if (guest != NULL && guest->state == GUEST_SEATED)
        return make_accepted(guest);
    if (guest == NULL || guest->state == GUEST_OVER) {
        json_t *error = refuse_ask(guests, request, client);
        if (error != NULL)
            return error;
        if (guest != NULL)
            return request_error(request, "too-fast", "Wait a moment before you ask again.");
        if (add(guests, client) == NULL)
            return request_error(request, "full", "The server has no memory left.");
    }
    return json_pack("{s:s}", "type", "asking");
}

/* What the host decides. */

static bool is_taken(const struct guest_room *room, const char *stream)
{
    for (const struct guest *guest = room->first; guest != NULL; guest = guest->next)
        if (guest->state == GUEST_SEATED && strcmp(guest->stream, stream) == 0)
            return true;
    return find_stream(room->all, room->name, stream) != NULL;
}

static void seat(struct guest *guest)
{
    unsigned number = 1;

    do {
        (void)snprintf(guest->stream, sizeof guest->stream, "guest-%u", number++);
    } while (is_taken(guest->room, guest->stream));
    guest->state = GUEST_SEATED;
    guest->used_ns = endpoint_now_ns(guest->room->all->endpoint);
    guest->room->is_news = true;
    log_guest(guest, "accepted");
    tell(guest, make_accepted(guest));
}

/* The guest whom a host's message names; NULL: *error says why not. */
static struct guest *find_named(const struct guests *guests, const struct request *request,
                                const struct guests_client *client, json_t **error)
{
    const struct guest_room *room = g_hash_table_lookup(guests->rooms, client->room);
    const char *to;

    if (request_text(request, "to", 1, DIRECTORY_FROM_CHARS, &to) != STATUS_OK) {
        *error = request_error(request, "bad-message", "to must say whom.");
        return NULL;
    }
    if (!is_host(guests, client)) {
        *error = request_error(request, "forbidden", "Only the room's host decides on guests.");
        return NULL;
    }
    for (struct guest *guest = room != NULL ? room->first : NULL; guest != NULL;
         guest = guest->next)
        if (guest->state != GUEST_OVER && strcmp(guest->from, to) == 0)
            return guest;
    *error = request_error(request, "bad-message", "Nobody of that id asks or is a guest.");
    return NULL;
}

static json_t *on_accept(struct guests *guests, const struct request *request,
                         const struct guests_client *client)
{
    json_t *error = NULL;
    struct guest *guest = find_named(guests, request, client, &error);

    if (guest == NULL || guest->state == GUEST_SEATED)
        return error;
    if (count(guest->room, GUEST_SEATED) >= endpoint_config(guests->endpoint)->guests_max)
        return request_error(request, "full", "There are as many guests as may be.");
    seat(guest);
    return NULL;
}

static json_t *on_decline(struct guests *guests, const struct request *request,
                          const struct guests_client *client)
{
    json_t *error = NULL;
    struct guest *guest = find_named(guests, request, client, &error);

    if (guest == NULL)
        return error;
    const char *reason = guest->state == GUEST_SEATED ? dismissed : refused;
    end(guest, reason);
    tell(guest, make_declined(reason));
    return NULL;
}

json_t *guests_receive(struct guests *guests, const struct request *request,
                       const struct guests_client *client)
{
    static const struct {
        const char *type;
        json_t *(*handle)(struct guests *guests, const struct request *request,
                          const struct guests_client *client);
    } kinds[] = {
        {"ask", on_ask},
        {"withdraw", on_withdraw},
        {"accept", on_accept},
        {"decline", on_decline},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].type, request->type) == 0)
            return kinds[i].handle(guests, request, client);
    return request_error(request, "unknown-type", "There is no message of that type.");
}

const char *guests_stream(const struct guest *guest)
{
    return guest != NULL && guest->state == GUEST_SEATED ? guest->stream : NULL;
}

void guests_greet(const struct guests *guests, const char *room)
{
    struct guest_room *found = g_hash_table_lookup(guests->rooms, room);

    if (found != NULL)
        found->is_news = true;
}

void guests_lose(struct guest *guest)
{
    if (guest != NULL && guest->state == GUEST_ASKING) {
        guest->room->is_news = true;
        drop(guest);
    }
}

void guests_forget(struct guest *guest)
{
    if (guest != NULL) {
        end(guest, "left");
        drop(guest);
    }
}

/* Time. */

static json_t *make_list(const struct guests *guests, const struct guest_room *room)
{
    json_t *asking = json_array();
    json_t *seated = json_array();

    for (const struct guest *guest = room->first; guest != NULL; guest = guest->next) {
        if (guest->state == GUEST_ASKING) {
            json_array_append_new(
                asking, json_pack("{s:s, s:s}", "from", guest->from, "name", guest->name));
        } else if (guest->state == GUEST_SEATED) {
            json_array_append_new(seated, json_pack("{s:s, s:s, s:s}", "from", guest->from, "name",
                                                    guest->name, "stream", guest->stream));
        }
    }
    return json_pack("{s:s, s:o, s:o, s:I}", "type", "guests", "asking", asking, "seated", seated,
                     "max", (json_int_t)endpoint_config(guests->endpoint)->guests_max);
}

static bool tell_list(const struct guests *guests, const struct guest_room *room)
{
    const struct peers *host = find_host(guests, room->name);
    json_t *list = make_list(guests, room);

    return host != NULL ? host->send(host->context, list)
                        : guests->outlet.tell_hosts(guests->outlet.context, room->name, list) > 0;
}

/* The whole list, so that nothing is missed by a host who comes back; at most once a tick, so that
 * nobody can flood the host. */
static void tell_hosts(const struct guests *guests, struct guest_room *room)
{
    const struct directory_stream *stream = find_stream(guests, room->name, "main");

    if (stream != NULL && (room->is_news || room->told != stream->publisher) &&
        tell_list(guests, room)) {
        room->told = stream->publisher;
        room->is_news = false;
    }
}

static void check(const struct guests *guests, struct guest *guest, bool hosted, int64_t now_ns)
{
    const int64_t grace_ns = endpoint_config(guests->endpoint)->room_grace_ns;
    const int64_t patience_ns = MAX(grace_ns, mono_from_ms(GUESTS_PATIENCE_MS));
    const struct directory_stream *stream =
        guest->state == GUEST_SEATED ? find_stream(guests, guest->room->name, guest->stream) : NULL;

    if (stream != NULL && stream->publisher != 0)
        guest->used_ns = now_ns;
    const bool unused = guest->state == GUEST_SEATED && now_ns - guest->used_ns >= patience_ns;
    if (guest->state != GUEST_OVER && (unused || !hosted)) {
        const char *reason = hosted ? expired : ended;
        end(guest, reason);
        tell(guest, make_declined(reason));
    }
}

/* Returns whether nothing is left of it, all told. */
static bool tick_room(const struct guests *guests, struct guest_room *room, int64_t now_ns)
{
    const int64_t interval_ns = endpoint_config(guests->endpoint)->guests_interval_ns;
    const bool hosted = find_stream(guests, room->name, "main") != NULL;

    for (struct guest *guest = room->first; guest != NULL; guest = guest->next)
        check(guests, guest, hosted, now_ns);
    for (struct guest **link = &room->first; *link != NULL;)
        if ((*link)->state == GUEST_OVER && now_ns - (*link)->asked_ns >= interval_ns)
            unlink_guest(link);
        else
            link = &(*link)->next;
    tell_hosts(guests, room);
    return room->first == NULL && (!room->is_news || !hosted);
}

void guests_tick(struct guests *guests, int64_t now_ns)
{
    GHashTableIter iterator;
    gpointer room;

    g_hash_table_iter_init(&iterator, guests->rooms);
    while (g_hash_table_iter_next(&iterator, NULL, &room))
        if (tick_room(guests, room, now_ns))
            g_hash_table_iter_remove(&iterator);
}

/* Life. */

enum status guests_create(struct endpoint *endpoint, const struct guests_outlet *outlet,
                          struct guests **guests)
{
    struct guests *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->endpoint = endpoint;
    made->outlet = *outlet;
    made->rooms = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, room_free);
    *guests = made;
    return STATUS_OK;
}

void guests_destroy(struct guests *guests)
{
    if (guests == NULL)
        return;
    g_hash_table_destroy(guests->rooms);
    free(guests);
}
