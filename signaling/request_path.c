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

/* libwebsockets keeps the arguments as fragments: they are joined again. */
bool request_query_copy(struct lws *wsi, char *query, size_t room_bytes)
{
    size_t at = 0;

    query[0] = '\0';
    for (int n = 0;; n++) {
        const int bytes = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, n);

        if (bytes <= 0)
            return true;
        if (at + (size_t)bytes + 2 > room_bytes)
            return false;
        if (n > 0)
            query[at++] = '&';
        if (lws_hdr_copy_fragment(wsi, query + at, bytes + 1, WSI_TOKEN_HTTP_URI_ARGS, n) < 0)
            return false;
        at += (size_t)bytes;
    }
}
