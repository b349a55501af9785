#include "core/replay.h"

#include <assert.h>

#include "core/codec.h"
#include "core/render.h"
#include "core/rtp.h"

enum {
    TICKS_A_MS = CODEC_CLOCK_VIDEO_HZ / 1000,
    /* So far behind the live edge a replay begins: a live frame that comes a little early must not
     * find its timestamp taken. */
    LAG_TICKS = 40 * TICKS_A_MS,
};

void replay_init(struct replay *replay, uint32_t pace_bps)
{
    *replay = (struct replay){.pace_bps = pace_bps};
    gop_cache_init(&replay->cache, &(struct gop_cache_limits){.bytes_max = 0});
}

void replay_close(struct replay *replay)
{
    assert(replay->first == NULL);
    gop_cache_close(&replay->cache);
}

void replay_keep(struct replay *replay, struct packet *packet)
{
    if (replay->pace_bps == 0)
        return;
    if (packet->cached) {
        replay->open = replay->open || packet->key_frame_start;
        replay->open = gop_cache_push(&replay->cache, packet) && replay->open;
        return;
    }
    if (!gop_cache_holds(&replay->cache) || packet->sequence_number < replay->cache.newest)
        return; /* late, from before the key frame */
    replay->open = false;
    if (replay->running == 0 || !gop_cache_push(&replay->cache, packet))
        gop_cache_clear(&replay->cache); /* else those who have begun may end */
}

void replay_reset(struct replay *replay)
{
    replay->open = false;
    gop_cache_clear(&replay->cache);
}

bool replay_can_serve(const struct replay *replay, const struct viewer *viewer)
{
    const struct packet *first = gop_cache_find(&replay->cache, replay->cache.first);

    return replay->open && first != NULL && viewer->track[TRACK_VIDEO].wanted &&
           profile_find(viewer->profile, &first->format) != NULL;
}

void replay_join(struct replay *replay, struct viewer *viewer, int64_t now_ns)
{
    struct viewer_replay *place = &viewer->replay;

    if (place->state != REPLAY_NONE)
        return;
    place->state = REPLAY_WAITS;
    place->since_ns = now_ns;
    place->next = NULL;
    place->previous = replay->last;
    if (replay->last != NULL)
        replay->last->replay.next = viewer;
    else
        replay->first = viewer;
    replay->last = viewer;
}

void replay_on_report(struct viewer *viewer, uint32_t highest_sequence_number)
{
    const struct viewer_track *track = &viewer->track[TRACK_VIDEO];

    if (viewer->replay.begun_ns != 0 &&
        rtp_sequence_extend(track->highest_index, (uint16_t)highest_sequence_number) >=
            track->run_index)
        viewer->replay.heard = true;
}

void replay_leave(struct replay *replay, struct viewer *viewer)
{
    struct viewer_replay *place = &viewer->replay;

    if (place->state == REPLAY_NONE)
        return;
    replay->running -= place->state == REPLAY_RUNS;
    if (place->next != NULL)
        place->next->replay.previous = place->previous;
    else
        replay->last = place->previous;
    if (place->previous != NULL)
        place->previous->replay.next = place->next;
    else
        replay->first = place->next;
    place->state = REPLAY_NONE;
    viewer->track[TRACK_VIDEO].replaying = false;
}

/* How many times as fast as live the pace is for what is kept. */
static uint8_t speed_of(const struct replay *replay, uint32_t backlog_ticks)
{
    uint64_t pace_ticks = replay->cache.bytes * 8 * CODEC_CLOCK_VIDEO_HZ / replay->pace_bps + 1;
    uint64_t speed = backlog_ticks / pace_ticks + 1;

    if (speed < REPLAY_SPEED_MIN)
        return REPLAY_SPEED_MIN;
    return speed < REPLAY_SPEED_MAX ? (uint8_t)speed : REPLAY_SPEED_MAX;
}

/* How far behind its true timestamp the key frame is to be shown: just before the newest packet,
 * but after what the viewer saw already. */
static int32_t ahead_of(const struct replay *replay, const struct viewer_track *track,
                        const struct packet *first, const struct packet *newest)
{
    int32_t ahead = (int32_t)(newest->timestamp - first->timestamp) - LAG_TICKS;

    if (track->packets_sent == 0)
        return ahead > LAG_TICKS ? ahead : 0; /* so near that nothing need be squeezed */
    const struct packet *seen =
        gop_cache_find(&replay->cache, track->highest_index - track->sequence_offset);
    uint32_t timestamp = newest->timestamp;
    if (seen != NULL) {
        timestamp = viewer_timestamp(track, track->highest_index, seen->timestamp) -
                    track->timestamp_offset;
    }
    int32_t least = (int32_t)(timestamp + TICKS_A_MS - first->timestamp);
    if (ahead < least)
        ahead = least;
    return ahead > 0 ? ahead : 0;
}

void replay_begin(struct replay *replay, struct viewer *viewer, int64_t now_ns)
{
    const struct gop_cache *cache = &replay->cache;
    const struct packet *first = gop_cache_find(cache, cache->first);
    const struct packet *newest = gop_cache_find(cache, cache->newest);
    struct viewer_track *track = &viewer->track[TRACK_VIDEO];

    assert(first != NULL && newest != NULL && viewer->replay.state == REPLAY_WAITS);
    int32_t ahead = ahead_of(replay, track, first, newest);
    viewer_begin_run(track, first);
    track->replaying = true;
    track->squeezed_until = first->timestamp;
    track->squeezed_index = track->run_index;
    if (ahead > 0) {
        /* The key frame at first + ahead, and all that follow so much closer together that they end
         * where live time will be by then. */
        track->squeeze = speed_of(replay, newest->timestamp - first->timestamp);
        track->squeezed_until += (uint32_t)ahead + (uint32_t)ahead / (track->squeeze - 1u);
        track->squeezed_index = INT64_MAX;
    }
    viewer->replay.begun_timestamp = viewer_timestamp(track, track->run_index, first->timestamp);
    viewer->replay.begun_ns = now_ns;
    viewer->replay.heard = false;
    viewer->replay.state = REPLAY_RUNS;
    replay->running++;
}

/* When a packet that the viewer sees as index and timestamp is to be sent. */
static int64_t due_of(const struct viewer *viewer, int64_t index, uint32_t timestamp)
{
    const struct viewer_replay *place = &viewer->replay;

    if (index >= viewer->track[TRACK_VIDEO].squeezed_index)
        return place->begun_ns; /* live: at once */
    int32_t after = (int32_t)(timestamp - place->begun_timestamp);
    return place->begun_ns + (int64_t)after * MONO_SECOND / CODEC_CLOCK_VIDEO_HZ;
}

static const struct packet *next_packet(const struct replay *replay, const struct viewer *viewer)
{
    const struct viewer_track *track = &viewer->track[TRACK_VIDEO];

    return gop_cache_next(&replay->cache, track->highest_index + 1 - track->sequence_offset);
}

bool replay_is_late(const struct replay *replay, const struct viewer *viewer, int64_t now_ns)
{
    const struct viewer_track *track = &viewer->track[TRACK_VIDEO];

    if (viewer->replay.state == REPLAY_WAITS)
        return now_ns - viewer->replay.since_ns > REPLAY_PATIENCE_NS;
    const struct packet *packet = next_packet(replay, viewer);
    if (packet == NULL)
        return false;
    int64_t index = packet->sequence_number + track->sequence_offset;
    uint32_t timestamp = viewer_timestamp(track, index, packet->timestamp);
    return now_ns - due_of(viewer, index, timestamp) > REPLAY_PATIENCE_NS;
}

/* Fills out with the next packet of viewer's that is due; NULL: none is now, see due_ns. */
static const struct packet *take_due(const struct replay *replay, struct viewer *viewer,
                                     struct outgoing *out, int64_t *due_ns, int64_t now_ns)
{
    struct viewer_track *track = &viewer->track[TRACK_VIDEO];
    const struct packet *packet = next_packet(replay, viewer);

    if (packet == NULL) {
        *due_ns = MONO_NEVER;
        return NULL;
    }
    int64_t index = packet->sequence_number + track->sequence_offset;
    if (index < track->squeezed_index && (int32_t)(packet->timestamp - track->squeezed_until) >= 0)
        track->squeezed_index = index; /* from here on live */
    uint32_t timestamp = viewer_timestamp(track, index, packet->timestamp);
    *due_ns = due_of(viewer, index, timestamp);
    if (*due_ns > now_ns)
        return NULL;
    *out = (struct outgoing){.payload = &packet->data[packet->payload_offset],
                             .payload_bytes = packet->payload_bytes,
                             .timestamp = timestamp,
                             .ssrc = track->ssrc,
                             .index = (uint64_t)index};
    return packet;
}

static void count_sent(struct viewer *viewer, const struct outgoing *out)
{
    struct viewer_track *track = &viewer->track[TRACK_VIDEO];

    track->highest_index = (int64_t)out->index;
    track->packets_sent++;
    track->octets_sent += out->payload_bytes;
    viewer->bytes_sent += (uint64_t)out->header_bytes + out->payload_bytes;
}

int64_t replay_send(struct replay *replay, struct viewer *viewer, struct replay_headers *headers,
                    const struct egress *egress, int64_t now_ns)
{
    struct viewer_track *track = &viewer->track[TRACK_VIDEO];
    struct outgoing outgoing[REPLAY_VIEWER_PACKETS];
    int64_t due_ns = now_ns + REPLAY_TURN_NS;
    unsigned count = 0;

    while (count < REPLAY_VIEWER_PACKETS && headers->used < REPLAY_BUDGET_PACKETS) {
        struct outgoing *out = &outgoing[count];
        const struct packet *packet = take_due(replay, viewer, out, &due_ns, now_ns);
        if (packet == NULL)
            break;
        const struct profile_format *format = profile_find(viewer->profile, &packet->format);
        if (format == NULL) {
            track->started = false;
            replay_leave(replay, viewer);
            break;
        }
        uint8_t *header = headers->bytes[headers->used++];
        out->header = header;
        out->header_bytes =
            (uint16_t)render_header(packet, viewer->profile, format->payload_type, header);
        count_sent(viewer, out);
        count++;
        due_ns = now_ns + REPLAY_TURN_NS;
    }
    if (count > 0 && !egress->send(egress->context, viewer, outgoing, count)) {
        viewer_cut(viewer, now_ns);
        replay_leave(replay, viewer);
        return MONO_NEVER;
    }
    if (!gop_cache_holds(&replay->cache)) { /* it was given up in the middle */
        track->started = false;
        replay_leave(replay, viewer);
    } else if (due_ns == MONO_NEVER && track->squeezed_index != INT64_MAX) {
        replay_leave(replay, viewer);
    }
    return due_ns;
}
