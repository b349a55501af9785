#include "signaling/request_head.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/access.h"
#include "signaling/request_path.h"

enum {
    HEADER_VALUE_BYTES_MAX = 1024,                        /* longer ones: 431 */
    AUTHORIZATION_BYTES_MAX = ACCESS_TOKEN_BYTES_MAX + 8, /* with "Bearer " */
    CONTENT_LENGTH_DIGITS_MAX = 9,
};

static const enum lws_token_indexes REQUEST_TOKENS[REQUEST_HEADER_COUNT] = {
    [REQUEST_CONTENT_TYPE] = WSI_TOKEN_HTTP_CONTENT_TYPE,
    [REQUEST_AUTHORIZATION] = WSI_TOKEN_HTTP_AUTHORIZATION,
    [REQUEST_IF_MATCH] = WSI_TOKEN_HTTP_IF_MATCH,
    [REQUEST_IF_NONE_MATCH] = WSI_TOKEN_HTTP_IF_NONE_MATCH,
    [REQUEST_ORIGIN] = WSI_TOKEN_ORIGIN,
    [REQUEST_ACCEPT] = WSI_TOKEN_HTTP_ACCEPT,
    [REQUEST_ACCEPT_ENCODING] = WSI_TOKEN_HTTP_ACCEPT_ENCODING,
    [REQUEST_USER_AGENT] = WSI_TOKEN_HTTP_USER_AGENT,
};

static enum http_method read_method(struct lws *wsi, enum lws_token_indexes *token)
{
    static const struct {
        enum lws_token_indexes token;
        enum http_method method;
    } METHODS[] = {
        {WSI_TOKEN_GET_URI, HTTP_GET},       {WSI_TOKEN_HEAD_URI, HTTP_HEAD},
        {WSI_TOKEN_POST_URI, HTTP_POST},     {WSI_TOKEN_PATCH_URI, HTTP_PATCH},
        {WSI_TOKEN_DELETE_URI, HTTP_DELETE}, {WSI_TOKEN_OPTIONS_URI, HTTP_OPTIONS},
        {WSI_TOKEN_PUT_URI, HTTP_OTHER},     {WSI_TOKEN_CONNECT, HTTP_OTHER},
    };

    for (size_t i = 0; i < sizeof METHODS / sizeof METHODS[0]; i++) {
        if (lws_hdr_total_length(wsi, METHODS[i].token) > 0) {
            *token = METHODS[i].token;
            return METHODS[i].method;
        }
    }
    *token = WSI_TOKEN_GET_URI;
    return HTTP_OTHER;
}

/* Copies a header that must not be longer than bytes_max; *copy stays NULL when it is
 * absent. */
static bool copy_header(struct lws *wsi, enum lws_token_indexes token, int bytes_max, char **copy)
{
    const int bytes = lws_hdr_total_length(wsi, token);

    if (bytes <= 0)
        return true;
    if (bytes > bytes_max)
        return false;
    *copy = malloc((size_t)bytes + 1);
    if (*copy == NULL || lws_hdr_copy(wsi, *copy, bytes + 1, token) < 0)
        return false;
    /* Space after the value is none of it (RFC 9110 section 5.5); keys are pasted with it. */
    for (size_t end = strlen(*copy); end > 0 && strchr(" \t", (*copy)[end - 1]) != NULL; end--)
        (*copy)[end - 1] = '\0';
    return true;
}

/* One Host; HTTP/1.0, as load balancers ask for /healthz, may have none (RFC 9112 section 3.2). */
static bool has_sound_host(struct lws *wsi)
{
    char version[sizeof "HTTP/1.1"] = "";

    if (lws_hdr_total_length(wsi, WSI_TOKEN_HOST) > 0)
        return lws_hdr_fragment_length(wsi, WSI_TOKEN_HOST, 1) <= 0;
    return lws_hdr_copy(wsi, version, sizeof version, WSI_TOKEN_HTTP) > 0 &&
           strcmp(version, "HTTP/1.0") == 0;
}

/* Request framing that libwebsockets 4.1 lets pass and that opens request smuggling (RFC 9112
 * section 6). Returns the status to refuse with, or 0. */
static unsigned check_framing(struct lws *wsi, struct request_head *head, const char **why)
{
    char digits[CONTENT_LENGTH_DIGITS_MAX + 2];
    const int length_bytes = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    const bool has_body = head->method == HTTP_POST || head->method == HTTP_PATCH;

    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
        *why = "Send the body with a Content-Length; transfer codings are not served.";
        return 411;
    }
    if (length_bytes <= 0) {
        *why = "Send a Content-Length.";
        return has_body ? 411 : 0;
    }
    *why = "Send exactly one Content-Length, in digits.";
    if (lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, 1) > 0 ||
        length_bytes > CONTENT_LENGTH_DIGITS_MAX ||
        lws_hdr_copy(wsi, digits, sizeof digits, WSI_TOKEN_HTTP_CONTENT_LENGTH) < 0 ||
        strspn(digits, "0123456789") != strlen(digits))
        return 400;
    head->body_bytes = (size_t)strtoul(digits, NULL, 10);
    if (head->body_bytes > 0 && !has_body && head->method != HTTP_DELETE) {
        *why = "This method takes no body.";
        return 400;
    }
    return 0;
}

/* Fills exchange from the head. Returns the status to refuse with, or 0. */
unsigned request_head_read(struct lws *wsi, const struct networks *proxies,
                           struct request_head *head, const char **why)
{
    enum lws_token_indexes method_token;

    head->method = read_method(wsi, &method_token);
    *why = "The address is too long.";
    if (head->method == HTTP_OTHER && lws_hdr_total_length(wsi, method_token) <= 0) {
        *why = "This method is not served.";
        return 405;
    }
    if (!request_path_copy(wsi, method_token, head->path, sizeof head->path) ||
        !request_query_copy(wsi, head->query, sizeof head->query))
        return 414;
    *why = "A header is too long.";
    for (size_t i = 0; i < REQUEST_HEADER_COUNT; i++) {
        const int bytes_max =
            i == REQUEST_AUTHORIZATION ? AUTHORIZATION_BYTES_MAX : HEADER_VALUE_BYTES_MAX;

        if (!copy_header(wsi, REQUEST_TOKENS[i], bytes_max, &head->headers[i]))
            return 431;
    }
    *why = "Send exactly one Host header.";
    if (!has_sound_host(wsi))
        return 400;
    peer_address_copy(wsi, proxies, head->peer);
    /* What other methods bring is not read: the connection ends with the answer. */
    return head->method != HTTP_OTHER ? check_framing(wsi, head, why) : 0;
}

const char *request_head_header(const struct request_head *head, enum request_header header)
{
    return head->headers[header] != NULL ? head->headers[header] : "";
}

void request_head_close(struct request_head *head)
{
    for (size_t i = 0; i < REQUEST_HEADER_COUNT; i++)
        free(head->headers[i]);
}
