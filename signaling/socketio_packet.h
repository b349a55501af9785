/* signaling/socketio_packet.h - Socket.IO's packets as text, protocol 5 (clients 3.x, 4.x) and 4
 * (1.x, 2.x): "<type>[<attachments>-][<namespace>,][<acknowledgement>][<JSON>]"
 * (socketio/socket.io-protocol). Pure functions. */
#ifndef SIGNALING_SOCKETIO_PACKET_H
#define SIGNALING_SOCKETIO_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "signaling/text.h"

enum {
    SOCKETIO_ATTACHMENTS_MAX = 64,
    SOCKETIO_NO_ACKNOWLEDGEMENT = -1,
};

enum socketio_type {
    SOCKETIO_CONNECT,
    SOCKETIO_DISCONNECT,
    SOCKETIO_EVENT,
    SOCKETIO_ACK,
    SOCKETIO_CONNECT_ERROR,
    SOCKETIO_BINARY_EVENT,
    SOCKETIO_BINARY_ACK,
    SOCKETIO_TYPES
};

struct socketio_packet {
    enum socketio_type type;
    unsigned attachments;    /* binary frames that follow */
    struct text space;       /* the namespace; "/" when none was named */
    int64_t acknowledgement; /* SOCKETIO_NO_ACKNOWLEDGEMENT: none asked */
    struct text payload;     /* JSON as it was written; empty: none */
};

/* Borrows from text, which is valid UTF-8. Checks all that can be: the payload is sound JSON of the
 * right kind for the type. STATUS_MALFORMED. */
MUST_CHECK enum status socketio_packet_read(struct text text, struct socketio_packet *packet);
/* Appends all but the payload. */
void socketio_packet_put_head(const struct socketio_packet *packet, struct text_writer *out);

#endif
