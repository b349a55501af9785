/* signaling/router.h - which handler serves which path (PROTOCOL.md section 2). Thread: main. */
#ifndef SIGNALING_ROUTER_H
#define SIGNALING_ROUTER_H

#include "signaling/endpoint.h"
#include "signaling/exchange.h"
#include "signaling/socket.h"

struct router {
    struct endpoint *endpoint; /* borrowed */
    const struct media *media; /* borrowed */
};

void router_handle(const struct router *router, struct exchange *exchange);
/* Who serves WebSockets at path; NULL: nobody. */
const struct socket_handler *router_socket(const char *path);

#endif
