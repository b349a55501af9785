/* signaling/relay.h - /signaling and /signaling/ROOM: a plain relay for two browsers that talk
 * directly; each JSON object with a string `type` is passed on unchanged to the others there.
 * Thread: main. */
#ifndef SIGNALING_RELAY_H
#define SIGNALING_RELAY_H

#include "signaling/endpoint.h"
#include "signaling/socket.h"

/* For connections to "/signaling" and "/signaling/ROOM"; between relay_start and relay_stop. */
extern const struct socket_handler relay_socket_handler;

/* endpoint is borrowed: its limits and its time. */
void relay_start(struct endpoint *endpoint);
/* After the last connection is closed. */
void relay_stop(void);

#endif
