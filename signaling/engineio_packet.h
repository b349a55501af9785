/* signaling/engineio_packet.h - Engine.IO's packets on the wire, protocols 3 and 4: one a WebSocket
 * frame, or several in the payload of a long poll (socketio/engine.io-protocol). Text is valid
 * UTF-8 when it was read. Pure functions. */
#ifndef SIGNALING_ENGINEIO_PACKET_H
#define SIGNALING_ENGINEIO_PACKET_H

#include <stdbool.h>

#include "core/status.h"
#include "signaling/text.h"

enum engineio_type {
    ENGINEIO_OPEN,
    ENGINEIO_CLOSE,
    ENGINEIO_PING,
    ENGINEIO_PONG,
    ENGINEIO_MESSAGE,
    ENGINEIO_UPGRADE,
    ENGINEIO_NOOP,
    ENGINEIO_TYPES
};

enum engineio_protocol { ENGINEIO_3 = 3, ENGINEIO_4 = 4 };

/* How the packets of a long poll follow each other. */
enum engineio_payload_form {
    ENGINEIO_SEPARATED, /* protocol 4: by 0x1e; binary as "b" and base64 */
    ENGINEIO_COUNTED,   /* protocol 3: "<UTF-16 code units>:<packet>"; binary as "b4" and base64 */
    ENGINEIO_FRAMED     /* protocol 3: 0 (text) or 1, decimal digits as bytes, 255, the packet */
};

struct engineio_packet {
    enum engineio_type type;
    bool binary;      /* only of a message */
    struct text data; /* after the type; borrowed from what was read, or from owned */
    char *owned;      /* decoded; NULL: nothing had to be */
};

/* What a frame of a WebSocket holds. engineio_packet_close the packet afterwards. STATUS_MALFORMED,
 * STATUS_NO_MEMORY. */
MUST_CHECK enum status engineio_packet_read_text(enum engineio_protocol protocol, struct text frame,
                                                 struct engineio_packet *packet);
MUST_CHECK enum status engineio_packet_read_binary(enum engineio_protocol protocol,
                                                   struct text frame,
                                                   struct engineio_packet *packet);
void engineio_packet_close(struct engineio_packet *packet);

/* Takes the next packet off the payload of a POST. STATUS_NOT_FOUND: there is no more; an empty
 * payload is malformed, which only the caller knows. STATUS_MALFORMED, STATUS_NO_MEMORY. */
MUST_CHECK enum status engineio_payload_next(enum engineio_payload_form form, struct text *rest,
                                             struct engineio_packet *packet);
/* Appends packet to the payload of a poll. */
void engineio_payload_put(enum engineio_payload_form form, const struct engineio_packet *packet,
                          struct text_writer *payload);
/* Appends packet as the text frame it is for clients that take no binary frames, or when it is
 * text. */
void engineio_packet_put_text(enum engineio_protocol protocol, const struct engineio_packet *packet,
                              struct text_writer *frame);

#endif
