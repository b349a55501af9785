/* tests/signaling/fake_exchange.h - a request that a test makes up and the answer that a handler
 * gives; linked in the server's place. */
#ifndef TESTS_SIGNALING_FAKE_EXCHANGE_H
#define TESTS_SIGNALING_FAKE_EXCHANGE_H

#include <stdbool.h>

#include "signaling/exchange.h"

enum { FAKE_EXCHANGES = 4 }; /* at a time */

struct exchange {
    enum http_method method;
    const char *path;
    const char *query;
    const char *user_agent;
    const char *content_type;
    const char *authorization;
    const char *if_match;
    const char *origin;
    const char *peer;
    const char *body;
    unsigned status; /* 0: not answered */
    char type[64];
    char text[64 * 1024];
    bool deferred;
    bool held; /* like deferred, without an end */
    bool gone; /* exchange_find finds it no more, exchange_write fails */
    bool streams;
    bool ended; /* a stream */
    struct {
        char name[32];
        char value[512];
    } headers[EXCHANGE_HEADERS_MAX];
    unsigned header_count;
};

/* A fresh one; fields that are not set are "". It is forgotten after FAKE_EXCHANGES more. */
struct exchange *fake_exchange_make(enum http_method method, const char *path);
/* The answer's header, "" when there is none. */
const char *fake_exchange_header(const struct exchange *exchange, const char *name);
unsigned fake_exchange_header_count(const struct exchange *exchange, const char *name);

#endif
