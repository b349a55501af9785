#include "transport/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "transport/descriptors.h"

enum { EVENTS_A_TURN = 64, ACCEPTS_A_TURN = 16, READS_A_TURN = 4 };

/* What waits for a slow reader: bytes of whole frames, but for the first, which may be half sent.
 */
struct queue {
    size_t start_bytes;
    size_t end_bytes;
    uint8_t bytes[TCP_QUEUE_BYTES];
};

struct tcp_connection {
    struct tcp *tcp;
    struct tcp_connection *older, *newer; /* all of the worker; strangers are found among them */
    struct tcp_connection *next_dead;
    int descriptor; /* -1: dead, freed at the end of the turn */
    struct path path;
    struct viewer_session *session;
    int64_t deadline_ns; /* while a stranger */
    struct queue *queue; /* NULL: nothing waits */
    struct tcp_framing framing;
};

struct tcp {
    int listener;
    int family;
    int poll;
    bool listening; /* false: descriptors ran out, again at the next sweep */
    unsigned connections_max;
    unsigned connections;
    struct tcp_connection *oldest, *newest;
    struct tcp_connection *dead;
    struct tcp_handler handler;
    struct stats *stats;
    size_t used_bytes;
    uint8_t frames[TCP_FRAMES_BYTES_MAX];
};

static void set_option(int descriptor, int level, int option, int value)
{
    if (setsockopt(descriptor, level, option, &value, sizeof value) != 0)
        LOG_DEBUG("tcp", "socket option %d/%d: %s", level, option, strerrordesc_np(errno));
}

static enum status open_listener(struct tcp *tcp, uint16_t port)
{
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const struct address any = {.port = port};
    struct sockaddr_storage name;

    tcp->family = AF_INET6;
    tcp->listener = socket(AF_INET6, type, 0);
    if (tcp->listener < 0 && errno == EAFNOSUPPORT) {
        tcp->family = AF_INET;
        tcp->listener = socket(AF_INET, type, 0);
    }
    if (tcp->listener < 0)
        return STATUS_SYSTEM;
    if (tcp->family == AF_INET6)
        set_option(tcp->listener, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    set_option(tcp->listener, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(tcp->listener, SOL_SOCKET, SO_REUSEPORT, 1);
    const socklen_t name_bytes = address_to_socket(&any, tcp->family, &name);
    if (bind(tcp->listener, (const struct sockaddr *)&name, name_bytes) != 0 ||
        listen(tcp->listener, TCP_BACKLOG) != 0)
        return STATUS_SYSTEM;
    return STATUS_OK;
}

static void listen_again(struct tcp *tcp)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = NULL}};

    tcp->listening = epoll_ctl(tcp->poll, EPOLL_CTL_ADD, tcp->listener, &event) == 0;
}

enum status tcp_open(uint16_t port, unsigned connections_max, const struct tcp_handler *handler,
                     struct stats *stats, struct tcp **tcp)
{
    struct tcp *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->handler = *handler;
    made->stats = stats;
    made->connections_max = connections_max;
    made->listener = -1;
    made->poll = epoll_create1(EPOLL_CLOEXEC);
    if (made->poll < 0 || open_listener(made, port) != STATUS_OK) {
        LOG_ERROR("tcp", "cannot listen on TCP port %u: %s", port, strerrordesc_np(errno));
        tcp_shut(made);
        return STATUS_SYSTEM;
    }
    listen_again(made);
    *tcp = made;
    return STATUS_OK;
}

static void free_dead(struct tcp *tcp)
{
    while (tcp->dead != NULL) {
        struct tcp_connection *connection = tcp->dead;
        tcp->dead = connection->next_dead;
        free(connection->queue);
        free(connection);
    }
}

/* Out of the list and of epoll; memory stays until the end of the turn, since callers further up
 * may still hold the connection. */
static void unlink_connection(struct tcp_connection *connection)
{
    struct tcp *tcp = connection->tcp;

    if (connection->older != NULL)
        connection->older->newer = connection->newer;
    else
        tcp->oldest = connection->newer;
    if (connection->newer != NULL)
        connection->newer->older = connection->older;
    else
        tcp->newest = connection->older;
    tcp->connections--;
    epoll_ctl(tcp->poll, EPOLL_CTL_DEL, connection->descriptor, NULL);
    connection->descriptor = -1;
    connection->session = NULL;
    connection->next_dead = tcp->dead;
    tcp->dead = connection;
}

void tcp_close(struct tcp_connection *connection)
{
    const int descriptor = connection->descriptor;

    if (descriptor < 0)
        return;
    unlink_connection(connection);
    close(descriptor);
}

void tcp_shut(struct tcp *tcp)
{
    if (tcp == NULL)
        return;
    while (tcp->oldest != NULL)
        tcp_close(tcp->oldest);
    free_dead(tcp);
    if (tcp->listener >= 0)
        close(tcp->listener);
    if (tcp->poll >= 0)
        close(tcp->poll);
    free(tcp);
}

int tcp_descriptor(const struct tcp *tcp)
{
    return tcp->poll;
}

unsigned tcp_connections(const struct tcp *tcp)
{
    return tcp->connections;
}

/* The peer or the network ended it. */
static void lose(struct tcp_connection *connection)
{
    if (connection->descriptor >= 0 && connection->session != NULL)
        connection->tcp->handler.on_closed(connection->tcp->handler.context, connection);
    tcp_close(connection);
}

/* Makes room for one more stranger: too many of one address are refused, of all the oldest goes. */
static bool admit_stranger(struct tcp *tcp, const struct address *remote)
{
    struct tcp_connection *oldest = NULL;
    unsigned strangers = 0;
    unsigned same_address = 0;

    if (tcp->connections >= tcp->connections_max)
        return false;
    for (struct tcp_connection *other = tcp->newest; other != NULL; other = other->older) {
        if (other->session != NULL)
            continue;
        strangers++;
        same_address += memcmp(other->path.remote.ip, remote->ip, sizeof remote->ip) == 0;
        oldest = other;
    }
    if (same_address >= TCP_STRANGERS_OF_ADDRESS_MAX)
        return false;
    if (strangers >= TCP_STRANGERS_MAX)
        tcp_close(oldest);
    return true;
}

static bool read_path(int descriptor, struct path *path)
{
    struct sockaddr_storage name;
    socklen_t name_bytes = sizeof name;

    return getpeername(descriptor, (struct sockaddr *)&name, &name_bytes) == 0 &&
           address_from_socket(&name, &path->remote) == STATUS_OK &&
           (name_bytes = sizeof name,
            getsockname(descriptor, (struct sockaddr *)&name, &name_bytes)) == 0 &&
           address_from_socket(&name, &path->local) == STATUS_OK;
}

static struct tcp_connection *add_connection(struct tcp *tcp, int descriptor, int64_t now_ns)
{
    struct path path = {.tcp = NULL};
    if (!read_path(descriptor, &path) || !admit_stranger(tcp, &path.remote))
        return NULL;
    struct tcp_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;

    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = connection}};
    if (epoll_ctl(tcp->poll, EPOLL_CTL_ADD, descriptor, &event) != 0) {
        free(connection);
        return NULL;
    }
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(descriptor, SOL_SOCKET, SO_SNDBUF, TCP_SOCKET_BUFFER_BYTES);
    connection->tcp = tcp;
    connection->descriptor = descriptor;
    connection->path = path;
    connection->path.tcp = connection;
    connection->deadline_ns = now_ns + TCP_STRANGER_DEADLINE_NS;
    connection->older = tcp->newest;
    if (tcp->newest != NULL)
        tcp->newest->newer = connection;
    else
        tcp->oldest = connection;
    tcp->newest = connection;
    tcp->connections++;
    return connection;
}

static void accept_some(struct tcp *tcp, int64_t now_ns)
{
    for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
        const int descriptor = accept4(tcp->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (descriptor < 0) {
            if (errno == EMFILE || errno == ENFILE) {
                LOG_WARNING("tcp", "no descriptor is left for another connection");
                epoll_ctl(tcp->poll, EPOLL_CTL_DEL, tcp->listener, NULL);
                tcp->listening = false;
            }
            return;
        }
        if (!descriptors_take(1) || add_connection(tcp, descriptor, now_ns) == NULL)
            close(descriptor);
    }
}

/* Hands out the frames that are whole; false when the connection is over. */
static bool read_frames(struct tcp_connection *connection)
{
    struct tcp *tcp = connection->tcp;
    uint8_t *frame = NULL;
    size_t frame_bytes = 0;
    enum status status = STATUS_OK;

    while (connection->descriptor >= 0 &&
           (status = tcp_framing_next(&connection->framing, &frame, &frame_bytes)) == STATUS_OK)
        tcp->handler.on_frame(tcp->handler.context, connection, frame, frame_bytes);
    if (status == STATUS_FULL) {
        STATS_ADD(tcp->stats, drop_too_large, 1);
        lose(connection);
    }
    return connection->descriptor >= 0;
}

static void read_some(struct tcp_connection *connection)
{
    for (unsigned i = 0; i < READS_A_TURN; i++) {
        size_t room_bytes = 0;
        uint8_t *room = tcp_framing_room(&connection->framing, &room_bytes);
        const ssize_t received = recv(connection->descriptor, room, room_bytes, 0);

        if (received < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (received <= 0) {
            lose(connection);
            return;
        }
        tcp_framing_filled(&connection->framing, (size_t)received);
        if (!read_frames(connection) || (size_t)received < room_bytes)
            return;
    }
}

static void watch_writable(struct tcp_connection *connection, bool wanted)
{
    struct epoll_event event = {.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data = {.ptr = connection}};

    epoll_ctl(connection->tcp->poll, EPOLL_CTL_MOD, connection->descriptor, &event);
}

/* Sends what waits; frees the queue when all of it went. */
static void drain_queue(struct tcp_connection *connection)
{
    struct queue *queue = connection->queue;

    if (queue == NULL)
        return;
    const ssize_t sent = send(connection->descriptor, queue->bytes + queue->start_bytes,
                              queue->end_bytes - queue->start_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        return; /* what is broken shows as an event of its own */
    queue->start_bytes += (size_t)sent;
    if (queue->start_bytes == queue->end_bytes) {
        free(queue);
        connection->queue = NULL;
        watch_writable(connection, false);
    }
}

void tcp_turn(struct tcp *tcp, int64_t now_ns)
{
    struct epoll_event events[EVENTS_A_TURN];
    const int count = epoll_wait(tcp->poll, events, EVENTS_A_TURN, 0);

    for (int i = 0; i < count; i++) {
        struct tcp_connection *connection = events[i].data.ptr;

        if (connection == NULL) {
            accept_some(tcp, now_ns);
            continue;
        }
        if (connection->descriptor >= 0 && (events[i].events & EPOLLOUT) != 0)
            drain_queue(connection);
        if (connection->descriptor >= 0 &&
            (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
            read_some(connection);
    }
    free_dead(tcp);
}

void tcp_sweep(struct tcp *tcp, int64_t now_ns)
{
    for (struct tcp_connection *connection = tcp->oldest, *newer; connection != NULL;
         connection = newer) {
        newer = connection->newer;
        if (connection->session == NULL && connection->deadline_ns <= now_ns)
            tcp_close(connection);
    }
    free_dead(tcp);
    if (!tcp->listening)
        listen_again(tcp);
}

struct viewer_session *tcp_session(const struct tcp_connection *connection)
{
    return connection->session;
}

void tcp_set_session(struct tcp_connection *connection, struct viewer_session *session)
{
    connection->session = session;
}

const struct path *tcp_path(const struct tcp_connection *connection)
{
    return &connection->path;
}

void tcp_take_out(struct tcp_connection *connection, size_t frame_bytes,
                  struct tcp_handover *handover)
{
    handover->descriptor = connection->descriptor;
    tcp_framing_unread(&connection->framing, frame_bytes);
    handover->unread = connection->framing;
    unlink_connection(connection);
}

void tcp_take_in(struct tcp *tcp, const struct tcp_handover *handover, int64_t now_ns)
{
    struct tcp_connection *connection = add_connection(tcp, handover->descriptor, now_ns);

    if (connection == NULL) {
        close(handover->descriptor);
        return;
    }
    connection->framing = handover->unread;
    (void)read_frames(connection);
}

uint8_t *tcp_reserve(struct tcp *tcp, size_t most_bytes)
{
    /* Callers stay below by their own bounds; what would not fit is lost, never written. */
    if (tcp->used_bytes + TCP_FRAMING_HEADER_BYTES + most_bytes > sizeof tcp->frames)
        tcp->used_bytes = 0;
    return tcp->frames + tcp->used_bytes + TCP_FRAMING_HEADER_BYTES;
}

void tcp_commit(struct tcp *tcp, size_t length_bytes)
{
    tcp_framing_write_header(tcp->frames + tcp->used_bytes, length_bytes);
    tcp->used_bytes += TCP_FRAMING_HEADER_BYTES + length_bytes;
}

static size_t frame_at(const uint8_t *frame)
{
    return TCP_FRAMING_HEADER_BYTES + ((size_t)frame[0] << 8 | frame[1]);
}

/* Keeps the frames from sent_bytes on, the first of which may be half sent; whole frames that find
 * no room are dropped: false. */
static bool queue_frames(struct tcp_connection *connection, const uint8_t *frames,
                         size_t frames_bytes, size_t sent_bytes)
{
    if (connection->queue == NULL) {
        connection->queue = malloc(sizeof *connection->queue);
        if (connection->queue == NULL) {
            STATS_ADD(connection->tcp->stats, drop_tcp_queue, 1);
            if (sent_bytes > 0)
                shutdown(connection->descriptor, SHUT_RDWR); /* a frame was cut: no way on */
            return false;
        }
        connection->queue->start_bytes = connection->queue->end_bytes = 0;
        watch_writable(connection, true);
    }
    struct queue *queue = connection->queue;
    memmove(queue->bytes, queue->bytes + queue->start_bytes, queue->end_bytes - queue->start_bytes);
    queue->end_bytes -= queue->start_bytes;
    queue->start_bytes = 0;

    bool all = true;
    for (size_t at = 0; at < frames_bytes;) {
        const size_t end = at + frame_at(frames + at);
        const size_t from = sent_bytes > at ? sent_bytes : at;

        if (end > sent_bytes && queue->end_bytes + end - from <= sizeof queue->bytes) {
            memcpy(queue->bytes + queue->end_bytes, frames + from, end - from);
            queue->end_bytes += end - from;
        } else if (end > sent_bytes) {
            STATS_ADD(connection->tcp->stats, drop_tcp_queue, 1);
            all = false;
        }
        at = end;
    }
    return all;
}

bool tcp_send(struct tcp *tcp, struct tcp_connection *connection)
{
    const size_t frames_bytes = tcp->used_bytes;
    ssize_t sent = 0;

    tcp->used_bytes = 0;
    if (frames_bytes == 0 || connection->descriptor < 0)
        return true;
    if (connection->queue == NULL)
        sent = send(connection->descriptor, tcp->frames, frames_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        sent = 0;
    return (size_t)sent == frames_bytes ||
           queue_frames(connection, tcp->frames, frames_bytes, (size_t)sent);
}
