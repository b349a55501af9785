#include "signaling/api.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mono.h"
#include "signaling/description.h"
#include "signaling/http_session.h"
#include "signaling/ice_servers.h"
#include "signaling/name.h"
#include "signaling/participant.h"
#include "signaling/request.h"
#include "signaling/room_report.h"
#include "signaling/server_report.h"

/* Takes value. */
static void answer_json(struct exchange *exchange, json_t *value)
{
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;

    json_decref(value);
    if (text == NULL) {
        exchange_problem(exchange, 503, "The server is out of memory.");
        return;
    }
    exchange_header(exchange, "Cache-Control", "no-store");
    exchange_answer(exchange, 200, "application/json", text, strlen(text));
    free(text);
}

/* A stream as members know it, and what operators want to know beside. */
static json_t *stream_json(const struct directory_stream *stream)
{
    const struct stream_report *report = &stream->report;
    json_t *described = description_of_stream(stream);

    json_object_set_new(described, "viewers", json_integer(stream->viewers));
    json_object_set_new(described, "sound", description_of_sound(&stream->sound));
    json_object_set_new(
        described, "kbps",
        json_integer((report->bitrate_bps[TRACK_AUDIO] + report->bitrate_bps[TRACK_VIDEO]) / 1000));
    json_object_set_new(described, "bitrate_bps",
                        json_pack("{s:I, s:I}", "audio",
                                  (json_int_t)report->bitrate_bps[TRACK_AUDIO], "video",
                                  (json_int_t)report->bitrate_bps[TRACK_VIDEO]));
    json_object_set_new(described, "packets_lost",
                        json_pack("{s:I, s:I}", "audio",
                                  (json_int_t)report->packets_lost[TRACK_AUDIO], "video",
                                  (json_int_t)report->packets_lost[TRACK_VIDEO]));
    return described;
}

static json_t *room_json(const struct directory_room *room)
{
    json_t *streams = json_array();
    bool live = false;

    for (const struct directory_stream *stream = directory_streams(room); stream != NULL;
         stream = stream->next) {
        if (stream->announced) {
            json_array_append_new(streams, stream_json(stream));
            live = live || directory_stream_is_live(stream);
        }
    }
    return json_pack("{s:s, s:b, s:I, s:o}", "room", directory_room_name(room), "live", live,
                     "viewers", (json_int_t)directory_viewers(room), "streams", streams);
}

static bool add_room(void *context, struct directory_room *room)
{
    json_array_append_new(context, room_json(room));
    return true;
}

/* Puts `sessions`, at most most of them, by number: the public ID is their owners' secret; and
 * `sessions_total`. */
static void add_sessions(json_t *report, const struct directory_room *room, unsigned most,
                         int64_t now_ns)
{
    json_t *sessions = json_array();
    unsigned total = 0;

    for (const struct directory_stream *stream = directory_streams(room); stream != NULL;
         stream = stream->next) {
        for (const struct session *session = stream->sessions; session != NULL;
             session = session->stream_next) {
            if (total++ >= most)
                continue;
            json_array_append_new(
                sessions, json_pack("{s:I, s:s, s:s, s:b, s:I}", "session",
                                    (json_int_t)session->number, "stream", stream->name, "kind",
                                    session->kind == SESSION_PUBLISHER ? "publisher" : "viewer",
                                    "connected", session->state == SESSION_CONNECTED, "age_ms",
                                    (json_int_t)mono_to_ms(now_ns - session->opened_ns)));
        }
    }
    json_object_set_new(report, "sessions", sessions);
    json_object_set_new(report, "sessions_total", json_integer(total));
}

static bool may_administer(const struct endpoint *endpoint, const struct exchange *exchange,
                           const char *room, struct access_answer *access)
{
    endpoint_ask(endpoint, ACCESS_ADMINISTER, room, http_session_token(exchange), access);
    return access->status == STATUS_OK;
}

/* `limit` of the query; out of range or none: the default. */
static unsigned sessions_wanted(const struct exchange *exchange)
{
    static const char key[] = "limit=";

    for (const char *at = exchange_query(exchange); at[0] != '\0'; at += at[0] == '&') {
        const size_t bytes = strcspn(at, "&");

        if (strncmp(at, key, strlen(key)) == 0) {
            const unsigned long limit = strtoul(at + strlen(key), NULL, 10);
            return limit == 0 || limit > ROOM_REPORT_SESSIONS_MAX ? ROOM_REPORT_SESSIONS
                                                                  : (unsigned)limit;
        }
        at += bytes;
    }
    return ROOM_REPORT_SESSIONS;
}

static void answer_server(struct endpoint *endpoint, struct exchange *exchange, const char *name)
{
    struct access_answer access;

    (void)name;
    if (may_administer(endpoint, exchange, NULL, &access))
        answer_json(exchange, server_report_make(endpoint));
    else
        http_session_refuse_access(exchange, &access);
}

static void answer_rooms(struct endpoint *endpoint, struct exchange *exchange, const char *name)
{
    (void)name;
    json_t *rooms = json_array();

    directory_each(endpoint_directory(endpoint), add_room, rooms);
    answer_json(exchange, json_pack("{s:o}", "rooms", rooms));
}

/* For a call, whose two browsers join no media room that would tell them. */
static void answer_ice_servers(struct endpoint *endpoint, struct exchange *exchange,
                               const char *name)
{
    (void)name;
    answer_json(exchange,
                json_pack("{s:o}", "iceServers", ice_servers_json(endpoint_config(endpoint))));
}

/* NULL: there is none of that name. */
static const struct directory_room *find_room(const struct endpoint *endpoint, const char *segment,
                                              size_t segment_bytes)
{
    char name[NAME_BYTES_MAX + 1];

    return name_decode(segment, segment_bytes, name) == STATUS_OK
               ? directory_find(endpoint_directory(endpoint), name)
               : NULL;
}

static void answer_room(struct endpoint *endpoint, struct exchange *exchange, const char *segment)
{
    if (segment[0] == '\0') {
        answer_rooms(endpoint, exchange, segment);
        return;
    }
    const struct directory_room *room = find_room(endpoint, segment, strlen(segment));

    if (room == NULL) {
        exchange_problem(exchange, 404, "Nobody is in such a room.");
        return;
    }
    json_t *described = room_json(room);
    const int64_t now_ns = endpoint_now_ns(endpoint);
    struct access_answer access;

    if (may_administer(endpoint, exchange, directory_room_name(room), &access))
        room_report_add_sessions(described, room, sessions_wanted(exchange), now_ns);
    else
        add_sessions(described, room, sessions_wanted(exchange), now_ns);
    answer_json(exchange, described);
}

/* Finds the session by its secret ID or by its number. */
static struct session *find_session(const struct endpoint *endpoint, const char *name)
{
    struct session_table *sessions = endpoint_sessions(endpoint);
    struct session *session = session_table_by_id(sessions, name, strlen(name));
    char *end;

    if (session != NULL || strspn(name, "0123456789") != strlen(name))
        return session;
    session = session_table_by_number(sessions, strtoull(name, &end, 10));
    return session != NULL && session->state != SESSION_ENDING ? session : NULL;
}

/* Who may publish in a room may end its sessions. Where anyone may, the secret is needed, or the
 * operator's key: with numbers alone anybody would end anybody's session. */
static enum access_right right_to_kick(const struct endpoint *endpoint, const char *name)
{
    const bool is_number = strspn(name, "0123456789") == strlen(name);

    return !is_number || access_is_guarded(endpoint_config(endpoint), ACCESS_PUBLISH)
               ? ACCESS_PUBLISH
               : ACCESS_ADMINISTER;
}

static void kick(struct endpoint *endpoint, struct exchange *exchange, const char *name)
{
    struct access_answer access;
    struct session *session = find_session(endpoint, name);
    const struct directory_stream *stream = session != NULL ? session->stream : NULL;
    const char *room = stream != NULL ? directory_room_name(stream->room) : NULL;

    endpoint_ask(endpoint, right_to_kick(endpoint, name), room, http_session_token(exchange),
                 &access);
    if (access.status != STATUS_OK) {
        http_session_refuse_access(exchange, &access);
        return;
    }
    if (session == NULL) {
        exchange_problem(exchange, 404, "There is no such session, or it is over.");
        return;
    }
    endpoint_kick(endpoint, session, "kicked");
    exchange_answer(exchange, 200, NULL, NULL, 0);
}

/* Does what the body says ({from, off?}) about one in room. */
static void mute_as_told(const struct directory_room *room, struct exchange *exchange)
{
    size_t body_bytes;
    const char *body = exchange_body(exchange, &body_bytes);
    json_t *value = json_loadb(body, body_bytes, 0, NULL);
    const struct request request = request_read(value);
    const char *from;
    bool off;

    if (request_text(&request, "from", 1, DIRECTORY_FROM_CHARS, &from) != STATUS_OK ||
        request_flag(&request, "off", &off) != STATUS_OK)
        exchange_problem(exchange, 400, "The body is JSON: from, a text, and perhaps off, a bool.");
    else if (participant_mute(room, from, off) != STATUS_OK)
        exchange_problem(exchange, 404, "There is nobody of that name in the room.");
    else
        answer_json(exchange, json_pack("{s:s, s:b}", "from", from, "muted", !off));
    json_decref(value);
}

static void mute(struct endpoint *endpoint, struct exchange *exchange, const char *segment)
{
    struct access_answer access;
    const struct directory_room *room = find_room(endpoint, segment, strcspn(segment, "/"));

    endpoint_ask(endpoint, ACCESS_ADMINISTER, room != NULL ? directory_room_name(room) : NULL,
                 http_session_token(exchange), &access);
    if (access.status != STATUS_OK)
        http_session_refuse_access(exchange, &access);
    else if (room == NULL)
        exchange_problem(exchange, 404, "Nobody is in such a room.");
    else
        mute_as_told(room, exchange);
}

/* Without an operator's key nobody drains a server over HTTP: behind a proxy everyone comes from
 * loopback. */
static void drain(struct endpoint *endpoint, struct exchange *exchange, const char *name)
{
    struct access_answer access;

    (void)name;
    if (!may_administer(endpoint, exchange, NULL, &access)) {
        http_session_refuse_access(exchange, &access);
        return;
    }
    endpoint_drain(endpoint);
    answer_json(exchange, json_pack("{s:b, s:I}", "draining", true, "ends_in_ms",
                                    (json_int_t)mono_to_ms(endpoint_drain_left_ns(endpoint))));
}

struct route {
    const char *path;
    /* NULL: the path is whole. Else a name follows, the handler's, and then this. */
    const char *after_name;
    enum http_method method; /* HTTP_GET: HEAD too */
    void (*handle)(struct endpoint *endpoint, struct exchange *exchange, const char *name);
};

static const struct route ROUTES[] = {
    {"/api/rooms", NULL, HTTP_GET, answer_rooms},
    {"/api/rooms/", "/mute", HTTP_POST, mute},
    {"/api/rooms/", "", HTTP_GET, answer_room},
    {"/api/sessions/", "", HTTP_DELETE, kick},
    {"/api/server", NULL, HTTP_GET, answer_server},
    {"/api/drain", NULL, HTTP_POST, drain},
    {"/api/ice-servers", NULL, HTTP_GET, answer_ice_servers},
};

static bool matches(const struct route *route, const char *path)
{
    const size_t path_bytes = strlen(path);
    const size_t route_bytes = strlen(route->path);

    if (route->after_name == NULL)
        return strcmp(path, route->path) == 0;
    const size_t after_bytes = strlen(route->after_name);
    return path_bytes >= route_bytes + after_bytes &&
           strncmp(path, route->path, route_bytes) == 0 &&
           strcmp(path + path_bytes - after_bytes, route->after_name) == 0;
}

static const struct route *find_route(const char *path)
{
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++)
        if (matches(&ROUTES[i], path))
            return &ROUTES[i];
    return NULL;
}

static const char *allowed(enum http_method method)
{
    if (method == HTTP_DELETE)
        return "OPTIONS, DELETE";
    return method == HTTP_POST ? "OPTIONS, POST" : "OPTIONS, GET, HEAD";
}

void api_handle(struct endpoint *endpoint, struct exchange *exchange)
{
    const char *path = exchange_path(exchange);
    const struct route *route = find_route(path);
    enum http_method method = exchange_method(exchange);

    if (method == HTTP_HEAD)
        method = HTTP_GET;
    if (route == NULL)
        exchange_problem(exchange, 404, "There is nothing at this address.");
    else if (method == HTTP_OPTIONS)
        http_session_options(exchange, allowed(route->method), NULL);
    else if (method != route->method)
        http_session_refuse_method(exchange, allowed(route->method));
    else
        route->handle(endpoint, exchange, path + strlen(route->path));
}

void api_print_routes(void)
{
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++) {
        const char *name = ROUTES[i].after_name != NULL ? "{}" : "";
        const char *after = ROUTES[i].after_name != NULL ? ROUTES[i].after_name : "";
        (void)printf("%s %s%s%s\n",
                     ROUTES[i].method == HTTP_GET      ? "GET"
                     : ROUTES[i].method == HTTP_DELETE ? "DELETE"
                                                       : "POST",
                     ROUTES[i].path, name, after);
    }
}
