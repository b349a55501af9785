#include "sim_broadcaster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/mono.h"
#include "core/rtcp.h"
#include "core/rtp.h"
#include "sim_payload.h"

#define VIDEO_FRAME_NS (MONO_SECOND / 30)
#define AUDIO_FRAME_NS (20 * MONO_MS)
#define NTP_SECONDS UINT64_C(3900000000)

enum {
    TRANSPORT_WIDE_ID = 3,
    VIDEO_PAYLOAD_BYTES = 120,
    AUDIO_PAYLOAD_BYTES = 40,
    PADDING_BYTES = 20,
    KEY_FRAME_FACTOR = 4,
};

static uint32_t timestamp_at(const struct sim_broadcaster *broadcaster, int kind, int64_t at_ns)
{
    uint32_t clock_hz = kind == TRACK_AUDIO ? CODEC_CLOCK_OPUS_HZ : CODEC_CLOCK_VIDEO_HZ;
    int64_t passed_ns = at_ns - broadcaster->began_ns;

    return broadcaster->track[kind].first_timestamp +
           (uint32_t)(passed_ns / 1000 * clock_hz / 1000000);
}

void sim_broadcaster_begin(struct sim_broadcaster *broadcaster, const struct sim_publish *publish,
                           int64_t now_ns)
{
    broadcaster->live = true;
    broadcaster->broadcast++;
    broadcaster->publish = *publish;
    broadcaster->began_ns = now_ns;
    broadcaster->report_ns = now_ns + 100 * MONO_MS;
    broadcaster->key_frame_wanted = true;
    for (int i = 0; i < TRACK_COUNT; i++) {
        struct sim_broadcaster_track *track = &broadcaster->track[i];
        memset(track, 0, sizeof *track);
        track->ssrc = (uint32_t)sim_random_next(broadcaster->random) | 1;
        track->rtx_ssrc = ((uint32_t)sim_random_next(broadcaster->random) & ~1u) | 2;
        track->sequence_number = (uint16_t)sim_random_next(broadcaster->random);
        track->first_timestamp = (uint32_t)sim_random_next(broadcaster->random);
        track->next_ns = now_ns;
    }
}

void sim_broadcaster_end(struct sim_broadcaster *broadcaster)
{
    broadcaster->live = false;
}

struct publication sim_broadcaster_publication(const struct sim_broadcaster *broadcaster)
{
    const struct sim_publish *publish = &broadcaster->publish;
    int16_t none = PROFILE_NO_PAYLOAD_TYPE;
    int16_t vp8_rtx = publish->rtx ? SIM_VP8_RTX : none;
    int16_t h264_rtx = publish->rtx ? SIM_H264_RTX : none;

    return (struct publication){
        .negotiated = {.formats = {{{CODEC_OPUS, 0, 0, 0, 0}, SIM_OPUS, none},
                                   {{CODEC_VP8, 0, 0, 0, 0}, SIM_VP8, vp8_rtx},
                                   {{CODEC_H264, 1, 0x42, 0xe0, 31}, SIM_H264, h264_rtx}},
                       .format_count = 3,
                       .extension_id = {[EXTENSION_TRANSPORT_WIDE] = TRANSPORT_WIDE_ID},
                       .nack = {true, true}},
        .offered = {publish->audio, publish->video != CODEC_NONE},
        .nack_pli = true,
        .transport_wide = true,
    };
}

/* Sends one packet; returns what was sent, valid until the next one. */
static struct sim_sent send_packet(struct sim_broadcaster *broadcaster, const struct rtp *header,
                                   const uint8_t *payload, size_t payload_bytes)
{
    struct sim_sent sent;
    uint16_t number = broadcaster->transport_wide_number++;
    const uint8_t wide[] = {(uint8_t)(number >> 8), (uint8_t)number};
    const struct rtp_element_data element = {TRANSPORT_WIDE_ID, sizeof wide, wide};
    size_t header_bytes = rtp_write_header(sent.data, sizeof sent.data, header, &element, 1);

    assert_true(header_bytes > 0 && header_bytes + payload_bytes <= sizeof sent.data);
    memcpy(&sent.data[header_bytes], payload, payload_bytes);
    sent.data[0] |= header->padding_bytes > 0 ? 0x20 : 0;
    sent.bytes = (uint16_t)(header_bytes + payload_bytes);
    broadcaster->send(broadcaster->send_context, sent.data, sent.bytes);
    return sent;
}

static void send_padding(struct sim_broadcaster *broadcaster, struct rtp header)
{
    static const uint8_t padding[PADDING_BYTES] = {[PADDING_BYTES - 1] = PADDING_BYTES};
    struct sim_broadcaster_track *track = &broadcaster->track[TRACK_VIDEO];

    header.sequence_number = track->sequence_number++;
    header.marker = false;
    header.padding_bytes = PADDING_BYTES;
    (void)send_packet(broadcaster, &header, padding, sizeof padding);
    track->sent[header.sequence_number % SIM_SENT_KEPT].bytes = 0; /* browsers keep media only */
}

static void send_frame(struct sim_broadcaster *broadcaster, int kind, int64_t at_ns)
{
    struct sim_broadcaster_track *track = &broadcaster->track[kind];
    const struct sim_publish *publish = &broadcaster->publish;
    bool video = kind == TRACK_VIDEO;
    bool due = publish->key_frame_every > 0 && track->frame % publish->key_frame_every == 0;
    bool key_frame = !video || due || broadcaster->key_frame_wanted;
    unsigned parts = video ? publish->parts * (key_frame ? KEY_FRAME_FACTOR : 1) : 1;
    struct rtp header = {.payload_type = SIM_OPUS,
                         .timestamp = timestamp_at(broadcaster, kind, at_ns),
                         .ssrc = track->ssrc};
    struct sim_payload content = {.codec = CODEC_OPUS,
                                  .key_frame = key_frame,
                                  .broadcast = broadcaster->broadcast,
                                  .frame = track->frame++,
                                  .parts = (uint8_t)parts};

    if (video) {
        header.payload_type = publish->video == CODEC_VP8 ? SIM_VP8 : SIM_H264;
        content.codec = publish->video;
        broadcaster->key_frame_wanted = false;
    }
    for (unsigned i = 0; i < parts; i++) {
        uint8_t payload[VIDEO_PAYLOAD_BYTES];
        size_t payload_bytes = video ? VIDEO_PAYLOAD_BYTES : AUDIO_PAYLOAD_BYTES;
        content.part = (uint8_t)i;
        sim_payload_write(&content, payload, payload_bytes);
        header.sequence_number = track->sequence_number++;
        header.marker = video && i + 1 == parts;
        track->packets++;
        track->sent[header.sequence_number % SIM_SENT_KEPT] =
            send_packet(broadcaster, &header, payload, payload_bytes);
    }
    if (video && sim_random_chance(broadcaster->random, publish->padding_per_mille))
        send_padding(broadcaster, header);
}

static void send_reports(struct sim_broadcaster *broadcaster, int64_t now_ns)
{
    uint8_t compound[256];
    struct bytes_writer writer = bytes_writer_of(compound, sizeof compound);
    uint64_t seconds = NTP_SECONDS + (uint64_t)(now_ns / MONO_SECOND);
    uint64_t rest_ns = (uint64_t)(now_ns % MONO_SECOND);

    for (int i = 0; i < TRACK_COUNT; i++) {
        const struct sim_broadcaster_track *track = &broadcaster->track[i];
        const struct rtcp_sender_info info = {
            .ssrc = track->ssrc,
            .ntp_timestamp = seconds << 32 | (rest_ns << 32) / (uint64_t)MONO_SECOND,
            .timestamp = timestamp_at(broadcaster, i, now_ns),
            .packets = track->packets,
        };
        rtcp_put_sender_report(&writer, &info);
        rtcp_put_description(&writer, track->ssrc, "broadcaster");
    }
    broadcaster->send(broadcaster->send_context, compound, bytes_written(&writer));
}

void sim_broadcaster_tick(struct sim_broadcaster *broadcaster, int64_t now_ns)
{
    struct sim_broadcaster_track *audio = &broadcaster->track[TRACK_AUDIO];
    struct sim_broadcaster_track *video = &broadcaster->track[TRACK_VIDEO];

    if (!broadcaster->live)
        return;
    if (broadcaster->publish.audio && audio->next_ns <= now_ns) {
        send_frame(broadcaster, TRACK_AUDIO, audio->next_ns);
        audio->next_ns += AUDIO_FRAME_NS;
    }
    if (broadcaster->publish.video != CODEC_NONE && video->next_ns <= now_ns) {
        send_frame(broadcaster, TRACK_VIDEO, video->next_ns);
        video->next_ns += VIDEO_FRAME_NS;
    }
    if (broadcaster->report_ns <= now_ns) {
        send_reports(broadcaster, now_ns);
        broadcaster->report_ns = now_ns + MONO_SECOND;
    }
}

static void resend(struct sim_broadcaster *broadcaster, int kind, uint16_t number)
{
    struct sim_broadcaster_track *track = &broadcaster->track[kind];
    const struct sim_sent *sent = &track->sent[number % SIM_SENT_KEPT];
    struct rtp rtp;

    broadcaster->nacked++;
    if (sent->bytes == 0 || rtp_parse(sent->data, sent->bytes, &rtp) != STATUS_OK ||
        rtp.sequence_number != number)
        return;
    if (!broadcaster->publish.rtx || kind == TRACK_AUDIO) {
        broadcaster->send(broadcaster->send_context, sent->data, sent->bytes);
        return;
    }
    uint8_t payload[SIM_PACKET_BYTES_MAX] = {(uint8_t)(number >> 8), (uint8_t)number};
    memcpy(&payload[2], &sent->data[rtp.payload_offset], rtp.payload_bytes);
    rtp.payload_type = rtp.payload_type == SIM_VP8 ? SIM_VP8_RTX : SIM_H264_RTX;
    rtp.ssrc = track->rtx_ssrc;
    rtp.sequence_number = track->rtx_sequence_number++;
    (void)send_packet(broadcaster, &rtp, payload, (size_t)rtp.payload_bytes + 2);
}

static void receive_nack(struct sim_broadcaster *broadcaster, struct rtcp_part *part)
{
    struct rtcp_feedback feedback;

    assert_int_equal(rtcp_read_feedback(part, &feedback), STATUS_OK);
    bool audio = feedback.media_ssrc == broadcaster->track[TRACK_AUDIO].ssrc;
    while (bytes_left(&part->body) > 0) {
        uint16_t number = bytes_u16(&part->body);
        uint32_t wanted = (uint32_t)bytes_u16(&part->body) << 1 | 1;
        for (; wanted != 0; wanted >>= 1, number++)
            if (wanted & 1)
                resend(broadcaster, audio ? TRACK_AUDIO : TRACK_VIDEO, number);
    }
}

static void receive_pli(struct sim_broadcaster *broadcaster, int64_t now_ns)
{
    int64_t gap_ns = now_ns - broadcaster->last_pli_ns;

    if (broadcaster->plis > 0 &&
        (broadcaster->least_pli_gap_ns == 0 || gap_ns < broadcaster->least_pli_gap_ns))
        broadcaster->least_pli_gap_ns = gap_ns;
    broadcaster->last_pli_ns = now_ns;
    broadcaster->plis++;
    broadcaster->key_frame_wanted = !broadcaster->publish.ignores_plis;
}

void sim_broadcaster_receive(struct sim_broadcaster *broadcaster, const uint8_t *compound,
                             size_t bytes, int64_t now_ns)
{
    struct bytes reader = bytes_of(compound, bytes);
    struct rtcp_part part;

    while (broadcaster->live && rtcp_next(&reader, &part) == STATUS_OK)
        if (part.type == RTCP_RECEIVER_REPORT)
            broadcaster->reports += part.count;
        else if (part.type == RTCP_TRANSPORT_FEEDBACK && part.count == RTCP_FORMAT_NACK)
            receive_nack(broadcaster, &part);
        else if (part.type == RTCP_TRANSPORT_FEEDBACK)
            broadcaster->wide++;
        else if (part.type == RTCP_PAYLOAD_FEEDBACK && part.count == RTCP_FORMAT_PLI)
            receive_pli(broadcaster, now_ns);
}
