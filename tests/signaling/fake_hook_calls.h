/* tests/signaling/fake_hook_calls.h - calls of hooks as the tests see them: a test reads what was
 * posted, and plays the answers. Linked in the place of the thread that makes them. */
#ifndef TESTS_SIGNALING_FAKE_HOOK_CALLS_H
#define TESTS_SIGNALING_FAKE_HOOK_CALLS_H

#include <jansson.h>

#include "signaling/hook_calls.h"

enum { FAKE_HOOK_CALLS_MAX = 64 };

struct fake_hook_call {
    char url[128];
    json_t *body; /* NULL: answered */
    struct hook_post post;
};

struct fake_hook_calls {
    bool hushed;
    bool fails;           /* posts fail */
    const char *farewell; /* what hook_calls_wait answers everything with; NULL: nothing */
    unsigned posted;      /* ever */
    struct fake_hook_call calls[FAKE_HOOK_CALLS_MAX];
};

extern struct fake_hook_calls fake_hook_calls;

void fake_hook_calls_reset(void);
/* Calls without an answer. */
unsigned fake_hook_calls_open(void);
/* The oldest of these, or NULL. */
struct fake_hook_call *fake_hook_calls_oldest(void);
/* Fails the test unless the oldest of these has that action; returns its session. */
uint64_t fake_hook_calls_expect(const char *action);
/* Answers the oldest by 200 and body. */
void fake_hook_calls_answer(const char *body);
/* Ends the oldest without an answer. */
void fake_hook_calls_fail(bool timed_out);

#endif
