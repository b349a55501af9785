#include "signaling/pages.h"

#include <stdio.h>
#include <string.h>

#include "signaling/content_coding.h"
#include "signaling/web_files.h"

/* PROTOCOL.md section 2. A page is served for every name behind its prefix: the page itself reads
 * and checks the room. */
static const struct {
    const char *prefix;
    bool takes_room;
    const char *file;
} PAGES[] = {
    {"/", false, "/index.html"},      {"/live/", true, "/live.html"},
    {"/watch/", true, "/watch.html"}, {"/call/", true, "/call.html"},
    {"/admin", false, "/admin.html"},
};

/* %s%s: the page's own script, if it carries one. */
static const char CONTENT_SECURITY_POLICY[] =
    "default-src 'self'; script-src 'self'%s%s; connect-src 'self' ws: wss: stun: turn:; media-src "
    "'self' blob: "
    "mediastream:; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

static const struct web_file *find_page(const char *path)
{
    for (size_t i = 0; i < sizeof PAGES / sizeof PAGES[0]; i++) {
        const size_t prefix_bytes = strlen(PAGES[i].prefix);

        if (strncmp(path, PAGES[i].prefix, prefix_bytes) != 0)
            continue;
        if (PAGES[i].takes_room
                ? path[prefix_bytes] != '\0' && strchr(path + prefix_bytes, '/') == NULL
                : path[prefix_bytes] == '\0')
            return web_files_find(PAGES[i].file);
    }
    return NULL;
}

/* "/v/VERSION/js/x.js" is "/js/x.js" for ever if it is of this program's version. Pages that
 * another server gave out, before an update or beside this one, get what is here, not to be kept.
 */
static const struct web_file *find_versioned(const char *path, bool *is_final)
{
    static const char prefix[] = "/v/";
    const size_t version_bytes = strlen(web_files_version);
    const char *version;
    const char *rest;

    *is_final = false;
    if (strncmp(path, prefix, strlen(prefix)) != 0)
        return web_files_find(path);
    version = path + strlen(prefix);
    rest = strchr(version, '/');
    if (rest == NULL)
        return NULL;
    *is_final = (size_t)(rest - version) == version_bytes &&
                memcmp(version, web_files_version, version_bytes) == 0;
    return web_files_find(rest);
}

static bool is_html(const struct web_file *file)
{
    return strncmp(file->content_type, "text/html", strlen("text/html")) == 0;
}

/* The form of file that the client takes, with the headers that go with it. */
static const struct web_file_form *choose_form(struct exchange *exchange,
                                               const struct web_file *file)
{
    if (file->gzip.bytes == NULL)
        return &file->plain;
    exchange_header(exchange, "Vary", "Accept-Encoding");
    if (!content_coding_takes_gzip(exchange_accept_encoding(exchange)))
        return &file->plain;
    exchange_header(exchange, "Content-Encoding", "gzip");
    return &file->gzip;
}

static void restrict_page(struct exchange *exchange, const struct web_file *page)
{
    char policy[sizeof CONTENT_SECURITY_POLICY + 64];

    (void)snprintf(policy, sizeof policy, CONTENT_SECURITY_POLICY,
                   page->script_source != NULL ? " " : "",
                   page->script_source != NULL ? page->script_source : "");
    exchange_header(exchange, "Content-Security-Policy", policy);
}

bool pages_handle(struct exchange *exchange)
{
    const char *path = exchange_path(exchange);
    const struct web_file *file = find_page(path);
    bool is_final = false;

    if (file == NULL)
        file = find_versioned(path, &is_final);
    if (file == NULL)
        return false;
    if (exchange_method(exchange) != HTTP_GET && exchange_method(exchange) != HTTP_HEAD) {
        exchange_header(exchange, "Allow", "GET, HEAD");
        exchange_problem(exchange, 405, "This page can only be read.");
        return true;
    }
    const struct web_file_form *form = choose_form(exchange, file);
    exchange_header(exchange, "ETag", form->entity_tag);
    /* no-cache: asked again each time, answered 304: never a stale page. */
    exchange_header(exchange, "Cache-Control",
                    is_final && !is_html(file) ? "public, max-age=31536000, immutable"
                                               : "no-cache");
    if (is_html(file))
        restrict_page(exchange, file);
    if (strcmp(exchange_if_none_match(exchange), form->entity_tag) == 0)
        exchange_answer(exchange, 304, NULL, NULL, 0);
    else
        exchange_answer(exchange, 200, file->content_type, form->bytes, form->length);
    return true;
}

void pages_print_routes(void)
{
    for (size_t i = 0; i < sizeof PAGES / sizeof PAGES[0]; i++)
        (void)printf("GET %s%s\n", PAGES[i].prefix, PAGES[i].takes_room ? "{}" : "");
}

void pages_missing(struct exchange *exchange)
{
    const struct web_file *file = web_files_find("/missing.html");

    if (file != NULL && strstr(exchange_accept(exchange), "text/html") != NULL) {
        restrict_page(exchange, file);
        exchange_answer(exchange, 404, file->content_type, file->plain.bytes, file->plain.length);
    } else {
        exchange_problem(exchange, 404, "There is nothing at this address.");
    }
}
