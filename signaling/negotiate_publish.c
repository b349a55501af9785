#include "signaling/negotiate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "signaling/answer.h"
#include "signaling/offer.h"
#include "signaling/offer_lines.h"
#include "signaling/refusal.h"

struct negotiation {
    struct offer *offer;
    struct negotiate_past past; /* of this offer */
    uint32_t message_bytes_max;
};

void negotiation_destroy(struct negotiation *negotiation)
{
    if (negotiation != NULL) {
        offer_destroy(negotiation->offer);
        free(negotiation);
    }
}

static void write_publication(const struct offer *offer, struct publication *publication)
{
    const struct offer_track *tracks = offer->tracks;

    memset(publication, 0, sizeof *publication);
    offer_write_profile(offer, &publication->negotiated);
    for (unsigned kind = 0; kind < TRACK_COUNT; kind++) {
        publication->offered[kind] = tracks[kind].active;
        publication->ssrc[kind] = tracks[kind].ssrc;
        publication->rtx_ssrc[kind] = tracks[kind].rtx_ssrc;
        publication->transport_wide |=
            offer_track_has(&tracks[kind], OFFER_FEEDBACK_TRANSPORT_WIDE);
        publication->remb |= offer_track_has(&tracks[kind], OFFER_FEEDBACK_REMB);
    }
    publication->nack_pli = offer_track_has(&tracks[TRACK_VIDEO], OFFER_FEEDBACK_NACK_PLI);
    publication->fir = offer_track_has(&tracks[TRACK_VIDEO], OFFER_FEEDBACK_CCM_FIR);
}

static void write_publish(const struct offer *offer, struct media_publish *publish)
{
    const struct offer_transport *transport = &offer->transport;

    publish->remote = transport->credentials;
    memcpy(publish->candidates, transport->candidates, sizeof publish->candidates);
    publish->candidate_count = transport->candidate_count;
    publish->fingerprint = transport->fingerprint;
    publish->data = offer->data.terms;
    write_publication(offer, &publish->publication);
}

/* Reads the offer into made; before: the session's last one, or NULL. */
static enum status read_offer(struct negotiation *made, const char *offer, size_t offer_bytes,
                              const struct negotiate_past *before,
                              struct negotiate_refusal *refusal)
{
    const enum offer_turn turn = before != NULL ? OFFER_AGAIN : OFFER_FIRST;
    enum status status =
        offer_parse(offer, offer_bytes, OFFER_PUBLISH, turn, &made->offer, refusal);

    if (status == STATUS_OK && before != NULL)
        status = offer_lines_follow(made->offer, before, refusal);
    if (status == STATUS_OK && made->message_bytes_max == 0)
        status = offer_drop_data(made->offer, turn, refusal);
    if (status != STATUS_OK)
        return status;
    if (before != NULL) {
        made->past = *before;
    } else {
        if (getrandom(&made->past.session_id, sizeof made->past.session_id, 0) !=
            (ssize_t)sizeof made->past.session_id)
            return refusal_write(refusal, STATUS_SYSTEM, "The server has no random numbers.");
        made->past.session_id >>= 2; /* RFC 8829 section 5.2.1: the two highest bits are 0 */
        made->past.begins_handshake = made->offer->transport.passive;
    }
    made->past.version++;
    offer_lines_read(made->offer, &made->past);
    return STATUS_OK;
}

enum status negotiate_publish(const char *offer, size_t offer_bytes, uint32_t message_bytes_max,
                              const struct negotiate_past *past, struct media_publish *publish,
                              struct negotiation **negotiation, struct negotiate_refusal *refusal)
{
    struct negotiation *made = calloc(1, sizeof *made);

    if (made == NULL)
        return refusal_write(refusal, STATUS_NO_MEMORY, "The server is out of memory.");
    made->message_bytes_max = message_bytes_max;
    const enum status status = read_offer(made, offer, offer_bytes, past, refusal);
    if (status != STATUS_OK) {
        negotiation_destroy(made);
        return status;
    }
    write_publish(made->offer, publish);
    publish->dtls_client = made->past.begins_handshake;
    *negotiation = made;
    return STATUS_OK;
}

struct negotiate_past negotiation_past(const struct negotiation *negotiation)
{
    return negotiation->past;
}

char *negotiate_publish_answer(const struct negotiation *negotiation,
                               const struct media_local *local,
                               const struct fingerprint *certificate)
{
    const struct offer *offer = negotiation->offer;
    struct answer answer = {.role = ANSWER_RECEIVE,
                            .offer = offer,
                            .local = &local->credentials,
                            .candidates = local->candidates,
                            .candidate_count = local->candidate_count,
                            .certificate = certificate,
                            .session_id = negotiation->past.session_id,
                            .version = negotiation->past.version,
                            .message_bytes_max = negotiation->message_bytes_max,
                            .begin_handshake = negotiation->past.begins_handshake};

    for (unsigned kind = 0; kind < TRACK_COUNT; kind++)
        answer.flows[kind] = offer->tracks[kind].active;
    return answer_write(&answer);
}
