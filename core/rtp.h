/* core/rtp.h - reads and writes RTP headers (RFC 3550 section 5.1) with header extensions in the
 * one-byte and two-byte forms (RFC 8285), and compares sequence numbers that wrap. Pure functions.
 */
#ifndef CORE_RTP_H
#define CORE_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum {
    RTP_HEADER_BYTES = 12,
    RTP_PADDING_BIT = 0x20, /* of the first byte */
    RTP_ELEMENTS_MAX = 16,  /* extension elements kept of one packet; further ones are ignored */
};

/* An extension element where it stands in a packet. */
struct rtp_element {
    uint8_t id;
    uint8_t bytes;   /* 0 is possible in the two-byte form */
    uint16_t offset; /* of its data, from the packet's first byte */
};

struct rtp {
    bool marker;
    uint8_t payload_type;
    uint16_t sequence_number;
    uint32_t timestamp;
    uint32_t ssrc;
    uint16_t payload_offset;
    uint16_t payload_bytes; /* without padding; 0: padding only, or nothing at all */
    uint8_t padding_bytes;  /* behind the payload; 0: the P bit is clear */
    uint8_t element_count;
    struct rtp_element elements[RTP_ELEMENTS_MAX];
};

/* An extension element to be written; data is borrowed. */
struct rtp_element_data {
    uint8_t id; /* 1..14 */
    uint8_t bytes;
    const uint8_t *data;
};

/* Reads a packet of at most 65535 bytes. An element that runs beyond its block ends the list of
 * elements and is no error. STATUS_SHORT, STATUS_MALFORMED; STATUS_UNSUPPORTED: not version 2. */
MUST_CHECK enum status rtp_parse(const uint8_t *data, size_t data_bytes, struct rtp *rtp);
/* NULL when rtp has no element of that id, and for id 0. */
const struct rtp_element *rtp_find_element(const struct rtp *rtp, uint8_t id);

/* Writes a header with marker, payload type, sequence number, timestamp, SSRC and P bit of rtp (the
 * rest is ignored) and elements, in the one-byte form when all fit it. Returns its bytes, 0 when
 * capacity_bytes do not hold it. */
size_t rtp_write_header(uint8_t *out, size_t capacity_bytes, const struct rtp *rtp,
                        const struct rtp_element_data *elements, unsigned count);

/* True when a comes before b (RFC 1982 arithmetic). */
bool rtp_sequence_less(uint16_t a, uint16_t b);
/* How far b is ahead of a: -32768..32767. */
int rtp_sequence_difference(uint16_t a, uint16_t b);
/* Returns the extended number nearest to reference that has sequence_number as its low 16 bits. */
int64_t rtp_sequence_extend(int64_t reference, uint16_t sequence_number);

#endif
