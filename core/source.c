#include "core/source.h"

#include <string.h>

#include "core/mono.h"

/* After so long a silence another SSRC with the same payload type takes the track over. */
#define SILENCE_NS MONO_SECOND

enum { /* RFC 3550 section A.1 */
       DROPOUT_MAX = 3000,
       MISORDER_MAX = 1000,
};

void source_init(struct source *source, uint32_t clock_hz, uint32_t first_timestamp)
{
    memset(source, 0, sizeof *source);
    source->clock_hz = clock_hz;
    source->restart = -1;
    rewrite_init(&source->rewrite, clock_hz, first_timestamp);
}

/* What is numbered anew: another SSRC, or the same one that restarted. */
static void begin_segment(struct source *source)
{
    source->restart = -1;
    loss_reset(&source->loss);
    source->reception = (struct reception){0};
    rewrite_end(&source->rewrite);
    source->key_frame_seen = false;
}

void source_begin(struct source *source, uint32_t ssrc, uint32_t rtx_ssrc, int64_t now_ns)
{
    begin_segment(source);
    source->known = ssrc != 0;
    source->ssrc = ssrc;
    source->rtx_ssrc = rtx_ssrc;
    source->newest_ns = now_ns;
    source->format = (struct codec_format){.codec = CODEC_NONE};
    source->key_frames = 0;
}

/* False when the packet is of another SSRC than the track has; learns it if it may. */
static bool is_ours(struct source *source, uint32_t ssrc, int64_t now_ns)
{
    if (source->known && source->ssrc == ssrc)
        return true;
    if (source->known && now_ns - source->newest_ns < SILENCE_NS)
        return false;
    if (source->loss.begun)
        begin_segment(source);
    source->known = true;
    source->ssrc = ssrc;
    return true;
}

/* False when the number is so far from the others that it proves nothing yet: a sender that
 * restarted sends its successor next. */
static bool is_plausible(struct source *source, uint16_t sequence_number)
{
    int ahead = rtp_sequence_difference((uint16_t)source->loss.highest, sequence_number);

    if (!source->loss.begun || (ahead < DROPOUT_MAX && ahead > -MISORDER_MAX)) {
        source->restart = -1;
        return true;
    }
    if (source->restart == sequence_number) {
        begin_segment(source);
        return true;
    }
    source->restart = (uint16_t)(sequence_number + 1);
    return false;
}

static enum source_verdict place_packet(struct source *source, const struct rtp *rtp,
                                        int64_t number, int64_t now_ns, struct source_place *place)
{
    struct source_place placed = {0};

    switch (loss_on_packet(&source->loss, number, now_ns)) {
    case LOSS_FIRST_TIME:
        placed.newest = true;
        break;
    case LOSS_LATE:
        break;
    case LOSS_DUPLICATE:
    case LOSS_TOO_OLD:
        return SOURCE_DUPLICATE;
    }
    if (rtp->payload_bytes == 0) {
        rewrite_skip(&source->rewrite, number);
        return SOURCE_PADDING;
    }
    if (!rewrite_place(&source->rewrite, number, rtp->timestamp, now_ns, &placed.sequence_number,
                       &placed.timestamp))
        return SOURCE_DUPLICATE;
    *place = placed;
    return SOURCE_FORWARD;
}

enum source_verdict source_receive(struct source *source, const struct rtp *rtp, int64_t now_ns,
                                   struct source_place *place)
{
    if (!is_ours(source, rtp->ssrc, now_ns))
        return SOURCE_UNKNOWN;
    source->newest_ns = now_ns;
    if (!is_plausible(source, rtp->sequence_number))
        return SOURCE_DUPLICATE;
    int64_t number = source->loss.begun
                         ? rtp_sequence_extend(source->loss.highest, rtp->sequence_number)
                         : rtp->sequence_number;
    reception_on_packet(&source->reception, number, rtp->timestamp, source->clock_hz, now_ns);
    return place_packet(source, rtp, number, now_ns, place);
}

enum source_verdict source_receive_rtx(struct source *source, const struct rtp *rtp,
                                       uint16_t original, int64_t now_ns,
                                       struct source_place *place)
{
    struct rtp restored = *rtp;

    if (source->rtx_ssrc != 0 && source->rtx_ssrc != rtp->ssrc)
        return SOURCE_UNKNOWN;
    if (!source->loss.begun)
        return SOURCE_DUPLICATE;
    int ahead = rtp_sequence_difference((uint16_t)source->loss.highest, original);
    if (ahead >= DROPOUT_MAX || ahead <= -MISORDER_MAX)
        return SOURCE_DUPLICATE;
    restored.payload_bytes = (uint16_t)(rtp->payload_bytes - 2);
    return place_packet(source, &restored, source->loss.highest + ahead, now_ns, place);
}

bool source_on_forward(struct source *source, const struct codec_format *format,
                       const struct codec_peek *peek, uint32_t timestamp)
{
    bool begins = peek->key_frame_start &&
                  !(source->key_frame_seen && source->key_frame_timestamp == timestamp);

    source->format = *format;
    if (begins) {
        source->key_frame_seen = true;
        source->key_frame_timestamp = timestamp;
        source->key_frames++;
    }
    return begins;
}
