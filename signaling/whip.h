/* signaling/whip.h - the WHIP endpoint (RFC 9725): /whip/ROOM[/STREAM]. Thread: main. */
#ifndef SIGNALING_WHIP_H
#define SIGNALING_WHIP_H

#include "signaling/endpoint.h"
#include "signaling/exchange.h"

/* Answers, or defers, one request whose path begins with "/whip/". */
void whip_handle(struct endpoint *endpoint, struct exchange *exchange);

#endif
