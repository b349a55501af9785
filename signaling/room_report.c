#include "signaling/room_report.h"

#include "core/mono.h"
#include "signaling/peers.h"
#include "signaling/session.h"

static json_t *session_json(const struct session *session, int64_t now_ns)
{
    const bool publishes = session->kind == SESSION_PUBLISHER;
    const char *name = publishes ? session->stream->publisher_name : "";

    return json_pack(
        "{s:I, s:s, s:s, s:s, s:n, s:s?, s:s, s:n, s:n, s:b, s:I, s:n, s:n, s:n, s:n, s:n, s:n, "
        "s:n}",
        "session", (json_int_t)session->number, "role", publishes ? "broadcaster" : "viewer",
        "stream", session->stream->name, "via",
        peers_of(session) != NULL ? "websocket"
        : publishes               ? "whip"
                                  : "whep",
        "from", "name", name[0] != '\0' ? name : NULL, "address", session->peer, "transport",
        "browser", "connected", (int)(session->state == SESSION_CONNECTED), "age_seconds",
        (json_int_t)((now_ns - session->opened_ns) / MONO_SECOND), "first_packet_ms",
        "loss_percent", "rtt_ms", "nacks", "plis", "layer", "bytes");
}

void room_report_add_sessions(json_t *report, const struct directory_room *room, unsigned most,
                              int64_t now_ns)
{
    json_t *sessions = json_array();
    json_int_t total = 0;

    for (const struct directory_stream *stream = directory_streams(room); stream != NULL;
         stream = stream->next) {
        for (const struct session *session = stream->sessions; session != NULL;
             session = session->stream_next)
            if (total++ < most)
                json_array_append_new(sessions, session_json(session, now_ns));
    }
    json_object_set_new(report, "sessions", sessions);
    json_object_set_new(report, "sessions_total", json_integer(total));
}
