#include <inttypes.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/mono.h"
#include "signaling/endpoint_parts.h"

void endpoint_stream_add(struct directory_stream *stream, struct session *session)
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

void endpoint_log_session(const char *what, const struct session *session, const char *reason,
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

/* The operator's hook is told, once. */
static void leave(struct session *session, const char *reason)
{
    hooks_leave(session->visit, reason);
    session->visit = NULL;
}

void endpoint_free_parts(void *context, struct session *session)
{
    (void)context;
    leave(session, "server-stopped");
    if (session->publishing != NULL) {
        negotiation_destroy(session->publishing->negotiation);
        free(session->publishing);
    }
    if (session->viewing != NULL) {
        for (unsigned i = 0; i < session->viewing->profile_count; i++)
            profile_release(session->viewing->profiles[i]);
        ticket_record_destroy(session->viewing->ticket);
        free(session->viewing);
    }
}

void endpoint_session_free(struct endpoint *endpoint, struct session *session)
{
    endpoint_free_parts(NULL, session);
    stream_drop(session);
    session_table_remove(endpoint->sessions, session);
}

void endpoint_tell_ended(struct session *session, const char *reason)
{
    if (session->owner.on_ended != NULL)
        session->owner.on_ended(session, reason);
    session->owner = (struct session_owner){0};
}

void endpoint_stream_close(struct endpoint *endpoint, struct directory_stream *stream)
{
    static const char reason[] = "stream-ended";

    while (stream->sessions != NULL) {
        struct session *session = stream->sessions;
        endpoint_log_session("ended", session, reason, endpoint->now_ns);
        leave(session, reason);
        session_table_end(endpoint->sessions, session);
        stream_drop(session);
        endpoint_tell_ended(session, reason);
    }
    media_stream_close(endpoint->media, stream->id);
    directory_stream_remove(endpoint->directory, stream);
}

void endpoint_conclude(struct endpoint *endpoint, struct session *session, bool final,
                       const char *reason)
{
    struct directory_stream *stream = session->stream;

    endpoint_log_session("ended", session, reason, endpoint->now_ns);
    leave(session, reason);
    session_table_end(endpoint->sessions, session);
    stream_drop(session);
    if (stream == NULL || stream->publisher != session->number)
        return;
    /* Nobody waits for the return of a broadcaster that never was there. */
    if (final || (!stream->announced && stream->sessions == NULL))
        endpoint_stream_close(endpoint, stream);
    else
        directory_stream_gone(endpoint->directory, stream, endpoint->now_ns);
}

void endpoint_end(struct endpoint *endpoint, struct session *session, bool final)
{
    const uint64_t number = session->number;

    session->owner = (struct session_owner){0};
    endpoint_conclude(endpoint, session, final, "bye");
    media_end(endpoint->media, number);
}

void endpoint_kick(struct endpoint *endpoint, struct session *session, const char *reason)
{
    const uint64_t number = session->number;

    endpoint_conclude(endpoint, session, false, reason);
    endpoint_tell_ended(session, reason);
    media_end(endpoint->media, number);
}
