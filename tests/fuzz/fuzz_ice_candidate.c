/* tests/fuzz/fuzz_ice_candidate.c - a candidate line: what is accepted is formatted, and reads back
 * as the same candidate. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "transport/ice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct ice_candidate candidate;
    struct ice_candidate again;
    char text[ICE_CANDIDATE_TEXT_MAX];

    if (ice_candidate_parse((const char *)data, bytes, &candidate) != STATUS_OK)
        return 0;
    ice_candidate_format(&candidate, text);
    if (ice_candidate_parse(text, strlen(text), &again) != STATUS_OK ||
        strcmp(candidate.address, again.address) != 0 || candidate.port != again.port ||
        candidate.priority != again.priority || candidate.transport != again.transport)
        abort();
    return 0;
}
