#include "signaling/peer_address.h"

#include <libwebsockets.h>
#include <string.h>

void peer_address_unmap(char *address)
{
    static const char mapped[] = "::ffff:";
    const size_t mapped_bytes = sizeof mapped - 1;

    if (strncmp(address, mapped, mapped_bytes) == 0 && strchr(address, '.') != NULL)
        memmove(address, address + mapped_bytes, strlen(address + mapped_bytes) + 1);
}

void peer_address_copy(struct lws *wsi, char *address, size_t address_bytes)
{
    address[0] = '\0';
    lws_get_peer_simple(wsi, address, address_bytes);
    peer_address_unmap(address);
}
