#include "signaling/engineio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mono.h"
#include "signaling/engineio_parts.h"
#include "signaling/identifier.h"

/* -- requests -- */

void engineio_query_read(const char *query, struct engineio_query *out)
{
    struct text rest = text_of(query);

    *out = (struct engineio_query){0};
    while (rest.bytes > 0) {
        struct text value = text_take(&rest, '&');
        const struct text key = text_take(&value, '=');

        if (text_is(key, "EIO")) {
            out->protocol = text_is(value, "4") ? ENGINEIO_4 : text_is(value, "3") ? ENGINEIO_3 : 0;
        } else if (text_is(key, "transport")) {
            out->polling = text_is(value, "polling");
            out->websocket = text_is(value, "websocket");
        } else if (text_is(key, "sid")) {
            out->has_sid = true;
            (void)text_copy(value, out->sid, sizeof out->sid);
        } else if (text_is(key, "j")) {
            out->jsonp = true;
        } else if (text_is(key, "b64")) {
            out->text_only = value.bytes > 0 && !text_is(value, "0");
        }
    }
}

enum engineio_error engineio_verify(const struct engineio *engine,
                                    const struct engineio_query *query, bool is_upgrade,
                                    struct engineio_session **session)
{
    *session = NULL;
    if ((!query->polling && !query->websocket) || query->jsonp)
        return ENGINEIO_TRANSPORT_UNKNOWN;
    if (query->has_sid) {
        *session = g_hash_table_lookup(engine->sessions, query->sid);
        if (*session == NULL)
            return ENGINEIO_SID_UNKNOWN;
    } else if (query->protocol == 0) {
        return ENGINEIO_BAD_VERSION;
    }
    return query->websocket == is_upgrade ? ENGINEIO_NO_ERROR : ENGINEIO_BAD_REQUEST;
}

const char *engineio_error_text(enum engineio_error error)
{
    switch (error) {
    case ENGINEIO_TRANSPORT_UNKNOWN:
        return "Transport unknown";
    case ENGINEIO_SID_UNKNOWN:
        return "Session ID unknown";
    case ENGINEIO_BAD_METHOD:
        return "Bad handshake method";
    case ENGINEIO_BAD_REQUEST:
        return "Bad request";
    case ENGINEIO_FORBIDDEN:
        return "Forbidden";
    case ENGINEIO_BAD_VERSION:
        return "Unsupported protocol version";
    case ENGINEIO_SERVER_FULL:
        return "Too many connections";
    case ENGINEIO_NO_ERROR:
        break;
    }
    return "";
}

bool engineio_has_room(const struct engineio *engine, const char *peer)
{
    GHashTableIter iterator;
    gpointer value;
    unsigned here = 0;

    if (g_hash_table_size(engine->sessions) >= engine->settings.sessions_max)
        return false;
    if (engine->settings.sessions_per_address == 0)
        return true;
    g_hash_table_iter_init(&iterator, engine->sessions);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        here += strcmp(((const struct engineio_session *)value)->peer, peer) == 0;
    return here < engine->settings.sessions_per_address;
}

/* -- time -- */

static int64_t next_due_ns(const struct engineio *engine)
{
    return mono_earlier(
        mono_earlier(deadline_next_ns(&engine->pings), deadline_next_ns(&engine->pongs)),
        mono_earlier(
            deadline_next_ns(&engine->doomed),
            mono_earlier(deadline_next_ns(&engine->silences), deadline_next_ns(&engine->probes))));
}

/* Sets a deadline, and the alarm if it is the first to come. */
static void set_deadline(struct engineio_session *session, struct deadline_queue *queue,
                         struct deadline *deadline, int64_t from_ns)
{
    const struct engineio *engine = session->engine;
    if (session->doomed)
        return;
    const bool is_first = queue->first == NULL || queue->first == deadline;

    deadline_set(queue, deadline, session, from_ns);
    if (is_first)
        engine->clock.set_alarm(engine->clock.context, next_due_ns(engine));
}

void engineio_session_doom(struct engineio_session *session)
{
    struct engineio *engine = session->engine;

    set_deadline(session, &engine->doomed, &session->heartbeat, engine->clock.now_ns());
    session->doomed = true;
}

static void start_heartbeat(struct engineio_session *session)
{
    struct engineio *engine = session->engine;

    set_deadline(session, session->protocol == ENGINEIO_3 ? &engine->silences : &engine->pings,
                 &session->heartbeat, engine->clock.now_ns());
}

void engineio_session_expect_upgrade(struct engineio_session *session)
{
    struct engineio *engine = session->engine;

    set_deadline(session, &engine->probes, &session->upgrade, engine->clock.now_ns());
}

/* Sessions outlive the calls in which they ended. */
static void free_ended(struct engineio *engine)
{
    while (engine->ended != NULL) {
        struct engineio_session *session = engine->ended;

        engine->ended = session->next_ended;
        free(session->user_agent);
        free(session);
    }
}

int64_t engineio_tick(struct engineio *engine, int64_t now_ns)
{
    const struct engineio_packet ping = {.type = ENGINEIO_PING};
    struct engineio_session *session;
    int64_t due_ns;

    free_ended(engine);
    while ((session = deadline_take(&engine->pings, now_ns, &due_ns)) != NULL) {
        /* From when it was due, not from now: the client was told these times. */
        set_deadline(session, &engine->pongs, &session->heartbeat, due_ns);
        engineio_session_send(session, &ping);
    }
    while ((session = deadline_take(&engine->pongs, now_ns, NULL)) != NULL)
        engineio_close(session);
    while ((session = deadline_take(&engine->doomed, now_ns, NULL)) != NULL)
        engineio_close(session);
    while ((session = deadline_take(&engine->silences, now_ns, NULL)) != NULL)
        engineio_close(session);
    while ((session = deadline_take(&engine->probes, now_ns, NULL)) != NULL) {
        engineio_websocket_drop(session->probe);
        session->probe = NULL;
        session->probed = false;
    }
    return next_due_ns(engine);
}

/* -- a session's life -- */

static void forget_waiting(struct engineio_session *session)
{
    while (session->first != NULL) {
        struct engineio_waiting *waiting = session->first;

        session->first = waiting->next;
        free(waiting);
    }
    session->last = &session->first;
    session->waiting_bytes = 0;
}

/* why: what a waiting poll is told. */
static void close_session(struct engineio_session *session, enum engineio_type why)
{
    if (session->closed)
        return;
    session->closed = true;
    g_hash_table_remove(session->engine->sessions, session->sid);
    deadline_stop(&session->heartbeat);
    deadline_stop(&session->upgrade);
    if (session->record != NULL)
        session->engine->handler.on_close(session);
    engineio_polling_end(session, why);
    engineio_websocket_drop(session->wire);
    engineio_websocket_drop(session->probe);
    session->wire = NULL;
    session->probe = NULL;
    forget_waiting(session);
    session->next_ended = session->engine->ended;
    session->engine->ended = session;
    session->engine->clock.set_alarm(session->engine->clock.context,
                                     session->engine->clock.now_ns());
}

void engineio_close(struct engineio_session *session)
{
    close_session(session, ENGINEIO_CLOSE);
}

static char *handshake_text(const struct engineio_session *session)
{
    const struct engineio_settings *settings = &session->engine->settings;
    struct text_writer writer;

    text_writer_init(&writer, 512);
    text_put(&writer,
             "{\"sid\":\"%s\",\"upgrades\":[%s],\"pingInterval\":%lld,\"pingTimeout\":%lld,"
             "\"maxPayload\":%zu}",
             session->sid, session->wire == NULL ? "\"websocket\"" : "",
             (long long)mono_to_ms(settings->ping_interval_ns),
             (long long)mono_to_ms(settings->ping_timeout_ns), settings->payload_bytes_max);
    return text_writer_finish(&writer);
}

char *engineio_session_open(struct engineio *engine, const struct engineio_query *query,
                            const char *peer, const char *user_agent, struct engineio_wire *wire,
                            struct engineio_session **opened)
{
    struct engineio_session *session = calloc(1, sizeof *session);

    if (session == NULL)
        return NULL;
    session->engine = engine;
    session->protocol = query->protocol;
    session->text_only = query->text_only;
    session->wire = wire;
    session->last = &session->first;
    identifier_make(session->sid, ENGINEIO_SID_CHARS);
    g_strlcpy(session->peer, peer, sizeof session->peer);
    session->user_agent = user_agent[0] != '\0' ? strdup(user_agent) : NULL;
    char *handshake = handshake_text(session);
    if (handshake == NULL) {
        free(session->user_agent);
        free(session);
        return NULL;
    }
    g_hash_table_insert(engine->sessions, session->sid, session);
    start_heartbeat(session);
    *opened = session;
    return handshake;
}

void engineio_session_begin(struct engineio_session *session)
{
    const struct engineio_handler *handler = &session->engine->handler;

    session->record = handler->on_open(handler->context, session);
    if (session->record == NULL)
        engineio_close(session);
    else if (session->closed) /* meanwhile, when the handler could not be told */
        handler->on_close(session);
}

/* -- packets -- */

static void queue_packet(struct engineio_session *session, const struct engineio_packet *packet)
{
    struct engineio_waiting *waiting;

    if (session->waiting_bytes + packet->data.bytes > session->engine->settings.queue_bytes_max) {
        engineio_session_doom(session); /* it reads too slowly */
        return;
    }
    waiting = malloc(sizeof *waiting + packet->data.bytes);
    if (waiting == NULL) {
        engineio_session_doom(session);
        return;
    }
    char *data = (char *)(waiting + 1);
    if (packet->data.bytes > 0)
        memcpy(data, packet->data.at, packet->data.bytes);
    *waiting = (struct engineio_waiting){.packet = *packet};
    waiting->packet.data.at = data;
    *session->last = waiting;
    session->last = &waiting->next;
    session->waiting_bytes += sizeof *waiting + packet->data.bytes;
    engineio_polling_flush(session);
}

void engineio_session_send(struct engineio_session *session, const struct engineio_packet *packet)
{
    if (session->closed || session->doomed)
        return;
    if (session->wire != NULL)
        engineio_websocket_send(session, packet);
    else
        queue_packet(session, packet);
}

void engineio_session_upgrade(struct engineio_session *session)
{
    deadline_stop(&session->upgrade);
    engineio_polling_end(session, ENGINEIO_NOOP);
    session->wire = session->probe;
    session->probe = NULL;
    session->probed = false;
    for (const struct engineio_waiting *at = session->first; at != NULL; at = at->next)
        engineio_websocket_send(session, &at->packet);
    forget_waiting(session);
}

static void take_message(struct engineio_session *session, const struct engineio_packet *packet)
{
    const struct engineio_handler *handler = &session->engine->handler;

    if (packet->binary)
        handler->on_binary(session, packet->data);
    else
        handler->on_text(session, packet->data);
}

bool engineio_session_take(struct engineio_session *session, const struct engineio_packet *packet)
{
    const struct engineio_packet pong = {.type = ENGINEIO_PONG, .data = packet->data};

    if (session->closed)
        return false;
    switch (packet->type) {
    case ENGINEIO_CLOSE:
        close_session(session, ENGINEIO_NOOP);
        break;
    case ENGINEIO_PING:
    case ENGINEIO_PONG:
        /* The side that pings is the client in protocol 3, the server in 4. */
        if ((packet->type == ENGINEIO_PING) != (session->protocol == ENGINEIO_3)) {
            engineio_close(session);
            break;
        }
        start_heartbeat(session);
        if (packet->type == ENGINEIO_PING)
            engineio_session_send(session, &pong);
        break;
    case ENGINEIO_MESSAGE:
        take_message(session, packet);
        break;
    case ENGINEIO_NOOP:
        break;
    case ENGINEIO_OPEN:
    case ENGINEIO_UPGRADE:
    case ENGINEIO_TYPES:
        engineio_close(session);
        break;
    }
    return !session->closed;
}

void engineio_send_text(struct engineio_session *session, struct text text)
{
    engineio_session_send(session,
                          &(struct engineio_packet){.type = ENGINEIO_MESSAGE, .data = text});
}

void engineio_send_binary(struct engineio_session *session, struct text data)
{
    engineio_session_send(
        session, &(struct engineio_packet){.type = ENGINEIO_MESSAGE, .binary = true, .data = data});
}

void *engineio_record(const struct engineio_session *session)
{
    return session->record;
}

const char *engineio_sid(const struct engineio_session *session)
{
    return session->sid;
}

enum engineio_protocol engineio_protocol_of(const struct engineio_session *session)
{
    return session->protocol;
}

const char *engineio_peer(const struct engineio_session *session)
{
    return session->peer;
}

const char *engineio_user_agent(const struct engineio_session *session)
{
    return session->user_agent != NULL ? session->user_agent : "";
}

/* -- the engine -- */

enum status engineio_create(const struct engineio_settings *settings,
                            const struct engineio_handler *handler,
                            const struct engineio_clock *clock, struct engineio **created)
{
    struct engineio *engine = calloc(1, sizeof *engine);

    if (engine == NULL)
        return STATUS_NO_MEMORY;
    engine->settings = *settings;
    engine->handler = *handler;
    engine->clock = *clock;
    engine->pings.delay_ns = settings->ping_interval_ns;
    engine->pongs.delay_ns = settings->ping_timeout_ns;
    engine->silences.delay_ns = settings->ping_interval_ns + settings->ping_timeout_ns;
    engine->probes.delay_ns = settings->upgrade_timeout_ns;
    engine->sessions = g_hash_table_new(g_str_hash, g_str_equal);
    engineio_websocket_init(engine);
    *created = engine;
    return STATUS_OK;
}

void engineio_destroy(struct engineio *engine)
{
    GHashTableIter iterator;
    gpointer value;

    if (engine == NULL)
        return;
    for (g_hash_table_iter_init(&iterator, engine->sessions);
         g_hash_table_iter_next(&iterator, NULL, &value);
         g_hash_table_iter_init(&iterator, engine->sessions))
        engineio_close(value);
    free_ended(engine);
    g_hash_table_destroy(engine->sessions);
    free(engine);
}

const struct socket_handler *engineio_socket_handler(const struct engineio *engine)
{
    return &engine->sockets;
}

unsigned engineio_sessions(const struct engineio *engine)
{
    return g_hash_table_size(engine->sessions);
}

unsigned engineio_waiting_polls(const struct engineio *engine)
{
    return engine->polls;
}
