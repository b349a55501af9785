/* The transport of long polling: a GET waits for packets, a POST brings some. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/engineio_parts.h"
#include "signaling/origin.h"

enum { STATUS_LINE_OK = 200 };

static void answer_error(struct exchange *exchange, enum engineio_error error)
{
    char text[80];
    const unsigned status = error == ENGINEIO_FORBIDDEN     ? 403
                            : error == ENGINEIO_SERVER_FULL ? 503
                                                            : 400;

    (void)snprintf(text, sizeof text, "{\"code\":%d,\"message\":\"%s\"}", (int)error,
                   engineio_error_text(error));
    if (status == 503)
        exchange_header(exchange, "Retry-After", "5");
    exchange_answer(exchange, status, "application/json", text, strlen(text));
}

static enum engineio_payload_form form_of(const struct engineio_session *session)
{
    if (session->protocol == ENGINEIO_4)
        return ENGINEIO_SEPARATED;
    return session->text_only ? ENGINEIO_COUNTED : ENGINEIO_FRAMED;
}

static void answer_payload(struct exchange *exchange, enum engineio_payload_form form,
                           struct text_writer *payload)
{
    const size_t bytes = payload->bytes;
    char *text = text_writer_finish(payload);

    if (text != NULL)
        exchange_answer(exchange, STATUS_LINE_OK,
                        form == ENGINEIO_FRAMED ? "application/octet-stream"
                                                : "text/plain; charset=UTF-8",
                        text, bytes);
    else
        answer_error(exchange, ENGINEIO_BAD_REQUEST);
    free(text);
}

/* The poll that waits, or NULL, also when its client is gone; none waits afterwards. */
static struct exchange *take_poll(struct engineio_session *session)
{
    struct exchange *poll = session->poll != 0 ? exchange_find(session->poll) : NULL;

    session->engine->polls -= session->poll != 0;
    session->poll = 0;
    return poll;
}

void engineio_polling_flush(struct engineio_session *session)
{
    struct text_writer payload;

    if (session->first == NULL || session->poll == 0)
        return;
    struct exchange *poll = take_poll(session);
    if (poll == NULL) {
        engineio_session_doom(session); /* who gives a poll up has left, as in the reference */
        return;
    }
    text_writer_init(&payload, SIZE_MAX / 4);
    while (session->first != NULL) {
        struct engineio_waiting *waiting = session->first;

        engineio_payload_put(form_of(session), &waiting->packet, &payload);
        session->first = waiting->next;
        free(waiting);
    }
    session->last = &session->first;
    session->waiting_bytes = 0;
    answer_payload(poll, form_of(session), &payload);
}

void engineio_polling_end(struct engineio_session *session, enum engineio_type type)
{
    struct exchange *poll = take_poll(session);
    struct text_writer payload;

    if (poll == NULL)
        return;
    text_writer_init(&payload, 64);
    engineio_payload_put(form_of(session), &(struct engineio_packet){.type = type}, &payload);
    answer_payload(poll, form_of(session), &payload);
}

static void open_session(struct engineio *engine, const struct engineio_query *query,
                         struct exchange *exchange)
{
    const char *peer = exchange_peer(exchange);
    struct engineio_session *session;
    struct text_writer payload;
    char *handshake = engineio_has_room(engine, peer)
                          ? engineio_session_open(engine, query, peer,
                                                  exchange_user_agent(exchange), NULL, &session)
                          : NULL;

    if (handshake == NULL) {
        answer_error(exchange, ENGINEIO_SERVER_FULL);
        return;
    }
    text_writer_init(&payload, strlen(handshake) + 64);
    engineio_payload_put(
        form_of(session),
        &(struct engineio_packet){.type = ENGINEIO_OPEN, .data = text_of(handshake)}, &payload);
    free(handshake);
    answer_payload(exchange, form_of(session), &payload);
    engineio_session_begin(session);
}

static void poll_session(struct engineio_session *session, struct exchange *exchange)
{
    if (session->poll != 0) { /* one at a time, whether the first still waits or was given up */
        answer_error(exchange, ENGINEIO_BAD_REQUEST);
        engineio_close(session);
        return;
    }
    session->poll = exchange_hold(exchange);
    session->engine->polls++;
    if (session->first != NULL)
        engineio_polling_flush(session);
    else if (session->probed)
        engineio_polling_end(session, ENGINEIO_NOOP); /* so that the client can upgrade */
}

/* Takes all packets of a payload; false: it is malformed. */
static bool take_payload(struct engineio_session *session, const struct exchange *exchange)
{
    const bool is_framed =
        text_starts(text_of(exchange_content_type(exchange)), "application/octet-stream");
    enum engineio_payload_form form = ENGINEIO_SEPARATED;
    struct text rest;
    enum status status;

    if (session->protocol == ENGINEIO_3)
        form = is_framed ? ENGINEIO_FRAMED : ENGINEIO_COUNTED;
    else if (is_framed)
        return false;
    rest.at = exchange_body(exchange, &rest.bytes);
    if (rest.bytes == 0)
        return false;
    do {
        struct engineio_packet packet;

        status = engineio_payload_next(form, &rest, &packet);
        if (status != STATUS_OK)
            break;
        const bool is_open = engineio_session_take(session, &packet);
        engineio_packet_close(&packet);
        if (!is_open)
            return true; /* nobody is there to take the rest */
    } while (true);
    return status == STATUS_NOT_FOUND;
}

static void post_session(struct engineio_session *session, struct exchange *exchange)
{
    size_t body_bytes;

    session->post = 0;
    (void)exchange_body(exchange, &body_bytes);
    if (body_bytes > session->engine->settings.payload_bytes_max)
        exchange_problem(exchange, 413, "The body is larger than maxPayload.");
    else if (take_payload(session, exchange)) {
        exchange_answer(exchange, STATUS_LINE_OK, "text/plain; charset=UTF-8", "ok", 2);
    } else {
        answer_error(exchange, ENGINEIO_BAD_REQUEST);
        engineio_close(session);
    }
}

static enum engineio_error check(const struct engineio *engine, const struct engineio_query *query,
                                 const struct exchange *exchange, struct engineio_session **session)
{
    const enum engineio_error error = engineio_verify(engine, query, false, session);
    const enum http_method method = exchange_method(exchange);

    if (!origin_is_allowed(engine->settings.origins, exchange_origin(exchange)))
        return ENGINEIO_FORBIDDEN;
    if (error != ENGINEIO_NO_ERROR)
        return error;
    if (*session == NULL)
        return method == HTTP_GET ? ENGINEIO_NO_ERROR : ENGINEIO_BAD_METHOD;
    if ((*session)->wire != NULL) /* it has moved to a WebSocket */
        return ENGINEIO_BAD_REQUEST;
    return method == HTTP_GET || method == HTTP_POST ? ENGINEIO_NO_ERROR : ENGINEIO_BAD_REQUEST;
}

void engineio_announce(struct engineio *engine, struct exchange *exchange)
{
    struct engineio_session *session;
    struct engineio_query query;

    exchange_allow_credentials(exchange);
    engineio_query_read(exchange_query(exchange), &query);
    if (exchange_method(exchange) != HTTP_POST ||
        check(engine, &query, exchange, &session) != ENGINEIO_NO_ERROR)
        return;                                                    /* engineio_handle says so */
    if (session->post != 0 && exchange_is_coming(session->post)) { /* one at a time */
        exchange_header(exchange, "Cache-Control", "no-store");
        answer_error(exchange, ENGINEIO_BAD_REQUEST);
        engineio_close(session);
        return;
    }
    session->post = exchange_number(exchange);
}

void engineio_handle(struct engineio *engine, struct exchange *exchange)
{
    struct engineio_session *session;
    struct engineio_query query;

    exchange_allow_credentials(exchange);
    exchange_header(exchange, "Cache-Control", "no-store");
    if (exchange_method(exchange) == HTTP_OPTIONS) {
        exchange_answer(exchange, 204, NULL, NULL, 0);
        return;
    }
    (void)engineio_tick(engine, engine->clock.now_ns()); /* what ran out is not served any more */
    engineio_query_read(exchange_query(exchange), &query);
    const enum engineio_error error = check(engine, &query, exchange, &session);
    if (error != ENGINEIO_NO_ERROR)
        answer_error(exchange, error);
    else if (session == NULL)
        open_session(engine, &query, exchange);
    else if (exchange_method(exchange) == HTTP_GET)
        poll_session(session, exchange);
    else
        post_session(session, exchange);
}
