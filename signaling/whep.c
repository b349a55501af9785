#include "signaling/whep.h"

#include <stdlib.h>
#include <string.h>

#include "signaling/http_session.h"
#include "signaling/name.h"
#include "signaling/whep_events.h"

static const char allow[] = "OPTIONS, GET, HEAD, POST";

static void begin(struct endpoint *endpoint, struct exchange *exchange,
                  const struct endpoint_request *request)
{
    struct session *session;
    struct negotiate_refusal refusal = {0};
    char *answer;
    const enum status status = endpoint_subscribe(endpoint, request, &session, &answer, &refusal);

    if (status != STATUS_OK) {
        http_session_refuse(exchange, status, &refusal);
        return;
    }
    whep_events_link(exchange, session);
    http_session_created(endpoint, exchange, session, answer);
    free(answer);
}

static void subscribe(struct endpoint *endpoint, struct exchange *exchange,
                      struct endpoint_request *request)
{
    struct access_answer access;

    endpoint_ask(endpoint, ACCESS_WATCH, request->room, http_session_token(exchange), &access);
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
    request->peer = exchange_peer(exchange);
    request->via = SESSION_VIA_WHEP;
    request->user_agent = exchange_user_agent(exchange);
    request->offer = exchange_body(exchange, &request->offer_bytes);
    if (request->offer_bytes < 2 || memcmp(request->offer, "v=", 2) != 0) {
        /* Said at once, not only when somebody is live. */
        exchange_problem(exchange, 400, "The body is no SDP offer.");
        return;
    }
    http_session_admit(endpoint, exchange, SESSION_VIEWER, request, begin);
}

void whep_handle(struct endpoint *endpoint, struct exchange *exchange)
{
    char room[NAME_BYTES_MAX + 1];
    char stream[NAME_BYTES_MAX + 1];
    struct endpoint_request request = {.room = room, .stream = stream};

    if (name_split_path(exchange_path(exchange), "/whep/", room, stream) != STATUS_OK) {
        exchange_problem(exchange, 400,
                         "The address names no room: /whep/ROOM or "
                         "/whep/ROOM/STREAM, names of 1 to 64 characters.");
        return;
    }
    switch (exchange_method(exchange)) {
    case HTTP_POST:
        subscribe(endpoint, exchange, &request);
        return;
    case HTTP_OPTIONS:
        http_session_options(exchange, allow, endpoint_config(endpoint));
        return;
    case HTTP_GET:
    case HTTP_HEAD:
        /* So that a player can tell a WHEP endpoint by its URL (draft 04, HEAD). */
        exchange_answer(exchange, 200, "application/sdp", "", 0);
        return;
    case HTTP_PATCH:
    case HTTP_DELETE:
    case HTTP_OTHER:
        http_session_refuse_method(exchange, allow);
        return;
    }
}
