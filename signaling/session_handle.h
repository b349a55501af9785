/* signaling/session_handle.h - the resource /session/ID that WHIP and WHEP give out (RFC 9725
 * section 4.3): trickle, ICE restart, end. Thread: main. */
#ifndef SIGNALING_SESSION_HANDLE_H
#define SIGNALING_SESSION_HANDLE_H

#include "signaling/endpoint.h"
#include "signaling/exchange.h"

/* Answers, or defers, one request whose path begins with "/session/". */
void session_handle(struct endpoint *endpoint, struct exchange *exchange);

#endif
