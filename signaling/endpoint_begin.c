#include <stdlib.h>

#include "signaling/endpoint_parts.h"
#include "transport/mono_clock.h"

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
    const uint64_t number =
        request->session != 0 ? request->session : session_table_reserve(endpoint->sessions);
    struct session *session =
        session_table_add_as(endpoint->sessions, number, kind, request->peer, endpoint->now_ns);
    if (session == NULL)
        return NULL;
    session->via = request->via;
    session->owner = request->owner;
    session->agent = user_agent_read(request->user_agent != NULL ? request->user_agent : "");
    if (kind == SESSION_PUBLISHER)
        session->publishing = calloc(1, sizeof *session->publishing);
    else
        session->viewing = calloc(1, sizeof *session->viewing);
    if (session->publishing == NULL && session->viewing == NULL) {
        endpoint_session_free(endpoint, session);
        return NULL;
    }
    return session;
}

/* session NULL: it did not begin, and who was let in is told to have left. */
static void take_visit(const struct endpoint_request *request, struct session *session)
{
    if (session != NULL)
        session->visit = request->visit;
    else
        hooks_leave(request->visit, "refused");
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
    endpoint_stream_add(stream, session);
    media_publish(endpoint->media, publish);
    if (before != NULL) {
        static const char reason[] = "taken-over";
        endpoint_conclude(endpoint, before, false, reason);
        endpoint_tell_ended(before, reason);
    }
    endpoint_log_session("accepted", session, NULL, endpoint->now_ns);
}

static enum status publish_now(struct endpoint *endpoint, const struct endpoint_request *request,
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
                                   media_has_data(endpoint->media) ? message_bytes_max : 0, NULL,
                                   &publish, &negotiation, refusal);
    }
    if (status != STATUS_OK)
        return status;

    struct session *made = session_make(endpoint, request, SESSION_PUBLISHER);
    status = made != NULL ? stream_open(endpoint, request, &stream) : STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        negotiation_destroy(negotiation);
        if (made != NULL)
            endpoint_session_free(endpoint, made);
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
    made->publishing->data = publish.data;
    begin(endpoint, stream, made, request->name, &publish);
    *session = made;
    return STATUS_OK;
}

enum status endpoint_publish(struct endpoint *endpoint, const struct endpoint_request *request,
                             struct session **session, struct negotiate_refusal *refusal)
{
    const enum status status = publish_now(endpoint, request, session, refusal);

    take_visit(request, status == STATUS_OK ? *session : NULL);
    return status;
}

/* Viewers. */

enum status endpoint_keep_profile(struct viewing *viewing, const struct profile *profile)
{
    unsigned i = 0;

    while (i < viewing->profile_count && viewing->profiles[i] != profile)
        i++;
    if (i < viewing->profile_count || i == VIEWING_PROFILES_MAX) {
        profile_release(profile);
        return i < viewing->profile_count ? STATUS_OK : STATUS_FULL;
    }
    viewing->profiles[viewing->profile_count++] = profile;
    return STATUS_OK;
}

static enum status subscribe_now(struct endpoint *endpoint, const struct endpoint_request *request,
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
    struct negotiate_source source = endpoint_source(endpoint, stream, &local, candidates);
    struct negotiate_past past = {0};
    source.past = &past;
    status =
        negotiate_subscribe(request->offer, request->offer_bytes, &source, &ticket, &text, refusal);
    if (status != STATUS_OK)
        return status;
    struct session *made = session_make(endpoint, request, SESSION_VIEWER);
    if (made == NULL) {
        profile_release(ticket.profile);
        free(text);
        return STATUS_NO_MEMORY;
    }
    made->viewing->past = past;
    made->viewing->profiles[made->viewing->profile_count++] = ticket.profile;
    made->viewing->quality.answered_ns = mono_clock_ns();
    ticket.quality = &made->viewing->quality;
    ticket.session = made->number;
    ticket.stream_id = stream->id;
    ticket.deadline_ns = endpoint->now_ns + endpoint->config->media.ticket_deadline_ns;
    made->viewing->ticket = ticket_record_make(&ticket);
    endpoint_admit_tracks(&ticket);
    status = made->viewing->ticket != NULL ? media_subscribe(endpoint->media, &ticket)
                                           : STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        free(text);
        endpoint_session_free(endpoint, made);
        return status;
    }
    made->state = SESSION_ANSWERED;
    endpoint_stream_add(stream, made);
    endpoint_log_session("accepted", made, NULL, endpoint->now_ns);
    *session = made;
    *answer = text;
    return STATUS_OK;
}

enum status endpoint_subscribe(struct endpoint *endpoint, const struct endpoint_request *request,
                               struct session **session, char **answer,
                               struct negotiate_refusal *refusal)
{
    const enum status status = subscribe_now(endpoint, request, session, answer, refusal);

    take_visit(request, status == STATUS_OK ? *session : NULL);
    return status;
}

/* Admission. */

/* Asked before the operator's hooks are, so that those hear of few who do not come in. */
static enum status may_begin(const struct endpoint *endpoint, enum session_kind kind,
                             const struct endpoint_request *request)
{
    const struct directory_stream *stream =
        directory_stream_find(endpoint->directory, request->room, request->stream);
    const enum status status = admit(endpoint, request->peer);

    if (status != STATUS_OK)
        return status;
    if (kind == SESSION_PUBLISHER) {
        if (!has_room_for_publisher(endpoint))
            return STATUS_FULL;
        return stream == NULL || may_take_over(endpoint, stream, request) ? STATUS_OK
                                                                          : STATUS_EXISTS;
    }
    if (stream == NULL)
        return STATUS_NOT_FOUND;
    return has_room_for_viewer(endpoint, stream) ? STATUS_OK : STATUS_FULL;
}

enum status endpoint_admit(struct endpoint *endpoint, enum session_kind kind,
                           struct endpoint_request *request, const struct hooks_waiter *waiter,
                           struct hooks_ask **ask)
{
    const enum status status = may_begin(endpoint, kind, request);

    if (status != STATUS_OK)
        return status;
    request->session = session_table_reserve(endpoint->sessions);
    const struct hooks_visitor visitor = {
        .kind = kind,
        .via = request->via,
        .session = request->session,
        .room = request->room,
        .stream = request->stream,
        .name = request->name,
        .subject = request->subject,
        .address = request->peer,
        .user_agent = request->user_agent,
    };
    return hooks_ask(endpoint->hooks, &visitor, waiter, &request->visit, ask);
}
