/* signaling/api.h - what operators and the lobby read: GET /api/rooms, GET /api/rooms/ROOM, DELETE
 * /api/sessions/ID. Thread: main. */
#ifndef SIGNALING_API_H
#define SIGNALING_API_H

#include "signaling/endpoint.h"
#include "signaling/exchange.h"

/* Answers one request whose path begins with "/api/". */
void api_handle(struct endpoint *endpoint, struct exchange *exchange);

#endif
