#include "signaling/hooks.h"

#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/mono.h"
#include "signaling/hook_body.h"
#include "signaling/hook_calls.h"
#include "signaling/identifier.h"
#include "transport/mono_clock.h"

enum { SERVER_ID_CHARS = 16 };

/* Beyond its time on its own thread: main gives up even when that thread is stuck. */
static const int64_t PATIENCE_NS = 250 * MONO_MS;
static const int64_t WARN_INTERVAL_NS = MONO_SECOND;

struct hooks_visit {
    struct hooks *hooks;
    uint64_t session;
    enum hook at_end;
    char *body; /* the fields of its beginning, as they were sent */
};

/* A call, from its beginning to the end of all that hangs on it: what is asked, and what is told.
 */
struct hooks_ask {
    struct hooks *hooks;
    GList link; /* in one of the three queues */
    enum hook hook;
    uint64_t session;
    char *body;
    int64_t deadline_ns;
    bool posted;                /* else it is in a queue */
    bool settled;               /* the verdict is out, or nobody waits for it */
    struct hooks_waiter waiter; /* of what is asked */
    bool tells_end;             /* who is let in becomes a visit */
};

struct hooks {
    const struct config *config;
    struct hook_calls *calls; /* NULL: none was needed yet */
    void (*wake)(void *context);
    void *wake_context;
    char server_id[SERVER_ID_CHARS + 1];
    GQueue asked;   /* not posted yet: struct hooks_ask by its link */
    GQueue told;    /* the same */
    GQueue waiting; /* posted */
    bool closed;
    int64_t now_ns;
    int64_t warned_ns; /* 0: not yet */
    unsigned unwarned; /* failures since */
    uint64_t counts[HOOK_COUNT][HOOK_RESULT_COUNT];
};

const char *hooks_name(enum hook hook)
{
    switch (hook) {
    case HOOK_ON_PUBLISH:
        return "on_publish";
    case HOOK_ON_UNPUBLISH:
        return "on_unpublish";
    case HOOK_ON_PLAY:
        return "on_play";
    case HOOK_ON_STOP:
        return "on_stop";
    case HOOK_COUNT:
        break;
    }
    return "";
}

bool hooks_url_is_valid(const char *url)
{
    GUri *parsed = g_uri_parse(url, G_URI_FLAGS_PARSE_RELAXED, NULL);
    const char *scheme = parsed != NULL ? g_uri_get_scheme(parsed) : "";
    const char *host = parsed != NULL ? g_uri_get_host(parsed) : NULL;
    const bool valid = (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
                       host != NULL && host[0] != '\0' && strpbrk(url, " \t") == NULL;

    if (parsed != NULL)
        g_uri_unref(parsed);
    return valid;
}

static bool is_asked(enum hook hook)
{
    return hook == HOOK_ON_PUBLISH || hook == HOOK_ON_PLAY;
}

/* -- calls -- */

static void ask_free(struct hooks_ask *ask)
{
    free(ask->body);
    free(ask);
}

static const char *server_id(const struct hooks *hooks)
{
    return hooks->config->hooks_server_id[0] != '\0' ? hooks->config->hooks_server_id
                                                     : hooks->server_id;
}

static struct hooks_ask *ask_make(struct hooks *hooks, enum hook hook,
                                  const struct hooks_visitor *visitor)
{
    struct hooks_ask *ask = calloc(1, sizeof *ask);

    if (ask == NULL)
        return NULL;
    ask->hooks = hooks;
    ask->link.data = ask;
    ask->hook = hook;
    ask->session = visitor->session;
    ask->deadline_ns = hooks->now_ns + hooks->config->hooks_timeout_ns;
    ask->body = hook_body_of_beginning(hook, server_id(hooks), visitor);
    if (ask->body == NULL) {
        free(ask);
        return NULL;
    }
    return ask;
}

/* At most one line a second: when a hook is down everybody's call fails. */
static void warn(struct hooks *hooks, const struct hooks_ask *ask, enum hook_result result,
                 const char *error)
{
    hooks->unwarned++;
    if (hooks->warned_ns != 0 && hooks->now_ns - hooks->warned_ns < WARN_INTERVAL_NS)
        return;
    LOG_WARNING("hooks", "%s failed result=%s session=%" PRIu64 " failures=%u%s%s",
                hooks_name(ask->hook), hook_result_text(result), ask->session, hooks->unwarned,
                error[0] != '\0' ? " " : "", error);
    hooks->warned_ns = hooks->now_ns;
    hooks->unwarned = 0;
}

static void count_call(struct hooks *hooks, const struct hooks_ask *ask,
                       const struct hook_answer *answer, const char *error)
{
    char reason[HOOK_REASON_BYTES_MAX + 1];

    hooks->counts[ask->hook][answer->result]++;
    if (answer->result == HOOK_REFUSED)
        LOG_INFO("hooks", "%s refused session=%" PRIu64 " reason=\"%s\"", hooks_name(ask->hook),
                 ask->session, log_quote(reason, sizeof reason, answer->reason));
    else if (answer->result != HOOK_OK)
        warn(hooks, ask, answer->result, error);
}

/* Takes the body out of ask. NULL: out of memory, or nobody is to be told. */
static struct hooks_visit *visit_of(struct hooks_ask *ask)
{
    struct hooks_visit *visit = ask->tells_end ? calloc(1, sizeof *visit) : NULL;

    if (visit == NULL)
        return NULL;
    visit->hooks = ask->hooks;
    visit->session = ask->session;
    visit->at_end = ask->hook == HOOK_ON_PUBLISH ? HOOK_ON_UNPUBLISH : HOOK_ON_STOP;
    visit->body = ask->body;
    ask->body = NULL;
    return visit;
}

static enum status verdict_of(const struct hooks *hooks, enum hook_result result)
{
    if (result == HOOK_REFUSED)
        return STATUS_DENIED;
    return result == HOOK_OK || hooks->config->hooks_open_when_down ? STATUS_OK : STATUS_SYSTEM;
}

/* Gives the verdict to who waits. */
static void settle(struct hooks_ask *ask, const struct hook_answer *answer)
{
    static const char refused[] = "The operator's server does not allow this.";
    struct hooks_verdict verdict = {.status = verdict_of(ask->hooks, answer->result), .why = ""};

    ask->settled = true;
    if (verdict.status == STATUS_DENIED)
        verdict.why = answer->reason[0] != '\0' ? answer->reason : refused;
    else if (verdict.status != STATUS_OK)
        verdict.why = HOOKS_DOWN_TEXT;
    else
        verdict.visit = visit_of(ask);
    ask->waiter.on_verdict(ask->waiter.context, &verdict);
}

/* A yes that nobody waits for any more is followed by the end; where an open door had let the
 * session in meanwhile, the session's own end follows. */
static void settle_late(struct hooks_ask *ask, const struct hook_answer *answer)
{
    if (is_asked(ask->hook) && answer->result == HOOK_OK && ask->body != NULL)
        hooks_leave(visit_of(ask), "left");
}

static void finish(struct hooks_ask *ask, const struct hook_answer *answer, const char *error)
{
    count_call(ask->hooks, ask, answer, error);
    if (ask->settled)
        settle_late(ask, answer);
    else
        settle(ask, answer);
    ask_free(ask);
}

static void read_outcome(const struct hook_outcome *outcome, struct hook_answer *answer)
{
    *answer = (struct hook_answer){.result = HOOK_UNREACHABLE};
    if (outcome->timed_out)
        answer->result = HOOK_TIMEOUT;
    else if (outcome->too_large)
        answer->result = HOOK_RUBBISH;
    else if (outcome->status != 0)
        hook_answer_read(outcome->status, outcome->body, outcome->body_bytes, answer);
}

static void on_done(void *context, const struct hook_outcome *outcome)
{
    struct hooks_ask *ask = context;
    struct hook_answer answer;

    g_queue_unlink(&ask->hooks->waiting, &ask->link);
    read_outcome(outcome, &answer);
    finish(ask, &answer, outcome->error);
}

static enum status post(struct hooks *hooks, struct hooks_ask *ask)
{
    const struct hook_post made = {
        .url = hooks->config->hooks_url[ask->hook],
        .body = ask->body,
        .timeout_ns = ask->deadline_ns - hooks->now_ns,
        .context = ask,
        .on_done = on_done,
    };
    enum status status = STATUS_OK;

    if (hooks->calls == NULL)
        status = hook_calls_create(hooks->wake, hooks->wake_context, &hooks->calls);
    return status == STATUS_OK ? hook_calls_post(hooks->calls, &made) : status;
}

/* Posts what may be posted; what is asked goes first. What cannot be posted stays for the next
 * time.
 */
static void post_queued(struct hooks *hooks)
{
    while (hooks->waiting.length < hooks->config->hooks_calls_max) {
        GQueue *queue = hooks->asked.length > 0 ? &hooks->asked : &hooks->told;
        struct hooks_ask *ask = g_queue_peek_head(queue);

        if (ask == NULL)
            return;
        if (!is_asked(ask->hook)) /* its time begins now */
            ask->deadline_ns = hooks->now_ns + hooks->config->hooks_timeout_ns;
        if (post(hooks, ask) != STATUS_OK)
            return;
        ask->posted = true;
        g_queue_unlink(queue, &ask->link);
        g_queue_push_tail_link(&hooks->waiting, &ask->link);
    }
}

/* -- what others ask -- */

static void shed(struct hooks *hooks, const struct hooks_ask *ask)
{
    static const struct hook_answer answer = {.result = HOOK_SHED};

    count_call(hooks, ask, &answer, "");
}

enum status hooks_ask(struct hooks *hooks, const struct hooks_visitor *visitor,
                      const struct hooks_waiter *waiter, struct hooks_visit **visit,
                      struct hooks_ask **ask)
{
    const bool publishes = visitor->kind == SESSION_PUBLISHER;
    const enum hook hook = publishes ? HOOK_ON_PUBLISH : HOOK_ON_PLAY;
    const enum hook at_end = publishes ? HOOK_ON_UNPUBLISH : HOOK_ON_STOP;
    enum status status = STATUS_OK;

    *visit = NULL;
    if (hooks == NULL)
        return STATUS_OK;
    const bool asks = hooks->config->hooks_url[hook][0] != '\0';
    const bool tells = hooks->config->hooks_url[at_end][0] != '\0';
    if (!asks && !tells)
        return STATUS_OK;
    struct hooks_ask *made = ask_make(hooks, hook, visitor);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->tells_end = tells;
    if (asks && hooks->closed) {
        status = STATUS_CLOSED;
    } else if (asks && hooks->asked.length >= hooks->config->hooks_queue_max) {
        shed(hooks, made);
        status = verdict_of(hooks, HOOK_SHED);
    } else if (asks) {
        made->waiter = *waiter;
        *ask = made;
        g_queue_push_tail_link(&hooks->asked, &made->link);
        post_queued(hooks);
        return STATUS_AGAIN;
    }
    if (status == STATUS_OK)
        *visit = visit_of(made);
    ask_free(made);
    return status;
}

void hooks_forget(struct hooks_ask *ask)
{
    ask->settled = true;
    if (ask->posted)
        return; /* until its answer */
    g_queue_unlink(&ask->hooks->asked, &ask->link);
    ask_free(ask);
}

static void visit_free(struct hooks_visit *visit)
{
    free(visit->body);
    free(visit);
}

void hooks_leave(struct hooks_visit *visit, const char *reason)
{
    if (visit == NULL)
        return;
    struct hooks *hooks = visit->hooks;
    struct hooks_ask *told = calloc(1, sizeof *told);

    if (told != NULL && hooks->config->hooks_url[visit->at_end][0] != '\0') {
        told->hooks = hooks;
        told->link.data = told;
        told->hook = visit->at_end;
        told->session = visit->session;
        told->settled = true;
        told->body = hook_body_of_end(visit->at_end, visit->body, reason);
    }
    visit_free(visit);
    if (told != NULL && told->body != NULL && hooks->told.length < hooks->config->hooks_queue_max) {
        g_queue_push_tail_link(&hooks->told, &told->link);
        post_queued(hooks);
        return;
    }
    if (told != NULL && told->body != NULL)
        shed(hooks, told);
    if (told != NULL)
        ask_free(told);
}

/* -- time and life -- */

void hooks_poll(struct hooks *hooks)
{
    if (hooks->calls != NULL)
        hook_calls_poll(hooks->calls);
    post_queued(hooks);
}

/* Those that came to no call in their time. */
static void expire_queued(struct hooks *hooks)
{
    static const struct hook_answer answer = {.result = HOOK_TIMEOUT};

    while (hooks->asked.length > 0) {
        struct hooks_ask *ask = g_queue_peek_head(&hooks->asked);

        if (hooks->now_ns < ask->deadline_ns)
            return;
        g_queue_unlink(&hooks->asked, &ask->link);
        finish(ask, &answer, "it waited for its turn");
    }
}

void hooks_tick(struct hooks *hooks, int64_t now_ns)
{
    static const struct hook_answer answer = {.result = HOOK_TIMEOUT};

    hooks->now_ns = now_ns;
    expire_queued(hooks);
    for (GList *link = hooks->waiting.head; link != NULL; link = link->next) {
        struct hooks_ask *ask = link->data;

        if (!ask->settled && now_ns >= ask->deadline_ns + PATIENCE_NS)
            settle(ask, &answer); /* what is posted stays where it is */
    }
    post_queued(hooks);
}

enum status hooks_create(const struct config *config, void (*wake)(void *context), void *context,
                         int64_t now_ns, struct hooks **hooks)
{
    struct hooks *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->config = config;
    made->wake = wake;
    made->wake_context = context;
    made->now_ns = now_ns;
    identifier_make(made->server_id, SERVER_ID_CHARS);
    *hooks = made;
    return STATUS_OK;
}

static void dismiss(struct hooks_ask *ask)
{
    static const struct hooks_verdict verdict = {.status = STATUS_CLOSED,
                                                 .why = "The server is about to stop."};

    ask->settled = true;
    ask->waiter.on_verdict(ask->waiter.context, &verdict);
}

void hooks_close(struct hooks *hooks)
{
    if (hooks == NULL)
        return;
    hooks->closed = true;
    if (hooks->calls != NULL)
        hook_calls_hush(hooks->calls);
    while (hooks->asked.length > 0) {
        struct hooks_ask *ask = g_queue_peek_head(&hooks->asked);

        g_queue_unlink(&hooks->asked, &ask->link);
        dismiss(ask);
        ask_free(ask);
    }
    for (GList *link = hooks->waiting.head; link != NULL; link = link->next)
        if (!((struct hooks_ask *)link->data)->settled)
            dismiss(link->data);
}

static void free_all(GQueue *queue)
{
    while (queue->length > 0) {
        struct hooks_ask *ask = g_queue_peek_head(queue);

        g_queue_unlink(queue, &ask->link);
        ask_free(ask);
    }
}

void hooks_destroy(struct hooks *hooks)
{
    if (hooks == NULL)
        return;
    hooks_close(hooks);
    const int64_t ends_ns = mono_clock_ns() + hooks->config->hooks_farewell_ns;
    int64_t now_ns = mono_clock_ns();

    post_queued(hooks);
    while (hooks->told.length + hooks->waiting.length > 0 && now_ns < ends_ns) {
        if (hooks->calls != NULL)
            hook_calls_wait(hooks->calls, ends_ns - now_ns);
        now_ns = mono_clock_ns();
        hooks->now_ns = now_ns;
        post_queued(hooks);
    }
    if (hooks->told.length + hooks->waiting.length > 0)
        LOG_WARNING("hooks", "stopped with calls=%u unfinished and ends=%u not told",
                    hooks->waiting.length, hooks->told.length);
    hook_calls_destroy(hooks->calls);
    free_all(&hooks->waiting);
    free_all(&hooks->told);
    free(hooks);
}

void hooks_count(const struct hooks *hooks, struct hooks_counts *counts)
{
    *counts = (struct hooks_counts){0};
    if (hooks == NULL)
        return;
    memcpy(counts->calls, hooks->counts, sizeof counts->calls);
    counts->under_way = hooks->waiting.length;
    counts->queued = hooks->asked.length + hooks->told.length;
}
