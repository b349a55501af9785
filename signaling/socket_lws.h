/* signaling/socket_lws.h - how server.c drives WebSockets: the libwebsockets side of socket.h.
 * Thread: main. Each returns what the libwebsockets callback must return. */
#ifndef SIGNALING_SOCKET_LWS_H
#define SIGNALING_SOCKET_LWS_H

#include <libwebsockets.h>
#include <stdint.h>

#include "signaling/server.h"
#include "signaling/socket.h"

void socket_lws_start(const struct server_settings *settings,
                      const struct server_handlers *handlers);
/* LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: admission, the one place (RFC 6455 section 4.2, Origin
 * section 10.2). */
int socket_lws_admit(struct lws *wsi);
int socket_lws_on_open(struct lws *wsi, struct socket **slot);
int socket_lws_on_receive(struct lws *wsi, struct socket *socket, const void *data,
                          size_t data_bytes);
int socket_lws_on_writable(struct lws *wsi, struct socket *socket);
/* LWS_CALLBACK_TIMER: a socket that was closed has lingered long enough. */
void socket_lws_on_timer(struct lws *wsi, struct socket *socket);
void socket_lws_on_closed(struct socket **slot);
unsigned socket_lws_count(void);
/* Texts that were dropped for slow clients since the start. */
uint64_t socket_lws_dropped(void);

#endif
