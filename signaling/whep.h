/* signaling/whep.h - the WHEP endpoint (draft-ietf-wish-whep-04): /whep/ROOM[/STREAM]. Thread:
 * main. */
#ifndef SIGNALING_WHEP_H
#define SIGNALING_WHEP_H

#include "signaling/endpoint.h"
#include "signaling/exchange.h"

/* Answers one request whose path begins with "/whep/". */
void whep_handle(struct endpoint *endpoint, struct exchange *exchange);

#endif
