/* signaling/request.h - one message of a client (PROTOCOL.md section 3) as JSON: its fields,
 * checked, and the errors that answer it. Pure functions. Thread: main. */
#ifndef SIGNALING_REQUEST_H
#define SIGNALING_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

enum { REQUEST_ID_POINTS_MAX = 64 };

/* Borrows from the JSON object. */
struct request {
    const json_t *object; /* NULL: it is none */
    const char *type;     /* NULL: none, or no sensible one */
    const char *id;       /* NULL: none, or not a valid one */
};

/* value may be anything, NULL too (not JSON). */
struct request request_read(const json_t *value);

/* The string field of least to most code points, borrowed. STATUS_NOT_FOUND: absent or null;
 * STATUS_MALFORMED: another type, out of range, or with a NUL. */
MUST_CHECK enum status request_text(const struct request *request, const char *key, long least,
                                    long most, const char **text);
/* The boolean field; false when absent or null. STATUS_MALFORMED. */
MUST_CHECK enum status request_flag(const struct request *request, const char *key, bool *flag);

/* {type: error, code, message, re, id}: a new reference. re is the type of request, null when it
 * has none; id is given when the request had one. */
json_t *request_error(const struct request *request, const char *code, const char *message);

#endif
