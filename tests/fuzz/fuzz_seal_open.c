/* Arbitrary bytes as a viewer's SRTCP: refused and left as they were. The last input byte says
 * whether they are signed first, so that what lies behind the tag is reached too. */
#include <stdlib.h>
#include <string.h>

#include "transport/seal.h"

enum { PACKET_BYTES_MAX = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

static struct seal *opened(enum srtp_suite suite)
{
    /* Both directions have one key: what it seals it can open. */
    const struct srtp_keys keys = {.suite = suite, .local_key = {1}, .remote_key = {1}};
    struct seal *seal = NULL;
    if (seal_create(&keys, &seal) != STATUS_OK)
        abort();
    return seal;
}

static void open_forged(struct seal *seal, const uint8_t *bytes, size_t length_bytes)
{
    uint8_t *packet = malloc(length_bytes + 1);
    size_t packet_bytes = length_bytes;
    if (packet == NULL)
        abort();
    memcpy(packet, bytes, length_bytes);
    if (seal_open_rtcp(seal, packet, &packet_bytes) == STATUS_OK || packet_bytes != length_bytes ||
        memcmp(packet, bytes, length_bytes) != 0)
        abort();
    free(packet);
}

static void open_own(struct seal *seal, const uint8_t *bytes, size_t length_bytes)
{
    uint8_t packet[PACKET_BYTES_MAX + SEAL_RTCP_OVERHEAD_BYTES_MAX];
    size_t packet_bytes = seal_rtcp(seal, bytes, length_bytes, packet);
    if (packet_bytes == 0 || seal_open_rtcp(seal, packet, &packet_bytes) != STATUS_OK)
        return;
    if (packet_bytes != length_bytes || memcmp(packet, bytes, length_bytes) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    static struct seal *seals[2];
    if (seals[0] == NULL) {
        seals[0] = opened(SRTP_SUITE_AEAD_AES_128_GCM);
        seals[1] = opened(SRTP_SUITE_AES_CM_128_HMAC_SHA1_80);
    }
    if (length_bytes == 0 || length_bytes > PACKET_BYTES_MAX)
        return 0;
    length_bytes--;
    struct seal *seal = seals[bytes[length_bytes] & 1];
    if ((bytes[length_bytes] & 2) != 0)
        open_own(seal, bytes, length_bytes);
    else
        open_forged(seal, bytes, length_bytes);
    return 0;
}
