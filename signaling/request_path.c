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

/* libwebsockets cuts what it parses at each '&' (and ';', which it does not tell apart): the pieces
 * are joined again. */
static bool join(struct lws *wsi, enum lws_token_indexes token, char *out, size_t room_bytes)
{
    size_t at = 0;

    out[0] = '\0';
    for (int n = 0;; n++) {
        const int bytes = lws_hdr_fragment_length(wsi, token, n);

        if (bytes <= 0)
            return true;
        if (at + (size_t)bytes + 2 > room_bytes)
            return false;
        if (n > 0)
            out[at++] = '&';
        if (lws_hdr_copy_fragment(wsi, out + at, bytes + 1, token, n) < 0)
            return false;
        at += (size_t)bytes;
    }
}

bool request_path_copy(struct lws *wsi, enum lws_token_indexes token, char *path, size_t room_bytes)
{
    char decoded[DECODED_BYTES_MAX + 1];

    return join(wsi, token, decoded, sizeof decoded) && decoded[0] != '\0' &&
           request_path_encode(decoded, path, room_bytes);
}

bool request_query_copy(struct lws *wsi, char *query, size_t room_bytes)
{
    return join(wsi, WSI_TOKEN_HTTP_URI_ARGS, query, room_bytes);
}
