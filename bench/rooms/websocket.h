/* bench/rooms/websocket.h - many WebSocket clients (RFC 6455) on one epoll loop: as little work a
 * message as can be, so that what is measured is the server. Thread: main. */
#ifndef BENCH_ROOMS_WEBSOCKET_H
#define BENCH_ROOMS_WEBSOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

struct loop;

/* One connection. The caller reads what stands first and keeps its own notes behind. */
struct websocket {
    struct loop *loop;
    unsigned index;      /* the caller's */
    int fd;              /* -1: closed */
    bool open;           /* the handshake is over */
    int64_t sent_ns;     /* of the question that is not answered yet; 0: none. The caller's */
    unsigned step;       /* the caller's */
    unsigned char *rest; /* of a message that is not whole yet */
    size_t rest_bytes;
    unsigned char *unsent;
    size_t unsent_bytes;
};

struct loop_events {
    void *context;
    void (*on_open)(void *context, struct websocket *socket);
    /* text is not terminated, and valid during the call. */
    void (*on_text)(void *context, struct websocket *socket, const char *text, size_t text_bytes);
    void (*on_closed)(void *context, struct websocket *socket);
};

MUST_CHECK enum status loop_create(const struct sockaddr_in *server,
                                   const struct loop_events *events, struct loop **loop);
void loop_destroy(struct loop *loop);
/* Waits at most so long and serves what came. Returns the time. */
int64_t loop_turn(struct loop *loop, int timeout_ms);
int64_t loop_now_ns(void);

/* Begins to connect; socket stays where it is. path: "/ws". */
MUST_CHECK enum status websocket_connect(struct loop *loop, struct websocket *socket,
                                         const char *path);
void websocket_send(struct websocket *socket, const char *text, size_t text_bytes);
void websocket_close(struct websocket *socket);

#endif
