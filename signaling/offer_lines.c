#include "signaling/offer_lines.h"

#include "signaling/refusal.h"

enum { LINE_FREE = 0 };

/* FNV-1a, folded: a client that mixes its m-lines up by mistake is told so. */
static uint32_t hash(uint32_t start, struct text text)
{
    for (size_t i = 0; i < text.bytes; i++)
        start = (start ^ (uint8_t)text.at[i]) * 16777619u;
    return start;
}

static uint16_t line_of(const struct sdp_section *section)
{
    const uint32_t sum = hash(hash(2166136261u, section->media) ^ '=', offer_mid(section));
    const uint16_t folded = (uint16_t)(sum ^ sum >> 16);

    return folded != LINE_FREE ? folded : 1;
}

void offer_lines_read(const struct offer *offer, struct negotiate_past *past)
{
    const struct sdp *sdp = offer->sdp;

    past->line_count = 0;
    for (unsigned i = 0; i < sdp->media_count && i < NEGOTIATE_LINES_KEPT; i++) {
        const bool served = offer_track_at(offer, i) != NULL || offer_is_data_at(offer, i);
        past->lines[past->line_count++] = served ? line_of(&sdp->media[i]) : LINE_FREE;
    }
}

enum status offer_lines_follow(const struct offer *offer, const struct negotiate_past *past,
                               struct negotiate_refusal *refusal)
{
    const struct sdp *sdp = offer->sdp;

    if (sdp->media_count < past->line_count) {
        return refusal_write(refusal, STATUS_MALFORMED,
                             "The SDP offer lacks m-lines that the last one had: one that is not "
                             "needed any more stays, with port 0.");
    }
    for (unsigned i = 0; i < past->line_count; i++) {
        if (past->lines[i] != LINE_FREE && past->lines[i] != line_of(&sdp->media[i])) {
            return refusal_write(
                refusal, STATUS_MALFORMED,
                "m-line %u of the SDP offer is another one than in the last offer.", i + 1);
        }
    }
    return STATUS_OK;
}
