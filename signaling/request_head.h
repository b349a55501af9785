/* signaling/request_head.h - the head of a request, read and checked: what libwebsockets 4.1 lets
 * through and must not (two lengths, transfer codings, lax numbers: request smuggling, RFC 9112
 * section 6) is refused here. Thread: main. */
#ifndef SIGNALING_REQUEST_HEAD_H
#define SIGNALING_REQUEST_HEAD_H

#include <libwebsockets.h>
#include <stddef.h>

#include "signaling/exchange.h"
#include "signaling/peer_address.h"

/* The headers that handlers need. */
enum request_header {
    REQUEST_CONTENT_TYPE,
    REQUEST_AUTHORIZATION,
    REQUEST_IF_MATCH,
    REQUEST_IF_NONE_MATCH,
    REQUEST_ORIGIN,
    REQUEST_ACCEPT,
    REQUEST_ACCEPT_ENCODING,
    REQUEST_USER_AGENT,
    REQUEST_HEADER_COUNT
};

struct request_head {
    enum http_method method;
    char path[EXCHANGE_PATH_BYTES_MAX + 1];
    char query[EXCHANGE_PATH_BYTES_MAX + 1];
    char peer[PEER_ADDRESS_BYTES_MAX];
    char *headers[REQUEST_HEADER_COUNT]; /* NULL: absent */
    size_t body_bytes;                   /* announced by Content-Length */
};

/* Fills head (all zero before) from the connection; proxies as in peer_address_copy. Returns 0, or
 * the status to refuse with and in *why a static sentence. */
unsigned request_head_read(struct lws *wsi, const struct networks *proxies,
                           struct request_head *head, const char **why);
/* "" when absent. Borrowed. */
const char *request_head_header(const struct request_head *head, enum request_header header);
void request_head_close(struct request_head *head);

#endif
