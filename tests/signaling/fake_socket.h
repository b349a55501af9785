/* tests/signaling/fake_socket.h - WebSocket connections that a test makes up: what it sends goes
 * into a handler, what the handler sends is kept. Linked in the server's place. */
#ifndef TESTS_SIGNALING_FAKE_SOCKET_H
#define TESTS_SIGNALING_FAKE_SOCKET_H

#include <jansson.h>

#include "signaling/socket.h"

struct socket {
    const struct socket_handler *handler;
    const char *path;
    const char *query;
    const char *peer;
    bool is_raw; /* frames are kept as strings, binary ones as "binary" and their bytes in hex */
    void *record;
    json_t *sent;        /* array; messages not yet taken */
    unsigned close_code; /* 0: open */
};

/* Opens a connection; NULL: the handler refused. */
struct socket *fake_socket_open(const struct socket_handler *handler, const char *path);
/* The same from another address than 192.0.2.1. */
struct socket *fake_socket_open_from(const struct socket_handler *handler, const char *path,
                                     const char *peer);
/* One whose frames are not JSON. */
struct socket *fake_socket_open_raw(const struct socket_handler *handler, const char *query);
/* Takes the oldest frame of a raw one and fails the test unless it begins with start. */
void fake_socket_take_frame(struct socket *socket, const char *start);
/* One binary frame. */
void fake_socket_binary(struct socket *socket, const char *data, size_t data_bytes);
/* The other side goes away; frees socket. */
void fake_socket_close(struct socket *socket);
/* One text frame. */
void fake_socket_text(struct socket *socket, const char *text);
/* The same; takes message. */
void fake_socket_json(struct socket *socket, json_t *message);
/* Takes the oldest message that was sent, and fails the test unless its type is type. The caller
 * releases it. */
json_t *fake_socket_take(struct socket *socket, const char *type);
/* Takes the messages up to the first of type. */
json_t *fake_socket_seek(struct socket *socket, const char *type);
/* Takes an error and fails the test unless its code is code. */
void fake_socket_take_error(struct socket *socket, const char *code);
/* Fails the test if there is a message. */
void fake_socket_expect_silence(const struct socket *socket);
/* Forgets what was sent; returns how many messages. */
unsigned fake_socket_clear(struct socket *socket);

#endif
