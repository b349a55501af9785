#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "signaling/negotiate.h"
#include "signaling/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

static const struct media_local local = {
    .credentials = {.ufrag = "OURufrag", .password = "OURpasswordOURpassword00"}};
static const struct fingerprint certificate = {.hash = FINGERPRINT_SHA_256};

/* What we answer must be a description that we read ourselves. */
static void check_answer(char *answer)
{
    const char *why = NULL;
    struct sdp *sdp = NULL;

    if (answer != NULL) {
        const enum status status = sdp_parse(text_of(answer), SDP_DESCRIPTION, &sdp, &why);
        if (status != STATUS_OK)
            abort();
        sdp_destroy(sdp);
        free(answer);
    }
}

static void publish(const char *offer, size_t offer_bytes)
{
    struct negotiate_refusal refusal;
    struct negotiation *negotiation = NULL;
    struct media_publish asked = {0};

    if (negotiate_publish(offer, offer_bytes, 65536, NULL, &asked, &negotiation, &refusal) !=
        STATUS_OK)
        return;
    check_answer(negotiate_publish_answer(negotiation, &local, &certificate));
    const struct negotiate_past past = negotiation_past(negotiation);
    negotiation_destroy(negotiation);
    /* An offer that was taken may be repeated. */
    if (negotiate_publish(offer, offer_bytes, 65536, &past, &asked, &negotiation, &refusal) !=
        STATUS_OK)
        abort();
    negotiation_destroy(negotiation);
}

static void subscribe(const char *offer, size_t offer_bytes)
{
    struct negotiate_past past = {0};
    const struct negotiate_source source = {
        .past = &past, .local = &local.credentials, .certificate = &certificate};
    struct negotiate_refusal refusal;
    struct ticket ticket = {0};
    char *answer = NULL;
    bool restarted = false;

    if (negotiate_subscribe(offer, offer_bytes, &source, &ticket, &answer, &refusal) != STATUS_OK)
        return;
    check_answer(answer);
    profile_release(ticket.profile);
    if (negotiate_subscribe_again(offer, offer_bytes, &source, &ticket, &restarted, &answer,
                                  &refusal) != STATUS_OK)
        return;
    check_answer(answer);
    profile_release(ticket.profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    publish((const char *)bytes, length_bytes);
    subscribe((const char *)bytes, length_bytes);
    return 0;
}
