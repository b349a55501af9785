#include "signaling/peer_address.h"

#include <libwebsockets.h>
#include <string.h>

#include "core/log.h"

enum { FORWARDED_BYTES_MAX = 8192 }; /* as long as a head may be */

/* All headers of that name, joined by commas. "": there is none, or one that would be cut short:
 * the end is what counts. */
static void copy_forwarded(struct lws *wsi, char text[FORWARDED_BYTES_MAX])
{
    const int bytes = lws_hdr_copy(wsi, text, FORWARDED_BYTES_MAX, WSI_TOKEN_X_FORWARDED_FOR);

    if (bytes <= 0 || strlen(text) != (size_t)bytes)
        text[0] = '\0';
}

/* Anybody may send such a header, so it is said once and changes nothing. */
static void say_once(const char *peer)
{
    static bool said;

    if (!said)
        LOG_INFO("http",
                 "X-Forwarded-For from %s is not believed; if that is a proxy of yours, name it in "
                 "http.proxies",
                 peer);
    said = true;
}

void peer_address_copy(struct lws *wsi, const struct networks *proxies,
                       char address[PEER_ADDRESS_BYTES_MAX])
{
    const bool forwards = lws_hdr_total_length(wsi, WSI_TOKEN_X_FORWARDED_FOR) > 0;
    char peer[PEER_ADDRESS_BYTES_MAX] = "";
    char forwarded[FORWARDED_BYTES_MAX] = "";

    lws_get_peer_simple(wsi, peer, sizeof peer);
    if (forwards)
        copy_forwarded(wsi, forwarded);
    forwarded_client(proxies, peer, forwarded, address);
    if (forwards && !networks_have(proxies, peer))
        say_once(address);
}
