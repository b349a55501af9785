/* core/rtcp.h - reads RTCP compounds part by part and writes the parts that we send. RFC 3550
 * section 6, RFC 4585 section 6, RFC 5104 section 4.3.1 (FIR), draft-alvestrand-rmcat-remb-03
 * (REMB). Reduced-size compounds (RFC 5506) are read too. Pure functions. */
#ifndef CORE_RTCP_H
#define CORE_RTCP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/status.h"

enum {
    RTCP_PARTS_MAX = 64,   /* in one compound; callers stop there */
    RTCP_REPORTS_MAX = 31, /* report blocks in one RR or SR */
    RTCP_CNAME_BYTES_MAX = 63,
};

enum rtcp_type {
    RTCP_SENDER_REPORT = 200,
    RTCP_RECEIVER_REPORT = 201,
    RTCP_SOURCE_DESCRIPTION = 202,
    RTCP_BYE = 203,
    RTCP_TRANSPORT_FEEDBACK = 205,
    RTCP_PAYLOAD_FEEDBACK = 206,
};

/* FMT of RTCP_TRANSPORT_FEEDBACK. */
enum { RTCP_FORMAT_NACK = 1, RTCP_FORMAT_TRANSPORT_WIDE = 15 };
/* FMT of RTCP_PAYLOAD_FEEDBACK. */
enum { RTCP_FORMAT_PLI = 1, RTCP_FORMAT_FIR = 4, RTCP_FORMAT_APPLICATION = 15 };

/* One part of a compound. */
struct rtcp_part {
    uint8_t type;  /* enum rtcp_type, or what we do not know */
    uint8_t count; /* report or source count, or FMT */
    struct bytes
        body; /* after the four bytes of the header, exactly to the part's end, no padding */
};

struct rtcp_sender_info {
    uint32_t ssrc;
    uint64_t ntp_timestamp;
    uint32_t timestamp;
    uint32_t packets;
    uint32_t octets;
};

struct rtcp_report {
    uint32_t ssrc;                    /* of the sender that is reported on */
    uint8_t fraction_lost;            /* of 256 */
    int32_t packets_lost;             /* cumulative, 24 bits, may be negative */
    uint32_t highest_sequence_number; /* extended by the count of cycles */
    uint32_t jitter;
    uint32_t last_sender_report;        /* middle 32 bits of its NTP timestamp, 0: none */
    uint32_t delay_since_sender_report; /* 1/65536 s */
};

/* What begins every feedback message. */
struct rtcp_feedback {
    uint32_t sender_ssrc;
    uint32_t media_ssrc;
};

/* Cuts the next part off compound. STATUS_NOT_FOUND at the end; STATUS_SHORT, STATUS_MALFORMED:
 * nothing further can be read. */
MUST_CHECK enum status rtcp_next(struct bytes *compound, struct rtcp_part *part);

/* Each reads from the part's body and moves on; what follows stays in body. STATUS_SHORT. */
MUST_CHECK enum status rtcp_read_sender_info(struct rtcp_part *part, struct rtcp_sender_info *info);
MUST_CHECK enum status rtcp_read_report(struct rtcp_part *part, struct rtcp_report *report);
MUST_CHECK enum status rtcp_read_feedback(struct rtcp_part *part, struct rtcp_feedback *feedback);

/* Writers. What does not fit fails writer. */
void rtcp_put_sender_report(struct bytes_writer *writer, const struct rtcp_sender_info *info);
/* count 0..RTCP_REPORTS_MAX. */
void rtcp_put_receiver_report(struct bytes_writer *writer, uint32_t sender_ssrc,
                              const struct rtcp_report *reports, unsigned count);
/* cname of at most RTCP_CNAME_BYTES_MAX, terminated. */
void rtcp_put_description(struct bytes_writer *writer, uint32_t ssrc, const char *cname);
/* sequence_numbers ascend (modulo 2^16); count at least 1. */
void rtcp_put_nack(struct bytes_writer *writer, struct rtcp_feedback feedback,
                   const uint16_t *sequence_numbers, unsigned count);
void rtcp_put_pli(struct bytes_writer *writer, struct rtcp_feedback feedback);
/* command_number must change with each new request (RFC 5104 section 4.3.1.1). */
void rtcp_put_fir(struct bytes_writer *writer, struct rtcp_feedback feedback,
                  uint8_t command_number);
/* ssrcs are those that bandwidth_bps, together, is meant for; count 0..255. */
void rtcp_put_remb(struct bytes_writer *writer, uint32_t sender_ssrc, uint64_t bandwidth_bps,
                   const uint32_t *ssrcs, unsigned count);
void rtcp_put_bye(struct bytes_writer *writer, uint32_t ssrc);

/* For parts written elsewhere (core/congestion.c): begins a part, returns where; finish pads it to
 * a word with zeros and sets its length. */
size_t rtcp_begin_part(struct bytes_writer *writer, enum rtcp_type type, uint8_t count);
void rtcp_finish_part(struct bytes_writer *writer, size_t begun);

#endif
