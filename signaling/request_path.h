/* signaling/request_path.h - the path of a request as it was sent. libwebsockets undoes
 * percent-encoding while it parses; handlers undo it themselves (a name may hold '%'), so what is
 * not plain ASCII of a path is encoded again (RFC 3986 section 2.1). What it undoes for good: a '+'
 * of a path has become a space, a ';' an '&', and %2F a '/'. Thread: main. */
#ifndef SIGNALING_REQUEST_PATH_H
#define SIGNALING_REQUEST_PATH_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>

/* Writes the path that token holds, encoded and terminated, to path; false when it is absent or
 * longer than room_bytes. */
bool request_path_copy(struct lws *wsi, enum lws_token_indexes token, char *path,
                       size_t room_bytes);
/* Writes the query, without '?', "" when there is none; false when it is longer than room_bytes. */
bool request_query_copy(struct lws *wsi, char *query, size_t room_bytes);
/* The encoding alone; in is terminated. */
bool request_path_encode(const char *in, char *path, size_t room_bytes);

#endif
