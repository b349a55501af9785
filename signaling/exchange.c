#include "signaling/exchange.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/log.h"
#include "core/mono.h"
#include "signaling/exchange_lws.h"
#include "signaling/exchange_parts.h"
#include "transport/mono_clock.h"

enum { STREAM_END_SECONDS_MAX = 10 };

static const int64_t DEFERRED_NS_MAX = 10 * MONO_SECOND;
static const int64_t LINGER_SILENCE_NS = MONO_SECOND / 2;

static struct {
    const struct server_settings *settings;
    const struct server_handlers *handlers;
    struct exchange *all;
    GHashTable *by_number;
    uint64_t newest_number;
} exchanges;

void exchange_lws_start(const struct server_settings *settings,
                        const struct server_handlers *handlers)
{
    exchanges.settings = settings;
    exchanges.handlers = handlers;
    if (exchanges.by_number == NULL)
        exchanges.by_number = g_hash_table_new(g_int64_hash, g_int64_equal);
}

const struct server_settings *exchange_settings(void)
{
    return exchanges.settings;
}

/* -- what handlers ask -- */

enum http_method exchange_method(const struct exchange *exchange)
{
    return exchange->head.method;
}

const char *exchange_path(const struct exchange *exchange)
{
    return exchange->head.path;
}

const char *exchange_query(const struct exchange *exchange)
{
    return exchange->head.query;
}

const char *exchange_content_type(const struct exchange *exchange)
{
    return request_head_header(&exchange->head, REQUEST_CONTENT_TYPE);
}

const char *exchange_authorization(const struct exchange *exchange)
{
    return request_head_header(&exchange->head, REQUEST_AUTHORIZATION);
}

const char *exchange_if_match(const struct exchange *exchange)
{
    return request_head_header(&exchange->head, REQUEST_IF_MATCH);
}

const char *exchange_if_none_match(const struct exchange *exchange)
{
    return request_head_header(&exchange->head, REQUEST_IF_NONE_MATCH);
}

const char *exchange_origin(const struct exchange *exchange)
{
    return request_head_header(&exchange->head, REQUEST_ORIGIN);
}

const char *exchange_accept(const struct exchange *exchange)
{
    return request_head_header(&exchange->head, REQUEST_ACCEPT);
}

const char *exchange_accept_encoding(const struct exchange *exchange)
{
    return request_head_header(&exchange->head, REQUEST_ACCEPT_ENCODING);
}

const char *exchange_user_agent(const struct exchange *exchange)
{
    return request_head_header(&exchange->head, REQUEST_USER_AGENT);
}

const char *exchange_peer(const struct exchange *exchange)
{
    return exchange->head.peer;
}

const char *exchange_body(const struct exchange *exchange, size_t *body_bytes)
{
    *body_bytes = exchange->body_bytes;
    return exchange->body != NULL ? exchange->body : "";
}

/* -- answering -- */

void exchange_header(struct exchange *exchange, const char *name, const char *value)
{
    const size_t name_bytes = strlen(name) + 1;
    const size_t value_bytes = strlen(value) + 1;
    struct answer_header *header = &exchange->headers[exchange->header_count];

    if (exchange->header_count == EXCHANGE_HEADERS_MAX ||
        name_bytes > EXCHANGE_HEADER_NAME_BYTES_MAX || strpbrk(value, "\r\n") != NULL) {
        LOG_WARNING("http", "answer header %s left out", name);
        return;
    }
    header->name = malloc(name_bytes + value_bytes);
    if (header->name == NULL)
        return;
    header->value = header->name + name_bytes;
    memcpy(header->name, name, name_bytes);
    memcpy(header->value, value, value_bytes);
    exchange->header_count++;
}

/* content_type must outlive the exchange: handlers pass literals. */
void exchange_answer(struct exchange *exchange, unsigned status, const char *content_type,
                     const void *body, size_t body_bytes)
{
    if (exchange->state >= EXCHANGE_ANSWERED)
        return;
    exchange->state = EXCHANGE_ANSWERED;
    exchange->status = status;
    exchange->content_type = content_type;
    exchange->answer = malloc(LWS_PRE + body_bytes + 1);
    if (exchange->answer == NULL) {
        exchange->status = 503;
        exchange->content_type = NULL;
    } else if (content_type != NULL && body_bytes > 0) {
        memcpy(exchange->answer + LWS_PRE, body, body_bytes);
        exchange->answer_bytes = body_bytes;
    }
    lws_callback_on_writable(exchange->wsi);
}

void exchange_problem(struct exchange *exchange, unsigned status, const char *title)
{
    json_t *problem =
        json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title", title, "status", (int)status);
    char *text = problem != NULL ? json_dumps(problem, JSON_COMPACT) : NULL;

    exchange_answer(exchange, status, "application/problem+json", text,
                    text != NULL ? strlen(text) : 0);
    free(text);
    json_decref(problem);
}

uint64_t exchange_defer(struct exchange *exchange)
{
    exchange->deferred_ns = mono_clock_ns();
    return exchange->number;
}

uint64_t exchange_hold(struct exchange *exchange)
{
    lws_set_timeout(exchange->wsi, NO_PENDING_TIMEOUT, 0); /* else it ends after timeout_secs */
    return exchange->number;
}

static void cut(struct exchange *exchange)
{
    exchange->state = EXCHANGE_WRITTEN;
    lws_set_timeout(exchange->wsi, PENDING_TIMEOUT_CLOSE_ACK, LWS_TO_KILL_ASYNC);
}

/* libwebsockets does not look at a connection that is owed an answer, nor says when it is closed.
 */
static bool is_hung_up(const struct exchange *exchange)
{
    char byte;
    const ssize_t got = recv(lws_get_socket_fd(exchange->wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

uint64_t exchange_stream(struct exchange *exchange, const char *content_type)
{
    exchange_answer(exchange, 200, content_type, NULL, 0);
    free(exchange->answer);
    exchange->answer = malloc(LWS_PRE + EXCHANGE_STREAM_BYTES_MAX);
    exchange->streams = true;
    exchange->closing = true;
    exchange->ending = exchange->answer == NULL;
    lws_set_timeout(exchange->wsi, NO_PENDING_TIMEOUT, 0);
    return exchange->number;
}

/* The stream of that number while it may be written to, or NULL. */
static struct exchange *find_stream(uint64_t number)
{
    struct exchange *exchange = g_hash_table_lookup(exchanges.by_number, &number);

    return exchange != NULL && exchange->streams && !exchange->ending &&
                   exchange->state != EXCHANGE_WRITTEN
               ? exchange
               : NULL;
}

bool exchange_write(uint64_t number, const char *text, size_t text_bytes)
{
    struct exchange *exchange = find_stream(number);

    if (exchange == NULL)
        return false;
    if (text_bytes > EXCHANGE_STREAM_BYTES_MAX - exchange->answer_bytes || is_hung_up(exchange)) {
        cut(exchange);
        return false;
    }
    memcpy(exchange->answer + LWS_PRE + exchange->answer_bytes, text, text_bytes);
    exchange->answer_bytes += text_bytes;
    lws_callback_on_writable(exchange->wsi);
    return true;
}

void exchange_end(uint64_t number)
{
    struct exchange *exchange = find_stream(number);

    if (exchange == NULL)
        return;
    exchange->ending = true;
    lws_set_timeout(exchange->wsi, PENDING_TIMEOUT_HTTP_CONTENT, STREAM_END_SECONDS_MAX);
    lws_callback_on_writable(exchange->wsi);
}

void exchange_allow_credentials(struct exchange *exchange)
{
    exchange->allows_credentials = true;
}

uint64_t exchange_number(const struct exchange *exchange)
{
    return exchange->number;
}

bool exchange_is_coming(uint64_t number)
{
    const struct exchange *exchange = g_hash_table_lookup(exchanges.by_number, &number);

    return exchange != NULL && exchange->state == EXCHANGE_READING && !is_hung_up(exchange);
}

struct exchange *exchange_find(uint64_t number)
{
    struct exchange *exchange = g_hash_table_lookup(exchanges.by_number, &number);

    if (exchange == NULL || exchange->state != EXCHANGE_HANDLING)
        return NULL;
    if (!is_hung_up(exchange))
        return exchange;
    cut(exchange);
    return NULL;
}

/* libwebsockets gives each piece of a body its own time. */
static void cut_slow_body(struct exchange *exchange, int64_t now_ns)
{
    const bool lingers = exchange->state == EXCHANGE_LINGERING;
    const bool is_late = (exchange->state == EXCHANGE_READING || lingers) &&
                         exchange->head.body_bytes > 0 &&
                         now_ns - exchange->began_ns > exchanges.settings->body_ns;

    if (is_late || (lingers && now_ns - exchange->heard_ns > LINGER_SILENCE_NS))
        lws_set_timeout(exchange->wsi, PENDING_TIMEOUT_CLOSE_ACK, LWS_TO_KILL_ASYNC);
}

void exchange_lws_tick(int64_t now_ns)
{
    for (struct exchange *exchange = exchanges.all; exchange != NULL; exchange = exchange->next) {
        cut_slow_body(exchange, now_ns);
        if (exchange->state == EXCHANGE_HANDLING && exchange->deferred_ns != 0 &&
            now_ns - exchange->deferred_ns > DEFERRED_NS_MAX)
            exchange_problem(exchange, 504, "The server took too long; try again.");
    }
}

/* -- life -- */

static void exchange_free(struct exchange *exchange)
{
    g_hash_table_remove(exchanges.by_number, &exchange->number);
    *exchange->link = exchange->next;
    if (exchange->next != NULL)
        exchange->next->link = exchange->link;
    request_head_close(&exchange->head);
    for (unsigned i = 0; i < exchange->header_count; i++)
        free(exchange->headers[i].name);
    free(exchange->body);
    free(exchange->answer);
    free(exchange);
}

static struct exchange *exchange_new(struct lws *wsi)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);

    if (exchange == NULL)
        return NULL;
    exchange->wsi = wsi;
    exchange->began_ns = mono_clock_ns();
    exchange->number = ++exchanges.newest_number;
    exchange->next = exchanges.all;
    exchange->link = &exchanges.all;
    if (exchange->next != NULL)
        exchange->next->link = &exchange->next;
    exchanges.all = exchange;
    g_hash_table_insert(exchanges.by_number, &exchange->number, exchange);
    return exchange;
}

static void hand_over(struct exchange *exchange)
{
    exchange->state = EXCHANGE_HANDLING;
    exchanges.handlers->on_request(exchanges.handlers->context, exchange);
}

static size_t body_bytes_max(const char *path)
{
    const struct server_handlers *handlers = exchanges.handlers;

    return handlers->body_bytes_max != NULL ? handlers->body_bytes_max(handlers->context, path)
                                            : EXCHANGE_BODY_BYTES_MAX;
}

/* Reading is free: it changes nothing and costs little. */
static bool may_ask(const struct request_head *head)
{
    const struct server_handlers *handlers = exchanges.handlers;
    const bool changes =
        head->method == HTTP_POST || head->method == HTTP_PATCH || head->method == HTTP_DELETE;

    return !changes || handlers->may_ask == NULL ||
           handlers->may_ask(handlers->context, head->path, head->peer);
}

static void announce(struct exchange *exchange)
{
    const struct server_handlers *handlers = exchanges.handlers;

    if (exchange->head.body_bytes > 0 && handlers->on_head != NULL)
        handlers->on_head(handlers->context, exchange);
}

int exchange_lws_on_head(struct lws *wsi, struct exchange **slot)
{
    struct exchange *exchange;
    const char *why = "";
    unsigned refusal;

    exchange_lws_on_closed(slot); /* the connection's former request */
    exchange = exchange_new(wsi);
    if (exchange == NULL)
        return -1;
    *slot = exchange;
    refusal = request_head_read(wsi, exchanges.settings->proxies, &exchange->head, &why);
    if (refusal == 0)
        announce(exchange);
    if (refusal == 0 && exchange->head.body_bytes > body_bytes_max(exchange->head.path)) {
        refusal = 413;
        why = "The body is too large.";
    }
    if (refusal == 0 && !may_ask(&exchange->head)) {
        refusal = 429;
        why = "Too many requests from your address; slow down.";
        exchange_header(exchange, "Retry-After", "1");
    }
    /* Nothing that came with a body keeps its connection: what libwebsockets makes of a body's
     * framing is not trusted. */
    exchange->closing =
        refusal != 0 || (exchange->head.method != HTTP_GET && exchange->head.method != HTTP_HEAD &&
                         exchange->head.method != HTTP_OPTIONS);
    if (exchange->state != EXCHANGE_READING)
        return 0; /* answered already */
    if (refusal != 0) {
        exchange->state = EXCHANGE_HANDLING;
        if (refusal == 405) /* whatever the address: it was not looked at */
            exchange_header(exchange, "Allow", "OPTIONS, GET, HEAD, POST, PATCH, DELETE");
        exchange_problem(exchange, refusal, why);
        return 0;
    }
    if (exchange->head.body_bytes == 0)
        hand_over(exchange);
    return 0;
}

/* Grows with what comes, not with what was announced. */
static bool make_room(struct exchange *exchange, size_t body_bytes)
{
    enum { FIRST_ROOM_BYTES = 4096 };
    size_t room = exchange->body_room > 0 ? exchange->body_room : FIRST_ROOM_BYTES;

    if (body_bytes < exchange->body_room)
        return true;
    while (room <= body_bytes)
        room *= 2;
    char *grown = realloc(exchange->body, room);
    if (grown == NULL)
        return false;
    exchange->body = grown;
    exchange->body_room = room;
    return true;
}

/* A lingering exchange ends with its body, or when that is far too long. */
static int ignore_body(struct exchange *exchange, size_t data_bytes)
{
    exchange->body_ignored += data_bytes;
    exchange->heard_ns = mono_clock_ns();
    return exchange->state == EXCHANGE_LINGERING && !exchange_lingers(exchange) ? -1 : 0;
}

int exchange_lws_on_body(struct exchange *exchange, const void *data, size_t data_bytes)
{
    if (exchange == NULL)
        return 0;
    if (exchange->state != EXCHANGE_READING) /* refused already: not looked at */
        return ignore_body(exchange, data_bytes);
    if (data_bytes > exchange->head.body_bytes - exchange->body_bytes ||
        !make_room(exchange, exchange->body_bytes + data_bytes))
        return -1;
    memcpy(exchange->body + exchange->body_bytes, data, data_bytes);
    exchange->body_bytes += data_bytes;
    exchange->body[exchange->body_bytes] = '\0';
    return 0;
}

int exchange_lws_on_body_complete(struct exchange *exchange)
{
    if (exchange != NULL && exchange->state == EXCHANGE_READING)
        hand_over(exchange);
    return 0;
}

void exchange_lws_on_closed(struct exchange **slot)
{
    if (*slot != NULL)
        exchange_free(*slot);
    *slot = NULL;
}
