#include "signaling/negotiate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "signaling/answer.h"
#include "signaling/offer.h"
#include "signaling/refusal.h"

struct negotiation {
    struct offer *offer;
    uint64_t session_id;
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
    publish->dtls_client = transport->passive;
    publish->data = offer->data.terms;
    write_publication(offer, &publish->publication);
}

enum status negotiate_publish(const char *offer, size_t offer_bytes, uint32_t message_bytes_max,
                              struct media_publish *publish, struct negotiation **negotiation,
                              struct negotiate_refusal *refusal)
{
    struct negotiation *made = calloc(1, sizeof *made);

    if (made == NULL || getrandom(&made->session_id, sizeof made->session_id, 0) !=
                            (ssize_t)sizeof made->session_id) {
        free(made);
        return refusal_write(refusal, STATUS_NO_MEMORY, "The server is out of memory.");
    }
    made->session_id >>= 2; /* RFC 8829 section 5.2.1: the two highest bits are 0 */

    enum status status = offer_parse(offer, offer_bytes, OFFER_PUBLISH, &made->offer, refusal);
    if (status == STATUS_OK && message_bytes_max == 0)
        status = offer_drop_data(made->offer, refusal);
    if (status != STATUS_OK) {
        offer_destroy(made->offer);
        free(made);
        return status;
    }
    made->message_bytes_max = message_bytes_max;
    write_publish(made->offer, publish);
    *negotiation = made;
    return STATUS_OK;
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
                            .session_id = negotiation->session_id,
                            .version = 1,
                            .message_bytes_max = negotiation->message_bytes_max,
                            .begin_handshake = offer->transport.passive};

    for (unsigned kind = 0; kind < TRACK_COUNT; kind++)
        answer.flows[kind] = offer->tracks[kind].active;
    return answer_write(&answer);
}
