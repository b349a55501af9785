#include "bench/rooms/websocket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/mono.h"

enum { EVENTS_MAX = 512, READ_BYTES = 256 * 1024, FRAME_HEAD_BYTES_MAX = 14 };
enum { OPCODE_TEXT = 1, OPCODE_CLOSE = 8, OPCODE_PING = 9, OPCODE_PONG = 10 };

struct loop {
    int epoll;
    struct sockaddr_in server;
    struct loop_events events;
    unsigned char buffer[READ_BYTES];
};

int64_t loop_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MONO_SECOND + now.tv_nsec;
}

enum status loop_create(const struct sockaddr_in *server, const struct loop_events *events,
                        struct loop **loop)
{
    struct loop *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (made->epoll < 0) {
        free(made);
        return STATUS_SYSTEM;
    }
    made->server = *server;
    made->events = *events;
    *loop = made;
    return STATUS_OK;
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL)
        return;
    (void)close(loop->epoll);
    free(loop);
}

static void watch(struct websocket *socket, int operation, bool writable)
{
    struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0u),
                                .data = {.ptr = socket}};

    (void)epoll_ctl(socket->loop->epoll, operation, socket->fd, &event);
}

static void forget(unsigned char **bytes, size_t *count)
{
    free(*bytes);
    *bytes = NULL;
    *count = 0;
}

void websocket_close(struct websocket *socket)
{
    if (socket->fd < 0)
        return;
    (void)close(socket->fd);
    socket->fd = -1;
    socket->open = false;
    forget(&socket->rest, &socket->rest_bytes);
    forget(&socket->unsent, &socket->unsent_bytes);
}

static void lose(struct websocket *socket)
{
    if (socket->fd < 0)
        return;
    websocket_close(socket);
    socket->loop->events.on_closed(socket->loop->events.context, socket);
}

/* Appends to a block that grows; false when out of memory. */
static bool append(unsigned char **block, size_t *count, const void *bytes, size_t more)
{
    unsigned char *grown = realloc(*block, *count + more);

    if (grown == NULL)
        return false;
    memcpy(grown + *count, bytes, more);
    *block = grown;
    *count += more;
    return true;
}

static void send_bytes(struct websocket *socket, const unsigned char *bytes, size_t count)
{
    ssize_t sent = 0;

    if (socket->fd < 0)
        return;
    if (socket->unsent_bytes == 0)
        sent = send(socket->fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) {
        lose(socket);
        return;
    }
    const size_t done = sent > 0 ? (size_t)sent : 0;
    if (done == count)
        return;
    if (append(&socket->unsent, &socket->unsent_bytes, bytes + done, count - done))
        watch(socket, EPOLL_CTL_MOD, true);
    else
        lose(socket);
}

/* A client masks; the mask is zero, which leaves the text as it is. */
static void send_frame(struct websocket *socket, unsigned opcode, const char *text,
                       size_t text_bytes)
{
    unsigned char frame[FRAME_HEAD_BYTES_MAX + 4096];
    size_t at = 0;

    if (text_bytes > 4096)
        return;
    frame[at++] = (unsigned char)(0x80u | opcode);
    if (text_bytes < 126) {
        frame[at++] = (unsigned char)(0x80u | text_bytes);
    } else {
        frame[at++] = 0x80u | 126u;
        frame[at++] = (unsigned char)(text_bytes >> 8);
        frame[at++] = (unsigned char)(text_bytes & 255u);
    }
    memset(frame + at, 0, 4);
    at += 4;
    memcpy(frame + at, text, text_bytes);
    send_bytes(socket, frame, at + text_bytes);
}

void websocket_send(struct websocket *socket, const char *text, size_t text_bytes)
{
    send_frame(socket, OPCODE_TEXT, text, text_bytes);
}

static int open_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

enum status websocket_connect(struct loop *loop, struct websocket *socket, const char *path)
{
    const struct sockaddr_in *server = &loop->server;
    const int on = 1;
    char address[INET_ADDRSTRLEN];
    char request[512];

    socket->loop = loop;
    socket->fd = open_socket();
    if (socket->fd < 0)
        return STATUS_SYSTEM;
    (void)setsockopt(socket->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(socket->fd, (const struct sockaddr *)server, sizeof *server) != 0) {
        (void)close(socket->fd);
        socket->fd = -1;
        return STATUS_SYSTEM;
    }
    watch(socket, EPOLL_CTL_ADD, false);
    (void)inet_ntop(AF_INET, &server->sin_addr, address, sizeof address);
    const int bytes = snprintf(request, sizeof request,
                               "GET %s HTTP/1.1\r\nHost: %s:%u\r\nUpgrade: websocket\r\n"
                               "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Key: bWFueWNhc3QtYmVuY2gtLQ==\r\n\r\n",
                               path, address, ntohs(server->sin_port));
    send_bytes(socket, (const unsigned char *)request, (size_t)bytes);
    return STATUS_OK;
}

/* -- what comes -- */

/* Reads the head of a frame; false: not whole yet. */
static bool read_head(const unsigned char *bytes, size_t count, size_t *head_bytes,
                      size_t *text_bytes)
{
    const unsigned length = count >= 2 ? bytes[1] & 0x7fu : 0;
    const size_t extra = length == 127 ? 8 : length == 126 ? 2 : 0;

    if (count < 2 + extra)
        return false;
    *text_bytes = extra == 0 ? length : 0;
    for (size_t i = 0; i < extra; i++)
        *text_bytes = *text_bytes << 8 | bytes[2 + i];
    *head_bytes = 2 + extra;
    return true;
}

static void take_frame(struct websocket *socket, unsigned opcode, const char *text,
                       size_t text_bytes)
{
    const struct loop_events *events = &socket->loop->events;

    if (opcode == OPCODE_TEXT)
        events->on_text(events->context, socket, text, text_bytes);
    else if (opcode == OPCODE_PING)
        send_frame(socket, OPCODE_PONG, text, text_bytes);
    else if (opcode == OPCODE_CLOSE)
        lose(socket);
}

/* The bytes of the answer to the handshake; 0: not whole yet. */
static size_t take_handshake(struct websocket *socket, const unsigned char *bytes, size_t count)
{
    const unsigned char *end = memmem(bytes, count, "\r\n\r\n", 4);

    if (end == NULL)
        return 0;
    if (memmem(bytes, count, " 101 ", 5) == NULL) {
        lose(socket);
        return count;
    }
    socket->open = true;
    socket->loop->events.on_open(socket->loop->events.context, socket);
    return (size_t)(end - bytes) + 4;
}

/* Returns how many bytes were whole messages. */
static size_t take(struct websocket *socket, const unsigned char *bytes, size_t count)
{
    size_t at = socket->open ? 0 : take_handshake(socket, bytes, count);
    size_t head_bytes;
    size_t text_bytes;

    while (socket->open && read_head(bytes + at, count - at, &head_bytes, &text_bytes) &&
           count - at - head_bytes >= text_bytes) {
        const unsigned opcode = bytes[at] & 15u;
        const char *text = (const char *)bytes + at + head_bytes;
        at += head_bytes + text_bytes;
        take_frame(socket, opcode, text, text_bytes);
    }
    return at;
}

static void on_readable(struct websocket *socket)
{
    unsigned char *buffer = socket->loop->buffer;
    const size_t before = socket->rest_bytes;

    if (before >= READ_BYTES) {
        lose(socket);
        return;
    }
    if (before > 0)
        memcpy(buffer, socket->rest, before);
    const ssize_t got = recv(socket->fd, buffer + before, READ_BYTES - before, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        lose(socket);
        return;
    }
    const size_t count = before + (size_t)got;
    forget(&socket->rest, &socket->rest_bytes);
    const size_t taken = take(socket, buffer, count);
    if (socket->fd >= 0 && taken < count &&
        !append(&socket->rest, &socket->rest_bytes, buffer + taken, count - taken))
        lose(socket);
}

static void on_writable(struct websocket *socket)
{
    const ssize_t sent =
        send(socket->fd, socket->unsent, socket->unsent_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0) {
        if (errno != EAGAIN)
            lose(socket);
        return;
    }
    socket->unsent_bytes -= (size_t)sent;
    memmove(socket->unsent, socket->unsent + sent, socket->unsent_bytes);
    if (socket->unsent_bytes == 0) {
        forget(&socket->unsent, &socket->unsent_bytes);
        watch(socket, EPOLL_CTL_MOD, false);
    }
}

int64_t loop_turn(struct loop *loop, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    const int count = epoll_wait(loop->epoll, events, EVENTS_MAX, timeout_ms);

    for (int i = 0; i < count; i++) {
        struct websocket *socket = events[i].data.ptr;
        if (socket->fd >= 0 && (events[i].events & EPOLLOUT) != 0 && socket->unsent_bytes > 0)
            on_writable(socket);
        if (socket->fd >= 0 && (events[i].events & ~(unsigned)EPOLLOUT) != 0)
            on_readable(socket);
    }
    return loop_now_ns();
}
