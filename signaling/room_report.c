#include "signaling/room_report.h"

#include <glib.h>
#include <math.h>

#include "core/mono.h"
#include "signaling/endpoint.h"
#include "signaling/participant.h"
#include "signaling/session.h"
#include "transport/viewer_quality.h"

enum { PARTS_OF_LOSS = 256, US_PER_MS = 1000, LATE_SECONDS = 5 };

/* A session, and how much it needs to be looked at. */
struct ranked {
    uint64_t need;
    const struct session *session;
};

/* What JSON says of a viewer's numbers; of one that has none, null. */
struct figures {
    json_t *transport, *first_packet_ms, *loss_percent, *rtt_ms, *nacks, *plis, *bytes;
};

/* Broadcasters, then viewers who have got nothing for long, then by loss, then by round trip. */
static uint64_t need_of(const struct session *session, int64_t now_ns)
{
    const struct viewer_quality *quality = endpoint_quality(session);

    if (quality == NULL)
        return UINT64_MAX;
    const uint64_t late = VIEWER_QUALITY_GET(quality, first_packet_us) == 0 &&
                          now_ns - session->opened_ns > LATE_SECONDS * MONO_SECOND;
    const uint64_t lost = VIEWER_QUALITY_GET(quality, lost_of_256);
    return late << 48 | lost << 32 | VIEWER_QUALITY_GET(quality, round_trip_us);
}

static int compare(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;

    if (left->need != right->need)
        return left->need < right->need ? 1 : -1;
    return left->session->number < right->session->number ? -1 : 1;
}

/* Rounded to tenths. */
static json_t *tenths(double value)
{
    return json_real(round(value * 10) / 10);
}

static json_t *transport_json(enum viewer_transport transport)
{
    switch (transport) {
    case VIEWER_TRANSPORT_UNKNOWN:
        return json_null();
    case VIEWER_TRANSPORT_UDP:
        return json_string("udp");
    case VIEWER_TRANSPORT_TCP:
        return json_string("tcp");
    }
    return json_null();
}

static struct figures viewer_figures(const struct viewer_quality *quality)
{
    const uint32_t first_us = VIEWER_QUALITY_GET(quality, first_packet_us);
    const uint32_t round_trip_us = VIEWER_QUALITY_GET(quality, round_trip_us);
    const uint16_t lost = VIEWER_QUALITY_GET(quality, lost_of_256);
    const uint8_t transport = VIEWER_QUALITY_GET(quality, transport);

    return (struct figures){
        .transport = transport_json((enum viewer_transport)transport),
        .first_packet_ms = first_us > 0 ? json_integer(first_us / US_PER_MS) : json_null(),
        .loss_percent = lost > 0 ? tenths(100.0 * (lost - 1) / PARTS_OF_LOSS) : json_null(),
        .rtt_ms = round_trip_us > 0 ? tenths((double)round_trip_us / US_PER_MS) : json_null(),
        .nacks = json_integer(VIEWER_QUALITY_GET(quality, nacks)),
        .plis = json_integer(VIEWER_QUALITY_GET(quality, plis)),
        .bytes = json_integer((json_int_t)VIEWER_QUALITY_GET(quality, bytes))};
}

/* What a broadcaster sends is told by its stream; its way is always UDP (DESIGN.md section 3). */
static struct figures broadcaster_figures(void)
{
    return (struct figures){.transport = json_string("udp"),
                            .first_packet_ms = json_null(),
                            .loss_percent = json_null(),
                            .rtt_ms = json_null(),
                            .nacks = json_null(),
                            .plis = json_null(),
                            .bytes = json_null()};
}

static const char *or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static json_t *session_json(const struct session *session, int64_t now_ns)
{
    const bool publishes = session->kind == SESSION_PUBLISHER;
    const struct figures figures =
        publishes ? broadcaster_figures() : viewer_figures(endpoint_quality(session));
    const char *from = NULL;
    const char *name = publishes ? session->stream->publisher_name : NULL;
    char browser[USER_AGENT_TEXT_BYTES];
    bool muted = false;

    user_agent_write(session->agent, browser);
    (void)participant_identify(session, &from, &name, &muted);
    json_t *described = json_pack(
        "{s:I, s:s, s:s, s:s, s:s?, s:s?, s:s, s:s?, s:b, s:I, s:n}", "session",
        (json_int_t)session->number, "role", publishes ? "broadcaster" : "viewer", "stream",
        session->stream->name, "via", session_via_text(session->via), "from", or_null(from), "name",
        or_null(name), "address", session->peer, "browser", or_null(browser), "connected",
        (int)(session->state == SESSION_CONNECTED), "age_seconds",
        (json_int_t)((now_ns - session->opened_ns) / MONO_SECOND), "layer");
    json_object_set_new(described, "muted", json_boolean(muted));
    json_object_set_new(described, "transport", figures.transport);
    json_object_set_new(described, "first_packet_ms", figures.first_packet_ms);
    json_object_set_new(described, "loss_percent", figures.loss_percent);
    json_object_set_new(described, "rtt_ms", figures.rtt_ms);
    json_object_set_new(described, "nacks", figures.nacks);
    json_object_set_new(described, "plis", figures.plis);
    json_object_set_new(described, "bytes", figures.bytes);
    return described;
}

void room_report_add_sessions(json_t *report, const struct directory_room *room, unsigned most,
                              int64_t now_ns)
{
    GArray *ranked = g_array_new(FALSE, FALSE, sizeof(struct ranked));
    json_t *sessions = json_array();

    for (const struct directory_stream *stream = directory_streams(room); stream != NULL;
         stream = stream->next) {
        for (const struct session *session = stream->sessions; session != NULL;
             session = session->stream_next) {
            const struct ranked one = {need_of(session, now_ns), session};
            g_array_append_val(ranked, one);
        }
    }
    g_array_sort(ranked, compare);
    for (guint i = 0; i < ranked->len && i < most; i++)
        json_array_append_new(
            sessions, session_json(g_array_index(ranked, struct ranked, i).session, now_ns));
    json_object_set_new(report, "sessions", sessions);
    json_object_set_new(report, "sessions_total", json_integer(ranked->len));
    g_array_free(ranked, TRUE);
}
