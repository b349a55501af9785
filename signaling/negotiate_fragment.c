#include "signaling/negotiate.h"

#include <stdlib.h>
#include <string.h>

#include "signaling/offer_transport.h"
#include "signaling/sdp.h"

static enum status read_section(const struct sdp_section *section,
                                struct negotiate_fragment *fragment)
{
    const struct sdp_attribute *ufrag = sdp_find(section, "ice-ufrag");
    const struct sdp_attribute *password = sdp_find(section, "ice-pwd");

    if ((ufrag != NULL || password != NULL) && !fragment->has_credentials) {
        enum status status =
            offer_transport_read_credentials(ufrag, password, &fragment->credentials);
        if (status != STATUS_OK)
            return status;
        fragment->has_credentials = true;
    }
    offer_transport_read_candidates(section, fragment->candidates, &fragment->candidate_count);
    fragment->end_of_candidates |= sdp_has(section, "end-of-candidates");
    return STATUS_OK;
}

enum status negotiate_fragment_parse(const char *body, size_t body_bytes,
                                     struct negotiate_fragment *fragment)
{
    const char *why = "";
    struct sdp *sdp = NULL;
    struct negotiate_fragment *read = calloc(1, sizeof *read);

    if (read == NULL)
        return STATUS_NO_MEMORY;
    enum status status = sdp_parse((struct text){body, body_bytes}, SDP_FRAGMENT, &sdp, &why);
    if (status == STATUS_OK) {
        status = read_section(&sdp->session, read);
        for (unsigned i = 0; status == STATUS_OK && i < sdp->media_count; i++)
            status = read_section(&sdp->media[i], read);
    }
    if (status == STATUS_OK)
        *fragment = *read;
    sdp_destroy(sdp);
    free(read);
    return status == STATUS_FULL ? STATUS_MALFORMED : status;
}

/* All transports are one bundle, so one pseudo m-line carries it (RFC 8840 section 9, RFC 9725
 * section 4.3.3). */
char *negotiate_fragment_answer(const struct ice_credentials *local,
                                const struct ice_candidate *candidates, unsigned candidate_count,
                                bool ice_lite)
{
    struct text_writer writer;

    text_writer_init(&writer, SDP_BYTES_MAX);
    text_put(&writer, "%sa=ice-options:trickle\r\n", ice_lite ? "a=ice-lite\r\n" : "");
    text_put(&writer, "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n");
    text_put(&writer, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", local->ufrag, local->password);
    for (unsigned i = 0; i < candidate_count; i++) {
        char candidate[ICE_CANDIDATE_TEXT_MAX];
        ice_candidate_format(&candidates[i], candidate);
        text_put(&writer, "a=%s\r\n", candidate);
    }
    text_put(&writer, "a=end-of-candidates\r\n");
    return text_writer_finish(&writer);
}
