/* signaling/exchange_lws.h - how server.c drives exchanges: the libwebsockets side of exchange.h.
 * Thread: main. Each returns what the libwebsockets callback must return: 0 go on, -1 close the
 * connection. */
#ifndef SIGNALING_EXCHANGE_LWS_H
#define SIGNALING_EXCHANGE_LWS_H

#include <libwebsockets.h>

#include "signaling/exchange.h"
#include "signaling/server.h"

/* settings and handlers are borrowed and serve all exchanges of the process. */
void exchange_lws_start(const struct server_settings *settings,
                        const struct server_handlers *handlers);
/* LWS_CALLBACK_HTTP: the head is complete. *slot is the connection's present exchange. */
int exchange_lws_on_head(struct lws *wsi, struct exchange **slot);
int exchange_lws_on_body(struct exchange *exchange, const void *data, size_t data_bytes);
int exchange_lws_on_body_complete(struct exchange *exchange);
int exchange_lws_on_writable(struct lws *wsi, struct exchange **slot);
/* The connection is gone. */
void exchange_lws_on_closed(struct exchange **slot);
/* Answers 504 to what was deferred too long ago. */
void exchange_lws_tick(int64_t now_ns);

#endif
