#include <stddef.h>
#include <stdint.h>

#include "signaling/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    const struct text text = {(const char *)bytes, length_bytes};

    for (unsigned form = SDP_DESCRIPTION; form <= SDP_FRAGMENT; form++) {
        const char *why = NULL;
        struct sdp *sdp = NULL;
        if (sdp_parse(text, (enum sdp_form)form, &sdp, &why) == STATUS_OK)
            sdp_destroy(sdp);
    }
    return 0;
}
