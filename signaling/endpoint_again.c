/* Later offers on a running session, ICE restarts, candidates. */
#include "signaling/endpoint_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

enum {
    EARLY_CANDIDATES_MAX = ICE_CANDIDATES_MAX, /* before the answer (PROTOCOL.md section 3) */
    CANDIDATES_MAX = 4 * ICE_CANDIDATES_MAX    /* in a publisher's life */
};

struct negotiate_source endpoint_source(const struct endpoint *endpoint,
                                        const struct directory_stream *stream,
                                        const struct ice_credentials *local,
                                        struct ice_candidate *candidates)
{
    struct negotiate_source source = {
        .live = stream != NULL && directory_stream_is_live(stream),
        .data = media_has_data(endpoint->media),
        .local = local,
        .candidates = candidates,
        .candidate_count = media_viewer_candidates(endpoint->media, candidates, ICE_CANDIDATES_MAX),
        .certificate = certificate_fingerprint(endpoint->certificate),
    };
    for (unsigned track = 0; source.live && track < TRACK_COUNT; track++) {
        source.has[track] = directory_stream_has(stream, (enum track_kind)track, endpoint->now_ns);
        if (stream->report.has[track])
            source.format[track] = stream->report.format[track];
    }
    return source;
}

void endpoint_admit_tracks(struct ticket *ticket)
{
    memset(ticket->start.wanted, 0, sizeof ticket->start.wanted);
    for (unsigned i = 0; i < ticket->profile->format_count; i++) {
        const enum codec codec = (enum codec)ticket->profile->formats[i].format.codec;
        ticket->start.wanted[codec_track(codec)] = true;
    }
}

static bool is_same_profile(const struct profile *a, const struct profile *b)
{
    if (a->format_count != b->format_count)
        return false;
    for (unsigned i = 0; i < a->format_count; i++) {
        const struct profile_format *x = &a->formats[i];
        const struct profile_format *y = &b->formats[i];
        if (x->format.codec != y->format.codec || x->payload_type != y->payload_type ||
            x->rtx_payload_type != y->rtx_payload_type)
            return false;
    }
    return memcmp(a->extension_id, b->extension_id, sizeof a->extension_id) == 0;
}

/* Whether what the ingest thread was told of a broadcaster's tracks still holds. */
static bool is_same_publication(const struct publication *a, const struct publication *b)
{
    return is_same_profile(&a->negotiated, &b->negotiated) &&
           memcmp(a->offered, b->offered, sizeof a->offered) == 0 &&
           memcmp(a->ssrc, b->ssrc, sizeof a->ssrc) == 0 &&
           memcmp(a->rtx_ssrc, b->rtx_ssrc, sizeof a->rtx_ssrc) == 0;
}

static bool is_same_credentials(const struct ice_credentials *a, const struct ice_credentials *b)
{
    return strcmp(a->ufrag, b->ufrag) == 0 && strcmp(a->password, b->password) == 0;
}

/* What a running broadcaster sends changes: its tracks, or whether it has data channels. */
static void update_publication(struct endpoint *endpoint, struct session *session,
                               const struct media_publish *publish)
{
    struct publishing *publishing = session->publishing;
    const struct publication *publication = &publish->publication;

    if (is_same_publication(&publishing->publication, publication) &&
        (publishing->data.port != 0) == (publish->data.port != 0))
        return;
    publishing->publication = *publication;
    publishing->data = publish->data;
    media_publisher_update(endpoint->media, session->number, publication, &publish->data);
    if (session->stream != NULL && session->stream->publisher == session->number) {
        directory_stream_offer(endpoint->directory, session->stream, publication->offered,
                               endpoint->now_ns);
    }
}

static enum status publish_again(struct endpoint *endpoint, struct session *session,
                                 const struct media_publish *publish,
                                 struct negotiation *negotiation, char **answer)
{
    struct publishing *publishing = session->publishing;

    if (is_same_credentials(&publishing->remote, &publish->remote)) {
        char *text = negotiate_publish_answer(negotiation, &publishing->local,
                                              certificate_fingerprint(endpoint->certificate));
        if (text != NULL)
            publishing->past = negotiation_past(negotiation);
        negotiation_destroy(negotiation);
        if (text == NULL)
            return STATUS_NO_MEMORY;
        update_publication(endpoint, session, publish);
        *answer = text;
        return STATUS_OK;
    }
    update_publication(endpoint, session, publish);
    publishing->asked = publish->remote;
    publishing->negotiation = negotiation;
    publishing->asked_for = ASKED_FOR_ANSWER;
    media_publisher_restart(endpoint->media, session->number, &publish->remote, publish->candidates,
                            publish->candidate_count);
    *answer = NULL;
    return STATUS_OK;
}

static enum status offer_publish_again(struct endpoint *endpoint, struct session *session,
                                       const struct endpoint_request *request, char **answer,
                                       struct negotiate_refusal *refusal)
{
    struct media_publish publish = {0};
    struct negotiation *negotiation;
    const struct publishing *publishing = session->publishing;

    if (publishing->asked_for != ASKED_NOTHING)
        return STATUS_AGAIN;
    const bool has_data = publishing->data.port != 0 || media_has_data(endpoint->media);
    enum status status =
        negotiate_publish(request->offer, request->offer_bytes,
                          has_data ? endpoint->config->media.data_limits.message_bytes_max : 0,
                          &publishing->past, &publish, &negotiation, refusal);
    if (status != STATUS_OK)
        return status;
    if (memcmp(publishing->fingerprint.bytes, publish.fingerprint.bytes, FINGERPRINT_BYTES_MAX) !=
        0) {
        negotiation_destroy(negotiation);
        refusal->unsupported = true;
        strcpy(refusal->why, "A running session cannot change its certificate: begin a new one.");
        return STATUS_UNSUPPORTED;
    }
    return publish_again(endpoint, session, &publish, negotiation, answer);
}

/* The tracks of a running viewer changed: its worker is told. */
static void update_viewer(struct endpoint *endpoint, const struct session *session,
                          struct ticket ticket)
{
    struct ticket before;

    ticket_record_read(session->viewing->ticket, &before);
    if (before.profile == ticket.profile &&
        memcmp(before.start.rtx_ssrc, ticket.start.rtx_ssrc, sizeof before.start.rtx_ssrc) == 0)
        return;
    endpoint_admit_tracks(&ticket);
    media_viewer_update(endpoint->media, session->number, ticket.profile, &ticket.start);
}

/* Takes record. */
static void remember_ticket(struct session *session, struct ticket_record *record)
{
    ticket_record_destroy(session->viewing->ticket);
    session->viewing->ticket = record;
}

static enum status offer_subscribe_again(struct endpoint *endpoint, struct session *session,
                                         const struct endpoint_request *request, char **answer,
                                         struct negotiate_refusal *refusal)
{
    struct ice_candidate candidates[ICE_CANDIDATES_MAX];
    struct ticket ticket;
    struct ice_credentials fresh;
    bool restarted;
    char *text;

    ticket_record_read(session->viewing->ticket, &ticket);
    ice_credentials_make(&fresh);
    struct negotiate_source source = endpoint_source(endpoint, session->stream, &fresh, candidates);
    struct negotiate_past past = session->viewing->past;
    source.past = &past;
    enum status status = negotiate_subscribe_again(request->offer, request->offer_bytes, &source,
                                                   &ticket, &restarted, &text, refusal);
    if (status != STATUS_OK)
        return status;
    status = endpoint_keep_profile(session->viewing, ticket.profile);
    struct ticket_record *record = status == STATUS_OK ? ticket_record_make(&ticket) : NULL;
    if (status == STATUS_OK && record == NULL) {
        status = STATUS_NO_MEMORY;
    } else if (status == STATUS_OK && restarted) {
        status = media_viewer_restart(endpoint->media, session->number, &ticket.local,
                                      ticket.remote_ufrag);
    }
    if (status != STATUS_OK) {
        ticket_record_destroy(record);
        free(text);
        return status == STATUS_NOT_FOUND ? STATUS_FULL : status;
    }
    session->viewing->past = past;
    update_viewer(endpoint, session, ticket);
    remember_ticket(session, record);
    *answer = text;
    return STATUS_OK;
}

enum status endpoint_offer_again(struct endpoint *endpoint, struct session *session,
                                 const char *offer, size_t offer_bytes, char **answer,
                                 struct negotiate_refusal *refusal)
{
    const struct endpoint_request request = {.offer = offer, .offer_bytes = offer_bytes};

    return session->kind == SESSION_PUBLISHER
               ? offer_publish_again(endpoint, session, &request, answer, refusal)
               : offer_subscribe_again(endpoint, session, &request, answer, refusal);
}

void endpoint_candidate(struct endpoint *endpoint, struct session *session,
                        const struct ice_candidate *candidate)
{
    if (session->kind == SESSION_VIEWER)
        return;
    const unsigned most = session->state == SESSION_OPENING ? EARLY_CANDIDATES_MAX : CANDIDATES_MAX;
    if (candidate != NULL && session->publishing->candidates++ >= most) {
        LOG_DEBUG("endpoint", "candidate dropped session=%" PRIu64, session->number);
        return;
    }
    media_publisher_candidate(endpoint->media, session->number, candidate);
}

bool endpoint_is_restart(const struct session *session, const struct ice_credentials *credentials)
{
    return session->kind == SESSION_PUBLISHER
               ? !is_same_credentials(&session->publishing->remote, credentials)
               : strcmp(ticket_record_remote_ufrag(session->viewing->ticket), credentials->ufrag) !=
                     0;
}

static enum status restart_viewer(struct endpoint *endpoint, struct session *session,
                                  const char *remote_ufrag, char **answer)
{
    struct ice_candidate candidates[ICE_CANDIDATES_MAX];
    struct ice_credentials fresh;

    ice_credentials_make(&fresh);
    const unsigned count = media_viewer_candidates(endpoint->media, candidates, ICE_CANDIDATES_MAX);
    char *text = negotiate_fragment_answer(&fresh, candidates, count, true);
    if (text == NULL)
        return STATUS_NO_MEMORY;
    struct ticket ticket;
    ticket_record_read(session->viewing->ticket, &ticket);
    ticket.local = fresh;
    (void)snprintf(ticket.remote_ufrag, sizeof ticket.remote_ufrag, "%s", remote_ufrag);
    struct ticket_record *record = ticket_record_make(&ticket);
    enum status status = record == NULL ? STATUS_NO_MEMORY
                                        : media_viewer_restart(endpoint->media, session->number,
                                                               &fresh, remote_ufrag);
    if (status != STATUS_OK) {
        ticket_record_destroy(record);
        free(text);
        return status;
    }
    remember_ticket(session, record);
    session_renew_tag(session);
    *answer = text;
    return STATUS_OK;
}

enum status endpoint_restart(struct endpoint *endpoint, struct session *session,
                             const struct negotiate_fragment *fragment, char **answer)
{
    if (session->kind == SESSION_VIEWER)
        return restart_viewer(endpoint, session, fragment->credentials.ufrag, answer);
    struct publishing *publishing = session->publishing;
    if (publishing->asked_for != ASKED_NOTHING)
        return STATUS_AGAIN;
    publishing->asked = fragment->credentials;
    publishing->asked_for = ASKED_FOR_FRAGMENT;
    media_publisher_restart(endpoint->media, session->number, &fragment->credentials,
                            fragment->candidates, fragment->candidate_count);
    *answer = NULL;
    return STATUS_OK;
}
