/* bench/publish/rtp_source.h - one SSRC that we send: numbers its packets, keeps them for NACKs
 * (RFC 4585), resends them plain or as RTX (RFC 4588), and writes its sender report. */
#ifndef BENCH_PUBLISH_RTP_SOURCE_H
#define BENCH_PUBLISH_RTP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/status.h"

enum {
    RTP_SOURCE_PACKET_BYTES_MAX = 1184, /* header and payload; SRTP makes it 1200 */
    RTP_SOURCE_PAYLOAD_BYTES_MAX = RTP_SOURCE_PACKET_BYTES_MAX - 12,
    RTP_SOURCE_KEPT_PACKETS = 1024
};

struct rtp_source;

struct rtp_source_settings {
    uint32_t ssrc;
    uint32_t rtx_ssrc;
    uint32_t clock_hz;
    uint8_t payload_type;
    int16_t rtx_payload_type; /* -1: resend on the original SSRC */
    void *context;
    /* A plain packet to protect and send, borrowed. */
    void (*send)(void *context, const uint8_t *packet, size_t packet_bytes);
};

struct rtp_source_counts {
    uint32_t packets;
    uint32_t octets; /* of payload */
    uint32_t asked;  /* packets that NACKs asked for */
    uint32_t resent;
};

MUST_CHECK enum status rtp_source_create(const struct rtp_source_settings *settings,
                                         struct rtp_source **source);
void rtp_source_destroy(struct rtp_source *source); /* NULL is allowed */
/* Sends one packet; timestamp in clock_hz units from any origin; taken_ns is when that was.
 * payload_bytes: 1..RTP_SOURCE_PAYLOAD_BYTES_MAX. */
void rtp_source_send(struct rtp_source *source, uint32_t timestamp, int64_t taken_ns, bool marker,
                     const uint8_t *payload, size_t payload_bytes);
/* fci: the words of a generic NACK (RFC 4585 section 6.2.1), read to its end. */
void rtp_source_on_nack(struct rtp_source *source, struct bytes *fci);
/* Puts the sender report and the description with cname; nothing before the first packet. */
void rtp_source_put_report(const struct rtp_source *source, int64_t now_ns, uint64_t ntp_timestamp,
                           const char *cname, struct bytes_writer *writer);
uint32_t rtp_source_ssrc(const struct rtp_source *source);
struct rtp_source_counts rtp_source_counts(const struct rtp_source *source);

#endif
