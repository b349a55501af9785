/* signaling/exchange.h - one HTTP request and its one answer, as handlers see them; libwebsockets
 * stays behind server.c. The request is complete (head checked, body whole and bounded) before a
 * handler runs. A handler answers at once or keeps the exchange and answers later (exchange_defer);
 * the client may be gone by then, which exchange_answer swallows. Thread: main. */
#ifndef SIGNALING_EXCHANGE_H
#define SIGNALING_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EXCHANGE_PATH_BYTES_MAX = 1024,
    EXCHANGE_BODY_BYTES_MAX = 64 * 1024, /* PROTOCOL.md section 2: 413 beyond, but where
                                            server_handlers say otherwise */
    EXCHANGE_HEADERS_MAX = 16,           /* in an answer */
    EXCHANGE_STREAM_BYTES_MAX = 4096     /* of a stream that its reader has not taken yet */
};

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER
};

struct exchange;

enum http_method exchange_method(const struct exchange *exchange);
/* The raw path: begins with '/', without the query, percent-encoding not undone. */
const char *exchange_path(const struct exchange *exchange);
/* The raw query without '?', "" when none. */
const char *exchange_query(const struct exchange *exchange);
/* Request headers that handlers need; "" when absent. Never NULL. */
const char *exchange_content_type(const struct exchange *exchange);
const char *exchange_authorization(const struct exchange *exchange);
const char *exchange_if_match(const struct exchange *exchange);
const char *exchange_if_none_match(const struct exchange *exchange);
const char *exchange_origin(const struct exchange *exchange);
const char *exchange_accept(const struct exchange *exchange);
const char *exchange_accept_encoding(const struct exchange *exchange);
const char *exchange_user_agent(const struct exchange *exchange);
/* Literal address of the client, no port. */
const char *exchange_peer(const struct exchange *exchange);
const char *exchange_body(const struct exchange *exchange, size_t *body_bytes);

/* Adds a header to the answer; name and value are copied. More than EXCHANGE_HEADERS_MAX are
 * dropped and logged. */
void exchange_header(struct exchange *exchange, const char *name, const char *value);
/* Answers and ends the exchange, which must not be touched afterwards. content_type NULL: no body.
 * body is copied. CORS, security headers and Content-Length are added by the server. HEAD: body is
 * left out on the wire. */
void exchange_answer(struct exchange *exchange, unsigned status, const char *content_type,
                     const void *body, size_t body_bytes);
/* Answers with RFC 9457 problem+json: title is a sentence for a person. */
void exchange_problem(struct exchange *exchange, unsigned status, const char *title);
/* The handler returns without an answer and will give it later. The server answers 504 and forgets
 * after 10 s. The returned number names the exchange for exchange_find. */
uint64_t exchange_defer(struct exchange *exchange);
/* The same without an end: whoever holds it answers in a time of its own. */
uint64_t exchange_hold(struct exchange *exchange);
/* Answers 200 with a body that comes bit by bit, as long as either side likes (exchange_write); the
 * connection ends with it. The returned number names the exchange for exchange_write and
 * exchange_end. */
uint64_t exchange_stream(struct exchange *exchange, const char *content_type);
/* The next part of a stream's body; copied. false: the stream is over: its client is gone, or took
 * nothing of the EXCHANGE_STREAM_BYTES_MAX before, and its connection is cut. */
bool exchange_write(uint64_t number, const char *text, size_t text_bytes);
/* Ends a stream when its client has what was written. An unknown number is allowed. */
void exchange_end(uint64_t number);
/* The answer may be read by pages of an allowed origin that send credentials: the origin is echoed
 * (Fetch standard, section 3.2.5). */
void exchange_allow_credentials(struct exchange *exchange);
/* Names an exchange whose body is still to come, for exchange_is_coming. */
uint64_t exchange_number(const struct exchange *exchange);
/* Whether that body is still to come, from a client that is there. */
bool exchange_is_coming(uint64_t number);
/* The deferred exchange, or NULL when its client is gone. */
struct exchange *exchange_find(uint64_t number);

#endif
