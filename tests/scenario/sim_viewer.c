#include "sim_viewer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/mono.h"
#include "core/rtcp.h"
#include "core/rtp.h"
#include "sim_broadcaster.h"
#include "sim_payload.h"

#define NACK_AFTER_NS (10 * MONO_MS)
#define NACK_AGAIN_NS (120 * MONO_MS)
#define STALL_NS (400 * MONO_MS)

enum {
    NACK_TRIES = 8,
    OWN_SSRC = 1,
    NUMBERS_START = 1 << 16, /* high enough to step back from */
};

static void violate(struct sim_viewer *viewer, const char *what)
{
    fprintf(stderr, "viewer %u: %s\n", viewer->track[TRACK_VIDEO].ssrc, what);
    viewer->violations++;
}

void sim_viewer_join(struct sim_viewer *viewer, const struct profile *profile,
                     const struct viewer_start *start, int64_t now_ns)
{
    struct sim_viewer fresh = {.joined = true,
                               .joined_ns = now_ns,
                               .last_shown_ns = now_ns,
                               .send = viewer->send,
                               .send_context = viewer->send_context};

    viewer_init(&fresh.core, profile, start);
    for (int i = 0; i < TRACK_COUNT; i++)
        fresh.track[i].ssrc = start->ssrc[i];
    *viewer = fresh;
}

void sim_viewer_on_egress(struct sim_viewer *viewer, uint32_t ssrc, uint64_t index, uint32_t hash)
{
    for (int i = 0; i < TRACK_COUNT; i++) {
        struct sim_viewer_track *track = &viewer->track[i];
        if (track->ssrc != ssrc)
            continue;
        uint64_t slot = index % SIM_VIEWER_WINDOW;
        if (track->out_index[slot] == index + 1 && track->out_hash[slot] != hash)
            violate(viewer, "an index was used twice, for different bytes");
        track->out_index[slot] = index + 1;
        track->out_hash[slot] = hash;
        return;
    }
    if (viewer->rtx_next_index != 0 && viewer->rtx_next_index != index)
        violate(viewer, "an RTX index was skipped or used twice");
    viewer->rtx_next_index = index + 1;
}

static uint64_t *word_of(struct sim_viewer_track *track, int64_t number)
{
    return &track->window[(uint64_t)number % SIM_VIEWER_WINDOW / 64];
}

static uint64_t bit_of(int64_t number)
{
    return UINT64_C(1) << ((uint64_t)number % 64);
}

static void remove_missing(struct sim_viewer_track *track, unsigned i)
{
    track->missing_count--;
    memmove(&track->missing[i], &track->missing[i + 1],
            (track->missing_count - i) * sizeof track->missing[0]);
}

static void fill(struct sim_viewer_track *track, int64_t number)
{
    for (unsigned i = 0; i < track->missing_count; i++) {
        if (track->missing[i].number == number) {
            remove_missing(track, i);
            return;
        }
    }
    track->lost -= track->lost > 0;
}

static void advance(struct sim_viewer_track *track, int64_t number, int64_t now_ns)
{
    for (int64_t i = track->highest + 1; i < number; i++) {
        *word_of(track, i) &= ~bit_of(i);
        if (track->missing_count == SIM_VIEWER_MISSING_MAX) {
            remove_missing(track, 0);
            track->lost++;
        }
        track->missing[track->missing_count++] =
            (struct sim_missing){.number = i, .due_ns = now_ns + NACK_AFTER_NS};
    }
    track->highest = number;
}

/* True when the packet is new to the viewer. */
static bool note_number(struct sim_viewer *viewer, struct sim_viewer_track *track, int64_t number,
                        uint32_t timestamp, int64_t now_ns)
{
    if (!track->begun) {
        track->begun = true;
        track->highest = number;
        track->highest_timestamp = timestamp;
    } else if (number > track->highest) {
        if ((int32_t)(timestamp - track->highest_timestamp) < 0)
            violate(viewer, "timestamps went back");
        advance(track, number, now_ns);
        track->highest_timestamp = timestamp;
    } else if (number <= track->highest - SIM_VIEWER_WINDOW ||
               (*word_of(track, number) & bit_of(number)) != 0) {
        track->duplicates++;
        return false;
    } else {
        fill(track, number); /* it may come before the first one that came */
    }
    *word_of(track, number) |= bit_of(number);
    track->received++;
    return true;
}

/* Returns the frame that the part belongs to. */
static struct sim_frame *note_frame(struct sim_viewer *viewer, const struct sim_payload *payload)
{
    struct sim_frame *frame = &viewer->frames[payload->frame % SIM_VIEWER_FRAMES];

    if (!frame->used || frame->broadcast != payload->broadcast || frame->number != payload->frame) {
        *frame = (struct sim_frame){.used = true,
                                    .broadcast = payload->broadcast,
                                    .key_frame = payload->key_frame,
                                    .parts = payload->parts,
                                    .number = payload->frame};
    }
    frame->have[payload->part / 64 % 2] |= UINT64_C(1) << (payload->part % 64);
    return frame;
}

static bool is_complete(const struct sim_frame *frame)
{
    int have = __builtin_popcountll(frame->have[0]) + __builtin_popcountll(frame->have[1]);

    return frame->used && have == frame->parts;
}

static void show(struct sim_viewer *viewer, struct sim_frame *frame, int64_t now_ns)
{
    int64_t frozen_ns = now_ns - viewer->last_shown_ns;

    if (viewer->first_frame_ns == 0)
        viewer->first_frame_ns = now_ns;
    else if (frozen_ns > viewer->longest_freeze_ns)
        viewer->longest_freeze_ns = frozen_ns;
    frame->used = false;
    viewer->last_shown_ns = now_ns;
    viewer->decoding = true;
    viewer->broadcast = frame->broadcast;
    viewer->next_frame = frame->number + 1;
    viewer->shown++;
    viewer->key_frames += frame->key_frame;
}

/* Shows a key frame that ends a stall, then what follows what was shown. */
static void decode(struct sim_viewer *viewer, struct sim_frame *changed, int64_t now_ns)
{
    bool same = viewer->decoding && changed->broadcast == viewer->broadcast;

    if (changed->key_frame && (!same || changed->number > viewer->next_frame) &&
        is_complete(changed))
        show(viewer, changed, now_ns);
    while (viewer->decoding) {
        struct sim_frame *next = &viewer->frames[viewer->next_frame % SIM_VIEWER_FRAMES];
        if (next->number != viewer->next_frame || next->broadcast != viewer->broadcast ||
            !is_complete(next))
            return;
        show(viewer, next, now_ns);
    }
}

static void receive_media(struct sim_viewer *viewer, enum codec codec, const struct rtp *rtp,
                          struct bytes payload, int64_t now_ns)
{
    struct sim_viewer_track *track = &viewer->track[codec_track(codec)];
    struct sim_payload read;
    int64_t number =
        rtp_sequence_extend(track->begun ? track->highest : NUMBERS_START, rtp->sequence_number);

    if (!sim_payload_read(codec, payload.at, bytes_left(&payload), &read)) {
        violate(viewer, "a payload was damaged");
        return;
    }
    if (!track->begun && !read.key_frame) {
        viewer->missed_beginning = true;
        if (viewer->deaf_until_ns == 0)
            violate(viewer, "video began without a key frame");
    }
    if (note_number(viewer, track, number, rtp->timestamp, now_ns) && codec != CODEC_OPUS)
        decode(viewer, note_frame(viewer, &read), now_ns);
}

static void receive_rtp(struct sim_viewer *viewer, const uint8_t *data, size_t bytes,
                        int64_t now_ns)
{
    struct rtp rtp;

    if (rtp_parse(data, bytes, &rtp) != STATUS_OK) {
        violate(viewer, "RTP is malformed");
        return;
    }
    struct bytes payload = bytes_of(&data[rtp.payload_offset], rtp.payload_bytes);
    const struct viewer_track *video = &viewer->core.track[TRACK_VIDEO];
    uint32_t expected = video->ssrc;
    enum codec codec = CODEC_VP8;

    switch (rtp.payload_type) {
    case SIM_OPUS:
        expected = viewer->core.track[TRACK_AUDIO].ssrc;
        codec = CODEC_OPUS;
        break;
    case SIM_H264:
        codec = CODEC_H264;
        break;
    case SIM_VP8_RTX:
    case SIM_H264_RTX:
        expected = video->rtx_ssrc;
        codec = rtp.payload_type == SIM_VP8_RTX ? CODEC_VP8 : CODEC_H264;
        rtp.sequence_number = bytes_u16(&payload);
        break;
    default:
        break;
    }
    if (rtp.ssrc != expected) {
        violate(viewer, "an SSRC that was not agreed on for the payload type");
        return;
    }
    receive_media(viewer, codec, &rtp, payload, now_ns);
}

static void receive_rtcp(struct sim_viewer *viewer, const uint8_t *data, size_t bytes)
{
    struct bytes reader = bytes_of(data, bytes);
    struct rtcp_part part;
    struct rtcp_sender_info info;

    while (rtcp_next(&reader, &part) == STATUS_OK) {
        if (part.type != RTCP_SENDER_REPORT)
            continue;
        assert_int_equal(rtcp_read_sender_info(&part, &info), STATUS_OK);
        for (int i = 0; i < TRACK_COUNT; i++) {
            if (viewer->track[i].ssrc == info.ssrc) {
                viewer->track[i].sender_reports++;
                viewer->track[i].ntp_timestamp = info.ntp_timestamp;
                viewer->track[i].report_timestamp = info.timestamp;
            }
        }
    }
}

void sim_viewer_receive(struct sim_viewer *viewer, const uint8_t *data, size_t bytes,
                        int64_t now_ns)
{
    if (!viewer->joined)
        return;
    if (data[1] >= 192 && data[1] <= 223) /* RFC 5761 */
        receive_rtcp(viewer, data, bytes);
    else
        receive_rtp(viewer, data, bytes, now_ns);
}

static void send_nacks(struct sim_viewer *viewer, struct sim_viewer_track *track, int64_t now_ns)
{
    uint8_t compound[1024];
    struct bytes_writer writer = bytes_writer_of(compound, sizeof compound);
    uint16_t numbers[SIM_VIEWER_MISSING_MAX];
    unsigned count = 0;
    unsigned i = 0;

    while (i < track->missing_count) {
        struct sim_missing *missing = &track->missing[i];
        if (missing->due_ns <= now_ns && missing->tries == NACK_TRIES) {
            remove_missing(track, i);
            track->lost++;
            continue;
        }
        if (missing->due_ns <= now_ns) {
            missing->tries++;
            missing->due_ns = now_ns + NACK_AGAIN_NS;
            numbers[count++] = (uint16_t)missing->number;
        }
        i++;
    }
    if (count > 0) {
        track->nacked += count;
        rtcp_put_nack(&writer, (struct rtcp_feedback){OWN_SSRC, track->ssrc}, numbers, count);
        viewer->send(viewer->send_context, viewer, compound, bytes_written(&writer));
    }
}

void sim_viewer_tick(struct sim_viewer *viewer, int64_t now_ns)
{
    uint8_t compound[128];
    struct bytes_writer writer = bytes_writer_of(compound, sizeof compound);
    struct sim_viewer_track *video = &viewer->track[TRACK_VIDEO];

    if (!viewer->joined)
        return;
    send_nacks(viewer, &viewer->track[TRACK_AUDIO], now_ns);
    send_nacks(viewer, video, now_ns);
    bool stalls = video->begun && now_ns - viewer->last_shown_ns > STALL_NS &&
                  now_ns - viewer->pli_ns > STALL_NS;
    if (stalls || viewer->missed_beginning) {
        const struct rtcp_report report = {.ssrc = video->ssrc,
                                           .highest_sequence_number = (uint32_t)video->highest};
        viewer->pli_ns = now_ns;
        viewer->plis++;
        viewer->missed_beginning = false;
        rtcp_put_receiver_report(&writer, OWN_SSRC, &report, 1);
        rtcp_put_pli(&writer, (struct rtcp_feedback){OWN_SSRC, video->ssrc});
        viewer->send(viewer->send_context, viewer, compound, bytes_written(&writer));
    }
}
