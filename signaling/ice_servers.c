#include "signaling/ice_servers.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Takes the next URL of the list at *rest into url (CONFIG_TEXT_BYTES_MAX); false at its end. */
static bool next_url(const char **rest, char *url)
{
    static const char separators[] = " ,\t";
    const char *begin = *rest + strspn(*rest, separators);
    const size_t bytes = strcspn(begin, separators);

    if (bytes == 0 || bytes >= CONFIG_TEXT_BYTES_MAX)
        return false;
    memcpy(url, begin, bytes);
    url[bytes] = '\0';
    *rest = begin + bytes;
    return true;
}

/* STUN asks for no credential. */
static bool needs_credential(const struct config *config, const char *url)
{
    return strncasecmp(url, "turn", 4) == 0 && config->ice_username[0] != '\0';
}

json_t *ice_servers_json(const struct config *config)
{
    const char *rest = config->ice_servers;
    char url[CONFIG_TEXT_BYTES_MAX];
    json_t *servers = json_array();

    while (next_url(&rest, url)) {
        json_t *server = json_pack("{s:s}", "urls", url);
        if (needs_credential(config, url)) {
            json_object_set_new(server, "username", json_string(config->ice_username));
            json_object_set_new(server, "credential", json_string(config->ice_credential));
        }
        json_array_append_new(servers, server);
    }
    return servers;
}

/* Writes text as the inside of a quoted-string (RFC 9110 section 5.6.4). */
static void quote(char *out, size_t out_bytes, const char *text)
{
    size_t at = 0;

    for (; text[0] != '\0' && at + 3 < out_bytes; text++) {
        if (text[0] == '"' || text[0] == '\\')
            out[at++] = '\\';
        out[at++] = text[0];
    }
    out[at] = '\0';
}

void ice_servers_link(const struct config *config, struct exchange *exchange)
{
    const char *rest = config->ice_servers;
    char url[CONFIG_TEXT_BYTES_MAX];
    char username[2 * CONFIG_TEXT_BYTES_MAX];
    char credential[2 * CONFIG_TEXT_BYTES_MAX];
    char link[sizeof url + sizeof username + sizeof credential + 128];

    quote(username, sizeof username, config->ice_username);
    quote(credential, sizeof credential, config->ice_credential);
    for (unsigned i = 0; i < ICE_SERVERS_LINKS_MAX && next_url(&rest, url); i++) {
        if (needs_credential(config, url)) {
            snprintf(link, sizeof link,
                     "<%s>; rel=\"ice-server\"; username=\"%s\"; credential=\"%s\"; "
                     "credential-type=\"password\"",
                     url, username, credential);
        } else {
            snprintf(link, sizeof link, "<%s>; rel=\"ice-server\"", url);
        }
        exchange_header(exchange, "Link", link);
    }
}
