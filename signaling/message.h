/* signaling/message.h - the WebSocket /ws: one JSON object a text frame (PROTOCOL.md section 3),
 * with its limits; what the messages do is participant.h. Thread: main. */
#ifndef SIGNALING_MESSAGE_H
#define SIGNALING_MESSAGE_H

#include "core/status.h"
#include "signaling/endpoint.h"
#include "signaling/participant.h"
#include "signaling/socket.h"

/* For connections to "/ws"; between message_start and message_stop. */
extern const struct socket_handler message_socket_handler;

/* endpoint is borrowed. */
MUST_CHECK enum status message_start(struct endpoint *endpoint);
/* After the last connection is closed, before endpoint_destroy. */
void message_stop(void);
/* Those of all connections, whatever carries them; between start and stop. Borrowed. */
struct participants *message_participants(void);

#endif
