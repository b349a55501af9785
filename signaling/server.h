/* signaling/server.h - the libwebsockets loop: listens, turns requests into exchanges and upgrades
 * into sockets, ticks. All that Debian's libwebsockets 4.1 lets through and must not (anchors:
 * trust, section 2.2) is refused in exchange.c and socket.c before a handler sees it. Thread: main;
 * server_wake alone may be called from any thread. */
#ifndef SIGNALING_SERVER_H
#define SIGNALING_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "signaling/exchange.h"
#include "signaling/networks.h"
#include "signaling/socket.h"

enum { SERVER_TICK_MS = 100 };

/* What is pointed to is borrowed for the server's life. */
struct server_settings {
    const char *bind;             /* literal address or interface; "": all */
    uint16_t port;                /* 0: any free one */
    const char *certificate_path; /* PEM; "": no TLS */
    const char *key_path;
    const char *origins;              /* signaling/origin.h */
    const struct networks *proxies;   /* trusted, signaling/forwarded.h; read at each request */
    unsigned sockets_per_address_max; /* 0: no limit */
    int64_t body_ns;                  /* for a request's body, from its head */
    bool share_port;                  /* other processes that say so too may listen there */
};

struct server_handlers {
    void *context;
    /* A complete request: answer it, now or later. */
    void (*on_request)(void *context, struct exchange *exchange);
    /* Returns who serves WebSockets at path (raw), or NULL: refused. */
    const struct socket_handler *(*route_socket)(void *context, const char *path);
    /* Optional. Whether one more POST, PATCH, DELETE or, path being NULL, WebSocket from peer may
     * come now; else it is refused by 429. */
    bool (*may_ask)(void *context, const char *path, const char *peer);
    /* Optional. The head of a request whose body is still to come, before it is bounded; may be
     * answered: then on_request does not follow. */
    void (*on_head)(void *context, struct exchange *exchange);
    void (*on_tick)(void *context, int64_t now_ns); /* every SERVER_TICK_MS */
    void (*on_wake)(void *context);                 /* after one or more server_wake */
    /* Optional. At the time that server_alarm asked for; returns the next one, or MONO_NEVER. */
    int64_t (*on_alarm)(void *context, int64_t now_ns);
    /* Optional. What a request's body at path may have; else EXCHANGE_BODY_BYTES_MAX. */
    size_t (*body_bytes_max)(void *context, const char *path);
};

struct server;

/* What settings point to and handlers are borrowed. STATUS_EXISTS: the port is in use;
 * STATUS_SYSTEM: logged. */
MUST_CHECK enum status server_create(const struct server_settings *settings,
                                     const struct server_handlers *handlers,
                                     struct server **server);
/* Closes what is open. NULL is allowed. */
void server_destroy(struct server *server);
uint16_t server_port(const struct server *server);
/* Runs the loop until server_stop. */
void server_run(struct server *server);
/* Main. server_run returns after the present turn. */
void server_stop(struct server *server);
/* Main. Takes over what may change while it runs: origins, limits, the certificate. A certificate
 * that cannot be used leaves the old one, logged. Sockets and sessions are not touched. */
void server_reconfigure(struct server *server, const struct server_settings *settings);
/* Main. No new connections from here on: the kernel gives them to another process that shares the
 * port, or refuses them. Those that are open go on. */
void server_stop_listening(struct server *server);
/* Main. on_alarm is called at due_ns, or earlier if it was asked for. */
void server_alarm(struct server *server, int64_t due_ns);
/* Any thread. */
void server_wake(struct server *server);
/* WebSocket connections now. */
unsigned server_sockets(const struct server *server);

#endif
