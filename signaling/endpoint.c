#include "signaling/endpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/mono.h"
#include "signaling/endpoint_parts.h"
#include "transport/mono_clock.h"

enum { EXPIRED_MAX = 32 }; /* streams removed a tick */

/* Sessions: the list of a stream, the log, the end. */

static void stream_add(struct directory_stream *stream, struct session *session)
{
    session->stream = stream;
    session->stream_next = stream->sessions;
    session->stream_previous = NULL;
    if (stream->sessions != NULL)
        stream->sessions->stream_previous = session;
    stream->sessions = session;
    stream->viewers += session->kind == SESSION_VIEWER;
}

static void stream_drop(struct session *session)
{
    struct directory_stream *stream = session->stream;
    if (stream == NULL)
        return;
    if (session->stream_previous != NULL)
        session->stream_previous->stream_next = session->stream_next;
    else
        stream->sessions = session->stream_next;
    if (session->stream_next != NULL)
        session->stream_next->stream_previous = session->stream_previous;
    session->stream = NULL;
    stream->viewers -= session->kind == SESSION_VIEWER;
}

static void log_session(const char *what, const struct session *session, const char *reason,
                        int64_t now_ns)
{
    char room[128];
    char stream[128];
    const struct directory_stream *at = session->stream;

    log_quote(room, sizeof room, at != NULL ? directory_room_name(at->room) : "");
    log_quote(stream, sizeof stream, at != NULL ? at->name : "");
    LOG_INFO("endpoint",
             "%s %s session=%" PRIu64 " room=\"%s\" stream=\"%s\" after_ms=%" PRId64 "%s%s",
             session->kind == SESSION_PUBLISHER ? "publisher" : "viewer", what, session->number,
             room, stream, mono_to_ms(now_ns - session->opened_ns),
             reason != NULL ? " reason=" : "", reason != NULL ? reason : "");
}

static void free_parts(void *context, struct session *session)
{
    (void)context;
    if (session->publishing != NULL) {
        negotiation_destroy(session->publishing->negotiation);
        free(session->publishing);
    }
    if (session->viewing != NULL) {
        ticket_record_destroy(session->viewing->ticket);
        free(session->viewing);
    }
}

static void session_free(struct endpoint *endpoint, struct session *session)
{
    free_parts(NULL, session);
    stream_drop(session);
    session_table_remove(endpoint->sessions, session);
}

static void tell_ended(struct session *session, const char *reason)
{
    if (session->owner.on_ended != NULL)
        session->owner.on_ended(session, reason);
    session->owner = (struct session_owner){0};
}

/* Ends all that is left of a stream, its owners told, and the stream. */
static void stream_close(struct endpoint *endpoint, struct directory_stream *stream)
{
    static const char reason[] = "stream-ended";

    while (stream->sessions != NULL) {
        struct session *session = stream->sessions;
        log_session("ended", session, reason, endpoint->now_ns);
        session_table_end(endpoint->sessions, session);
        stream_drop(session);
        tell_ended(session, reason);
    }
    media_stream_close(endpoint->media, stream->id);
    directory_stream_remove(endpoint->directory, stream);
}

/* What the end of a session means for its room. The record stays until the media plane closed it.
 */
static void conclude(struct endpoint *endpoint, struct session *session, bool final,
                     const char *reason)
{
    struct directory_stream *stream = session->stream;

    log_session("ended", session, reason, endpoint->now_ns);
    session_table_end(endpoint->sessions, session);
    stream_drop(session);
    if (stream == NULL || stream->publisher != session->number)
        return;
    /* Nobody waits for the return of a broadcaster that never was there. */
    if (final || (!stream->announced && stream->sessions == NULL))
        stream_close(endpoint, stream);
    else
        directory_stream_gone(endpoint->directory, stream, endpoint->now_ns);
}

static void kick(struct endpoint *endpoint, struct session *session, const char *reason)
{
    const uint64_t number = session->number;

    conclude(endpoint, session, false, reason);
    tell_ended(session, reason);
    media_end(endpoint->media, number);
}

/* What the media plane reports. */

static const char *reason_code(enum media_close_reason reason)
{
    switch (reason) {
    case MEDIA_CLOSED_BY_US:
        return "closed";
    case MEDIA_CLOSED_BY_PEER:
        return "closed-by-peer";
    case MEDIA_CLOSED_NO_CHECK:
        return "no-check";
    case MEDIA_CLOSED_HANDSHAKE:
        return "handshake";
    case MEDIA_CLOSED_FINGERPRINT:
        return "fingerprint";
    case MEDIA_CLOSED_CONSENT:
        return "consent";
    case MEDIA_CLOSED_RESOURCE:
        return "resource";
    }
    return "closed";
}

static void on_publisher_local(void *context, uint64_t number, const struct media_local *local)
{
    struct endpoint *endpoint = context;
    struct session *session = session_table_by_number(endpoint->sessions, number);
    if (session == NULL || session->state == SESSION_ENDING)
        return;
    struct publishing *publishing = session->publishing;
    const enum asked asked = publishing->asked_for;
    char *answer = NULL;

    if (local != NULL && asked == ASKED_FOR_ANSWER) {
        answer = negotiate_publish_answer(publishing->negotiation, local,
                                          certificate_fingerprint(endpoint->certificate));
    } else if (local != NULL && asked == ASKED_FOR_FRAGMENT) {
        answer = negotiate_fragment_answer(&local->credentials, local->candidates,
                                           local->candidate_count, false);
        session_renew_tag(session);
    }
    negotiation_destroy(publishing->negotiation);
    publishing->negotiation = NULL;
    publishing->asked_for = ASKED_NOTHING;
    if (session->owner.on_answer != NULL)
        session->owner.on_answer(session, answer);
    if (answer == NULL && session->state != SESSION_OPENING)
        return; /* RFC 9725 section 4.3.3: a restart that failed leaves the session running */
    if (answer == NULL) {
        session->owner = (struct session_owner){0};
        conclude(endpoint, session, false, "no-candidates");
        media_end(endpoint->media, number);
        session_free(endpoint, session);
        return;
    }
    publishing->local = *local;
    publishing->remote = publishing->asked;
    if (session->state == SESSION_OPENING)
        session->state = SESSION_ANSWERED;
    free(answer);
}

static void on_connected(void *context, uint64_t number)
{
    struct endpoint *endpoint = context;
    struct session *session = session_table_by_number(endpoint->sessions, number);
    if (session == NULL || session->state == SESSION_ENDING || session->state == SESSION_CONNECTED)
        return;
    session->state = SESSION_CONNECTED;
    session->connected_ns = endpoint->now_ns;
    log_session("connected", session, NULL, endpoint->now_ns);
    if (session->kind == SESSION_PUBLISHER && session->stream != NULL &&
        session->stream->publisher == number)
        directory_stream_connected(endpoint->directory, session->stream, endpoint->now_ns);
}

/* Ends a broadcaster that sends more than it may, if it goes on doing so. */
static void bound_bit_rate(struct endpoint *endpoint, uint64_t number,
                           const struct stream_report *report)
{
    struct session *session = session_table_by_number(endpoint->sessions, number);
    const uint64_t most_bps = endpoint->config->limits_publisher_bps;
    uint64_t sum_bps = 0;

    for (unsigned i = 0; i < TRACK_COUNT; i++)
        sum_bps += report->bitrate_bps[i];
    if (session == NULL || session->state == SESSION_ENDING)
        return;
    if (most_bps == 0 || sum_bps <= most_bps)
        session->publishing->excess_ns = 0;
    else if (session->publishing->excess_ns == 0)
        session->publishing->excess_ns = endpoint->now_ns;
    else if (endpoint->now_ns - session->publishing->excess_ns >=
             endpoint->config->limits_publisher_excess_ns)
        kick(endpoint, session, "bit-rate");
}

static void on_stream_report(void *context, uint32_t stream_id, const struct stream_report *report)
{
    struct endpoint *endpoint = context;
    struct directory_stream *stream = directory_stream_by_id(endpoint->directory, stream_id);

    if (stream != NULL)
        directory_stream_report(endpoint->directory, stream, report, endpoint->now_ns);
    if (stream != NULL)
        bound_bit_rate(endpoint, stream->publisher, report);
}

static void on_chat(void *context, uint64_t number, const char *text, size_t text_bytes)
{
    struct endpoint *endpoint = context;
    struct session *session = session_table_by_number(endpoint->sessions, number);
    char line[DATA_VIEWER_MESSAGE_BYTES_MAX + 1];

    if (session == NULL || session->stream == NULL || endpoint->listener.on_say == NULL ||
        text_bytes >= sizeof line || memchr(text, '\0', text_bytes) != NULL)
        return;
    memcpy(line, text, text_bytes);
    line[text_bytes] = '\0';
    endpoint->listener.on_say(endpoint->listener.context, session, line);
}

static void on_closed(void *context, uint64_t number, enum media_close_reason reason)
{
    struct endpoint *endpoint = context;
    struct session *session = session_table_by_number(endpoint->sessions, number);
    if (session == NULL)
        return;
    if (session->state != SESSION_ENDING) {
        const char *text = reason_code(reason);
        conclude(endpoint, session, false, text);
        tell_ended(session, text);
    }
    session_free(endpoint, session);
}

/* Life. */

static struct directory_settings directory_settings_of(const struct config *config)
{
    return (struct directory_settings){
        .rooms_max = config->limits_rooms,
        .streams_per_room_max = config->limits_streams_per_room,
        .grace_ns = config->room_grace_ns,
    };
}

enum status endpoint_create(const struct config *config, const struct certificate *certificate,
                            struct endpoint **endpoint)
{
    const struct directory_settings settings = directory_settings_of(config);
    struct endpoint *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->config = config;
    made->certificate = certificate;
    enum status status = directory_create(&settings, &made->directory);
    if (status == STATUS_OK)
        status = session_table_create(&made->sessions);
    if (status == STATUS_OK)
        status = access_create(config, &made->access);
    if (status != STATUS_OK) {
        endpoint_destroy(made);
        return status;
    }
    *endpoint = made;
    return STATUS_OK;
}

void endpoint_destroy(struct endpoint *endpoint)
{
    if (endpoint == NULL)
        return;
    if (endpoint->sessions != NULL)
        session_table_each(endpoint->sessions, free_parts, NULL);
    session_table_destroy(endpoint->sessions);
    directory_destroy(endpoint->directory);
    access_destroy(endpoint->access);
    free(endpoint);
}

void endpoint_reconfigure(struct endpoint *endpoint)
{
    const struct directory_settings settings = directory_settings_of(endpoint->config);

    directory_set(endpoint->directory, &settings);
    access_reload(endpoint->access);
}

void endpoint_ask(const struct endpoint *endpoint, enum access_right right, const char *room,
                  const char *token, struct access_answer *answer)
{
    struct timespec now;

    (void)timespec_get(&now, TIME_UTC);
    access_ask(endpoint->access, right, room, token, now.tv_sec, answer);
}

struct media_events endpoint_media_events(struct endpoint *endpoint)
{
    return (struct media_events){
        .context = endpoint,
        .on_publisher_local = on_publisher_local,
        .on_connected = on_connected,
        .on_stream_report = on_stream_report,
        .on_chat = on_chat,
        .on_closed = on_closed,
    };
}

void endpoint_attach(struct endpoint *endpoint, struct media *media)
{
    endpoint->media = media;
    endpoint->now_ns = mono_clock_ns(); /* requests may come before the first tick */
}

void endpoint_tick(struct endpoint *endpoint, int64_t now_ns)
{
    uint32_t expired[EXPIRED_MAX];

    endpoint->now_ns = now_ns;
    const unsigned count = directory_tick(endpoint->directory, now_ns, expired, EXPIRED_MAX);
    for (unsigned i = 0; i < count; i++)
        stream_close(endpoint, directory_stream_by_id(endpoint->directory, expired[i]));
    if (endpoint->listener.on_tick != NULL)
        endpoint->listener.on_tick(endpoint->listener.context, now_ns);
}

void endpoint_drain(struct endpoint *endpoint)
{
    if (endpoint->draining)
        return;
    endpoint->draining = true;
    endpoint->drain_ends_ns = endpoint->now_ns + endpoint->config->drain_ns;
    if (endpoint->listener.on_drain != NULL)
        endpoint->listener.on_drain(endpoint->listener.context);
}

bool endpoint_is_draining(const struct endpoint *endpoint)
{
    return endpoint->draining;
}

int64_t endpoint_drain_left_ns(const struct endpoint *endpoint)
{
    const int64_t left_ns = endpoint->drain_ends_ns - endpoint->now_ns;

    return endpoint->draining && left_ns > 0 ? left_ns : 0;
}

void endpoint_count(const struct endpoint *endpoint, struct endpoint_counts *counts)
{
    *counts = (struct endpoint_counts){
        .rooms = directory_room_count(endpoint->directory),
        .streams = directory_live_count(endpoint->directory),
        .publishers = session_table_count(endpoint->sessions, SESSION_PUBLISHER),
        .viewers = session_table_count(endpoint->sessions, SESSION_VIEWER),
        .participants = endpoint->listener.participants != NULL
                            ? endpoint->listener.participants(endpoint->listener.context)
                            : 0,
    };
}

const struct config *endpoint_config(const struct endpoint *endpoint)
{
    return endpoint->config;
}

struct directory *endpoint_directory(const struct endpoint *endpoint)
{
    return endpoint->directory;
}

struct session_table *endpoint_sessions(const struct endpoint *endpoint)
{
    return endpoint->sessions;
}

int64_t endpoint_now_ns(const struct endpoint *endpoint)
{
    return endpoint->now_ns;
}

void endpoint_listen(struct endpoint *endpoint, const struct endpoint_listener *listener)
{
    endpoint->listener = listener != NULL ? *listener : (struct endpoint_listener){0};
}

/* Publishers. */

static enum status admit(const struct endpoint *endpoint, const char *peer)
{
    const unsigned most = endpoint->config->limits_sessions_per_address;

    if (endpoint->draining)
        return STATUS_CLOSED;
    if (most > 0 && session_table_count_peer(endpoint->sessions, peer) >= most)
        return STATUS_DENIED;
    return STATUS_OK;
}

static bool has_room_for_viewer(const struct endpoint *endpoint,
                                const struct directory_stream *stream)
{
    const unsigned most = endpoint->config->limits_sessions_per_room;
    unsigned count = 0;

    if (most == 0)
        return true;
    for (const struct directory_stream *at = directory_streams(stream->room); at != NULL;
         at = at->next)
        count += at->viewers;
    return count < most;
}

static bool has_room_for_publisher(const struct endpoint *endpoint)
{
    const unsigned most = endpoint->config->limits_publishers;

    return most == 0 || session_table_count(endpoint->sessions, SESSION_PUBLISHER) < most;
}

static struct session *session_make(struct endpoint *endpoint,
                                    const struct endpoint_request *request, enum session_kind kind)
{
    struct session *session =
        session_table_add(endpoint->sessions, kind, request->peer, endpoint->now_ns);
    if (session == NULL)
        return NULL;
    session->owner = request->owner;
    if (kind == SESSION_PUBLISHER)
        session->publishing = calloc(1, sizeof *session->publishing);
    else
        session->viewing = calloc(1, sizeof *session->viewing);
    if (session->publishing == NULL && session->viewing == NULL) {
        session_free(endpoint, session);
        return NULL;
    }
    return session;
}

/* Whether request may publish to stream whoever does so now. */
static bool may_take_over(const struct endpoint *endpoint, const struct directory_stream *stream,
                          const struct endpoint_request *request)
{
    const struct session *before = session_table_by_number(endpoint->sessions, stream->publisher);

    if (before == NULL)
        return stream->publisher == 0 || endpoint->config->room_takeover;
    return endpoint->config->room_takeover &&
           (!access_is_guarded(endpoint->config, ACCESS_PUBLISH) ||
            before->publishing->credential == request->credential);
}

/* The stream to publish to, opened on the media plane too. */
static enum status stream_open(struct endpoint *endpoint, const struct endpoint_request *request,
                               struct directory_stream **stream)
{
    bool made;
    enum status status =
        directory_stream_open(endpoint->directory, request->room, request->stream, stream, &made);
    if (status != STATUS_OK)
        return status;
    if (made)
        media_stream_open(endpoint->media, (*stream)->id);
    else if (!may_take_over(endpoint, *stream, request))
        return STATUS_EXISTS;
    return STATUS_OK;
}

static void begin(struct endpoint *endpoint, struct directory_stream *stream,
                  struct session *session, const char *name, const struct media_publish *publish)
{
    struct session *before = session_table_by_number(endpoint->sessions, stream->publisher);

    directory_stream_begin(endpoint->directory, stream, session->number, name,
                           publish->publication.offered, endpoint->now_ns);
    stream_add(stream, session);
    media_publish(endpoint->media, publish);
    if (before != NULL) {
        static const char reason[] = "taken-over";
        conclude(endpoint, before, false, reason);
        tell_ended(before, reason);
    }
    log_session("accepted", session, NULL, endpoint->now_ns);
}

enum status endpoint_publish(struct endpoint *endpoint, const struct endpoint_request *request,
                             struct session **session, struct negotiate_refusal *refusal)
{
    struct media_publish publish = {0};
    struct negotiation *negotiation;
    struct directory_stream *stream;
    enum status status = admit(endpoint, request->peer);
    if (status == STATUS_OK && !has_room_for_publisher(endpoint))
        status = STATUS_FULL;
    if (status == STATUS_OK) {
        const uint32_t message_bytes_max = endpoint->config->media.data_limits.message_bytes_max;
        status = negotiate_publish(request->offer, request->offer_bytes,
                                   media_has_data(endpoint->media) ? message_bytes_max : 0,
                                   &publish, &negotiation, refusal);
    }
    if (status != STATUS_OK)
        return status;

    struct session *made = session_make(endpoint, request, SESSION_PUBLISHER);
    status = made != NULL ? stream_open(endpoint, request, &stream) : STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        negotiation_destroy(negotiation);
        if (made != NULL)
            session_free(endpoint, made);
        return status;
    }
    publish.session = made->number;
    publish.stream_id = stream->id;
    made->publishing->asked_for = ASKED_FOR_ANSWER;
    made->publishing->credential = request->credential;
    made->publishing->negotiation = negotiation;
    made->publishing->asked = publish.remote;
    made->publishing->fingerprint = publish.fingerprint;
    made->publishing->publication = publish.publication;
    made->publishing->has_data = publish.data.port != 0;
    begin(endpoint, stream, made, request->name, &publish);
    *session = made;
    return STATUS_OK;
}

/* Viewers. */

/* A track that the answer holds back for now may flow after a renegotiation, of which the worker is
 * not told: it forwards whatever the viewer can take, and none of it comes before that. */
static void admit_tracks(struct ticket *ticket)
{
    for (unsigned i = 0; i < ticket->profile->format_count; i++) {
        const enum codec codec = (enum codec)ticket->profile->formats[i].format.codec;
        ticket->start.wanted[codec_track(codec)] = true;
    }
}

enum status endpoint_subscribe(struct endpoint *endpoint, const struct endpoint_request *request,
                               struct session **session, char **answer,
                               struct negotiate_refusal *refusal)
{
    struct ice_candidate candidates[ICE_CANDIDATES_MAX];
    struct ice_credentials local;
    struct ticket ticket = {0};
    char *text;
    struct directory_stream *stream =
        directory_stream_find(endpoint->directory, request->room, request->stream);
    enum status status = admit(endpoint, request->peer);
    if (status == STATUS_OK && stream == NULL)
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK && !has_room_for_viewer(endpoint, stream))
        status = STATUS_FULL;
    if (status != STATUS_OK)
        return status;

    ice_credentials_make(&local);
    const struct negotiate_source source = endpoint_source(endpoint, stream, &local, candidates);
    status =
        negotiate_subscribe(request->offer, request->offer_bytes, &source, &ticket, &text, refusal);
    if (status != STATUS_OK)
        return status;
    struct session *made = session_make(endpoint, request, SESSION_VIEWER);
    if (made == NULL) {
        free(text);
        return STATUS_NO_MEMORY;
    }
    ticket.session = made->number;
    ticket.stream_id = stream->id;
    ticket.deadline_ns = endpoint->now_ns + endpoint->config->media.ticket_deadline_ns;
    made->viewing->ticket = ticket_record_make(&ticket);
    admit_tracks(&ticket);
    status = made->viewing->ticket != NULL ? media_subscribe(endpoint->media, &ticket)
                                           : STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        free(text);
        session_free(endpoint, made);
        return status;
    }
    made->state = SESSION_ANSWERED;
    stream_add(stream, made);
    log_session("accepted", made, NULL, endpoint->now_ns);
    *session = made;
    *answer = text;
    return STATUS_OK;
}

void endpoint_end(struct endpoint *endpoint, struct session *session, bool final)
{
    const uint64_t number = session->number;

    session->owner = (struct session_owner){0};
    conclude(endpoint, session, final, "bye");
    media_end(endpoint->media, number);
}

void endpoint_kick(struct endpoint *endpoint, struct session *session, const char *reason)
{
    kick(endpoint, session, reason);
}
