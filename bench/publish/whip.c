#include "bench/publish/whip.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    CONNECT_MS = 2000,
    POST_MS = 8000,
    DELETE_MS = 1500,
    REDIRECTS_MAX = 5,
    HEADER_BYTES_MAX = 512,
    CREATED = 201,
    BUSY = 409,
    TOO_MANY = 429,
    SERVER_ERROR = 500
};

struct body {
    char *text;
    size_t bytes;
};

static size_t on_body(char *data, size_t unit, size_t count, void *context)
{
    struct body *body = context;
    size_t bytes = unit * count;
    if (bytes >= WHIP_ANSWER_BYTES_MAX - body->bytes)
        return 0; /* ends the transfer */
    memcpy(body->text + body->bytes, data, bytes);
    body->bytes += bytes;
    body->text[body->bytes] = '\0';
    return bytes;
}

static struct curl_slist *make_headers(const char *token, bool sdp)
{
    struct curl_slist *headers = NULL;
    if (sdp)
        headers = curl_slist_append(headers, "Content-Type: application/sdp");
    if (token != NULL) {
        char line[HEADER_BYTES_MAX];
        snprintf(line, sizeof line, "Authorization: Bearer %s", token);
        headers = curl_slist_append(headers, line);
    }
    return headers;
}

/* The session's address, against the endpoint's after redirects. */
static bool resolve_location(CURL *curl, char *out)
{
    struct curl_header *header = NULL;
    const char *base = NULL;
    char *absolute = NULL;
    if (curl_easy_header(curl, "Location", 0, CURLH_HEADER, -1, &header) != CURLHE_OK ||
        curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &base) != CURLE_OK)
        return false;
    CURLU *url = curl_url();
    bool resolved =
        url != NULL && curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
        curl_url_set(url, CURLUPART_URL, header->value, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_URL, &absolute, 0) == CURLUE_OK &&
        snprintf(out, WHIP_LOCATION_BYTES_MAX, "%s", absolute) < WHIP_LOCATION_BYTES_MAX;
    curl_free(absolute);
    curl_url_cleanup(url);
    return resolved;
}

static enum whip_result judge(CURL *curl, struct whip_session *session, char *why,
                              unsigned *retry_after_s)
{
    long code = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
    if (code == CREATED && resolve_location(curl, session->location))
        return WHIP_ACCEPTED;
    *retry_after_s = retry_after > 0 && retry_after < 60 ? (unsigned)retry_after : 0;
    snprintf(why, WHIP_WHY_BYTES_MAX, "the server answered %ld: %.180s", code, session->answer);
    bool later = code == BUSY || code == TOO_MANY || code >= SERVER_ERROR;
    return later ? WHIP_LATER : WHIP_REFUSED;
}

enum whip_result whip_post(const char *url, const char *token, const char *offer,
                           struct whip_session *session, char why[WHIP_WHY_BYTES_MAX],
                           unsigned *retry_after_s)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = make_headers(token, true);
    struct body body = {session->answer, 0};
    session->answer[0] = '\0';
    *retry_after_s = 0;
    if (curl == NULL || headers == NULL) {
        curl_slist_free_all(headers);
        curl_easy_cleanup(curl);
        snprintf(why, WHIP_WHY_BYTES_MAX, "out of memory");
        return WHIP_LATER;
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, offer);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)POST_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    CURLcode error = curl_easy_perform(curl);
    enum whip_result result = WHIP_LATER;
    if (error == CURLE_OK) {
        result = judge(curl, session, why, retry_after_s);
    } else {
        snprintf(why, WHIP_WHY_BYTES_MAX, "%s", curl_easy_strerror(error));
        bool hopeless = error == CURLE_URL_MALFORMAT || error == CURLE_UNSUPPORTED_PROTOCOL;
        result = hopeless ? WHIP_REFUSED : WHIP_LATER;
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return result;
}

void whip_delete(const char *location, const char *token)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return;
    char ignored[WHIP_ANSWER_BYTES_MAX];
    struct body body = {ignored, 0};
    struct curl_slist *headers = make_headers(token, false);
    curl_easy_setopt(curl, CURLOPT_URL, location);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)DELETE_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_perform(curl);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}
