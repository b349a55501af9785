#include "transport/viewer_session.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "transport/slab.h"

_Static_assert(offsetof(struct viewer_session, viewer) == 0, "viewer_session_of casts");

enum { NS_PER_US = 1000 };

static struct slab sessions = SLAB_OF(sizeof(struct viewer_session));

enum status viewer_session_create(const struct ticket *ticket, struct viewer_egress *out,
                                  int64_t now_ns, struct viewer_session **session)
{
    struct viewer_session *made = slab_take(&sessions);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    const enum status status = ice_lite_init(&made->ice, &ticket->local, ticket->remote_ufrag);
    if (status != STATUS_OK) {
        slab_give(&sessions, made);
        return status;
    }
    viewer_init(&made->viewer, ticket->profile, &ticket->start);
    made->out = out;
    made->id = ticket->session;
    made->stream_id = ticket->stream_id;
    made->fingerprint = ticket->fingerprint;
    made->data = ticket->data;
    made->since_ns = now_ns;
    made->quality = ticket->quality;
    *session = made;
    return STATUS_OK;
}

void viewer_session_destroy(struct viewer_session *session)
{
    if (session == NULL)
        return;
    dtls_destroy(session->dtls);
    seal_destroy(session->seal);
    ice_lite_close(&session->ice);
    slab_give(&sessions, session);
}

struct viewer_session *viewer_session_of(struct viewer *viewer)
{
    return (struct viewer_session *)(void *)viewer;
}

bool viewer_session_is_connected(const struct viewer_session *session)
{
    return session->seal != NULL;
}

/* Of both tracks the worse, plus 1; 0: nothing was reported. */
static uint16_t worst_loss(const struct viewer *viewer)
{
    unsigned worst = 0;

    for (unsigned i = 0; i < TRACK_COUNT; i++) {
        const struct viewer_track *track = &viewer->track[i];

        if (track->reported && track->fraction_lost + 1u > worst)
            worst = track->fraction_lost + 1u;
    }
    return (uint16_t)worst;
}

static void tell_first_packet(struct viewer_session *session, struct stats *stats)
{
    const int64_t sent_ns = session->viewer.first_sent_ns;
    const int64_t after_us = (sent_ns - session->quality->answered_ns) / NS_PER_US;

    session->told_first = true;
    STATS_OBSERVE_MS(stats, join_media_ms, sent_ns - session->since_ns);
    VIEWER_QUALITY_SET(session->quality, first_packet_us, after_us > 0 ? (uint32_t)after_us : 1);
}

void viewer_session_tell_quality(struct viewer_session *session, struct stats *stats)
{
    const struct viewer *viewer = &session->viewer;
    struct viewer_quality *quality = session->quality;
    const struct path *path = ice_lite_path(&session->ice);

    if (quality == NULL)
        return;
    if (!session->told_first && viewer->first_sent_ns != 0)
        tell_first_packet(session, stats);
    if (path != NULL)
        VIEWER_QUALITY_SET(quality, transport,
                           path->tcp != NULL ? VIEWER_TRANSPORT_TCP : VIEWER_TRANSPORT_UDP);
    VIEWER_QUALITY_SET(quality, lost_of_256, worst_loss(viewer));
    VIEWER_QUALITY_SET(quality, round_trip_us, (uint32_t)(viewer->round_trip_ns / NS_PER_US));
    VIEWER_QUALITY_SET(quality, nacks, viewer->nacks);
    VIEWER_QUALITY_SET(quality, plis, viewer->plis);
    VIEWER_QUALITY_SET(quality, bytes, viewer->bytes_sent);
}

static void send_datagram(void *context, const uint8_t *datagram, size_t datagram_bytes)
{
    struct viewer_session *session = context;
    const struct path *path = ice_lite_path(&session->ice);

    if (path != NULL)
        viewer_egress_datagram(session->out, path, datagram, datagram_bytes);
}

static enum status begin_handshake(struct viewer_session *session, struct dtls_context *context,
                                   int64_t now_ns)
{
    const struct dtls_output output = {.context = session, .send = send_datagram};
    const enum status status =
        dtls_create(context, DTLS_SERVER, &session->fingerprint, &output, &session->dtls);

    if (status != STATUS_OK)
        return status;
    STATS_ADD(session->out->stats, handshakes_started, 1);
    return dtls_begin(session->dtls, now_ns);
}

static enum viewer_session_outcome finish_handshake(struct viewer_session *session)
{
    struct srtp_keys keys;
    enum status status = dtls_read_keys(session->dtls, &keys);

    if (status == STATUS_OK) {
        status = seal_create(&keys, &session->seal);
        explicit_bzero(&keys, sizeof keys);
    }
    if (status != STATUS_OK) {
        LOG_DEBUG("viewer", "session %llu: keys: %s", (unsigned long long)session->id,
                  status_text(status));
        return VIEWER_SESSION_FAILED;
    }
    STATS_ADD(session->out->stats, handshakes_done, 1);
    return VIEWER_SESSION_CONNECTED;
}

/* After connected, an error of DTLS costs the DTLS state and nothing else: media needs it no more.
 */
static enum viewer_session_outcome judge(struct viewer_session *session, enum status status)
{
    if (status == STATUS_CLOSED)
        return VIEWER_SESSION_LEFT;
    if (session->seal != NULL) {
        if (status != STATUS_OK) {
            dtls_destroy(session->dtls);
            session->dtls = NULL;
        }
        return VIEWER_SESSION_GOES_ON;
    }
    if (dtls_is_connected(session->dtls))
        return finish_handshake(session);
    if (status == STATUS_FULL) {
        STATS_ADD(session->out->stats, drop_handshake_limit, 1);
        return VIEWER_SESSION_GOES_ON; /* its deadline ends it */
    }
    if (status == STATUS_DENIED)
        return VIEWER_SESSION_REFUSED;
    return status == STATUS_OK ? VIEWER_SESSION_GOES_ON : VIEWER_SESSION_FAILED;
}

enum viewer_session_outcome viewer_session_receive_dtls(struct viewer_session *session,
                                                        struct dtls_context *context,
                                                        const uint8_t *datagram,
                                                        size_t datagram_bytes, int64_t now_ns)
{
    if (session->dtls == NULL) {
        if (session->seal != NULL)
            return VIEWER_SESSION_GOES_ON; /* a late record of a handshake that is over */
        if (begin_handshake(session, context, now_ns) != STATUS_OK)
            return VIEWER_SESSION_FAILED;
    }
    return judge(session, dtls_receive(session->dtls, datagram, datagram_bytes, now_ns));
}

int64_t viewer_session_timer_ns(const struct viewer_session *session)
{
    return session->dtls == NULL ? MONO_NEVER : dtls_timer_ns(session->dtls);
}

void viewer_session_on_timer(struct viewer_session *session, int64_t now_ns)
{
    if (dtls_on_timer(session->dtls, now_ns) != STATUS_OK)
        LOG_DEBUG("viewer", "session %llu: no answer to our flight",
                  (unsigned long long)session->id);
}

enum status viewer_session_open_rtcp(struct viewer_session *session, uint8_t *packet,
                                     size_t *packet_bytes)
{
    if (session->seal == NULL)
        return STATUS_CLOSED;
    const enum status status = seal_open_rtcp(session->seal, packet, packet_bytes);
    if (status == STATUS_OK && session->dtls != NULL) {
        dtls_destroy(session->dtls); /* the viewer has our last flight */
        session->dtls = NULL;
    }
    return status;
}

void viewer_session_say_goodbye(struct viewer_session *session)
{
    if (session->dtls != NULL && session->seal != NULL)
        dtls_close(session->dtls);
}
