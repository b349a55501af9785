/* transport/datachannel.h - what a data channel is, and the messages that open one: WebRTC Data
 * Channel Establishment Protocol (RFC 8832), with the payload protocol identifiers of RFC 8831
 * section 8. Pure. Thread: any. */
#ifndef TRANSPORT_DATACHANNEL_H
#define TRANSPORT_DATACHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum {
    DATACHANNEL_NAME_BYTES_MAX = 255, /* of a label or a protocol; the RFC's 65,535 serve nobody */
    DATACHANNEL_OPEN_BYTES_MAX = 12 + 2 * DATACHANNEL_NAME_BYTES_MAX,
    DATACHANNEL_ACK_BYTES = 1,
    DATACHANNEL_PORT = 5000, /* our SCTP port; what browsers use too */
};

/* Payload protocol identifiers. SCTP has no empty messages: one byte stands for none. */
enum datachannel_payload {
    DATACHANNEL_CONTROL = 50,
    DATACHANNEL_TEXT = 51,
    DATACHANNEL_BINARY = 53,
    DATACHANNEL_TEXT_EMPTY = 56,
    DATACHANNEL_BINARY_EMPTY = 57
};

enum datachannel_reliability {
    DATACHANNEL_RELIABLE,
    DATACHANNEL_RETRANSMITS, /* limit: how often at most */
    DATACHANNEL_LIFETIME     /* limit: milliseconds */
};

/* A label or a protocol: UTF-8, not terminated. */
struct datachannel_name {
    uint8_t bytes;
    char text[DATACHANNEL_NAME_BYTES_MAX];
};

struct datachannel {
    bool ordered;
    enum datachannel_reliability reliability;
    uint32_t limit; /* 0 when reliable */
    uint16_t priority;
    struct datachannel_name label;
    struct datachannel_name protocol;
};

/* What a peer's offer says of its side (RFC 8841); all zero: it has no data channels. */
struct datachannel_terms {
    uint16_t port;              /* SCTP; 0: no data channels */
    uint32_t message_bytes_max; /* the longest that it takes; 0: any */
};

enum datachannel_message { DATACHANNEL_OPEN, DATACHANNEL_ACK };

/* Reads one control message; channel is filled when it is DATACHANNEL_OPEN. STATUS_SHORT,
 * STATUS_MALFORMED; STATUS_UNSUPPORTED: a type of message or channel that is not served, or a name
 * that is too long. */
MUST_CHECK enum status datachannel_read(const uint8_t *data, size_t data_bytes,
                                        enum datachannel_message *message,
                                        struct datachannel *channel);
/* Both return how many bytes they wrote. */
size_t datachannel_write_open(const struct datachannel *channel,
                              uint8_t out[DATACHANNEL_OPEN_BYTES_MAX]);
size_t datachannel_write_ack(uint8_t out[DATACHANNEL_ACK_BYTES]);

/* name: terminated. */
bool datachannel_is_named(const struct datachannel *channel, const char *name);
/* Whether a payload protocol identifier is a message for the channel's user. */
bool datachannel_is_payload(uint32_t payload_protocol);

#endif
