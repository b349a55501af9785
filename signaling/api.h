/* signaling/api.h - what operators and the lobby read and do: GET /api/rooms, /api/rooms/ROOM,
 * /api/server and /api/ice-servers, DELETE /api/sessions/ID, POST /api/drain. Thread: main. */
#ifndef SIGNALING_API_H
#define SIGNALING_API_H

#include "signaling/endpoint.h"
#include "signaling/exchange.h"

/* Answers one request whose path begins with "/api/". */
void api_handle(struct endpoint *endpoint, struct exchange *exchange);
/* Prints each route: method, and path with {} for a name. */
void api_print_routes(void);

#endif
