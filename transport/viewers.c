#include "transport/viewers.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"

enum { BUCKETS = 4096 };

struct viewers {
    struct viewers_settings settings;
    unsigned count;
    int64_t handshakes_checked_ns;
    struct viewer_session *oldest, *newest;
    struct viewer_session *handshaking; /* not connected yet */
    struct viewer_session *buckets[BUCKETS];
};

enum status viewers_create(const struct viewers_settings *settings, struct viewers **viewers)
{
    struct viewers *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->settings = *settings;
    *viewers = made;
    return STATUS_OK;
}

void viewers_destroy(struct viewers *viewers)
{
    free(viewers);
}

struct viewer_session *viewers_find(const struct viewers *viewers, uint64_t session)
{
    struct viewer_session *found = viewers->buckets[session % BUCKETS];

    while (found != NULL && found->id != session)
        found = found->next;
    return found;
}

unsigned viewers_count(const struct viewers *viewers)
{
    return viewers->count;
}

enum status viewers_admit(struct viewers *viewers, const struct ticket *ticket, int64_t now_ns,
                          struct viewer_session **session)
{
    struct viewer_session *made = NULL;
    const enum status status = viewer_session_create(ticket, viewers->settings.out, now_ns, &made);

    if (status != STATUS_OK)
        return status;
    if (made->quality != NULL)
        STATS_OBSERVE_MS(viewers->settings.stats, join_ice_ms, now_ns - made->quality->answered_ns);
    struct viewer_session **bucket = &viewers->buckets[made->id % BUCKETS];
    made->next = *bucket;
    *bucket = made;
    made->older = viewers->newest;
    if (viewers->newest != NULL)
        viewers->newest->newer = made;
    else
        viewers->oldest = made;
    viewers->newest = made;
    made->handshake_next = viewers->handshaking;
    viewers->handshaking = made;
    viewers->count++;
    *session = made;
    return STATUS_OK;
}

/* Counted from the sessions themselves: a counter that must be balanced leaks one day. */
bool viewers_handshakes_full(const struct viewers *viewers)
{
    unsigned half_open = 0;

    for (const struct viewer_session *session = viewers->handshaking; session != NULL;
         session = session->handshake_next)
        half_open += session->dtls != NULL;
    return half_open >= viewers->settings.handshakes_max;
}

/* The path is no longer the session's: datagrams over it are a stranger's. */
static void release_path(struct viewers *viewers, const struct viewer_session *session,
                         const struct path *path)
{
    if (path->tcp != NULL)
        tcp_close(path->tcp);
    else if (path->remote.port != 0)
        mux_remove(viewers->settings.mux, &path->remote, session);
}

/* The path is session's from now on, whosever it was: NATs give addresses out again. */
static enum status take_path(struct viewers *viewers, struct viewer_session *session,
                             const struct path *path)
{
    struct viewer_session *before = NULL;
    enum status status = STATUS_OK;

    if (path->tcp != NULL) {
        before = tcp_session(path->tcp);
        tcp_set_session(path->tcp, session);
    } else {
        const struct mux_entry *entry = mux_find(viewers->settings.mux, &path->remote);
        before = entry != NULL ? entry->session : NULL;
        status = mux_put(viewers->settings.mux, &path->remote, session);
    }
    if (before != NULL && before != session)
        ice_lite_forget(&before->ice, path);
    return status;
}

void viewers_on_check(struct viewers *viewers, struct viewer_session *session,
                      const struct path *path, bool use_candidate, int64_t now_ns)
{
    struct path evicted = {.tcp = NULL};

    if (!ice_lite_on_check(&session->ice, path, use_candidate, now_ns, &evicted))
        return;
    release_path(viewers, session, &evicted);
    if (take_path(viewers, session, path) != STATUS_OK)
        ice_lite_forget(&session->ice, path);
}

static void leave_handshake(struct viewers *viewers, struct viewer_session *session)
{
    struct viewer_session **link = &viewers->handshaking;

    while (*link != NULL && *link != session)
        link = &(*link)->handshake_next;
    if (*link == session)
        *link = session->handshake_next;
}

static void unlink_session(struct viewers *viewers, struct viewer_session *session)
{
    struct viewer_session **link = &viewers->buckets[session->id % BUCKETS];

    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
    if (session->older != NULL)
        session->older->newer = session->newer;
    else
        viewers->oldest = session->newer;
    if (session->newer != NULL)
        session->newer->older = session->older;
    else
        viewers->newest = session->older;
    if (session->audience == NULL)
        leave_handshake(viewers, session);
    viewers->count--;
}

void viewers_close(struct viewers *viewers, struct viewer_session *session,
                   enum media_close_reason reason, int64_t now_ns)
{
    const struct viewers_settings *settings = &viewers->settings;
    const uint64_t id = session->id;
    struct path path;

    viewer_session_say_goodbye(session);
    if (session->has_data)
        data_close(settings->data, id);
    if (session->audience != NULL) {
        audience_leave(session->audience, &session->viewer, now_ns);
        STATS_ADD(settings->stats, sessions_closed, 1);
    } else if (session->dtls != NULL) {
        STATS_ADD(settings->stats, handshakes_failed, 1);
    }
    while (ice_lite_expire_one(&session->ice, INT64_MAX, &path))
        release_path(viewers, session, &path);
    ticket_table_remove(settings->tickets, id);
    unlink_session(viewers, session);
    viewer_session_destroy(session);
    LOG_DEBUG("viewer", "session %llu: %s", (unsigned long long)id,
              media_close_reason_text(reason));
    settings->events.on_closed(settings->events.context, id, reason);
}

/* From here on DTLS is the data thread's: neither its work nor SCTP's holds media up. */
static void hand_over_data(const struct viewers_settings *settings, struct viewer_session *session)
{
    const struct data_session handed = {.session = session->id,
                                        .stream_id = session->stream_id,
                                        .terms = session->data,
                                        .dtls = session->dtls,
                                        .owner = settings->data_owner};

    session->dtls = NULL;
    session->has_data = true;
    data_open(settings->data, &handed);
}

static void connect_session(struct viewers *viewers, struct viewer_session *session, int64_t now_ns)
{
    const struct viewers_settings *settings = &viewers->settings;

    leave_handshake(viewers, session);
    if (audiences_join(settings->audiences, session->stream_id, &session->viewer, now_ns,
                       &session->audience) != STATUS_OK) {
        viewers_close(viewers, session, MEDIA_CLOSED_RESOURCE, now_ns);
        return;
    }
    STATS_ADD(settings->stats, sessions_opened, 1);
    STATS_OBSERVE_MS(settings->stats, join_dtls_ms, now_ns - session->since_ns);
    session->since_ns = now_ns;
    viewer_session_tell_quality(session, settings->stats);
    ticket_table_connected(settings->tickets, session->id);
    if (session->data.port != 0 && settings->data != NULL)
        hand_over_data(settings, session);
    settings->events.on_connected(settings->events.context, session->id);
}

void viewers_on_outcome(struct viewers *viewers, struct viewer_session *session,
                        enum viewer_session_outcome outcome, int64_t now_ns)
{
    switch (outcome) {
    case VIEWER_SESSION_GOES_ON:
        break;
    case VIEWER_SESSION_CONNECTED:
        connect_session(viewers, session, now_ns);
        break;
    case VIEWER_SESSION_REFUSED:
        viewers_close(viewers, session, MEDIA_CLOSED_FINGERPRINT, now_ns);
        break;
    case VIEWER_SESSION_FAILED:
        viewers_close(viewers, session, MEDIA_CLOSED_HANDSHAKE, now_ns);
        break;
    case VIEWER_SESSION_LEFT:
        viewers_close(viewers, session, MEDIA_CLOSED_BY_PEER, now_ns);
        break;
    }
}

void viewers_close_stream(struct viewers *viewers, uint32_t stream_id, int64_t now_ns)
{
    for (struct viewer_session *session = viewers->oldest, *newer; session != NULL;
         session = newer) {
        newer = session->newer;
        if (session->stream_id == stream_id)
            viewers_close(viewers, session, MEDIA_CLOSED_BY_US, now_ns);
    }
}

void viewers_close_all(struct viewers *viewers, int64_t now_ns)
{
    while (viewers->oldest != NULL)
        viewers_close(viewers, viewers->oldest, MEDIA_CLOSED_BY_US, now_ns);
}

int64_t viewers_handshake_turn(struct viewers *viewers, int64_t now_ns)
{
    const int64_t due_ns = viewers->handshakes_checked_ns + VIEWERS_HANDSHAKE_TURN_NS;

    if (viewers->handshaking == NULL)
        return MONO_NEVER;
    if (now_ns < due_ns)
        return due_ns;
    viewers->handshakes_checked_ns = now_ns;
    for (struct viewer_session *session = viewers->handshaking, *next; session != NULL;
         session = next) {
        next = session->handshake_next;
        if (session->since_ns + viewers->settings.handshake_deadline_ns <= now_ns)
            viewers_close(viewers, session, MEDIA_CLOSED_HANDSHAKE, now_ns);
        else if (viewer_session_timer_ns(session) <= now_ns)
            viewer_session_on_timer(session, now_ns);
    }
    return now_ns + VIEWERS_HANDSHAKE_TURN_NS;
}

void viewers_sweep(struct viewers *viewers, int64_t now_ns)
{
    const int64_t before_ns = now_ns - viewers->settings.consent_ns;

    for (struct viewer_session *session = viewers->oldest, *newer; session != NULL;
         session = newer) {
        struct path path;

        newer = session->newer;
        while (ice_lite_expire_one(&session->ice, before_ns, &path))
            release_path(viewers, session, &path);
        if (ice_lite_is_empty(&session->ice) && viewer_session_is_connected(session))
            viewers_close(viewers, session, MEDIA_CLOSED_CONSENT, now_ns);
        else if (!session->told_first && session->viewer.first_sent_ns != 0)
            viewer_session_tell_quality(session,
                                        viewers->settings.stats); /* it sends no RTCP yet */
    }
}
