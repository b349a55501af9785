#include "fake_egress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool remember(void *context, struct viewer *viewer, const struct outgoing *packets,
                     unsigned count)
{
    struct fake_egress *fake = context;

    assert_in_range(count, 1, EGRESS_BATCH_MAX);
    fake->send_calls++;
    fake->unflushed++;
    for (unsigned i = 0; i < count; i++) {
        assert_true(fake->sent_count < FAKE_SENT_MAX);
        struct fake_sent *sent = &fake->sent[fake->sent_count++];
        *sent = (struct fake_sent){.viewer = viewer,
                                   .index = packets[i].index,
                                   .timestamp = packets[i].timestamp,
                                   .ssrc = packets[i].ssrc,
                                   .payload_bytes = packets[i].payload_bytes};
        uint8_t passing[sizeof fake->whole[0]];
        uint8_t *whole =
            fake->sent_count <= FAKE_WHOLE_MAX ? fake->whole[fake->sent_count - 1] : passing;
        memcpy(whole, packets[i].header, packets[i].header_bytes);
        memcpy(&whole[packets[i].header_bytes], packets[i].payload, packets[i].payload_bytes);
        size_t bytes = (size_t)packets[i].header_bytes + packets[i].payload_bytes;
        assert_int_equal(rtp_parse(whole, bytes, &sent->rtp), STATUS_OK);
        assert_int_equal(sent->rtp.payload_offset, packets[i].header_bytes);
        size_t kept = packets[i].payload_bytes;
        memcpy(sent->payload, packets[i].payload,
               kept < FAKE_PAYLOAD_BYTES_MAX ? kept : FAKE_PAYLOAD_BYTES_MAX);
    }
    return viewer != fake->slow;
}

static void remember_rtcp(void *context, struct viewer *viewer, const uint8_t *compound,
                          size_t compound_bytes)
{
    struct fake_egress *fake = context;

    assert_in_range(compound_bytes, 4, EGRESS_RTCP_BYTES_MAX);
    fake->rtcp_viewer = viewer;
    memcpy(fake->rtcp, compound, compound_bytes);
    fake->rtcp_bytes = compound_bytes;
    fake->rtcp_count++;
}

static void flush(void *context)
{
    struct fake_egress *fake = context;

    fake->flushes++;
    fake->unflushed = 0;
}

void fake_egress_init(struct fake_egress *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->egress = (struct egress){
        .context = fake, .send = remember, .send_rtcp = remember_rtcp, .flush = flush};
}

size_t fake_egress_bytes(const struct fake_egress *fake, unsigned i, uint8_t *out,
                         size_t capacity_bytes)
{
    assert_true(i < fake->sent_count && i < FAKE_WHOLE_MAX);
    const struct fake_sent *sent = &fake->sent[i];
    size_t bytes = (size_t)sent->rtp.payload_offset + sent->payload_bytes;

    assert_true(bytes <= capacity_bytes);
    memcpy(out, fake->whole[i], bytes);
    return bytes;
}

struct packet *fake_packet(struct packet_pool *pool, enum track_kind track, enum codec codec,
                           int64_t sequence_number, uint16_t payload_bytes)
{
    struct packet *packet = packet_take_or_null(pool);

    assert_non_null(packet);
    packet->kind = PACKET_MEDIA;
    packet->track = (uint8_t)track;
    packet->sequence_number = sequence_number;
    packet->timestamp = (uint32_t)sequence_number * 3000;
    packet->format.codec = (uint8_t)codec;
    packet->payload_offset = 12;
    packet->payload_bytes = payload_bytes;
    memset(packet->data, (int)(sequence_number & 0xff), (size_t)12 + payload_bytes);
    return packet;
}

struct packet *fake_video(struct packet_pool *pool, int64_t sequence_number, bool key_frame)
{
    struct packet *packet = fake_packet(pool, TRACK_VIDEO, CODEC_VP8, sequence_number, 1000);

    packet->key_frame_start = key_frame;
    packet->marker = true;
    return packet;
}

struct packet *fake_control(struct packet_pool *pool, enum packet_kind kind)
{
    struct packet *packet = packet_take_or_null(pool);

    assert_non_null(packet);
    packet->kind = (uint8_t)kind;
    return packet;
}

const struct profile *fake_profile(void)
{
    static const struct profile profile = {
        .formats = {{{CODEC_OPUS, 0, 0, 0, 0}, 111, PROFILE_NO_PAYLOAD_TYPE},
                    {{CODEC_VP8, 0, 0, 0, 0}, 96, 97},
                    {{CODEC_VP9, 0, 0, 0, 0}, 98, PROFILE_NO_PAYLOAD_TYPE}},
        .format_count = 3,
        .extension_id = {[EXTENSION_AUDIO_LEVEL] = 1, [EXTENSION_DEPENDENCY_DESCRIPTOR] = 5},
    };
    return &profile;
}
