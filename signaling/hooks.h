/* signaling/hooks.h - the operator's HTTP hooks (docs/hooks.md): on_publish and on_play are asked
 * before a session begins, on_unpublish and on_stop are told of its end, exactly once for each that
 * was let in. Nothing here blocks but hooks_destroy, which waits for the last to be told.
 * Thread: main. */
#ifndef SIGNALING_HOOKS_H
#define SIGNALING_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "signaling/config.h"
#include "signaling/hook_answer.h"
#include "signaling/session.h"

struct hooks;
struct hooks_visit; /* a session that was let in, whose end is to be told */
struct hooks_ask;   /* one that waits for the verdict */

/* Who comes; borrowed during the call. Texts are "" when unknown. */
struct hooks_visitor {
    enum session_kind kind;
    enum session_via via;
    uint64_t session; /* the number that it has, or will have */
    const char *room;
    const char *stream;
    const char *name;
    const char *subject; /* `sub` of its token */
    const char *address;
    const char *user_agent;
};

struct hooks_verdict {
    /* STATUS_OK. STATUS_DENIED: the hook refuses (403). STATUS_SYSTEM: it is down, and that closes
     * the door (503). STATUS_CLOSED: the server stops (503). */
    enum status status;
    const char *why;           /* a sentence for a person; borrowed during the call */
    struct hooks_visit *visit; /* of STATUS_OK: the receiver's now; NULL: nobody is told */
};

/* Who waits. on_verdict is called once, unless hooks_forget comes first. */
struct hooks_waiter {
    void *context;
    void (*on_verdict)(void *context, const struct hooks_verdict *verdict);
};

/* config is borrowed and read at each call, so a reload takes effect. wake is called on another
 * thread when there is something for hooks_poll. */
MUST_CHECK enum status hooks_create(const struct config *config, void (*wake)(void *context),
                                    void *context, int64_t now_ns, struct hooks **hooks);
/* No wake from here on; whoever waits hears STATUS_CLOSED. NULL is allowed. */
void hooks_close(struct hooks *hooks);
/* After the last session: waits for what is still to be told, at most hooks.farewell_ms. NULL is
 * allowed. */
void hooks_destroy(struct hooks *hooks);
/* What was answered meanwhile. */
void hooks_poll(struct hooks *hooks);
/* Every 100 ms or so. */
void hooks_tick(struct hooks *hooks, int64_t now_ns);

/* STATUS_OK: nobody has to be asked; *visit is as in a verdict. STATUS_AGAIN: the verdict comes by
 * waiter, never inside this call; *ask may be forgotten until then. STATUS_SYSTEM, STATUS_CLOSED:
 * as a verdict's. hooks NULL: nobody has to be asked or told. */
MUST_CHECK enum status hooks_ask(struct hooks *hooks, const struct hooks_visitor *visitor,
                                 const struct hooks_waiter *waiter, struct hooks_visit **visit,
                                 struct hooks_ask **ask);
/* Who waited has left. Should it be let in nevertheless, its end is told. */
void hooks_forget(struct hooks_ask *ask);
/* The session is over, reason being a short code (PROTOCOL.md section 3, bye): tells it. Takes
 * visit; NULL is allowed. */
void hooks_leave(struct hooks_visit *visit, const char *reason);

/* Why who met STATUS_SYSTEM is refused. */
#define HOOKS_DOWN_TEXT "The operator's server does not answer now; try again."

/* on_publish and so on. */
const char *hooks_name(enum hook hook);
bool hooks_url_is_valid(const char *url);

struct hooks_counts {
    uint64_t calls[HOOK_COUNT][HOOK_RESULT_COUNT];
    unsigned under_way;
    unsigned queued;
};
/* hooks NULL: all are 0. */
void hooks_count(const struct hooks *hooks, struct hooks_counts *counts);

#endif
