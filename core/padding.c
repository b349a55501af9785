#include "core/padding.h"

#include <string.h>

#include "core/rtp.h"

enum { EXTENSION_BLOCK_HEADER_BYTES = 4, ELEMENT_HEADER_BYTES = 1 };

/* What the packet measures for a viewer that takes all its extensions. */
static unsigned size_of(const struct packet *packet)
{
    unsigned elements_bytes = 0;

    for (int i = EXTENSION_AUDIO_LEVEL; i < EXTENSION_COUNT; i++)
        if (packet->extension[i].bytes > 0)
            elements_bytes += ELEMENT_HEADER_BYTES + (unsigned)packet->extension[i].bytes;
    unsigned block_bytes =
        elements_bytes > 0 ? EXTENSION_BLOCK_HEADER_BYTES + (elements_bytes + 3) / 4 * 4 : 0;
    return RTP_HEADER_BYTES + block_bytes + packet->payload_bytes;
}

/* The size that the frame's packets are to have, from this one on; 0: whatever they have. */
static unsigned target_for(const struct padding *padding, const struct packet *packet,
                           unsigned size_bytes)
{
    const unsigned most = (unsigned)packet->payload_bytes / PADDING_SHARE;

    if (size_bytes <= padding->target_bytes && padding->target_bytes - size_bytes <= most)
        return padding->target_bytes;
    if (packet->marker) /* the last of a message may be shorter */
        return 0;
    return size_bytes + PADDING_MARGIN_BYTES;
}

static void put(struct packet *packet, unsigned bytes)
{
    uint8_t *at = &packet->data[packet->payload_offset + packet->payload_bytes];

    memset(at, 0, bytes);
    at[bytes - 1] = (uint8_t)bytes;
    packet->padding_bytes = (uint8_t)bytes;
    packet->payload_bytes = (uint16_t)(packet->payload_bytes + bytes);
}

unsigned padding_add(struct padding *padding, struct packet *packet)
{
    if (packet->timestamp != padding->timestamp)
        *padding = (struct padding){.timestamp = packet->timestamp};
    if (packet->payload_bytes < PADDING_PAYLOAD_BYTES_MIN)
        return 0;
    const unsigned size_bytes = size_of(packet);
    const unsigned target_bytes = target_for(padding, packet, size_bytes);
    const unsigned bytes = target_bytes > size_bytes ? target_bytes - size_bytes : 0;
    if (target_bytes > PADDING_PACKET_BYTES_MAX ||
        packet->payload_offset + packet->payload_bytes + bytes > PACKET_BYTES_MAX)
        return 0;
    if (target_bytes > 0)
        padding->target_bytes = (uint16_t)target_bytes;
    if (bytes > 0)
        put(packet, bytes);
    return bytes;
}
