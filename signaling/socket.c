#include "signaling/socket.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "signaling/origin.h"
#include "signaling/peer_address.h"
#include "signaling/request_path.h"
#include "signaling/socket_lws.h"

enum { PATH_BYTES_MAX = 1024, REASON_BYTES_MAX = 120, HEADER_BYTES_MAX = 256 };
enum { USER_AGENT_BYTES_MAX = 1024 };

enum { CLOSE_TOO_LARGE = 1009, CLOSE_TRY_AGAIN_LATER = 1013 };
enum { LINGER_MS = 250 };

/* libwebsockets writes a frame's header before its text. */
_Static_assert(SHARED_TEXT_HEAD_BYTES >= LWS_PRE, "no room for a frame's header");

/* One frame that waits to be written. */
struct frame {
    struct frame *next;
    struct shared_text *text;
    enum lws_write_protocol kind;
};

struct socket {
    struct lws *wsi; /* borrowed; outlives the socket */
    struct socket *next;
    struct socket **link;
    const struct socket_handler *handler;
    void *record;
    char *path;
    char *query;
    char peer[PEER_ADDRESS_BYTES_MAX];
    char *user_agent; /* NULL: none */
    char *message;    /* gathers fragments; NULL between messages */
    size_t message_bytes;
    size_t message_room;
    struct frame *first;
    struct frame **last;
    size_t queued_bytes;
    bool closing;   /* nothing more is read or queued */
    bool lingering; /* closing, but what still arrives is read and dropped first */
    bool lingered;  /* for long enough */
    unsigned close_code;
    char close_reason[REASON_BYTES_MAX];
};

static struct {
    const struct server_settings *settings;
    const struct server_handlers *handlers;
    struct socket *all;
    unsigned count;
    uint64_t dropped; /* texts that were offered to slow clients */
} sockets;

void socket_lws_start(const struct server_settings *settings,
                      const struct server_handlers *handlers)
{
    sockets.settings = settings;
    sockets.handlers = handlers;
}

unsigned socket_lws_count(void)
{
    return sockets.count;
}

uint64_t socket_lws_dropped(void)
{
    return sockets.dropped;
}

void *socket_record(const struct socket *socket)
{
    return socket->record;
}

void *socket_context(const struct socket *socket)
{
    return socket->handler->context;
}

const char *socket_query(const struct socket *socket)
{
    return socket->query;
}

const char *socket_path(const struct socket *socket)
{
    return socket->path;
}

const char *socket_peer(const struct socket *socket)
{
    return socket->peer;
}

const char *socket_user_agent(const struct socket *socket)
{
    return socket->user_agent != NULL ? socket->user_agent : "";
}

void socket_close(struct socket *socket, unsigned code, const char *reason)
{
    if (socket->closing)
        return;
    socket->closing = true;
    socket->close_code = code;
    (void)snprintf(socket->close_reason, sizeof socket->close_reason, "%s", reason);
    lws_callback_on_writable(socket->wsi);
}

static size_t bound(size_t of_route, size_t fallback)
{
    return of_route > 0 ? of_route : fallback;
}

static void close_full(struct socket *socket, const char *reason)
{
    LOG_DEBUG("socket", "closed: %s", reason);
    socket_close(socket, CLOSE_TRY_AGAIN_LATER, reason);
}

static void send_frame(struct socket *socket, enum lws_write_protocol kind,
                       struct shared_text *text)
{
    if (socket->closing)
        return;
    if (socket->queued_bytes + text->bytes >
        bound(socket->handler->queue_bytes_max, SOCKET_QUEUE_BYTES_MAX)) {
        close_full(socket, "reading too slowly");
        return;
    }
    struct frame *frame = malloc(sizeof *frame);
    if (frame == NULL) {
        close_full(socket, "out of memory");
        return;
    }
    *frame = (struct frame){.text = shared_text_keep(text), .kind = kind};
    *socket->last = frame;
    socket->last = &frame->next;
    socket->queued_bytes += text->bytes;
    lws_callback_on_writable(socket->wsi);
}

void socket_send_shared(struct socket *socket, struct shared_text *text)
{
    send_frame(socket, LWS_WRITE_TEXT, text);
}

void socket_offer_shared(struct socket *socket, struct shared_text *text)
{
    if (socket->queued_bytes + text->bytes > SOCKET_OFFER_BYTES_MAX)
        sockets.dropped++;
    else
        socket_send_shared(socket, text);
}

void socket_send(struct socket *socket, const char *text, size_t text_bytes)
{
    struct shared_text *copy = shared_text_copy(text, text_bytes);

    if (copy == NULL)
        close_full(socket, "out of memory");
    else
        socket_send_shared(socket, copy);
    shared_text_release(copy);
}

void socket_send_binary(struct socket *socket, const void *prefix, size_t prefix_bytes,
                        const void *data, size_t data_bytes)
{
    struct shared_text *joined = shared_text_join(prefix, prefix_bytes, data, data_bytes);

    if (joined == NULL)
        close_full(socket, "out of memory");
    else
        send_frame(socket, LWS_WRITE_BINARY, joined);
    shared_text_release(joined);
}

/* -- admission -- */

static bool header_is(struct lws *wsi, enum lws_token_indexes token, const char *wanted)
{
    char value[HEADER_BYTES_MAX];

    return lws_hdr_copy(wsi, value, sizeof value, token) > 0 && strcmp(value, wanted) == 0;
}

static bool host_is_sound(struct lws *wsi)
{
    char host[HEADER_BYTES_MAX];
    const int bytes = lws_hdr_copy(wsi, host, sizeof host, WSI_TOKEN_HOST);

    if (bytes <= 0 || lws_hdr_fragment_length(wsi, WSI_TOKEN_HOST, 1) > 0)
        return false;
    for (int i = 0; i < bytes; i++)
        if (host[i] <= ' ' || host[i] >= 0x7f)
            return false;
    return true;
}

static bool address_has_room(const char *peer)
{
    unsigned open = 0;

    if (sockets.settings->sockets_per_address_max == 0)
        return true;
    for (const struct socket *socket = sockets.all; socket != NULL; socket = socket->next)
        open += strcmp(socket->peer, peer) == 0;
    return open < sockets.settings->sockets_per_address_max;
}

static bool may_connect(const char *peer)
{
    const struct server_handlers *handlers = sockets.handlers;

    return handlers->may_ask == NULL || handlers->may_ask(handlers->context, NULL, peer);
}

static unsigned refusal_of(struct lws *wsi)
{
    char path[PATH_BYTES_MAX + 1];
    char query[PATH_BYTES_MAX + 1];
    char origin[HEADER_BYTES_MAX] = "";
    char peer[PEER_ADDRESS_BYTES_MAX];
    const struct socket_handler *handler;

    if (!request_path_copy(wsi, WSI_TOKEN_GET_URI, path, sizeof path))
        return 405; /* libwebsockets upgrades any method */
    if (!request_query_copy(wsi, query, sizeof query))
        return 414;
    if (!header_is(wsi, WSI_TOKEN_VERSION, "13"))
        return 426;
    if (!host_is_sound(wsi))
        return 400;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0 &&
        lws_hdr_copy(wsi, origin, sizeof origin, WSI_TOKEN_ORIGIN) <= 0)
        return 403;
    if (!origin_is_allowed(sockets.settings->origins, origin))
        return 403;
    handler = sockets.handlers->route_socket(sockets.handlers->context, path);
    if (handler == NULL)
        return 404;
    peer_address_copy(wsi, sockets.settings->proxies, peer);
    if (!address_has_room(peer) || !may_connect(peer))
        return 429;
    return handler->on_admit != NULL ? handler->on_admit(handler, query, peer) : 0;
}

/* 429 with Retry-After, which lws_return_http_status cannot say. */
static bool refuse_for_now(struct lws *wsi)
{
    enum { REFUSAL_BYTES_MAX = 512 };
    static const unsigned char name[] = "retry-after:";
    unsigned char buffer[LWS_PRE + REFUSAL_BYTES_MAX];
    unsigned char *at = buffer + LWS_PRE;
    unsigned char *const end = buffer + sizeof buffer - 1;

    return lws_add_http_header_status(wsi, 429, &at, end) == 0 &&
           lws_add_http_header_by_name(wsi, name, (const unsigned char *)"1", 1, &at, end) == 0 &&
           lws_add_http_header_content_length(wsi, 0, &at, end) == 0 &&
           lws_finalize_write_http_header(wsi, buffer + LWS_PRE, &at, end) == 0;
}

int socket_lws_admit(struct lws *wsi)
{
    const unsigned refusal = refusal_of(wsi);

    if (refusal == 0)
        return 0;
    if (refusal != 429 || !refuse_for_now(wsi))
        (void)lws_return_http_status(wsi, refusal, NULL);
    return -1;
}

/* -- life -- */

static void socket_free(struct socket *socket)
{
    *socket->link = socket->next;
    if (socket->next != NULL)
        socket->next->link = socket->link;
    sockets.count--;
    while (socket->first != NULL) {
        struct frame *frame = socket->first;

        socket->first = frame->next;
        shared_text_release(frame->text);
        free(frame);
    }
    free(socket->message);
    free(socket->user_agent);
    free(socket->query);
    free(socket->path);
    free(socket);
}

static char *copy_user_agent(struct lws *wsi)
{
    char text[USER_AGENT_BYTES_MAX + 1];

    return lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_USER_AGENT) > 0 ? strdup(text)
                                                                               : NULL;
}

static struct socket *socket_new(struct lws *wsi, const char *path, const char *query)
{
    struct socket *socket = calloc(1, sizeof *socket);

    if (socket == NULL)
        return NULL;
    socket->path = strdup(path);
    socket->query = strdup(query);
    if (socket->path == NULL || socket->query == NULL) {
        free(socket->query);
        free(socket->path);
        free(socket);
        return NULL;
    }
    socket->wsi = wsi;
    socket->last = &socket->first;
    socket->next = sockets.all;
    socket->link = &sockets.all;
    if (socket->next != NULL)
        socket->next->link = &socket->next;
    sockets.all = socket;
    sockets.count++;
    peer_address_copy(wsi, sockets.settings->proxies, socket->peer);
    socket->user_agent = copy_user_agent(wsi);
    return socket;
}

int socket_lws_on_open(struct lws *wsi, struct socket **slot)
{
    char path[PATH_BYTES_MAX + 1];
    char query[PATH_BYTES_MAX + 1];
    const struct socket_handler *handler;

    *slot = NULL;
    if (!request_path_copy(wsi, WSI_TOKEN_GET_URI, path, sizeof path) ||
        !request_query_copy(wsi, query, sizeof query))
        return -1;
    handler = sockets.handlers->route_socket(sockets.handlers->context, path);
    if (handler == NULL)
        return -1;
    *slot = socket_new(wsi, path, query);
    if (*slot == NULL)
        return -1;
    (*slot)->handler = handler;
    (*slot)->record = handler->on_open(*slot);
    if ((*slot)->record == NULL) {
        (*slot)->handler = NULL; /* it is not told of the end */
        socket_close(*slot, CLOSE_TRY_AGAIN_LATER, "full");
    }
    return 0;
}

/* Appends a piece of a message; false when the message is beyond its bound or memory is out. */
static bool gather(struct socket *socket, const void *data, size_t data_bytes)
{
    if (socket->message_bytes + data_bytes >
        bound(socket->handler->message_bytes_max, SOCKET_MESSAGE_BYTES_MAX))
        return false;
    if (socket->message_bytes + data_bytes + 1 > socket->message_room) {
        const size_t room = 2 * (socket->message_bytes + data_bytes) + 1;
        char *grown = realloc(socket->message, room);

        if (grown == NULL)
            return false;
        socket->message = grown;
        socket->message_room = room;
    }
    memcpy(socket->message + socket->message_bytes, data, data_bytes);
    socket->message_bytes += data_bytes;
    socket->message[socket->message_bytes] = '\0';
    return true;
}

static void forget_message(struct socket *socket)
{
    free(socket->message);
    socket->message = NULL;
    socket->message_bytes = 0;
    socket->message_room = 0;
}

int socket_lws_on_receive(struct lws *wsi, struct socket *socket, const void *data,
                          size_t data_bytes)
{
    if (socket == NULL || socket->closing || socket->handler == NULL)
        return 0;
    if (!gather(socket, data, data_bytes)) {
        forget_message(socket);
        socket->handler->on_too_large(socket);
        socket_close(socket, CLOSE_TOO_LARGE, "message too large");
        return 0;
    }
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0)
        return 0;
    if (lws_frame_is_binary(wsi))
        socket->handler->on_binary(socket, socket->message, socket->message_bytes);
    else
        socket->handler->on_text(socket, socket->message, socket->message_bytes);
    forget_message(socket);
    return 0;
}

int socket_lws_on_writable(struct lws *wsi, struct socket *socket)
{
    if (socket == NULL)
        return 0;
    while (socket->first != NULL) {
        struct frame *frame = socket->first;

        if (lws_send_pipe_choked(wsi)) {
            lws_callback_on_writable(wsi);
            return 0;
        }
        if (lws_write(wsi, frame->text->data + SHARED_TEXT_HEAD_BYTES, frame->text->bytes,
                      frame->kind) < 0)
            return -1;
        socket->first = frame->next;
        if (socket->first == NULL)
            socket->last = &socket->first;
        socket->queued_bytes -= frame->text->bytes;
        shared_text_release(frame->text);
        free(frame);
    }
    if (!socket->closing)
        return 0;
    /* Closed with the rest of a message unread, TCP would reset the connection, and the peer would
     * lose what we just wrote: why. */
    if (socket->close_code == CLOSE_TOO_LARGE && !socket->lingering) {
        socket->lingering = true;
        lws_set_timer_usecs(wsi, LINGER_MS * LWS_US_PER_MS);
    }
    if (socket->lingering && !socket->lingered)
        return 0;
    lws_close_reason(wsi, (enum lws_close_status)socket->close_code,
                     (unsigned char *)socket->close_reason, strlen(socket->close_reason));
    return -1;
}

void socket_lws_on_timer(struct lws *wsi, struct socket *socket)
{
    if (socket == NULL || !socket->lingering)
        return;
    socket->lingered = true;
    lws_callback_on_writable(wsi);
}

void socket_lws_on_closed(struct socket **slot)
{
    struct socket *socket = *slot;

    if (socket == NULL)
        return;
    *slot = NULL;
    socket->closing = true; /* nothing is queued for it any more */
    if (socket->handler != NULL)
        socket->handler->on_close(socket);
    socket_free(socket);
}
