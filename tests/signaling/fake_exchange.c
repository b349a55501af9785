#include "tests/signaling/fake_exchange.h"

#include <stdio.h>
#include <string.h>

static struct exchange exchanges[FAKE_EXCHANGES];
static unsigned newest;

struct exchange *fake_exchange_make(enum http_method method, const char *path)
{
    newest = (newest + 1) % FAKE_EXCHANGES;
    exchanges[newest] = (struct exchange){
        .method = method,
        .path = path,
        .query = "",
        .user_agent = "Fake/1.0",
        .content_type = "",
        .authorization = "",
        .if_match = "",
        .origin = "",
        .peer = "192.0.2.1",
        .body = "",
    };
    return &exchanges[newest];
}

const char *fake_exchange_header(const struct exchange *exchange, const char *name)
{
    for (unsigned i = 0; i < exchange->header_count; i++)
        if (strcmp(exchange->headers[i].name, name) == 0)
            return exchange->headers[i].value;
    return "";
}

unsigned fake_exchange_header_count(const struct exchange *exchange, const char *name)
{
    unsigned count = 0;

    for (unsigned i = 0; i < exchange->header_count; i++)
        count += strcmp(exchange->headers[i].name, name) == 0;
    return count;
}

enum http_method exchange_method(const struct exchange *exchange)
{
    return exchange->method;
}

const char *exchange_path(const struct exchange *exchange)
{
    return exchange->path;
}

const char *exchange_query(const struct exchange *exchange)
{
    return exchange->query;
}

const char *exchange_content_type(const struct exchange *exchange)
{
    return exchange->content_type;
}

const char *exchange_authorization(const struct exchange *exchange)
{
    return exchange->authorization;
}

const char *exchange_if_match(const struct exchange *exchange)
{
    return exchange->if_match;
}

const char *exchange_if_none_match(const struct exchange *exchange)
{
    (void)exchange;
    return "";
}

const char *exchange_origin(const struct exchange *exchange)
{
    return exchange->origin;
}

const char *exchange_accept(const struct exchange *exchange)
{
    (void)exchange;
    return "";
}

const char *exchange_accept_encoding(const struct exchange *exchange)
{
    (void)exchange;
    return "";
}

const char *exchange_user_agent(const struct exchange *exchange)
{
    return exchange->user_agent;
}

const char *exchange_peer(const struct exchange *exchange)
{
    return exchange->peer;
}

const char *exchange_body(const struct exchange *exchange, size_t *body_bytes)
{
    *body_bytes = strlen(exchange->body);
    return exchange->body;
}

void exchange_header(struct exchange *exchange, const char *name, const char *value)
{
    if (exchange->header_count == EXCHANGE_HEADERS_MAX)
        return;
    const unsigned at = exchange->header_count++;
    snprintf(exchange->headers[at].name, sizeof exchange->headers[at].name, "%s", name);
    snprintf(exchange->headers[at].value, sizeof exchange->headers[at].value, "%s", value);
}

void exchange_answer(struct exchange *exchange, unsigned status, const char *content_type,
                     const void *body, size_t body_bytes)
{
    exchange->status = status;
    snprintf(exchange->type, sizeof exchange->type, "%s", content_type != NULL ? content_type : "");
    snprintf(exchange->text, sizeof exchange->text, "%.*s", (int)body_bytes,
             body != NULL ? (const char *)body : "");
}

void exchange_problem(struct exchange *exchange, unsigned status, const char *title)
{
    exchange_answer(exchange, status, "application/problem+json", title, strlen(title));
}

static uint64_t number_of(const struct exchange *exchange)
{
    return (uint64_t)(exchange - exchanges) + 1;
}

uint64_t exchange_defer(struct exchange *exchange)
{
    exchange->deferred = true;
    return number_of(exchange);
}

uint64_t exchange_hold(struct exchange *exchange)
{
    exchange->held = true;
    return number_of(exchange);
}

void exchange_allow_credentials(struct exchange *exchange)
{
    (void)exchange;
}

uint64_t exchange_number(const struct exchange *exchange)
{
    return number_of(exchange);
}

static struct exchange *find(uint64_t number)
{
    return number >= 1 && number <= FAKE_EXCHANGES ? &exchanges[number - 1] : NULL;
}

struct exchange *exchange_find(uint64_t number)
{
    struct exchange *exchange = find(number);
    const bool waits = exchange != NULL && (exchange->deferred || exchange->held) &&
                       !exchange->gone && exchange->status == 0;

    return waits ? exchange : NULL;
}

bool exchange_is_coming(uint64_t number)
{
    const struct exchange *exchange = find(number);

    return exchange != NULL && !exchange->gone && exchange->status == 0;
}

uint64_t exchange_stream(struct exchange *exchange, const char *content_type)
{
    exchange_answer(exchange, 200, content_type, NULL, 0);
    exchange->streams = true;
    return number_of(exchange);
}

bool exchange_write(uint64_t number, const char *text, size_t text_bytes)
{
    struct exchange *exchange = find(number);

    if (exchange == NULL || !exchange->streams || exchange->ended || exchange->gone)
        return false;
    strncat(exchange->text, text, text_bytes);
    return true;
}

void exchange_end(uint64_t number)
{
    struct exchange *exchange = find(number);

    if (exchange != NULL)
        exchange->ended = exchange->ended || exchange->streams;
}
