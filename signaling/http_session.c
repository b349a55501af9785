#include "signaling/http_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "signaling/ice_servers.h"
#include "signaling/token.h"

bool http_session_is_type(const char *content_type, const char *type)
{
    const size_t bytes = strlen(type);

    content_type += strspn(content_type, " \t");
    return strncasecmp(content_type, type, bytes) == 0 &&
           strchr(" \t;", content_type[bytes]) != NULL; /* the end of the text too */
}

void http_session_options(struct exchange *exchange, const char *allow,
                          const struct config *link_to)
{
    exchange_header(exchange, "Allow", allow);
    if (strstr(allow, "POST") != NULL)
        exchange_header(exchange, "Accept-Post", "application/sdp");
    if (strstr(allow, "PATCH") != NULL)
        exchange_header(exchange, "Accept-Patch", "application/trickle-ice-sdpfrag");
    /* Only a browser's request has an Origin, and only its preflight is an OPTIONS. */
    if (link_to != NULL && exchange_origin(exchange)[0] == '\0')
        ice_servers_link(link_to, exchange);
    exchange_answer(exchange, 200, NULL, NULL, 0);
}

struct exchange *http_session_waiting(const struct session *session)
{
    return session->owner.number != 0 ? exchange_find(session->owner.number) : NULL;
}

void http_session_refuse_method(struct exchange *exchange, const char *allow)
{
    exchange_header(exchange, "Allow", allow);
    exchange_problem(exchange, 405, "This address does not know that method.");
}

void http_session_refuse_access(struct exchange *exchange, const struct access_answer *answer)
{
    if (answer->status == STATUS_NOT_FOUND)
        exchange_header(exchange, "WWW-Authenticate", "Bearer");
    exchange_problem(exchange, answer->status == STATUS_NOT_FOUND ? 401 : 403, answer->why);
}

const char *http_session_token(const struct exchange *exchange)
{
    return token_bearer(exchange_authorization(exchange));
}

void http_session_refuse(struct exchange *exchange, enum status status,
                         const struct negotiate_refusal *refusal)
{
    unsigned code = 503;
    const char *title = "The server has no room for another session now.";
    const char *retry_after_s = "5";

    switch (status) {
    case STATUS_SHORT:
    case STATUS_MALFORMED:
        code = 400;
        title = refusal->why;
        retry_after_s = NULL;
        break;
    case STATUS_UNSUPPORTED:
        code = 422;
        title = refusal->why;
        retry_after_s = NULL;
        break;
    case STATUS_NOT_FOUND:
        code = 409;
        title = "Nobody is live here yet.";
        retry_after_s = "2";
        break;
    case STATUS_EXISTS:
        code = 409;
        title = "Somebody else is live here already.";
        break;
    case STATUS_AGAIN:
        code = 409;
        title = "The request before this one is not answered yet.";
        retry_after_s = "1";
        break;
    case STATUS_DENIED:
        code = 429;
        title = "Too many sessions from your address.";
        break;
    case STATUS_CLOSED:
        title = "The server is about to stop and takes no new sessions.";
        break;
    case STATUS_OK:
    case STATUS_FULL:
    case STATUS_NO_MEMORY:
    case STATUS_SYSTEM:
        break;
    }
    if (retry_after_s != NULL)
        exchange_header(exchange, "Retry-After", retry_after_s);
    exchange_problem(exchange, code, title);
}

void http_session_created(const struct endpoint *endpoint, struct exchange *exchange,
                          const struct session *session, const char *answer)
{
    char location[sizeof "/session/" + SESSION_ID_CHARS];

    snprintf(location, sizeof location, "/session/%s", session->id);
    exchange_header(exchange, "Location", location);
    exchange_header(exchange, "ETag", session->tag);
    ice_servers_link(endpoint_config(endpoint), exchange);
    exchange_answer(exchange, 201, "application/sdp", answer, strlen(answer));
}

/* An exchange that waits for the operator's hook. */
struct waiting {
    struct endpoint *endpoint;
    http_session_begin *begin;
    uint64_t exchange;
    uint64_t credential;
    uint64_t session;
    enum session_via via;
    char name[NAME_BYTES_MAX + 1];
    char room[NAME_BYTES_MAX + 1];
    char stream[NAME_BYTES_MAX + 1];
};

static void refuse_verdict(struct exchange *exchange, const struct hooks_verdict *verdict)
{
    const bool denied = verdict->status == STATUS_DENIED;

    if (!denied)
        exchange_header(exchange, "Retry-After", "5");
    exchange_problem(exchange, denied ? 403 : 503, verdict->why);
}

static void begin_waiting(const struct waiting *waiting, struct exchange *exchange,
                          struct hooks_visit *visit)
{
    struct endpoint_request request = {
        .room = waiting->room,
        .stream = waiting->stream,
        .name = waiting->name,
        .peer = exchange_peer(exchange),
        .via = waiting->via,
        .user_agent = exchange_user_agent(exchange),
        .credential = waiting->credential,
        .session = waiting->session,
        .visit = visit,
    };

    request.offer = exchange_body(exchange, &request.offer_bytes);
    waiting->begin(waiting->endpoint, exchange, &request);
}

static void on_verdict(void *context, const struct hooks_verdict *verdict)
{
    struct waiting *waiting = context;
    struct exchange *exchange = exchange_find(waiting->exchange);

    if (exchange == NULL)
        hooks_leave(verdict->visit, "left");
    else if (verdict->status == STATUS_OK)
        begin_waiting(waiting, exchange, verdict->visit);
    else
        refuse_verdict(exchange, verdict);
    free(waiting);
}

static struct waiting *make_waiting(struct endpoint *endpoint,
                                    const struct endpoint_request *request,
                                    http_session_begin *begin)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);

    if (waiting == NULL)
        return NULL;
    waiting->endpoint = endpoint;
    waiting->begin = begin;
    waiting->credential = request->credential;
    waiting->via = request->via;
    (void)snprintf(waiting->name, sizeof waiting->name, "%s", request->name);
    (void)snprintf(waiting->room, sizeof waiting->room, "%s", request->room);
    (void)snprintf(waiting->stream, sizeof waiting->stream, "%s", request->stream);
    return waiting;
}

void http_session_admit(struct endpoint *endpoint, struct exchange *exchange,
                        enum session_kind kind, struct endpoint_request *request,
                        http_session_begin *begin)
{
    static const struct hooks_verdict down = {.status = STATUS_SYSTEM, .why = HOOKS_DOWN_TEXT};
    struct waiting *waiting = make_waiting(endpoint, request, begin);
    const struct hooks_waiter waiter = {waiting, on_verdict};
    struct hooks_ask *ask; /* is not forgotten: the verdict finds out who is there */
    const enum status status =
        waiting != NULL ? endpoint_admit(endpoint, kind, request, &waiter, &ask) : STATUS_NO_MEMORY;

    if (status == STATUS_AGAIN) {
        waiting->session = request->session;
        waiting->exchange = exchange_defer(exchange);
        return;
    }
    free(waiting);
    if (status == STATUS_OK)
        begin(endpoint, exchange, request);
    else if (status == STATUS_SYSTEM)
        refuse_verdict(exchange, &down);
    else
        http_session_refuse(exchange, status, NULL);
}
