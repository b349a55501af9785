#include "signaling/request_path.h"

#include <string.h>

enum { DECODED_BYTES_MAX = 1024 };

static bool is_plain(unsigned char byte)
{
    return byte > ' ' && byte < 0x7f && strchr("%?#\"<>", byte) == NULL;
}

bool request_path_encode(const char *in, char *path, size_t room_bytes)
{
    static const char HEX[] = "0123456789ABCDEF";
    size_t at = 0;

    for (; *in != '\0'; in++) {
        const unsigned char byte = (unsigned char)*in;

        if (at + 4 > room_bytes)
            return false;
        if (is_plain(byte)) {
            path[at++] = (char)byte;
        } else {
            path[at++] = '%';
            path[at++] = HEX[byte >> 4];
            path[at++] = HEX[byte & 15];
        }
    }
    if (at + 1 > room_bytes)
        return false;
    path[at] = '\0';
    return true;
}

bool request_path_copy(struct lws *wsi, enum lws_token_indexes token, char *path, size_t room_bytes)
{
    char decoded[DECODED_BYTES_MAX + 1];

    return lws_hdr_copy(wsi, decoded, sizeof decoded, token) > 0 &&
           request_path_encode(decoded, path, room_bytes);
}
