#include "core/rtcp.h"

#include <assert.h>
#include <string.h>

enum { SDES_CNAME = 1 };

enum status rtcp_next(struct bytes *compound, struct rtcp_part *part)
{
    if (bytes_ok(compound) && bytes_left(compound) == 0)
        return STATUS_NOT_FOUND;
    uint8_t first = bytes_u8(compound);
    uint8_t type = bytes_u8(compound);
    uint16_t words = bytes_u16(compound);
    if (!bytes_ok(compound))
        return STATUS_SHORT;
    if (first >> 6 != 2) {
        compound->failed = true;
        return STATUS_MALFORMED;
    }
    struct bytes body = bytes_cut(compound, (size_t)words * 4);
    if (!bytes_ok(&body))
        return STATUS_SHORT;
    if (first & 0x20) {
        size_t left = bytes_left(&body);
        uint8_t padding = left > 0 ? body.end[-1] : 0;
        if (padding == 0 || padding > left) {
            compound->failed = true;
            return STATUS_MALFORMED;
        }
        body.end -= padding;
    }
    *part = (struct rtcp_part){.type = type, .count = first & 0x1f, .body = body};
    return STATUS_OK;
}

enum status rtcp_read_sender_info(struct rtcp_part *part, struct rtcp_sender_info *info)
{
    struct rtcp_sender_info read;

    read.ssrc = bytes_u32(&part->body);
    read.ntp_timestamp = bytes_u64(&part->body);
    read.timestamp = bytes_u32(&part->body);
    read.packets = bytes_u32(&part->body);
    read.octets = bytes_u32(&part->body);
    if (!bytes_ok(&part->body))
        return STATUS_SHORT;
    *info = read;
    return STATUS_OK;
}

enum status rtcp_read_report(struct rtcp_part *part, struct rtcp_report *report)
{
    struct rtcp_report read;

    read.ssrc = bytes_u32(&part->body);
    read.fraction_lost = bytes_u8(&part->body);
    uint32_t lost = bytes_u24(&part->body);
    read.packets_lost = (lost & 0x800000) ? (int32_t)lost - 0x1000000 : (int32_t)lost;
    read.highest_sequence_number = bytes_u32(&part->body);
    read.jitter = bytes_u32(&part->body);
    read.last_sender_report = bytes_u32(&part->body);
    read.delay_since_sender_report = bytes_u32(&part->body);
    if (!bytes_ok(&part->body))
        return STATUS_SHORT;
    *report = read;
    return STATUS_OK;
}

enum status rtcp_read_feedback(struct rtcp_part *part, struct rtcp_feedback *feedback)
{
    struct rtcp_feedback read;

    read.sender_ssrc = bytes_u32(&part->body);
    read.media_ssrc = bytes_u32(&part->body);
    if (!bytes_ok(&part->body))
        return STATUS_SHORT;
    *feedback = read;
    return STATUS_OK;
}

size_t rtcp_begin_part(struct bytes_writer *writer, enum rtcp_type type, uint8_t count)
{
    size_t begun = bytes_written(writer);

    bytes_put_u8(writer, (uint8_t)(0x80 | count));
    bytes_put_u8(writer, (uint8_t)type);
    bytes_put_u16(writer, 0);
    return begun;
}

void rtcp_finish_part(struct bytes_writer *writer, size_t begun)
{
    size_t part_bytes = bytes_written(writer) - begun;

    bytes_put_zeros(writer, (4 - part_bytes % 4) % 4);
    bytes_patch_u16(writer, begun + 2, (uint16_t)((part_bytes + 3) / 4 - 1));
}

static size_t begin_feedback(struct bytes_writer *writer, enum rtcp_type type, uint8_t format,
                             struct rtcp_feedback feedback)
{
    size_t begun = rtcp_begin_part(writer, type, format);

    bytes_put_u32(writer, feedback.sender_ssrc);
    bytes_put_u32(writer, feedback.media_ssrc);
    return begun;
}

void rtcp_put_sender_report(struct bytes_writer *writer, const struct rtcp_sender_info *info)
{
    size_t begun = rtcp_begin_part(writer, RTCP_SENDER_REPORT, 0);

    bytes_put_u32(writer, info->ssrc);
    bytes_put_u64(writer, info->ntp_timestamp);
    bytes_put_u32(writer, info->timestamp);
    bytes_put_u32(writer, info->packets);
    bytes_put_u32(writer, info->octets);
    rtcp_finish_part(writer, begun);
}

void rtcp_put_receiver_report(struct bytes_writer *writer, uint32_t sender_ssrc,
                              const struct rtcp_report *reports, unsigned count)
{
    assert(count <= RTCP_REPORTS_MAX);
    size_t begun = rtcp_begin_part(writer, RTCP_RECEIVER_REPORT, (uint8_t)count);

    bytes_put_u32(writer, sender_ssrc);
    for (unsigned i = 0; i < count; i++) {
        bytes_put_u32(writer, reports[i].ssrc);
        bytes_put_u8(writer, reports[i].fraction_lost);
        bytes_put_u24(writer, (uint32_t)reports[i].packets_lost & 0xffffff);
        bytes_put_u32(writer, reports[i].highest_sequence_number);
        bytes_put_u32(writer, reports[i].jitter);
        bytes_put_u32(writer, reports[i].last_sender_report);
        bytes_put_u32(writer, reports[i].delay_since_sender_report);
    }
    rtcp_finish_part(writer, begun);
}

void rtcp_put_description(struct bytes_writer *writer, uint32_t ssrc, const char *cname)
{
    size_t cname_bytes = strnlen(cname, RTCP_CNAME_BYTES_MAX);
    size_t begun = rtcp_begin_part(writer, RTCP_SOURCE_DESCRIPTION, 1);

    bytes_put_u32(writer, ssrc);
    bytes_put_u8(writer, SDES_CNAME);
    bytes_put_u8(writer, (uint8_t)cname_bytes);
    bytes_put(writer, cname, cname_bytes);
    bytes_put_u8(writer, 0); /* the list of items ends with a zero, then pads to a word */
    rtcp_finish_part(writer, begun);
}

void rtcp_put_nack(struct bytes_writer *writer, struct rtcp_feedback feedback,
                   const uint16_t *sequence_numbers, unsigned count)
{
    size_t begun = begin_feedback(writer, RTCP_TRANSPORT_FEEDBACK, RTCP_FORMAT_NACK, feedback);
    unsigned i = 0;

    while (i < count) {
        uint16_t first = sequence_numbers[i++];
        uint16_t following = 0;
        for (; i < count; i++) {
            uint16_t ahead = (uint16_t)(sequence_numbers[i] - first);
            if (ahead < 1 || ahead > 16)
                break;
            following |= (uint16_t)(1u << (ahead - 1));
        }
        bytes_put_u16(writer, first);
        bytes_put_u16(writer, following);
    }
    rtcp_finish_part(writer, begun);
}

void rtcp_put_pli(struct bytes_writer *writer, struct rtcp_feedback feedback)
{
    size_t begun = begin_feedback(writer, RTCP_PAYLOAD_FEEDBACK, RTCP_FORMAT_PLI, feedback);

    rtcp_finish_part(writer, begun);
}

void rtcp_put_fir(struct bytes_writer *writer, struct rtcp_feedback feedback,
                  uint8_t command_number)
{
    uint32_t target = feedback.media_ssrc;

    feedback.media_ssrc = 0; /* "is not used and SHALL be set to 0" */
    size_t begun = begin_feedback(writer, RTCP_PAYLOAD_FEEDBACK, RTCP_FORMAT_FIR, feedback);
    bytes_put_u32(writer, target);
    bytes_put_u8(writer, command_number);
    bytes_put_zeros(writer, 3);
    rtcp_finish_part(writer, begun);
}

void rtcp_put_remb(struct bytes_writer *writer, uint32_t sender_ssrc, uint64_t bandwidth_bps,
                   const uint32_t *ssrcs, unsigned count)
{
    struct rtcp_feedback feedback = {.sender_ssrc = sender_ssrc};
    size_t begun = begin_feedback(writer, RTCP_PAYLOAD_FEEDBACK, RTCP_FORMAT_APPLICATION, feedback);
    uint64_t mantissa = bandwidth_bps;
    uint32_t exponent = 0;

    while (mantissa > 0x3ffff) {
        mantissa >>= 1;
        exponent++;
    }
    bytes_put(writer, "REMB", 4);
    bytes_put_u8(writer, (uint8_t)count);
    bytes_put_u24(writer, exponent << 18 | (uint32_t)mantissa);
    for (unsigned i = 0; i < count; i++)
        bytes_put_u32(writer, ssrcs[i]);
    rtcp_finish_part(writer, begun);
}

void rtcp_put_bye(struct bytes_writer *writer, uint32_t ssrc)
{
    size_t begun = rtcp_begin_part(writer, RTCP_BYE, 1);

    bytes_put_u32(writer, ssrc);
    rtcp_finish_part(writer, begun);
}
