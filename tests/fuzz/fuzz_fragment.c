#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "signaling/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    struct negotiate_fragment fragment;

    if (negotiate_fragment_parse((const char *)bytes, length_bytes, &fragment) == STATUS_OK) {
        free(negotiate_fragment_answer(&fragment.credentials, fragment.candidates,
                                       fragment.has_credentials ? fragment.candidate_count : 0,
                                       true));
    }
    return 0;
}
