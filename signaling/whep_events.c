#include "signaling/whep_events.h"

#include <glib.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mono.h"
#include "signaling/drain.h"
#include "signaling/http_session.h"

enum event { EVENT_ACTIVE, EVENT_INACTIVE, EVENT_VIEWERCOUNT, EVENT_RECONNECT, EVENT_COUNT };

static const char *const EVENT_NAMES[EVENT_COUNT] = {
    [EVENT_ACTIVE] = "active",
    [EVENT_INACTIVE] = "inactive",
    [EVENT_VIEWERCOUNT] = "viewercount",
    [EVENT_RECONNECT] = "reconnect",
};

enum {
    ALL_EVENTS = (1 << EVENT_COUNT) - 1,
    EVENT_BYTES_MAX = 128,  /* as written to a stream */
    NOT_TOLD = -1,          /* a count */
    TOLD_EARLY_BY_MS = 500, /* before the end of the drain, at the latest */
};

static const int64_t COUNT_INTERVAL_NS = MONO_SECOND;
/* Proxies cut connections that are silent; 15 s is what the HTML standard suggests. */
static const int64_t HEARTBEAT_NS = 15 * MONO_SECOND;

static const char events_path[] = "events";
static const char allow_all[] = "OPTIONS, GET, POST";
static const char allow_one[] = "OPTIONS, GET, DELETE";

struct subscription {
    uint64_t session; /* its number */
    uint64_t number;  /* in the URL of the event stream */
    uint64_t reader;  /* exchange; 0: nobody reads at present */
    unsigned wanted;  /* bit for each event */
    bool told_active;
    int told_viewers;
    int64_t told_viewers_ns;
    int64_t written_ns;
    int64_t reconnect_ns; /* when it is told to; 0: the server does not drain; MONO_NEVER: it was */
};

static struct {
    struct endpoint *endpoint;
    GHashTable *by_session; /* subscription->session: struct subscription, owned */
    uint64_t newest_number;
} events;

void whep_events_start(struct endpoint *endpoint)
{
    events.endpoint = endpoint;
    events.by_session = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, free);
}

void whep_events_stop(void)
{
    if (events.by_session != NULL)
        g_hash_table_destroy(events.by_session);
    events.by_session = NULL;
    events.endpoint = NULL;
}

static struct subscription *find(const struct session *session)
{
    return g_hash_table_lookup(events.by_session, &session->number);
}

/* -- what is told -- */

/* data is JSON in one line. */
static void write_event(struct subscription *to, enum event event, const char *data, int64_t now_ns)
{
    char text[EVENT_BYTES_MAX];

    if ((to->wanted & 1U << event) == 0 || to->reader == 0)
        return;
    const int bytes =
        snprintf(text, sizeof text, "event: %s\ndata: %s\n\n", EVENT_NAMES[event], data);
    to->written_ns = now_ns;
    if (!exchange_write(to->reader, text, (size_t)bytes))
        to->reader = 0;
}

static void tell_activity(struct subscription *to, const struct directory_stream *stream,
                          int64_t now_ns)
{
    const bool active = stream != NULL && directory_stream_is_live(stream);

    if (active == to->told_active)
        return;
    write_event(to, active ? EVENT_ACTIVE : EVENT_INACTIVE, "{}", now_ns);
    if (to->reader != 0) /* else it is told when it comes back */
        to->told_active = active;
}

static void tell_viewers(struct subscription *to, const struct directory_stream *stream,
                         int64_t now_ns)
{
    char data[EVENT_BYTES_MAX / 2];

    if (stream == NULL || (int)stream->viewers == to->told_viewers ||
        (to->told_viewers != NOT_TOLD && now_ns - to->told_viewers_ns < COUNT_INTERVAL_NS))
        return;
    to->told_viewers = (int)stream->viewers;
    to->told_viewers_ns = now_ns;
    (void)snprintf(data, sizeof data, "{\"viewercount\":%u}", stream->viewers);
    write_event(to, EVENT_VIEWERCOUNT, data, now_ns);
}

/* Each at a time of its own, as those on a WebSocket; all before the end. */
static int64_t move_at_ns(int64_t now_ns)
{
    const int64_t left_ns = endpoint_drain_left_ns(events.endpoint) - TOLD_EARLY_BY_MS * MONO_MS;
    const int64_t after_ns = mono_from_ms(drain_move_after_ms(events.endpoint, false));

    return now_ns + (after_ns < left_ns ? after_ns : left_ns > 0 ? left_ns : 0);
}

static void tell_to_reconnect(struct subscription *to, int64_t now_ns)
{
    if (!endpoint_is_draining(events.endpoint))
        return;
    if (to->reconnect_ns == 0)
        to->reconnect_ns = move_at_ns(now_ns);
    if (to->reader == 0 || now_ns < to->reconnect_ns)
        return;
    to->reconnect_ns = MONO_NEVER;
    write_event(to, EVENT_RECONNECT, "{}", now_ns); /* no url: to where it came from */
}

static void beat(struct subscription *to, int64_t now_ns)
{
    static const char comment[] = ":\n\n";

    if (to->reader == 0 || now_ns - to->written_ns < HEARTBEAT_NS)
        return;
    to->written_ns = now_ns;
    if (!exchange_write(to->reader, comment, strlen(comment)))
        to->reader = 0;
}

static void tell(struct subscription *to, const struct session *session, int64_t now_ns)
{
    if (to->reader != 0) {
        tell_activity(to, session->stream, now_ns);
        tell_viewers(to, session->stream, now_ns);
    }
    tell_to_reconnect(to, now_ns);
    beat(to, now_ns);
}

void whep_events_tick(int64_t now_ns)
{
    struct session_table *sessions = endpoint_sessions(events.endpoint);
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, events.by_session);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        struct subscription *to = value;
        const struct session *session = session_table_by_number(sessions, to->session);

        if (session != NULL && session->state != SESSION_ENDING) {
            tell(to, session, now_ns);
            continue;
        }
        exchange_end(to->reader);
        g_hash_table_iter_remove(&iterator);
    }
}

/* -- what is asked -- */

void whep_events_link(struct exchange *exchange, const struct session *session)
{
    char link[256];

    (void)snprintf(link, sizeof link,
                   "</session/%s/%s>; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; "
                   "events=\"active,inactive,viewercount,reconnect\"",
                   session->id, events_path);
    exchange_header(exchange, "Link", link);
}

static void remove_subscription(struct subscription *subscription)
{
    exchange_end(subscription->reader);
    g_hash_table_remove(events.by_session, &subscription->session);
}

static struct subscription *subscribe(const struct session *session, unsigned wanted)
{
    struct subscription *before = find(session);
    struct subscription *made = calloc(1, sizeof *made);

    if (made == NULL)
        return NULL;
    if (before != NULL)
        remove_subscription(before);
    made->session = session->number;
    made->number = ++events.newest_number;
    made->wanted = wanted;
    made->told_viewers = NOT_TOLD;
    g_hash_table_insert(events.by_session, &made->session, made);
    return made;
}

/* Bit of the event of that name; 0: unknown. */
static unsigned event_bit(const char *name)
{
    for (unsigned i = 0; name != NULL && i < EVENT_COUNT; i++)
        if (strcmp(name, EVENT_NAMES[i]) == 0)
            return 1U << i;
    return 0;
}

/* The events that a request's body names: all without one; 0: it is no array of names that were
 * announced. */
static unsigned read_wanted(const struct exchange *exchange)
{
    size_t body_bytes;
    const char *body = exchange_body(exchange, &body_bytes);
    unsigned wanted = 0;
    size_t at;
    json_t *name;

    if (body_bytes == 0)
        return ALL_EVENTS;
    json_t *names = json_loadb(body, body_bytes, 0, NULL);
    json_array_foreach(names, at, name)
    {
        const unsigned bit = event_bit(json_string_value(name));
        wanted |= bit;
        if (bit == 0) {
            wanted = 0;
            break;
        }
    }
    json_decref(names);
    return wanted;
}

static void create(struct exchange *exchange, const struct session *session)
{
    char location[sizeof "/session//events/" + SESSION_ID_CHARS + 20];
    const unsigned wanted = read_wanted(exchange);
    size_t body_bytes;

    (void)exchange_body(exchange, &body_bytes);
    if (body_bytes > 0 &&
        !http_session_is_type(exchange_content_type(exchange), "application/json")) {
        exchange_header(exchange, "Accept-Post", "application/json");
        exchange_problem(exchange, 415, "The wanted events come as application/json.");
        return;
    }
    if (wanted == 0) {
        exchange_problem(exchange, 400,
                         "The body is no JSON array of events that the Link header announced.");
        return;
    }
    const struct subscription *made = subscribe(session, wanted);
    if (made == NULL) {
        http_session_refuse(exchange, STATUS_NO_MEMORY, NULL);
        return;
    }
    (void)snprintf(location, sizeof location, "/session/%s/%s/%" PRIu64, session->id, events_path,
                   made->number);
    exchange_header(exchange, "Location", location);
    exchange_answer(exchange, 201, NULL, NULL, 0);
}

/* A reader that comes is told what holds, and one before it is sent away. */
static void stream(struct exchange *exchange, struct subscription *to,
                   const struct session *session)
{
    const int64_t now_ns = endpoint_now_ns(events.endpoint);
    const bool active = session->stream != NULL && directory_stream_is_live(session->stream);

    exchange_end(to->reader);
    exchange_header(exchange, "Cache-Control", "no-store");
    exchange_header(exchange, "X-Accel-Buffering", "no"); /* nginx: pass on at once */
    to->reader = exchange_stream(exchange, "text/event-stream");
    to->told_active = to->told_active && !active;
    to->told_viewers = NOT_TOLD;
    to->written_ns = now_ns;
    tell(to, session, now_ns);
}

static void handle_all(struct exchange *exchange, const struct session *session)
{
    struct subscription *made;

    switch (exchange_method(exchange)) {
    case HTTP_POST:
        create(exchange, session);
        return;
    case HTTP_GET: /* as players of before the POST do: every event */
        made = subscribe(session, ALL_EVENTS);
        if (made == NULL)
            http_session_refuse(exchange, STATUS_NO_MEMORY, NULL);
        else
            stream(exchange, made, session);
        return;
    case HTTP_HEAD:
    case HTTP_PATCH:
    case HTTP_DELETE:
    case HTTP_OPTIONS:
    case HTTP_OTHER:
        http_session_refuse_method(exchange, allow_all);
        return;
    }
}

static void handle_one(struct exchange *exchange, const struct session *session, const char *number)
{
    struct subscription *subscription = find(session);
    char expected[24] = "";

    if (subscription != NULL)
        (void)snprintf(expected, sizeof expected, "%" PRIu64, subscription->number);
    if (subscription == NULL || strcmp(number, expected) != 0) {
        exchange_problem(exchange, 404, "There is no such event stream, or it is over.");
    } else if (exchange_method(exchange) == HTTP_GET) {
        stream(exchange, subscription, session);
    } else if (exchange_method(exchange) == HTTP_DELETE) {
        remove_subscription(subscription);
        exchange_answer(exchange, 200, NULL, NULL, 0);
    } else {
        http_session_refuse_method(exchange, allow_one);
    }
}

void whep_events_handle(struct exchange *exchange, const struct session *session, const char *rest)
{
    const size_t bytes = strlen(events_path);
    const bool is_here = strncmp(rest, events_path, bytes) == 0;

    if (exchange_method(exchange) == HTTP_OPTIONS) {
        const bool is_one = is_here && rest[bytes] == '/';

        exchange_header(exchange, "Allow", is_one ? allow_one : allow_all);
        if (!is_one)
            exchange_header(exchange, "Accept-Post", "application/json");
        exchange_answer(exchange, 200, NULL, NULL, 0);
    } else if (session == NULL || session->kind != SESSION_VIEWER || !is_here) {
        exchange_problem(exchange, 404, "There is no such session, or it is over.");
    } else if (rest[bytes] == '\0') {
        handle_all(exchange, session);
    } else if (rest[bytes] == '/') {
        handle_one(exchange, session, rest + bytes + 1);
    } else {
        exchange_problem(exchange, 404, "There is nothing at this address.");
    }
}
