/* signaling/hook_calls.h - POSTs JSON to web addresses, on a thread of its own (libcurl's multi
 * interface), so that whoever is slow there is slow there alone. Nothing is followed (redirects,
 * proxies of the environment), only http and https are spoken, and an answer is read up to
 * HOOK_CALLS_ANSWER_BYTES_MAX. Addresses and bodies are never logged. Thread: main; the thread
 * inside is not seen from outside. */
#ifndef SIGNALING_HOOK_CALLS_H
#define SIGNALING_HOOK_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum { HOOK_CALLS_ANSWER_BYTES_MAX = 16 * 1024 };

struct hook_calls;

/* What became of a call. */
struct hook_outcome {
    unsigned status; /* of HTTP; 0: there is no whole answer */
    bool timed_out;
    bool too_large;    /* an answer of more than HOOK_CALLS_ANSWER_BYTES_MAX */
    const char *error; /* libcurl's words, static; "" when there is an answer */
    const char *body;  /* borrowed; not terminated */
    size_t body_bytes;
};

struct hook_post {
    const char *url;  /* borrowed during the call */
    const char *body; /* JSON, borrowed during the call */
    int64_t timeout_ns;
    void *context;
    /* Called once, from hook_calls_poll or hook_calls_wait. */
    void (*on_done)(void *context, const struct hook_outcome *outcome);
};

/* Starts the thread. wake is called on that thread when there is something to poll. */
MUST_CHECK enum status hook_calls_create(void (*wake)(void *context), void *context,
                                         struct hook_calls **calls);
/* Ends the thread; what is under way is broken off, and nobody hears of it. NULL is allowed. */
void hook_calls_destroy(struct hook_calls *calls);
/* wake is not called any more when this returns. */
void hook_calls_hush(struct hook_calls *calls);

/* STATUS_NO_MEMORY: on_done does not follow. */
MUST_CHECK enum status hook_calls_post(struct hook_calls *calls, const struct hook_post *post);
/* Calls on_done for what has ended. */
void hook_calls_poll(struct hook_calls *calls);
/* The same, after waiting for it, at most so long. */
void hook_calls_wait(struct hook_calls *calls, int64_t most_ns);

#endif
