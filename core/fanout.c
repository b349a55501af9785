#include "core/fanout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/fanout_parts.h"
#include "core/mono.h"
#include "core/rtcp.h"
#include "core/rtp.h"

#define KEY_FRAME_REQUEST_NS (100 * MONO_MS)
/* A viewer that was cut waits so long for what comes anyway, and key frames that are asked for
 * because of such viewers are so far apart: they are not to cost the others their bit rate. */
#define CUT_PATIENCE_NS (2 * MONO_SECOND)

enum {
    VIEWERS_A_STRETCH = 16, /* served before a run looks for packets that came meanwhile */
    PREFETCH_AHEAD = 2
};

static const char cname[] = "manycast";

enum status fanout_create(const struct fanout_settings *settings, struct stats *stats,
                          struct fanout **fanout)
{
    struct fanout *made = calloc(1, sizeof *made);
    enum status status = made != NULL ? STATUS_OK : STATUS_NO_MEMORY;

    if (made != NULL)
        replay_init(&made->replay, settings->replay_bps);
    for (unsigned i = 0; i < TRACK_COUNT && status == STATUS_OK; i++) {
        status = history_create(settings->history_packets[i], settings->history_age_ns,
                                &made->history[i]);
    }
    if (status != STATUS_OK) {
        fanout_destroy(made);
        return status;
    }
    made->stream_id = settings->stream_id;
    made->stats = stats;
    made->live = true; /* until told otherwise: viewers come to streams that are on their way */
    made->key_frame_asked_ns = INT64_MIN / 2;
    made->cut_asked_ns = INT64_MIN / 2;
    made->clock_hz[TRACK_AUDIO] = CODEC_CLOCK_OPUS_HZ;
    made->clock_hz[TRACK_VIDEO] = CODEC_CLOCK_VIDEO_HZ;
    *fanout = made;
    return STATUS_OK;
}

static void drop_batch(struct fanout *fanout)
{
    for (unsigned i = 0; i < fanout->batch_count; i++)
        packet_unref(fanout->batch[i]);
    fanout->batch_count = 0;
    fanout->frame_ended = false;
    fanout->has_audio = false;
    fanout->urgent = false;
}

void fanout_destroy(struct fanout *fanout)
{
    if (fanout == NULL)
        return;
    assert(fanout->viewer_count == 0);
    drop_batch(fanout);
    replay_close(&fanout->replay);
    for (unsigned i = 0; i < TRACK_COUNT; i++)
        history_destroy(fanout->history[i]);
    free(fanout->viewers);
    free(fanout);
}

uint32_t fanout_stream_id(const struct fanout *fanout)
{
    return fanout->stream_id;
}

unsigned fanout_viewers(const struct fanout *fanout)
{
    return fanout->viewer_count;
}

/* What the batch's arrival changes for the stream as a whole. */
static void take_note(struct fanout *fanout, const struct packet *packet)
{
    switch ((enum packet_kind)packet->kind) {
    case PACKET_MEDIA:
        fanout->live = true;
        if (packet->track == TRACK_VIDEO) {
            fanout->video_format = packet->format;
            fanout->frame_ended = fanout->frame_ended || packet->marker;
        } else {
            fanout->has_audio = true;
        }
        bitrate_add(&fanout->bitrate, packet->payload_bytes, packet->arrival_ns);
        return;
    case PACKET_SENDER_REPORT:
        sender_clock_set(&fanout->clocks[packet->track], packet->ntp_timestamp, packet->timestamp,
                         packet->arrival_ns);
        fanout->report_due[packet->track] = true;
        return;
    case PACKET_PUBLISHED: /* another sender's clock, perhaps another codec */
        memset(fanout->clocks, 0, sizeof fanout->clocks);
        memset(fanout->report_due, 0, sizeof fanout->report_due);
        fanout->video_format = (struct codec_format){.codec = CODEC_NONE};
        fanout->live = true;
        fanout->urgent = true;
        return;
    case PACKET_UNPUBLISHED: /* nothing more comes that would push the old packets out */
        for (unsigned i = 0; i < TRACK_COUNT; i++)
            history_clear(fanout->history[i]);
        fanout->live = false;
        fanout->urgent = true;
        return;
    }
}

bool fanout_can_push(const struct fanout *fanout, const struct packet *packet)
{
    return fanout->batch_count < EGRESS_BATCH_MAX &&
           (!fanout->walking || packet->kind == PACKET_MEDIA);
}

void fanout_push(struct fanout *fanout, struct packet *packet)
{
    assert(fanout_can_push(fanout, packet));
    fanout->joined_at[fanout->batch_count] = 0;
    fanout->batch[fanout->batch_count++] = packet;
    take_note(fanout, packet);
    if (packet->kind == PACKET_MEDIA)
        history_push(fanout->history[packet->track], packet, packet->arrival_ns);
}

bool fanout_is_empty(const struct fanout *fanout)
{
    return fanout->batch_count == 0;
}

int64_t fanout_oldest_ns(const struct fanout *fanout)
{
    return fanout->batch_count > 0 ? fanout->batch[0]->arrival_ns : MONO_NEVER;
}

bool fanout_is_full(const struct fanout *fanout)
{
    return fanout->batch_count == EGRESS_BATCH_MAX;
}

bool fanout_is_running(const struct fanout *fanout)
{
    return fanout->walking;
}

bool fanout_is_due(const struct fanout *fanout, bool audio_waits)
{
    return fanout->urgent || fanout->frame_ended || (fanout->has_audio && !audio_waits);
}

static void end_run(struct fanout *fanout, struct viewer *viewer, enum track_kind track)
{
    viewer->track[track].started = false;
    if (track == TRACK_VIDEO)
        replay_leave(&fanout->replay, viewer);
}

/* Whether viewer gets a video packet now. With a key frame it begins where it had not; one that is
 * being brought to the live edge goes on from there, and otherwise waits until it gets there. */
static bool admit_video(struct fanout *fanout, struct viewer *viewer, const struct packet *packet)
{
    struct viewer_track *track = &viewer->track[TRACK_VIDEO];
    bool ahead = packet->sequence_number + track->sequence_offset > track->highest_index;

    if (packet->key_frame_start && (!track->started || ahead)) {
        if (!track->started || track->replaying)
            viewer_begin_run(track, packet);
        viewer->cut_ns = 0;
        viewer->replay.asked_ns = 0;
        viewer->replay.restarts = 0;
        replay_leave(&fanout->replay, viewer);
        return true;
    }
    return track->started && !(track->replaying && ahead);
}

/* Fills out with what viewer gets of the packet; false when that is nothing. */
static bool address_packet(struct fanout *fanout, struct viewer *viewer,
                           const struct packet *packet, const struct rendered *rendered,
                           struct outgoing *out)
{
    struct viewer_track *track = &viewer->track[packet->track];

    if (!track->wanted)
        return false;
    if (rendered->header_bytes == 0) { /* a codec that it cannot take: its run ends */
        end_run(fanout, viewer, (enum track_kind)packet->track);
        return false;
    }
    if (packet->track == TRACK_VIDEO) {
        if (!admit_video(fanout, viewer, packet))
            return false;
    } else if (!track->started) {
        viewer_begin_run(track, packet);
    }
    int64_t index = packet->sequence_number + track->sequence_offset;
    if (index < track->run_index)
        return false;
    if (index > track->highest_index)
        track->highest_index = index;
    track->packets_sent++;
    track->octets_sent += (uint32_t)packet->payload_bytes - packet->padding_bytes;
    viewer->bytes_sent += (uint64_t)rendered->header_bytes + packet->payload_bytes;
    *out = (struct outgoing){
        .header = rendered->header,
        .payload = &packet->data[packet->payload_offset],
        .header_bytes = rendered->header_bytes,
        .payload_bytes = packet->payload_bytes,
        .timestamp = viewer_timestamp(track, index, packet->timestamp),
        .ssrc = track->ssrc,
        .index = (uint64_t)index,
    };
    return true;
}

static void send_batch(struct fanout *fanout, struct viewer *viewer, const struct render_row *row,
                       const struct egress *egress, int64_t now_ns)
{
    struct outgoing outgoing[EGRESS_BATCH_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < fanout->order_count; i++) {
        const unsigned number = fanout->order[i];
        const struct packet *packet = fanout->batch[number];
        if (packet->kind == PACKET_MEDIA)
            count +=
                address_packet(fanout, viewer, packet, &row->packets[number], &outgoing[count]);
        else if (packet->kind == PACKET_PUBLISHED)
            end_run(fanout, viewer, TRACK_VIDEO);
    }
    if (count == 0 || egress->send(egress->context, viewer, outgoing, count) ||
        !viewer->track[TRACK_VIDEO].started)
        return;
    viewer_cut(viewer, now_ns);
    replay_leave(&fanout->replay, viewer);
    STATS_ADD(fanout->stats, viewers_cut, 1);
}

void fanout_send_reports(struct fanout *fanout, struct viewer *viewer, const bool *tracks,
                         const struct egress *egress, int64_t now_ns)
{
    uint8_t compound[EGRESS_RTCP_BYTES_MAX];
    struct bytes_writer writer = bytes_writer_of(compound, sizeof compound);

    for (unsigned i = 0; i < TRACK_COUNT; i++) {
        const struct viewer_track *track = &viewer->track[i];
        struct rtcp_sender_info info = {
            .ssrc = track->ssrc, .packets = track->packets_sent, .octets = track->octets_sent};
        if (!tracks[i] || !track->started ||
            !sender_clock_now(&fanout->clocks[i], fanout->clock_hz[i], now_ns, &info.ntp_timestamp,
                              &info.timestamp))
            continue;
        info.timestamp += track->timestamp_offset;
        rtcp_put_sender_report(&writer, &info);
        rtcp_put_description(&writer, track->ssrc, cname);
    }
    if (bytes_written(&writer) > 0)
        egress->send_rtcp(egress->context, viewer, compound, bytes_written(&writer));
}

static bool may_ask_for_cut(struct fanout *fanout, const struct viewer *viewer, int64_t now_ns)
{
    if (now_ns - viewer->cut_ns < CUT_PATIENCE_NS ||
        now_ns - fanout->cut_asked_ns < CUT_PATIENCE_NS)
        return false;
    fanout->cut_asked_ns = now_ns;
    return true;
}

/* Everything that one viewer gets of the batch. */
static void serve(struct fanout *fanout, struct viewer *viewer, const struct egress *egress,
                  int64_t now_ns)
{
    const struct render_row *row =
        render_row(&fanout->render, viewer->profile, fanout->batch, fanout->batch_count);
    struct viewer_track *tracks = viewer->track;
    bool ran[TRACK_COUNT];
    bool due[TRACK_COUNT];
    bool began = false;

    if (row == NULL) { /* what was rendered is still being sent */
        egress->flush(egress->context);
        render_reset(&fanout->render);
        row = render_row(&fanout->render, viewer->profile, fanout->batch, fanout->batch_count);
    }
    for (unsigned i = 0; i < TRACK_COUNT; i++)
        ran[i] = tracks[i].started;
    send_batch(fanout, viewer, row, egress, now_ns);
    for (unsigned i = 0; i < TRACK_COUNT; i++)
        began = began || (tracks[i].started && !ran[i]);
    if (began && viewer->first_sent_ns == 0)
        viewer->first_sent_ns = now_ns;
    /* A track that begins is told at once how it lies to the other: no waiting for lip sync. */
    for (unsigned i = 0; i < TRACK_COUNT; i++)
        due[i] = began || fanout->report_due[i];
    if (due[TRACK_AUDIO] || due[TRACK_VIDEO])
        fanout_send_reports(fanout, viewer, due, egress, now_ns);
    if (tracks[TRACK_VIDEO].wanted && !tracks[TRACK_VIDEO].started &&
        viewer->replay.state == REPLAY_NONE &&
        (viewer->cut_ns == 0 || may_ask_for_cut(fanout, viewer, now_ns)) &&
        profile_find(viewer->profile, &fanout->video_format) != NULL)
        fanout->waiting++;
}

/* What the walk carries: the batch from first on, video before audio, each track in its order.
 * Packets of one size make one message, and a shorter one of audio may still be its last. */
static void arrange(struct fanout *fanout, unsigned first)
{
    unsigned count = 0;

    for (int audio = 0; audio <= 1; audio++) {
        for (unsigned i = first; i < fanout->batch_count; i++) {
            const struct packet *packet = fanout->batch[i];
            const bool is_audio = packet->kind == PACKET_MEDIA && packet->track == TRACK_AUDIO;
            if (is_audio == (audio == 1))
                fanout->order[count++] = (uint8_t)i;
        }
    }
    fanout->order_count = count;
}

/* What was fanned out may be replayed from now on. */
static void keep_batch(struct fanout *fanout)
{
    for (unsigned i = 0; i < fanout->batch_count; i++) {
        struct packet *packet = fanout->batch[i];
        if (packet->kind == PACKET_PUBLISHED || packet->kind == PACKET_UNPUBLISHED)
            replay_reset(&fanout->replay);
        else if (packet->kind == PACKET_MEDIA && packet->track == TRACK_VIDEO)
            replay_keep(&fanout->replay, packet);
    }
}

/* Serves the viewers of one stretch. */
static void serve_stretch(struct fanout *fanout, unsigned from, const struct egress *egress,
                          int64_t now_ns)
{
    const unsigned left = fanout->viewer_count - from;
    const unsigned to = from + (left < VIEWERS_A_STRETCH ? left : VIEWERS_A_STRETCH);

    for (unsigned i = from; i < to; i++) {
        if (i + PREFETCH_AHEAD < fanout->viewer_count) {
            const struct viewer *coming = fanout->viewers[i + PREFETCH_AHEAD];
            __builtin_prefetch(coming, 1);
            __builtin_prefetch(&coming->track[TRACK_AUDIO], 1);
            __builtin_prefetch(&coming->track[TRACK_VIDEO], 1);
        }
        serve(fanout, fanout->viewers[i], egress, now_ns);
    }
}

/* Lets packets that came meanwhile join the walk, which goes on with viewer number next. */
static void gather_more(struct fanout *fanout, const struct fanout_gather *gather, unsigned next)
{
    const unsigned before = fanout->batch_count;

    if (gather == NULL || next >= fanout->viewer_count)
        return;
    gather->gather(gather->context);
    for (unsigned i = before; i < fanout->batch_count; i++) {
        fanout->joined_at[i] = next;
        /* Whom the walk finds waiting for a key frame from here on waits for a later one. */
        if (fanout->batch[i]->key_frame_start)
            fanout->waiting = 0;
    }
    if (fanout->batch_count > before)
        arrange(fanout, 0);
}

/* Brings what joined the walk to the viewers that it had passed by then. */
static void serve_passed(struct fanout *fanout, unsigned first, const struct egress *egress,
                         int64_t now_ns)
{
    unsigned arranged = EGRESS_BATCH_MAX;

    for (unsigned from = 0; from < fanout->viewer_count; from += VIEWERS_A_STRETCH) {
        while (first < fanout->batch_count && fanout->joined_at[first] <= from)
            first++;
        if (first == fanout->batch_count)
            return;
        if (first != arranged)
            arrange(fanout, first);
        arranged = first;
        serve_stretch(fanout, from, egress, now_ns);
    }
}

void fanout_run(struct fanout *fanout, const struct fanout_gather *gather,
                const struct egress *egress, int64_t now_ns)
{
    const unsigned begun_with = fanout->batch_count;

    if (begun_with == 0)
        return;
    fanout->walking = true;
    fanout->waiting = 0;
    arrange(fanout, 0);
    for (unsigned from = 0; from < fanout->viewer_count; from += VIEWERS_A_STRETCH) {
        serve_stretch(fanout, from, egress, now_ns);
        gather_more(fanout, gather, from + VIEWERS_A_STRETCH);
    }
    memset(fanout->report_due, 0, sizeof fanout->report_due);
    serve_passed(fanout, begun_with, egress, now_ns);
    fanout->walking = false;
    egress->flush(egress->context);
    render_reset(&fanout->render);
    STATS_ADD(fanout->stats, batches, 1);
    STATS_ADD(fanout->stats, batch_packets, fanout->batch_count);
    STATS_OBSERVE(fanout->stats, batch_size, fanout->batch_count);
    keep_batch(fanout);
    drop_batch(fanout);
    fanout->run_ns = now_ns;
}

bool fanout_take_key_frame_request(struct fanout *fanout, int64_t now_ns)
{
    bool wanted = fanout->key_frame_wanted || fanout->waiting > 0;

    if (!wanted || !fanout->live || now_ns - fanout->key_frame_asked_ns < KEY_FRAME_REQUEST_NS)
        return false;
    fanout->key_frame_asked_ns = now_ns;
    fanout->key_frame_wanted = false;
    return true;
}

bool fanout_resend(struct fanout *fanout, struct viewer *viewer, enum track_kind track,
                   uint16_t viewer_sequence_number, const struct egress *egress, int64_t now_ns)
{
    const struct viewer_track *sent = &viewer->track[track];
    int64_t index = rtp_sequence_extend(sent->highest_index, viewer_sequence_number);

    if (index < sent->run_index || index > sent->highest_index)
        return false;
    if (track == TRACK_VIDEO && viewer->cut_ns != 0)
        return true; /* neither resent nor a reason to ask for a key frame */
    int64_t number = index - sent->sequence_offset;
    const struct packet *packet = history_find(fanout->history[track], number, now_ns);
    if (packet == NULL && track == TRACK_VIDEO)
        packet = gop_cache_find(&fanout->replay.cache, number);
    const struct profile_format *format =
        packet != NULL ? profile_find(viewer->profile, &packet->format) : NULL;
    if (format == NULL)
        return false;
    if (resend_is_allowed(viewer, packet, viewer_sequence_number,
                          bitrate_bps(&fanout->bitrate, now_ns), now_ns)) {
        resend_gather(&fanout->resend, viewer, packet, format, index, egress);
        STATS_ADD(fanout->stats, packets_resent, 1);
    }
    return true;
}

void fanout_finish_resends(struct fanout *fanout, struct viewer *viewer,
                           const struct egress *egress)
{
    resend_finish(&fanout->resend, viewer, egress);
}

int64_t fanout_round_trip_ns(const struct fanout *fanout, enum track_kind track,
                             uint32_t last_sender_report, uint32_t delay_since_sender_report,
                             int64_t now_ns)
{
    return sender_clock_round_trip_ns(&fanout->clocks[track], last_sender_report,
                                      delay_since_sender_report, now_ns);
}
