#include "bench/publish/rtp_source.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/mono.h"
#include "core/rtcp.h"
#include "core/rtp.h"

enum { NACK_BITS = 16, ORIGINAL_SEQUENCE_NUMBER_BYTES = 2 };

struct kept {
    uint16_t sequence_number;
    uint16_t bytes; /* 0: none yet */
    uint8_t packet[RTP_SOURCE_PACKET_BYTES_MAX];
};

struct rtp_source {
    struct rtp_source_settings settings;
    uint16_t next_sequence_number;
    uint16_t next_rtx_sequence_number;
    uint32_t timestamp_offset;
    uint32_t last_timestamp;
    int64_t last_taken_ns;
    struct rtp_source_counts counts;
    struct kept kept[RTP_SOURCE_KEPT_PACKETS];
};

enum status rtp_source_create(const struct rtp_source_settings *settings,
                              struct rtp_source **source)
{
    struct rtp_source *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->settings = *settings;
    /* Below 2^15: a first packet that is lost cannot hide a rollover (RFC 3711 section 3.3.1). */
    made->next_sequence_number = (uint16_t)g_random_int_range(1, 1 << 15);
    made->next_rtx_sequence_number = (uint16_t)g_random_int_range(1, 1 << 15);
    made->timestamp_offset = g_random_int();
    *source = made;
    return STATUS_OK;
}

void rtp_source_destroy(struct rtp_source *source)
{
    free(source);
}

void rtp_source_send(struct rtp_source *source, uint32_t timestamp, int64_t taken_ns, bool marker,
                     const uint8_t *payload, size_t payload_bytes)
{
    const struct rtp header = {
        .marker = marker,
        .payload_type = source->settings.payload_type,
        .sequence_number = source->next_sequence_number++,
        .timestamp = source->timestamp_offset + timestamp,
        .ssrc = source->settings.ssrc,
    };
    struct kept *kept = &source->kept[header.sequence_number % RTP_SOURCE_KEPT_PACKETS];
    size_t header_bytes = rtp_write_header(kept->packet, sizeof kept->packet, &header, NULL, 0);
    if (payload_bytes > sizeof kept->packet - header_bytes)
        return;
    memcpy(kept->packet + header_bytes, payload, payload_bytes);
    kept->sequence_number = header.sequence_number;
    kept->bytes = (uint16_t)(header_bytes + payload_bytes);
    source->last_timestamp = header.timestamp;
    source->last_taken_ns = taken_ns;
    source->counts.packets++;
    source->counts.octets += (uint32_t)payload_bytes;
    source->settings.send(source->settings.context, kept->packet, kept->bytes);
}

/* RFC 4588 section 4: the packet again under another SSRC, its own number before its payload. */
static void send_rtx(struct rtp_source *source, const struct kept *kept)
{
    struct rtp header;
    uint8_t packet[RTP_SOURCE_PACKET_BYTES_MAX + ORIGINAL_SEQUENCE_NUMBER_BYTES];
    if (rtp_parse(kept->packet, kept->bytes, &header) != STATUS_OK)
        return;
    header.payload_type = (uint8_t)source->settings.rtx_payload_type;
    header.sequence_number = source->next_rtx_sequence_number++;
    header.ssrc = source->settings.rtx_ssrc;
    size_t header_bytes = rtp_write_header(packet, sizeof packet, &header, NULL, 0);
    struct bytes_writer writer =
        bytes_writer_of(packet + header_bytes, sizeof packet - header_bytes);
    bytes_put_u16(&writer, kept->sequence_number);
    bytes_put(&writer, kept->packet + header.payload_offset, header.payload_bytes);
    source->settings.send(source->settings.context, packet, header_bytes + bytes_written(&writer));
}

static void resend(struct rtp_source *source, uint16_t sequence_number)
{
    const struct kept *kept = &source->kept[sequence_number % RTP_SOURCE_KEPT_PACKETS];
    source->counts.asked++;
    if (kept->bytes == 0 || kept->sequence_number != sequence_number)
        return;
    source->counts.resent++;
    if (source->settings.rtx_payload_type >= 0)
        send_rtx(source, kept);
    else
        source->settings.send(source->settings.context, kept->packet, kept->bytes);
}

void rtp_source_on_nack(struct rtp_source *source, struct bytes *fci)
{
    while (bytes_left(fci) >= 4) {
        uint16_t first = bytes_u16(fci);
        unsigned following = bytes_u16(fci);
        resend(source, first);
        for (unsigned i = 0; i < NACK_BITS; i++)
            if ((following >> i & 1) != 0)
                resend(source, (uint16_t)(first + 1 + i));
    }
}

void rtp_source_put_report(const struct rtp_source *source, int64_t now_ns, uint64_t ntp_timestamp,
                           const char *cname, struct bytes_writer *writer)
{
    if (source->counts.packets == 0)
        return;
    int64_t since_ns = now_ns - source->last_taken_ns;
    const struct rtcp_sender_info info = {
        .ssrc = source->settings.ssrc,
        .ntp_timestamp = ntp_timestamp,
        .timestamp =
            source->last_timestamp + (uint32_t)(since_ns * source->settings.clock_hz / MONO_SECOND),
        .packets = source->counts.packets,
        .octets = source->counts.octets,
    };
    rtcp_put_sender_report(writer, &info);
    rtcp_put_description(writer, source->settings.ssrc, cname);
}

uint32_t rtp_source_ssrc(const struct rtp_source *source)
{
    return source->settings.ssrc;
}

struct rtp_source_counts rtp_source_counts(const struct rtp_source *source)
{
    return source->counts;
}
