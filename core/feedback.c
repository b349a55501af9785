#include "core/feedback.h"

#include "core/bytes.h"
#include "core/replay.h"
#include "core/rtcp.h"

enum {
    RESENDS_MAX = 64,           /* packets that one NACK message can make us send again */
    COMPOUND_RESENDS_MAX = 256, /* and all of one compound */
    FIR_ENTRIES_MAX = 32,
};

struct feedback_context {
    struct fanout *fanout;
    struct viewer *viewer;
    const struct egress *egress;
    struct stats *stats;
    int64_t now_ns;
    unsigned resends_left;
};

/* Finds the track that viewer receives as ssrc; false when it is none of ours. */
static bool find_track(const struct viewer *viewer, uint32_t ssrc, enum track_kind *track)
{
    for (int i = 0; i < TRACK_COUNT; i++) {
        if (viewer->track[i].wanted && viewer->track[i].ssrc == ssrc) {
            *track = (enum track_kind)i;
            return true;
        }
    }
    return false;
}

static enum status read_reports(struct feedback_context *context, struct rtcp_part *part)
{
    struct viewer *viewer = context->viewer;

    for (unsigned i = 0; i < part->count; i++) {
        struct rtcp_report report;
        enum track_kind kind;
        enum status status = rtcp_read_report(part, &report);
        if (status != STATUS_OK)
            return status;
        if (!find_track(viewer, report.ssrc, &kind))
            continue;
        struct viewer_track *track = &viewer->track[kind];
        track->reported = true;
        track->fraction_lost = report.fraction_lost;
        STATS_OBSERVE(context->stats, report_loss_permille, report.fraction_lost * 1000u / 256u);
        track->packets_lost = report.packets_lost > 0 ? (uint32_t)report.packets_lost : 0;
        track->jitter = report.jitter;
        if (kind == TRACK_VIDEO)
            replay_on_report(viewer, report.highest_sequence_number);
        int64_t round_trip_ns =
            fanout_round_trip_ns(context->fanout, kind, report.last_sender_report,
                                 report.delay_since_sender_report, context->now_ns);
        if (round_trip_ns > 0) {
            viewer->round_trip_ns = round_trip_ns;
            STATS_OBSERVE_MS(context->stats, report_round_trip_ms, round_trip_ns);
        }
    }
    return STATUS_OK;
}

/* RFC 4585 section 6.2.1: PID, then BLP, whose bit i from the lowest asks for PID + 1 + i. */
static enum status read_nack(struct feedback_context *context, struct rtcp_part *part)
{
    struct rtcp_feedback feedback;
    enum track_kind kind;
    unsigned left = RESENDS_MAX;
    enum status status = rtcp_read_feedback(part, &feedback);

    if (status != STATUS_OK)
        return status;
    STATS_ADD(context->stats, nacks_in, 1);
    context->viewer->nacks++;
    if (!find_track(context->viewer, feedback.media_ssrc, &kind))
        return STATUS_OK;
    while (bytes_left(&part->body) > 0) {
        uint16_t sequence_number = bytes_u16(&part->body);
        uint32_t wanted = (uint32_t)bytes_u16(&part->body) << 1 | 1u; /* bit 0 is PID itself */
        if (!bytes_ok(&part->body))
            return STATUS_SHORT;
        for (; wanted != 0; wanted >>= 1, sequence_number++) {
            if ((wanted & 1) == 0)
                continue;
            if (left == 0 || context->resends_left == 0)
                return STATUS_OK;
            left--;
            context->resends_left--;
            STATS_ADD(context->stats, nacked_packets, 1);
            if (!fanout_resend(context->fanout, context->viewer, kind, sequence_number,
                               context->egress, context->now_ns))
                STATS_ADD(context->stats, nacked_not_kept, 1);
        }
    }
    return STATUS_OK;
}

static void want_key_frame(struct feedback_context *context, uint32_t ssrc)
{
    enum track_kind kind;

    if (!find_track(context->viewer, ssrc, &kind) || kind != TRACK_VIDEO)
        return;
    STATS_ADD(context->stats, plis_in, 1);
    context->viewer->plis++;
    fanout_want_key_frame(context->fanout, context->viewer, context->now_ns);
}

static enum status read_payload_feedback(struct feedback_context *context, struct rtcp_part *part)
{
    struct rtcp_feedback feedback;

    if (part->count != RTCP_FORMAT_PLI && part->count != RTCP_FORMAT_FIR)
        return STATUS_OK;
    enum status status = rtcp_read_feedback(part, &feedback);
    if (status != STATUS_OK)
        return status;
    if (part->count == RTCP_FORMAT_PLI) {
        want_key_frame(context, feedback.media_ssrc);
        return STATUS_OK;
    }
    for (unsigned i = 0; i < FIR_ENTRIES_MAX && bytes_left(&part->body) > 0; i++) {
        uint32_t ssrc = bytes_u32(&part->body);
        bytes_skip(&part->body, 4); /* command number and reserved */
        if (!bytes_ok(&part->body))
            return STATUS_SHORT;
        want_key_frame(context, ssrc);
    }
    return STATUS_OK;
}

static enum status read_part(struct feedback_context *context, struct rtcp_part *part)
{
    struct rtcp_sender_info info;
    enum status status = STATUS_OK;

    switch (part->type) {
    case RTCP_SENDER_REPORT:
        status = rtcp_read_sender_info(part, &info);
        return status == STATUS_OK ? read_reports(context, part) : status;
    case RTCP_RECEIVER_REPORT:
        bytes_skip(&part->body, 4); /* the viewer's own SSRC */
        return bytes_ok(&part->body) ? read_reports(context, part) : STATUS_SHORT;
    case RTCP_TRANSPORT_FEEDBACK:
        return part->count == RTCP_FORMAT_NACK ? read_nack(context, part) : STATUS_OK;
    case RTCP_PAYLOAD_FEEDBACK:
        return read_payload_feedback(context, part);
    default: /* what we do not know is skipped */
        return STATUS_OK;
    }
}

enum status feedback_receive(struct fanout *fanout, struct viewer *viewer, const uint8_t *compound,
                             size_t compound_bytes, const struct egress *egress,
                             struct stats *stats, int64_t now_ns)
{
    struct feedback_context context = {.fanout = fanout,
                                       .viewer = viewer,
                                       .egress = egress,
                                       .stats = stats,
                                       .now_ns = now_ns,
                                       .resends_left = COMPOUND_RESENDS_MAX};
    struct bytes bytes = bytes_of(compound, compound_bytes);
    enum status status = STATUS_OK;

    for (unsigned i = 0; i < RTCP_PARTS_MAX && status == STATUS_OK; i++) {
        struct rtcp_part part;
        status = rtcp_next(&bytes, &part);
        if (status == STATUS_OK)
            status = read_part(&context, &part);
    }
    fanout_finish_resends(fanout, viewer, egress);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
