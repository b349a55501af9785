#include "signaling/offer_transport.h"

#include <string.h>

#include "signaling/refusal.h"

/* RFC 8839 section 5.4 allows letters, digits, '+' and '/'; a few clients also use base64url. */
static bool is_ice_text(struct text text, size_t least, size_t most)
{
    for (size_t i = 0; i < text.bytes; i++) {
        const char character = text.at[i];
        const bool letter_or_digit = (character >= '0' && character <= '9') ||
                                     (character >= 'A' && character <= 'Z') ||
                                     (character >= 'a' && character <= 'z');
        if (!letter_or_digit && (character == '\0' || strchr("+/-_=", character) == NULL))
            return false;
    }
    return text.bytes >= least && text.bytes <= most;
}

enum status offer_transport_read_credentials(const struct sdp_attribute *ufrag,
                                             const struct sdp_attribute *password,
                                             struct ice_credentials *credentials)
{
    enum { UFRAG_LEAST = 4, PASSWORD_LEAST = 22 };

    if (ufrag == NULL || !is_ice_text(ufrag->value, UFRAG_LEAST, ICE_UFRAG_CHARS_MAX) ||
        password == NULL || !is_ice_text(password->value, PASSWORD_LEAST, ICE_PASSWORD_CHARS_MAX) ||
        !text_copy(ufrag->value, credentials->ufrag, sizeof credentials->ufrag) ||
        !text_copy(password->value, credentials->password, sizeof credentials->password))
        return STATUS_MALFORMED;
    return STATUS_OK;
}

void offer_transport_read_candidates(const struct sdp_section *section,
                                     struct ice_candidate *candidates, unsigned *count)
{
    for (unsigned i = 0; i < section->attribute_count && *count < ICE_CANDIDATES_MAX; i++) {
        const struct text name = section->attributes[i].name;
        const struct text value = section->attributes[i].value;
        if (!text_is(name, "candidate") || value.bytes == 0)
            continue;
        const struct text line = text_between(name.at, value.at + value.bytes);
        if (ice_candidate_parse(line.at, line.bytes, &candidates[*count]) == STATUS_OK)
            (*count)++;
    }
}

/* Takes the first fingerprint whose hash is strong enough. */
static enum status read_fingerprint(const struct sdp *sdp, const struct sdp_section *section,
                                    struct fingerprint *fingerprint,
                                    struct negotiate_refusal *refusal)
{
    const struct sdp_section *place = sdp_has(section, "fingerprint") ? section : &sdp->session;
    unsigned found = 0;

    for (unsigned i = 0; i < place->attribute_count; i++) {
        const struct text value = text_trim(place->attributes[i].value);
        if (!text_is(place->attributes[i].name, "fingerprint"))
            continue;
        if (++found > OFFER_TRANSPORT_FINGERPRINTS_MAX) {
            return refusal_write(refusal, STATUS_MALFORMED,
                                 "The SDP offer has more than %d fingerprints.",
                                 OFFER_TRANSPORT_FINGERPRINTS_MAX);
        }
        enum status status = fingerprint_parse(value.at, value.bytes, fingerprint);
        if (status == STATUS_OK)
            return STATUS_OK;
        if (status != STATUS_UNSUPPORTED) {
            return refusal_write(refusal, STATUS_MALFORMED,
                                 "The SDP offer has a malformed a=fingerprint.");
        }
    }
    if (found == 0) {
        return refusal_write(refusal, STATUS_MALFORMED,
                             "The SDP offer lacks an a=fingerprint: media must be encrypted.");
    }
    return refusal_write(refusal, STATUS_UNSUPPORTED,
                         "The offer's a=fingerprint must use sha-256, sha-384 or sha-512.");
}

/* RFC 4145 section 4: absent means active. */
static enum status read_setup(const struct sdp *sdp, const struct sdp_section *section,
                              bool *passive, struct negotiate_refusal *refusal)
{
    const struct sdp_attribute *attribute = sdp_find_inherited(sdp, section, "setup");
    const struct text setup = attribute != NULL ? text_trim(attribute->value) : text_of("active");

    if (text_is(setup, "holdconn"))
        return refusal_write(refusal, STATUS_UNSUPPORTED, "a=setup:holdconn is not served.");
    if (!text_is(setup, "passive") && !text_is(setup, "actpass") && !text_is(setup, "active"))
        return refusal_write(refusal, STATUS_MALFORMED, "The SDP offer has a malformed a=setup.");
    *passive = text_is(setup, "passive");
    return STATUS_OK;
}

enum status offer_transport_read(const struct sdp *sdp, const struct sdp_section *section,
                                 struct offer_transport *transport,
                                 struct negotiate_refusal *refusal)
{
    memset(transport, 0, sizeof *transport);
    if (offer_transport_read_credentials(sdp_find_inherited(sdp, section, "ice-ufrag"),
                                         sdp_find_inherited(sdp, section, "ice-pwd"),
                                         &transport->credentials) != STATUS_OK) {
        return refusal_write(refusal, STATUS_MALFORMED,
                             "The SDP offer lacks a proper a=ice-ufrag and a=ice-pwd.");
    }

    enum status status = read_fingerprint(sdp, section, &transport->fingerprint, refusal);
    if (status == STATUS_OK)
        status = read_setup(sdp, section, &transport->passive, refusal);
    if (status == STATUS_OK) {
        offer_transport_read_candidates(section, transport->candidates,
                                        &transport->candidate_count);
        offer_transport_read_candidates(&sdp->session, transport->candidates,
                                        &transport->candidate_count);
    }
    return status;
}
