#include "signaling/endpoint.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "signaling/endpoint_parts.h"
#include "transport/mono_clock.h"

enum { EXPIRED_MAX = 32 }; /* streams removed a tick */

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
        if (answer != NULL)
            publishing->past = negotiation_past(publishing->negotiation);
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
        endpoint_conclude(endpoint, session, false, "no-candidates");
        media_end(endpoint->media, number);
        endpoint_session_free(endpoint, session);
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
    endpoint_log_session("connected", session, NULL, endpoint->now_ns);
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
        endpoint_kick(endpoint, session, "bit-rate");
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

static void on_sound(void *context, uint32_t stream_id, const struct sound *sound)
{
    const struct endpoint *endpoint = context;
    struct directory_stream *stream = directory_stream_by_id(endpoint->directory, stream_id);

    if (stream != NULL)
        directory_stream_sound(endpoint->directory, stream, sound);
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
        endpoint_conclude(endpoint, session, false, text);
        endpoint_tell_ended(session, text);
    }
    endpoint_session_free(endpoint, session);
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
        session_table_each(endpoint->sessions, endpoint_free_parts, NULL);
    session_table_destroy(endpoint->sessions);
    directory_destroy(endpoint->directory);
    access_destroy(endpoint->access);
    free(endpoint);
}

/* A browser that is told where the limit is adapts to it; one that is not is ended there. What it
 * sends swings around what it was told: a tenth is for that. */
static void tell_bandwidth(const struct endpoint *endpoint)
{
    const uint32_t expected_bps = endpoint->config->media.publisher_bandwidth_bps;
    const uint32_t most_bps = endpoint->config->limits_publisher_bps;
    const uint32_t kept_bps = most_bps - most_bps / 10;

    media_set_bandwidth(endpoint->media,
                        most_bps > 0 && kept_bps < expected_bps ? kept_bps : expected_bps);
}

void endpoint_reconfigure(struct endpoint *endpoint)
{
    const struct directory_settings settings = directory_settings_of(endpoint->config);

    directory_set(endpoint->directory, &settings);
    access_reload(endpoint->access);
    tell_bandwidth(endpoint);
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
        .on_sound = on_sound,
        .on_chat = on_chat,
        .on_closed = on_closed,
    };
}

void endpoint_attach(struct endpoint *endpoint, struct media *media)
{
    endpoint->media = media;
    endpoint->now_ns = mono_clock_ns(); /* requests may come before the first tick */
    tell_bandwidth(endpoint);
    vitals_init(&endpoint->vitals, media);
}

void endpoint_attach_hooks(struct endpoint *endpoint, struct hooks *hooks)
{
    endpoint->hooks = hooks;
}

struct hooks *endpoint_hooks(const struct endpoint *endpoint)
{
    return endpoint->hooks;
}

void endpoint_tick(struct endpoint *endpoint, int64_t now_ns)
{
    uint32_t expired[EXPIRED_MAX];

    endpoint->now_ns = now_ns;
    vitals_tick(&endpoint->vitals, now_ns);
    const unsigned count = directory_tick(endpoint->directory, now_ns, expired, EXPIRED_MAX);
    for (unsigned i = 0; i < count; i++)
        endpoint_stream_close(endpoint, directory_stream_by_id(endpoint->directory, expired[i]));
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

const struct vitals *endpoint_vitals(const struct endpoint *endpoint)
{
    return &endpoint->vitals;
}

const struct viewer_quality *endpoint_quality(const struct session *session)
{
    return session->viewing != NULL ? &session->viewing->quality : NULL;
}

int64_t endpoint_now_ns(const struct endpoint *endpoint)
{
    return endpoint->now_ns;
}

void endpoint_listen(struct endpoint *endpoint, const struct endpoint_listener *listener)
{
    endpoint->listener = listener != NULL ? *listener : (struct endpoint_listener){0};
}
