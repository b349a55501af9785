/* signaling/http_session.h - what the WHIP endpoint, the WHEP endpoint and the session resource
 * have in common (RFC 9725, draft-ietf-wish-whep-04). Thread: main. */
#ifndef SIGNALING_HTTP_SESSION_H
#define SIGNALING_HTTP_SESSION_H

#include <stdbool.h>

#include "signaling/endpoint.h"
#include "signaling/exchange.h"

/* Whether a Content-Type header names type, whatever its parameters. */
bool http_session_is_type(const char *content_type, const char *type);
/* 200 to OPTIONS. link_to: ICE servers are told unless the request is a CORS preflight (RFC 9725
 * section 4.6); NULL: never. */
void http_session_options(struct exchange *exchange, const char *allow,
                          const struct config *link_to);
/* The deferred exchange that the session's owner waits for, or NULL. */
struct exchange *http_session_waiting(const struct session *session);
/* 405. */
void http_session_refuse_method(struct exchange *exchange, const char *allow);
/* 401 or 403: answer is not STATUS_OK. */
void http_session_refuse_access(struct exchange *exchange, const struct access_answer *answer);
/* The token of the request's Authorization header; NULL: none. Borrowed. */
const char *http_session_token(const struct exchange *exchange);
/* The problem that fits a status of endpoint_publish and its like; refusal is read for
 * STATUS_MALFORMED and STATUS_UNSUPPORTED. */
void http_session_refuse(struct exchange *exchange, enum status status,
                         const struct negotiate_refusal *refusal);
/* 201 with Location, ETag, Link and the SDP answer. */
void http_session_created(const struct endpoint *endpoint, struct exchange *exchange,
                          const struct session *session, const char *answer);

/* What follows when a session may begin: opens it and answers, or refuses. request is borrowed. */
typedef void http_session_begin(struct endpoint *endpoint, struct exchange *exchange,
                                const struct endpoint_request *request);
/* Whether it may (endpoint_admit): calls begin, now or when the operator's hook has answered, or
 * refuses. request is complete but for what endpoint_admit fills. */
void http_session_admit(struct endpoint *endpoint, struct exchange *exchange,
                        enum session_kind kind, struct endpoint_request *request,
                        http_session_begin *begin);

#endif
