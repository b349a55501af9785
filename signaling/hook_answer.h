/* signaling/hook_answer.h - what the answer of an operator's hook means (docs/hooks.md; the rule of
 * SRS: status 200 and body 0 or {"code":0} allows). Pure. */
#ifndef SIGNALING_HOOK_ANSWER_H
#define SIGNALING_HOOK_ANSWER_H

#include <stddef.h>

enum { HOOK_REASON_BYTES_MAX = 200 };

/* How a call ended. */
enum hook_result {
    HOOK_OK,          /* allowed, or told */
    HOOK_REFUSED,     /* it says no */
    HOOK_TIMEOUT,     /* it hangs */
    HOOK_UNREACHABLE, /* no connection, no certificate to trust, cut off, or 5xx */
    HOOK_RUBBISH,     /* neither yes nor no */
    HOOK_SHED,        /* not called: too many calls wait */
    HOOK_RESULT_COUNT
};

struct hook_answer {
    enum hook_result result;
    /* Of HOOK_REFUSED: a line for a person, UTF-8 without control characters; "": none given. */
    char reason[HOOK_REASON_BYTES_MAX + 1];
};

/* status: of HTTP. body need not be terminated. */
void hook_answer_read(unsigned status, const char *body, size_t body_bytes,
                      struct hook_answer *answer);
/* As operators read it: ok, refused, timeout, unreachable, rubbish, shed. */
const char *hook_result_text(enum hook_result result);

#endif
