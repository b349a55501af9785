#include "signaling/negotiate.h"

#include <string.h>
#include <sys/random.h>

#include "signaling/answer.h"
#include "signaling/offer.h"
#include "signaling/offer_lines.h"
#include "signaling/refusal.h"

static bool has_rtx(const struct offer_track *track)
{
    for (unsigned i = 0; i < track->format_count; i++)
        if (track->formats[i].negotiable.rtx_payload_type != PROFILE_NO_PAYLOAD_TYPE)
            return true;
    return false;
}

static bool accepts(const struct offer_track *track, const struct codec_format *sent)
{
    for (unsigned i = 0; i < track->format_count; i++)
        if (codec_format_accepts(&track->formats[i].negotiable.format, sent))
            return true;
    return false;
}

/* Which tracks flow, and whether the viewer can play what a live source sends now. */
static enum status match_source(const struct offer *offer, const struct negotiate_source *source,
                                bool flows[TRACK_COUNT], struct negotiate_refusal *refusal)
{
    const bool told = source->live && (source->has[TRACK_AUDIO] || source->has[TRACK_VIDEO]);

    for (unsigned kind = 0; kind < TRACK_COUNT; kind++) {
        const struct offer_track *track = &offer->tracks[kind];
        const struct codec_format *sent = &source->format[kind];
        flows[kind] = track->active && (!told || source->has[kind]);
        if (told && flows[kind] && sent->codec != CODEC_NONE && !accepts(track, sent)) {
            return refusal_write(refusal, STATUS_UNSUPPORTED,
                                 "The broadcaster sends %s, which this player did not offer to "
                                 "receive.",
                                 codec_name((enum codec)sent->codec));
        }
    }
    if (offer_has_tracks(offer) && !flows[TRACK_AUDIO] && !flows[TRACK_VIDEO]) {
        return refusal_write(refusal, STATUS_UNSUPPORTED,
                             "The broadcaster sends only %s, which the offer does not ask for.",
                             source->has[TRACK_AUDIO] ? "audio" : "video");
    }
    return STATUS_OK;
}

static bool is_usable(const uint32_t ssrc[2 * TRACK_COUNT])
{
    for (unsigned i = 0; i < 2 * TRACK_COUNT; i++) {
        for (unsigned n = 0; n < i; n++)
            if (ssrc[n] == ssrc[i])
                return false;
        if (ssrc[i] == 0)
            return false;
    }
    return true;
}

static enum status make_start(const struct offer *offer, struct viewer_start *start)
{
    enum { FIRST_SEQUENCE_NUMBER_MASK = (1 << 14) - 1 };
    struct {
        uint32_t ssrc[2 * TRACK_COUNT];
        uint16_t sequence_number[TRACK_COUNT];
    } random;

    do {
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return STATUS_SYSTEM;
    } while (!is_usable(random.ssrc));

    memset(start, 0, sizeof *start);
    for (unsigned kind = 0; kind < TRACK_COUNT; kind++) {
        start->ssrc[kind] = random.ssrc[kind];
        if (has_rtx(&offer->tracks[kind]))
            start->rtx_ssrc[kind] = random.ssrc[TRACK_COUNT + kind];
        start->first_sequence_number[kind] =
            (uint16_t)((random.sequence_number[kind] & FIRST_SEQUENCE_NUMBER_MASK) + 1);
    }
    return STATUS_OK;
}

static char *write_answer(const struct offer *offer, const struct negotiate_source *source,
                          const struct ticket *ticket, unsigned version)
{
    const struct viewer_start *start = &ticket->start;
    /* The same for all answers of a session, without keeping one more number. */
    const uint64_t session_id =
        ((uint64_t)start->ssrc[TRACK_AUDIO] << 32 | start->ssrc[TRACK_VIDEO]) >> 2;
    struct answer answer = {.role = ANSWER_SEND,
                            .offer = offer,
                            .local = &ticket->local,
                            .candidates = source->candidates,
                            .candidate_count = source->candidate_count,
                            .certificate = source->certificate,
                            .session_id = session_id,
                            .message_bytes_max = DATA_VIEWER_MESSAGE_BYTES_MAX,
                            .version = version};

    for (unsigned kind = 0; kind < TRACK_COUNT; kind++) {
        answer.flows[kind] = start->wanted[kind];
        answer.ssrc[kind] = start->ssrc[kind];
        answer.rtx_ssrc[kind] = start->rtx_ssrc[kind];
    }
    return answer_write(&answer);
}

/* What the worker needs to know of the formats that flow. */
static enum status write_profile(const struct offer *offer, struct ticket *ticket,
                                 struct negotiate_refusal *refusal)
{
    struct profile wanted;

    offer_write_profile(offer, &wanted);
    if (profile_intern(&wanted, &ticket->profile) == STATUS_OK)
        return STATUS_OK;
    return refusal_write(refusal, STATUS_FULL, "The server is full: too many kinds of players.");
}

/* Which lines the next offer has to repeat. */
static void remember(const struct offer *offer, const struct negotiate_source *source)
{
    if (source->past == NULL)
        return;
    offer_lines_read(offer, source->past);
    source->past->version++;
}

static enum status subscribe(const struct offer *offer, const struct negotiate_source *source,
                             struct ticket *ticket, char **answer,
                             struct negotiate_refusal *refusal)
{
    struct ticket made = *ticket;
    bool flows[TRACK_COUNT];

    enum status status = match_source(offer, source, flows, refusal);
    if (status != STATUS_OK)
        return status;
    status = write_profile(offer, &made, refusal);
    if (status != STATUS_OK)
        return status;
    status = make_start(offer, &made.start);
    if (status != STATUS_OK) {
        profile_release(made.profile);
        return refusal_write(refusal, status, "The server has no random numbers.");
    }
    memcpy(made.start.wanted, flows, sizeof flows);
    made.local = *source->local;
    memcpy(made.remote_ufrag, offer->transport.credentials.ufrag, sizeof made.remote_ufrag);
    made.fingerprint = offer->transport.fingerprint;
    made.data = offer->data.terms;

    char *written = write_answer(offer, source, &made, 1);
    if (written == NULL) {
        profile_release(made.profile);
        return refusal_write(refusal, STATUS_NO_MEMORY, "The server is out of memory.");
    }
    remember(offer, source);
    *ticket = made;
    *answer = written;
    return STATUS_OK;
}

enum status negotiate_subscribe(const char *offer, size_t offer_bytes,
                                const struct negotiate_source *source, struct ticket *ticket,
                                char **answer, struct negotiate_refusal *refusal)
{
    struct offer *parsed = NULL;

    enum status status =
        offer_parse(offer, offer_bytes, OFFER_SUBSCRIBE, OFFER_FIRST, &parsed, refusal);
    if (status != STATUS_OK)
        return status;
    if (!source->data)
        status = offer_drop_data(parsed, OFFER_FIRST, refusal);
    if (status == STATUS_OK)
        status = subscribe(parsed, source, ticket, answer, refusal);
    offer_destroy(parsed);
    return status;
}

static bool is_same_certificate(const struct fingerprint *a, const struct fingerprint *b)
{
    static const size_t bytes[] = {
        [FINGERPRINT_SHA_256] = 32, [FINGERPRINT_SHA_384] = 48, [FINGERPRINT_SHA_512] = 64};

    return a->hash == b->hash && memcmp(a->bytes, b->bytes, bytes[a->hash]) == 0;
}

/* Resends go on as they began; a track that can have an RTX stream only now gets one. */
static enum status renew_rtx(const struct offer *offer, struct viewer_start *start)
{
    for (unsigned kind = 0; kind < TRACK_COUNT; kind++) {
        uint32_t *ssrc = &start->rtx_ssrc[kind];
        while (has_rtx(&offer->tracks[kind]) &&
               (*ssrc == 0 || *ssrc == start->ssrc[TRACK_AUDIO] ||
                *ssrc == start->ssrc[TRACK_VIDEO] || *ssrc == start->rtx_ssrc[1 - kind]))
            if (getrandom(ssrc, sizeof *ssrc, 0) != (ssize_t)sizeof *ssrc)
                return STATUS_SYSTEM;
    }
    return STATUS_OK;
}

/* What has to hold before anything is looked at; offer may lose its data channels. */
static enum status check_again(struct offer *offer, const struct negotiate_source *source,
                               const struct ticket *ticket, struct negotiate_refusal *refusal)
{
    if (!is_same_certificate(&offer->transport.fingerprint, &ticket->fingerprint)) {
        return refusal_write(refusal, STATUS_UNSUPPORTED,
                             "A running session cannot change its certificate: begin a new one.");
    }
    if (source->past != NULL) {
        const enum status status = offer_lines_follow(offer, source->past, refusal);
        if (status != STATUS_OK)
            return status;
    }
    if (ticket->data.port != 0)
        return STATUS_OK;
    return offer_drop_data(offer, OFFER_AGAIN, refusal); /* DTLS, to carry them, is gone */
}

static enum status subscribe_again(struct offer *offer, const struct negotiate_source *source,
                                   struct ticket *ticket, bool *restarted, char **answer,
                                   struct negotiate_refusal *refusal)
{
    const char *ufrag = offer->transport.credentials.ufrag;
    const bool is_restart = strcmp(ufrag, ticket->remote_ufrag) != 0;
    struct ticket changed = *ticket;

    enum status status = check_again(offer, source, ticket, refusal);
    if (status == STATUS_OK)
        status = match_source(offer, source, changed.start.wanted, refusal);
    if (status == STATUS_OK)
        status = write_profile(offer, &changed, refusal);
    if (status != STATUS_OK)
        return status;
    if (renew_rtx(offer, &changed.start) != STATUS_OK) {
        profile_release(changed.profile);
        return refusal_write(refusal, STATUS_SYSTEM, "The server has no random numbers.");
    }
    if (is_restart) {
        changed.local = *source->local;
        memcpy(changed.remote_ufrag, ufrag, sizeof changed.remote_ufrag);
    }
    const unsigned version = source->past != NULL ? source->past->version + 1u : 2;
    char *written = write_answer(offer, source, &changed, version);
    if (written == NULL) {
        profile_release(changed.profile);
        return refusal_write(refusal, STATUS_NO_MEMORY, "The server is out of memory.");
    }
    remember(offer, source);
    *ticket = changed;
    *restarted = is_restart;
    *answer = written;
    return STATUS_OK;
}

enum status negotiate_subscribe_again(const char *offer, size_t offer_bytes,
                                      const struct negotiate_source *source, struct ticket *ticket,
                                      bool *restarted, char **answer,
                                      struct negotiate_refusal *refusal)
{
    struct offer *parsed = NULL;

    enum status status =
        offer_parse(offer, offer_bytes, OFFER_SUBSCRIBE, OFFER_AGAIN, &parsed, refusal);
    if (status != STATUS_OK)
        return status;
    status = subscribe_again(parsed, source, ticket, restarted, answer, refusal);
    offer_destroy(parsed);
    return status;
}
