/* signaling/exchange_parts.h - what exchange.c (requests, and what handlers say) and
 * exchange_wire.c (how the answer goes out) share; nobody else includes it. Thread: main. */
#ifndef SIGNALING_EXCHANGE_PARTS_H
#define SIGNALING_EXCHANGE_PARTS_H

#include "signaling/exchange.h"
#include "signaling/request_head.h"
#include "signaling/server.h"

enum { EXCHANGE_HEADER_NAME_BYTES_MAX = 48 };

struct answer_header {
    char *name; /* one allocation with value */
    char *value;
};

enum exchange_state {
    EXCHANGE_READING,  /* its body comes in */
    EXCHANGE_HANDLING, /* with a handler, or deferred */
    EXCHANGE_ANSWERED, /* the answer waits to be written */
    EXCHANGE_WRITING,  /* its head is out */
    EXCHANGE_WRITTEN,  /* all is out; the connection closes at the next turn */
    EXCHANGE_LINGERING /* the same, when the body that nobody wants has come: closed before, its
                          client would lose the answer to a reset (RFC 9112, section 9.6) */
};

struct exchange {
    struct lws *wsi;       /* borrowed; the exchange ends before it */
    struct exchange *next; /* of all exchanges */
    struct exchange **link;
    uint64_t number;
    int64_t began_ns;
    int64_t heard_ns;    /* lingering: the last of its body, or since when */
    int64_t deferred_ns; /* 0: not deferred, or without an end */
    enum exchange_state state;
    struct request_head head;
    bool closing; /* the connection is not kept after the answer */
    bool streams; /* answer holds what is not written yet (exchange_write) */
    bool ending;  /* a stream, when that is out */
    bool allows_credentials;
    char *body;
    size_t body_bytes; /* received */
    size_t body_room;
    size_t body_ignored; /* bytes of a body that came after the answer */
    struct answer_header headers[EXCHANGE_HEADERS_MAX];
    unsigned header_count;
    unsigned status;
    const char *content_type; /* static */
    unsigned char *answer;    /* LWS_PRE bytes of room before it */
    size_t answer_bytes;
    size_t answer_written;
};

/* Whether more of a body that nobody wants is waited for. */
bool exchange_lingers(const struct exchange *exchange);
/* Those of exchange_lws_start. */
const struct server_settings *exchange_settings(void);

#endif
