/* What is read as a fingerprint is written back the same, but for letter case. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "transport/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    struct fingerprint fingerprint;
    const char *text = (const char *)bytes;
    if (fingerprint_parse(text, length_bytes, &fingerprint) != STATUS_OK)
        return 0;
    char written[FINGERPRINT_TEXT_MAX];
    fingerprint_format(&fingerprint, written);
    if (strlen(written) != length_bytes || strncasecmp(written, text, length_bytes) != 0)
        abort();
    return 0;
}
