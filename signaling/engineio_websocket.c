/* The transport of WebSockets: alone from the start, or a probe that takes over from long polling.
 */
#include <stdlib.h>

#include "core/mono.h"
#include "signaling/engineio_parts.h"

enum { CLOSE_NORMAL = 1000, CLOSE_PROTOCOL = 1002, CLOSE_TRY_AGAIN_LATER = 1013 };

void engineio_websocket_drop(struct engineio_wire *wire)
{
    if (wire == NULL)
        return;
    wire->session = NULL;
    socket_close(wire->socket, CLOSE_NORMAL, "");
}

static void send_frame(const struct engineio_wire *wire, enum engineio_protocol protocol,
                       const struct engineio_packet *packet)
{
    struct text_writer frame;

    text_writer_init(&frame, SIZE_MAX / 4);
    engineio_packet_put_text(protocol, packet, &frame);
    const size_t bytes = frame.bytes;
    char *text = text_writer_finish(&frame);
    if (text != NULL)
        socket_send(wire->socket, text, bytes);
    free(text);
}

void engineio_websocket_send(const struct engineio_session *session,
                             const struct engineio_packet *packet)
{
    static const char MESSAGE_TYPE = ENGINEIO_MESSAGE;

    if (!packet->binary || session->text_only)
        send_frame(session->wire, session->protocol, packet);
    else
        socket_send_binary(session->wire->socket, &MESSAGE_TYPE,
                           session->protocol == ENGINEIO_3 ? 1 : 0, packet->data.at,
                           packet->data.bytes);
}

/* Admission: 0, or the status to refuse with. Who moves a session that has moved already is let in
 * and closed, as the reference does. */
static unsigned on_admit(const struct socket_handler *handler, const char *query_text,
                         const char *peer)
{
    const struct engineio *engine = handler->context;
    struct engineio_session *session;
    struct engineio_query query;

    engineio_query_read(query_text, &query);
    if (engineio_verify(engine, &query, true, &session) != ENGINEIO_NO_ERROR)
        return 400;
    return session != NULL || engineio_has_room(engine, peer) ? 0 : 503;
}

static void open_session(struct engineio_wire *wire, const struct engineio_query *query)
{
    struct engineio_session *session;
    char *handshake = engineio_session_open(wire->engine, query, socket_peer(wire->socket),
                                            socket_user_agent(wire->socket), wire, &session);

    if (handshake == NULL) {
        socket_close(wire->socket, CLOSE_TRY_AGAIN_LATER, "full");
        return;
    }
    wire->session = session;
    send_frame(wire, query->protocol,
               &(struct engineio_packet){.type = ENGINEIO_OPEN, .data = text_of(handshake)});
    free(handshake);
    engineio_session_begin(session);
}

static void *on_open(struct socket *socket)
{
    struct engineio_wire *wire = calloc(1, sizeof *wire);
    struct engineio_session *session;
    struct engineio_query query;

    if (wire == NULL)
        return NULL;
    wire->engine = socket_context(socket);
    wire->socket = socket;
    (void)engineio_tick(wire->engine, wire->engine->clock.now_ns());
    engineio_query_read(socket_query(socket), &query);
    if (engineio_verify(wire->engine, &query, true, &session) != ENGINEIO_NO_ERROR) {
        socket_close(socket, CLOSE_PROTOCOL, "");
    } else if (session == NULL) {
        open_session(wire, &query);
    } else if (session->wire != NULL || session->probe != NULL) {
        socket_close(socket, CLOSE_NORMAL, "");
    } else {
        wire->session = session;
        session->probe = wire;
        engineio_session_expect_upgrade(session);
    }
    return wire;
}

static void lose_probe(struct engineio_session *session)
{
    deadline_stop(&session->upgrade);
    session->probe = NULL;
    session->probed = false;
}

static void take_probe_packet(struct engineio_wire *wire, const struct engineio_packet *packet)
{
    struct engineio_session *session = wire->session;

    if (packet->type == ENGINEIO_PING && text_is(packet->data, "probe")) {
        send_frame(wire, session->protocol,
                   &(struct engineio_packet){.type = ENGINEIO_PONG, .data = packet->data});
        session->probed = true;
        /* What waits goes by the poll that waits for it; an empty one is sent home. */
        engineio_polling_flush(session);
        engineio_polling_end(session, ENGINEIO_NOOP);
    } else if (packet->type == ENGINEIO_UPGRADE) {
        engineio_session_upgrade(session);
    } else {
        lose_probe(session);
        engineio_websocket_drop(wire);
    }
}

static void take_packet(struct engineio_wire *wire, enum status status,
                        struct engineio_packet *packet)
{
    struct engineio_session *session = wire->session;
    const bool is_probe = session->probe == wire;

    if (status == STATUS_OK && is_probe) {
        take_probe_packet(wire, packet);
    } else if (status == STATUS_OK) {
        (void)engineio_session_take(session, packet);
    } else if (is_probe) {
        lose_probe(session);
        engineio_websocket_drop(wire);
    } else {
        engineio_close(session);
    }
    if (status == STATUS_OK)
        engineio_packet_close(packet);
}

static void on_frame(struct socket *socket, struct text frame, bool is_binary)
{
    struct engineio_wire *wire = socket_record(socket);
    struct engineio_session *session = wire->session;
    struct engineio_packet packet;
    enum status status;

    if (session == NULL)
        return;
    status = is_binary ? engineio_packet_read_binary(session->protocol, frame, &packet)
                       : engineio_packet_read_text(session->protocol, frame, &packet);
    take_packet(wire, status, &packet);
}

static void on_text(struct socket *socket, const char *text, size_t text_bytes)
{
    on_frame(socket, (struct text){text, text_bytes}, false);
}

static void on_binary(struct socket *socket, const void *data, size_t data_bytes)
{
    on_frame(socket, (struct text){data, data_bytes}, true);
}

static void on_too_large(struct socket *socket)
{
    (void)socket; /* closed by the caller, then on_close */
}

static void on_close(struct socket *socket)
{
    struct engineio_wire *wire = socket_record(socket);
    struct engineio_session *session = wire->session;

    if (session != NULL && session->probe == wire) {
        lose_probe(session);
    } else if (session != NULL) {
        session->wire = NULL;
        engineio_close(session);
    }
    free(wire);
}

void engineio_websocket_init(struct engineio *engine)
{
    engine->sockets = (struct socket_handler){
        .on_admit = on_admit,
        .on_open = on_open,
        .on_text = on_text,
        .on_binary = on_binary,
        .on_too_large = on_too_large,
        .on_close = on_close,
        .context = engine,
        .message_bytes_max = engine->settings.payload_bytes_max,
        .queue_bytes_max = engine->settings.queue_bytes_max,
    };
}
