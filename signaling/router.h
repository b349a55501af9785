/* signaling/router.h - which handler serves which path (PROTOCOL.md section 2). Thread: main. */
#ifndef SIGNALING_ROUTER_H
#define SIGNALING_ROUTER_H

#include "signaling/address_rates.h"
#include "signaling/endpoint.h"
#include "signaling/exchange.h"
#include "signaling/socket.h"

struct router {
    struct endpoint *endpoint;         /* borrowed */
    const struct media *media;         /* borrowed */
    const struct address_rates *rates; /* borrowed */
};

void router_handle(const struct router *router, struct exchange *exchange);
/* The same when the head alone is there. */
void router_announce(struct exchange *exchange);
/* What a request's body may have. */
size_t router_body_bytes_max(const char *path);
/* Prints every route, one a line: method (* where the handler looks at it), and path with {} for
 * what follows. docs/openapi.yaml is held against it by a test. */
void router_print(void);
/* Who serves WebSockets at path; NULL: nobody. */
const struct socket_handler *router_socket(const char *path);

#endif
