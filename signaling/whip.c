#include "signaling/whip.h"

#include "signaling/http_session.h"
#include "signaling/name.h"

static const char allow[] = "OPTIONS, GET, HEAD, POST";

static void on_answer(struct session *session, const char *answer)
{
    struct endpoint *endpoint = session->owner.context;
    struct exchange *exchange = http_session_waiting(session);

    session->owner = (struct session_owner){0};
    if (exchange == NULL) {
        /* The client left before it learned the session's URL. */
        if (answer != NULL)
            endpoint_end(endpoint, session, false);
    } else if (answer == NULL) {
        http_session_refuse(exchange, STATUS_FULL, NULL);
    } else {
        http_session_created(endpoint, exchange, session, answer);
    }
}

static void on_ended(struct session *session, const char *reason)
{
    struct exchange *exchange = http_session_waiting(session);

    (void)reason;
    if (exchange != NULL) {
        exchange_header(exchange, "Retry-After", "5");
        exchange_problem(exchange, 503, "The session ended before it was answered.");
    }
}

static void begin(struct endpoint *endpoint, struct exchange *exchange,
                  const struct endpoint_request *asked)
{
    struct endpoint_request request = *asked;
    struct session *session;
    struct negotiate_refusal refusal = {0};

    request.owner =
        (struct session_owner){.context = endpoint, .on_answer = on_answer, .on_ended = on_ended};
    const enum status status = endpoint_publish(endpoint, &request, &session, &refusal);
    if (status != STATUS_OK) {
        http_session_refuse(exchange, status, &refusal);
        return;
    }
    session->owner.number = exchange_defer(exchange);
}

static void publish(struct endpoint *endpoint, struct exchange *exchange,
                    struct endpoint_request *request)
{
    struct access_answer access;

    endpoint_ask(endpoint, ACCESS_PUBLISH, request->room, http_session_token(exchange), &access);
    if (access.status != STATUS_OK) {
        http_session_refuse_access(exchange, &access);
        return;
    }
    if (!http_session_is_type(exchange_content_type(exchange), "application/sdp")) {
        exchange_header(exchange, "Accept-Post", "application/sdp");
        exchange_problem(exchange, 415, "The offer must come as application/sdp.");
        return;
    }
    request->name = access.name;
    request->subject = access.subject;
    request->credential = access.credential;
    request->peer = exchange_peer(exchange);
    request->via = SESSION_VIA_WHIP;
    request->user_agent = exchange_user_agent(exchange);
    request->offer = exchange_body(exchange, &request->offer_bytes);
    http_session_admit(endpoint, exchange, SESSION_PUBLISHER, request, begin);
}

void whip_handle(struct endpoint *endpoint, struct exchange *exchange)
{
    char room[NAME_BYTES_MAX + 1];
    char stream[NAME_BYTES_MAX + 1];
    struct endpoint_request request = {.room = room, .stream = stream};

    if (name_split_path(exchange_path(exchange), "/whip/", room, stream) != STATUS_OK) {
        exchange_problem(exchange, 400,
                         "The address names no room: /whip/ROOM or "
                         "/whip/ROOM/STREAM, names of 1 to 64 characters.");
        return;
    }
    switch (exchange_method(exchange)) {
    case HTTP_POST:
        publish(endpoint, exchange, &request);
        return;
    case HTTP_OPTIONS:
        http_session_options(exchange, allow, endpoint_config(endpoint));
        return;
    case HTTP_GET:
    case HTTP_HEAD:
        /* RFC 9725 section 4.1: 2xx without content. */
        exchange_answer(exchange, 200, NULL, NULL, 0);
        return;
    case HTTP_PATCH:
    case HTTP_DELETE:
    case HTTP_OTHER:
        http_session_refuse_method(exchange, allow);
        return;
    }
}
