#include "signaling/http_session.h"

#include <stdio.h>
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
        title = "Nobody is live in this room yet.";
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
