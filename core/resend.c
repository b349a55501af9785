#include "core/resend.h"

#include <stddef.h>

#include "core/bytes.h"
#include "core/mono.h"
#include "core/render.h"
#include "core/rtp.h"

enum {
    BURST_BYTES = 128 * 1024,
    SHARE = 4, /* of the stream's rate, one in so many bytes */
    LEAST_BYTES_PER_SECOND = 16 * 1024,
    PAUSE_LEAST_MS = 10, /* between two sends of the same packet to one viewer */
    PAUSE_MOST_MS = 500,
    RTX_OSN_BYTES = 2, /* RFC 4588 section 4: original sequence number */
};

/* How long a packet that was sent again is on its way: requests made meanwhile do not know of it.
 */
static uint32_t pause_ms(const struct viewer *viewer)
{
    if (viewer->round_trip_ns > 2 * mono_from_ms(PAUSE_MOST_MS))
        return PAUSE_MOST_MS;
    if (viewer->round_trip_ns > 2 * mono_from_ms(PAUSE_LEAST_MS))
        return (uint32_t)mono_to_ms(viewer->round_trip_ns / 2);
    return PAUSE_LEAST_MS;
}

/* Takes bytes from the viewer's budget if more than reserve is left then; false when it is spent.
 * The budget holds a burst, and grows by a share of the stream's rate. */
static bool spend(struct viewer *viewer, uint32_t bytes, uint32_t reserve, uint32_t bitrate_bps,
                  int64_t now_ns)
{
    int64_t rate = bitrate_bps / (8 * SHARE);
    int64_t elapsed_ns = now_ns - viewer->resend_refill_ns;
    int64_t budget = viewer->resend_budget_bytes;

    if (rate < LEAST_BYTES_PER_SECOND)
        rate = LEAST_BYTES_PER_SECOND;
    if (viewer->resend_refill_ns == 0 || elapsed_ns > 10 * MONO_SECOND) {
        budget = BURST_BYTES;
        viewer->resend_refill_ns = now_ns;
    } else if (elapsed_ns >= MONO_MS) {
        budget += rate * mono_to_ms(elapsed_ns) / 1000;
        viewer->resend_refill_ns = now_ns;
    }
    if (budget > BURST_BYTES)
        budget = BURST_BYTES;
    bool enough = budget >= (int64_t)bytes + reserve;
    viewer->resend_budget_bytes = (uint32_t)(enough ? budget - (int64_t)bytes : budget);
    return enough;
}

/* Renders packet for the viewer as a packet of its RTX stream: the same header but for the payload
 * type, and the original sequence number before the payload, which loses its padding (RFC 4588
 * section 4). */
static struct outgoing make_rtx(uint8_t *room, struct viewer *viewer, const struct packet *packet,
                                uint8_t payload_type, int64_t index)
{
    struct viewer_track *track = &viewer->track[packet->track];
    size_t header_bytes = render_header(packet, viewer->profile, payload_type, room);
    size_t payload_bytes = (size_t)packet->payload_bytes - packet->padding_bytes;
    struct bytes_writer writer =
        bytes_writer_of(&room[header_bytes], RTX_OSN_BYTES + payload_bytes);

    room[0] = (uint8_t)(room[0] & ~RTP_PADDING_BIT);
    bytes_put_u16(&writer, (uint16_t)index);
    bytes_put(&writer, &packet->data[packet->payload_offset], payload_bytes);
    return (struct outgoing){
        .header = room,
        .payload = &room[header_bytes],
        .header_bytes = (uint16_t)header_bytes,
        .payload_bytes = (uint16_t)bytes_written(&writer),
        .timestamp = viewer_timestamp(track, index, packet->timestamp),
        .ssrc = track->rtx_ssrc,
        .index = track->rtx_index++,
    };
}

/* The very packet that was sent before, same SSRC and same index: so it must be the same bytes. */
static struct outgoing make_copy(uint8_t *room, const struct viewer *viewer,
                                 const struct packet *packet, uint8_t payload_type, int64_t index)
{
    const struct viewer_track *track = &viewer->track[packet->track];

    return (struct outgoing){
        .header = room,
        .payload = &packet->data[packet->payload_offset],
        .header_bytes = (uint16_t)render_header(packet, viewer->profile, payload_type, room),
        .payload_bytes = packet->payload_bytes,
        .timestamp = viewer_timestamp(track, index, packet->timestamp),
        .ssrc = track->ssrc,
        .index = (uint64_t)index,
    };
}

bool resend_is_allowed(struct viewer *viewer, const struct packet *packet, uint16_t sequence_number,
                       uint32_t bitrate_bps, int64_t now_ns)
{
    struct viewer_resent *resent = &viewer->resent[sequence_number % VIEWER_RESENT_KEPT];
    uint32_t now_ms = (uint32_t)mono_to_ms(now_ns);
    bool repeated = resent->track == packet->track && resent->sequence_number == sequence_number;

    if (repeated && resent->sent && now_ms - resent->at_ms < pause_ms(viewer))
        return false;
    /* On a path that reorders, most first requests are for what is only late; nobody asks for that
     * twice. Half of the budget is kept for what is. */
    bool allowed =
        spend(viewer, packet->payload_bytes, repeated ? 0 : BURST_BYTES / 2, bitrate_bps, now_ns);
    *resent = (struct viewer_resent){.at_ms = now_ms,
                                     .sequence_number = sequence_number,
                                     .track = packet->track,
                                     .sent = allowed};
    return allowed;
}

void resend_gather(struct resend *resend, struct viewer *viewer, const struct packet *packet,
                   const struct profile_format *format, int64_t index, const struct egress *egress)
{
    unsigned room_bytes = EGRESS_HEADER_BYTES_MAX + RTX_OSN_BYTES + (unsigned)packet->payload_bytes;
    bool rtx = viewer->track[packet->track].rtx_ssrc != 0 &&
               format->rtx_payload_type != PROFILE_NO_PAYLOAD_TYPE;

    if (resend->count == RESEND_GATHERED_MAX ||
        room_bytes > RESEND_ARENA_BYTES - resend->arena_used_bytes)
        resend_finish(resend, viewer, egress);
    uint8_t *room = &resend->arena[resend->arena_used_bytes];
    struct outgoing *out = &resend->packets[resend->count++];
    *out = rtx ? make_rtx(room, viewer, packet, (uint8_t)format->rtx_payload_type, index)
               : make_copy(room, viewer, packet, format->payload_type, index);
    resend->arena_used_bytes += out->header_bytes + (rtx ? (unsigned)out->payload_bytes : 0);
    viewer->bytes_sent += (uint64_t)out->header_bytes + out->payload_bytes;
}

void resend_finish(struct resend *resend, struct viewer *viewer, const struct egress *egress)
{
    if (resend->count > 0) {
        (void)egress->send(egress->context, viewer, resend->packets, resend->count);
        egress->flush(egress->context);
    }
    resend->count = 0;
    resend->arena_used_bytes = 0;
}
