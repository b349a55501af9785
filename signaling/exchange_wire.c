#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/exchange_lws.h"
#include "signaling/exchange_parts.h"
#include "signaling/origin.h"
#include "transport/mono_clock.h"

enum {
    HEAD_OUT_BYTES_MAX = 16384,
    CHUNK_BYTES = 32 * 1024,           /* of a body in one write */
    LINGER_BYTES_MAX = 8 * 1024 * 1024 /* read of a body that nobody wants */
};

struct head_writer {
    struct lws *wsi;
    unsigned char *at;
    unsigned char *end;
    bool failed;
};

static void put_header(struct head_writer *head, const char *name, const char *value)
{
    char with_colon[EXCHANGE_HEADER_NAME_BYTES_MAX + 2];

    (void)snprintf(with_colon, sizeof with_colon, "%s:", name);
    if (lws_add_http_header_by_name(head->wsi, (const unsigned char *)with_colon,
                                    (const unsigned char *)value, (int)strlen(value), &head->at,
                                    head->end) != 0)
        head->failed = true;
}

static void put_cors(struct head_writer *head, const struct exchange *exchange)
{
    const char *origins = exchange_settings()->origins;
    const char *origin = exchange_origin(exchange);

    const bool echoes = !origin_is_any(origins) || exchange->allows_credentials;

    if (echoes)
        put_header(head, "Vary", "Origin");
    if (origin_is_any(origins) && (origin[0] == '\0' || !echoes))
        put_header(head, "Access-Control-Allow-Origin", "*");
    else if (origin[0] != '\0' && origin_is_allowed(origins, origin))
        put_header(head, "Access-Control-Allow-Origin", origin);
    else
        return;
    if (exchange->allows_credentials && origin[0] != '\0')
        put_header(head, "Access-Control-Allow-Credentials", "true");
    put_header(head, "Access-Control-Expose-Headers",
               "Location, ETag, Link, Accept-Post, Retry-After");
    if (exchange->head.method == HTTP_OPTIONS) {
        put_header(head, "Access-Control-Allow-Methods", "OPTIONS, GET, HEAD, POST, PATCH, DELETE");
        put_header(head, "Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match");
        put_header(head, "Access-Control-Max-Age", "86400");
    }
}

static int write_head(struct exchange *exchange)
{
    unsigned char *buffer = malloc(LWS_PRE + HEAD_OUT_BYTES_MAX);
    struct head_writer head = {.wsi = exchange->wsi};
    unsigned char *start;
    int result = -1;

    if (buffer == NULL)
        return -1;
    start = buffer + LWS_PRE;
    head.at = start;
    head.end = start + HEAD_OUT_BYTES_MAX - 1;
    if (lws_add_http_header_status(exchange->wsi, exchange->status, &head.at, head.end) != 0)
        head.failed = true;
    if (exchange->content_type != NULL)
        put_header(&head, "Content-Type", exchange->content_type);
    put_cors(&head, exchange);
    put_header(&head, "X-Content-Type-Options", "nosniff");
    put_header(&head, "Referrer-Policy", "no-referrer");
    for (unsigned i = 0; i < exchange->header_count; i++)
        put_header(&head, exchange->headers[i].name, exchange->headers[i].value);
    if (exchange->closing)
        put_header(&head, "Connection", "close");
    if (exchange->status != 204 && exchange->status != 304 && !exchange->streams &&
        lws_add_http_header_content_length(exchange->wsi, exchange->answer_bytes, &head.at,
                                           head.end) != 0)
        head.failed = true;
    if (!head.failed &&
        lws_finalize_write_http_header(exchange->wsi, start, &head.at, head.end) == 0)
        result = 0;
    free(buffer);
    return result;
}

/* Writes the next part of the body; true when all is out. */
static int write_body(struct exchange *exchange, bool *done)
{
    const size_t left = exchange->answer_bytes - exchange->answer_written;
    const size_t part = left < CHUNK_BYTES ? left : CHUNK_BYTES;
    const enum lws_write_protocol kind = part == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP;

    /* LWS_PRE bytes before the part belong to the library: they are part of what was written
     * already. */
    if (lws_write(exchange->wsi, exchange->answer + LWS_PRE + exchange->answer_written, part,
                  kind) < (int)part)
        return -1;
    exchange->answer_written += part;
    *done = part == left;
    return 0;
}

/* What came since the last time; the library keeps what the socket does not take, and does not call
 * before that is out. */
static int write_stream(struct exchange *exchange)
{
    const size_t part = exchange->answer_bytes;

    exchange->answer_bytes = 0;
    if (part == 0)
        return 0;
    return lws_write(exchange->wsi, exchange->answer + LWS_PRE, part, LWS_WRITE_HTTP) < (int)part
               ? -1
               : 0;
}

bool exchange_lingers(const struct exchange *exchange)
{
    return exchange->body_bytes + exchange->body_ignored < exchange->head.body_bytes &&
           exchange->body_ignored < LINGER_BYTES_MAX;
}

static int end_exchange(struct lws *wsi, struct exchange **slot)
{
    if ((*slot)->closing && exchange_lingers(*slot)) {
        (*slot)->state = EXCHANGE_LINGERING;
        (*slot)->heard_ns = mono_clock_ns();
        return 0;
    }
    if ((*slot)->closing) {
        (*slot)->state = EXCHANGE_WRITTEN;
        lws_callback_on_writable(wsi); /* called when the library's own buffer is out, too */
        return 0;
    }
    exchange_lws_on_closed(slot);
    return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

int exchange_lws_on_writable(struct lws *wsi, struct exchange **slot)
{
    struct exchange *exchange = *slot;
    bool done = false;

    if (exchange == NULL)
        return 0;
    switch (exchange->state) {
    case EXCHANGE_READING:
    case EXCHANGE_HANDLING:
    case EXCHANGE_LINGERING:
        return 0;
    case EXCHANGE_ANSWERED:
        if (write_head(exchange) != 0)
            return -1;
        exchange->state = EXCHANGE_WRITING;
        if (!exchange->streams &&
            (exchange->head.method == HTTP_HEAD || exchange->answer_bytes == 0))
            return end_exchange(wsi, slot);
        lws_callback_on_writable(wsi);
        return 0;
    case EXCHANGE_WRITING:
        if (exchange->streams) {
            if (write_stream(exchange) != 0)
                return -1;
            return exchange->ending ? end_exchange(wsi, slot) : 0;
        }
        if (write_body(exchange, &done) != 0)
            return -1;
        if (done)
            return end_exchange(wsi, slot);
        lws_callback_on_writable(wsi);
        return 0;
    case EXCHANGE_WRITTEN:
        return -1;
    }
    return -1;
}
