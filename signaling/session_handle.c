#include "signaling/session_handle.h"

#include <stdlib.h>
#include <string.h>

#include "signaling/http_session.h"
#include "signaling/whep_events.h"

static const char allow[] = "OPTIONS, GET, HEAD, PATCH, DELETE";
static const char fragment_type[] = "application/trickle-ice-sdpfrag";

static void restarted(struct exchange *exchange, const struct session *session, const char *answer)
{
    exchange_header(exchange, "ETag", session->tag);
    exchange_answer(exchange, 200, fragment_type, answer, strlen(answer));
}

static void on_answer(struct session *session, const char *answer)
{
    struct exchange *exchange = http_session_waiting(session);

    session->owner = (struct session_owner){0};
    if (exchange == NULL)
        return;
    if (answer == NULL)
        http_session_refuse(exchange, STATUS_FULL, NULL);
    else
        restarted(exchange, session, answer);
}

static void on_ended(struct session *session, const char *reason)
{
    struct exchange *exchange = http_session_waiting(session);

    (void)reason;
    if (exchange != NULL)
        exchange_problem(exchange, 404, "The session ended before it was answered.");
}

static void restart(struct endpoint *endpoint, struct exchange *exchange, struct session *session,
                    const struct negotiate_fragment *fragment)
{
    char *answer;
    enum status status = endpoint_restart(endpoint, session, fragment, &answer);

    if (status != STATUS_OK) {
        http_session_refuse(exchange, status, NULL);
    } else if (answer != NULL) {
        restarted(exchange, session, answer);
        free(answer);
    } else {
        session->owner = (struct session_owner){.context = endpoint,
                                                .number = exchange_defer(exchange),
                                                .on_answer = on_answer,
                                                .on_ended = on_ended};
    }
}

static void trickle(struct endpoint *endpoint, struct exchange *exchange, struct session *session,
                    const struct negotiate_fragment *fragment)
{
    for (unsigned i = 0; i < fragment->candidate_count; i++)
        endpoint_candidate(endpoint, session, &fragment->candidates[i]);
    if (fragment->end_of_candidates)
        endpoint_candidate(endpoint, session, NULL);
    exchange_answer(exchange, 204, NULL, NULL, 0);
}

static void patch(struct endpoint *endpoint, struct exchange *exchange, struct session *session)
{
    struct negotiate_fragment fragment = {0};
    const char *if_match = exchange_if_match(exchange);
    size_t body_bytes;
    const char *body = exchange_body(exchange, &body_bytes);

    if (!http_session_is_type(exchange_content_type(exchange), fragment_type)) {
        exchange_header(exchange, "Accept-Patch", fragment_type);
        exchange_problem(exchange, 415, "A session is changed by application/trickle-ice-sdpfrag.");
    } else if (if_match[0] == '\0') {
        exchange_problem(exchange, 428, "If-Match is needed: the entity tag of the ICE session.");
    } else if (!session_matches(session, if_match)) {
        exchange_problem(exchange, 412, "If-Match names an ICE session that is over.");
    } else if (negotiate_fragment_parse(body, body_bytes, &fragment) != STATUS_OK) {
        exchange_problem(exchange, 400, "This is no SDP fragment (RFC 8840).");
    } else if (fragment.has_credentials && endpoint_is_restart(session, &fragment.credentials)) {
        restart(endpoint, exchange, session, &fragment);
    } else {
        trickle(endpoint, exchange, session, &fragment);
    }
}

void session_handle(struct endpoint *endpoint, struct exchange *exchange)
{
    const enum http_method method = exchange_method(exchange);
    const char *id = exchange_path(exchange) + strlen("/session/");
    const size_t id_chars = strcspn(id, "/");
    struct session *session = session_table_by_id(endpoint_sessions(endpoint), id, id_chars);

    if (id[id_chars] == '/') {
        whep_events_handle(exchange, session, id + id_chars + 1);
        return;
    }
    if (method == HTTP_OPTIONS) {
        /* A preflight shows no secret and learns nothing. */
        http_session_options(exchange, allow, NULL);
        return;
    }
    if (method == HTTP_POST || method == HTTP_OTHER) {
        http_session_refuse_method(exchange, allow);
        return;
    }
    if (session == NULL) {
        exchange_problem(exchange, 404, "There is no such session, or it is over.");
        return;
    }
    if (method == HTTP_PATCH) {
        patch(endpoint, exchange, session);
    } else if (method == HTTP_DELETE) {
        endpoint_end(endpoint, session, false);
        exchange_answer(exchange, 200, NULL, NULL, 0);
    } else {
        exchange_header(exchange, "ETag", session->tag);
        exchange_answer(exchange, 200, NULL, NULL, 0);
    }
}
