#include "signaling/hook_calls.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mailbox.h"
#include "core/mono.h"

enum { IDLE_POLL_MS = 60 * 1000, KEPT_CONNECTIONS_MAX = 32 };

struct hook_calls {
    CURLM *multi;
    struct curl_slist *headers;
    pthread_t thread;
    atomic_bool stopping;
    struct mailbox inbox;  /* of the thread */
    struct mailbox outbox; /* of main */
    int done;              /* eventfd: the outbox is not empty */
    pthread_mutex_t wake_lock;
    void (*wake)(void *context); /* NULL: hushed */
    void *wake_context;
    struct call *under_way; /* the thread's */
};

/* Main's until it is posted, the thread's until it is done, then main's again. */
struct call {
    struct message message; /* first */
    struct call *next;      /* of under_way */
    struct call **link;
    struct hook_post post; /* its url and body are not valid any more */
    char *url;
    char *body;
    CURL *easy;
    char *answer; /* HOOK_CALLS_ANSWER_BYTES_MAX, made with its first byte */
    struct hook_outcome outcome;
};

static void call_free(struct call *call)
{
    free(call->url);
    free(call->body);
    free(call->answer);
    free(call);
}

/* -- the thread -- */

static size_t on_data(char *data, size_t unit, size_t units, void *context)
{
    struct call *call = context;
    const size_t bytes = unit * units;

    if (call->answer == NULL)
        call->answer = malloc(HOOK_CALLS_ANSWER_BYTES_MAX);
    if (call->answer == NULL)
        return 0;
    if (bytes > HOOK_CALLS_ANSWER_BYTES_MAX - call->outcome.body_bytes) {
        call->outcome.too_large = true;
        return 0; /* ends the transfer */
    }
    memcpy(call->answer + call->outcome.body_bytes, data, bytes);
    call->outcome.body_bytes += bytes;
    return bytes;
}

static CURL *make_transfer(struct call *call, const struct curl_slist *headers)
{
    const long timeout_ms = (long)mono_to_ms(call->post.timeout_ns);
    CURL *easy = curl_easy_init();

    if (easy == NULL)
        return NULL;
    curl_easy_setopt(easy, CURLOPT_URL, call->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "manycast/" MANYCAST_VERSION);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a name that hangs holds up no other call */
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    return easy;
}

static void unlink_call(struct call *call)
{
    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
}

static void drop_transfer(struct hook_calls *calls, struct call *call)
{
    (void)curl_multi_remove_handle(calls->multi, call->easy);
    curl_easy_cleanup(call->easy);
    call->easy = NULL;
}

/* Main's side of the end. */
static void hand_over(struct message *message, void *owner)
{
    const struct hook_calls *calls = owner;
    struct call *call = (struct call *)message;

    if (atomic_load(&calls->stopping)) {
        call_free(call);
        return;
    }
    call->outcome.body = call->answer != NULL ? call->answer : "";
    call->post.on_done(call->post.context, &call->outcome);
    call_free(call);
}

static void give_back(struct hook_calls *calls, struct call *call, const char *error)
{
    call->outcome.error = error;
    call->message.handle = hand_over;
    mailbox_post(&calls->outbox, &call->message);
}

static void begin(struct message *message, void *owner)
{
    struct hook_calls *calls = owner;
    struct call *call = (struct call *)message;

    if (atomic_load(&calls->stopping)) {
        call_free(call);
        return;
    }
    call->easy = make_transfer(call, calls->headers);
    if (call->easy == NULL) {
        give_back(calls, call, "out of memory");
        return;
    }
    if (curl_multi_add_handle(calls->multi, call->easy) != CURLM_OK) {
        curl_easy_cleanup(call->easy);
        give_back(calls, call, "libcurl takes no more");
        return;
    }
    call->next = calls->under_way;
    call->link = &calls->under_way;
    if (call->next != NULL)
        call->next->link = &call->next;
    calls->under_way = call;
}

static void end(struct hook_calls *calls, CURL *easy, CURLcode code)
{
    char *private = NULL;
    long status = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    struct call *call = (struct call *)(void *)private;

    unlink_call(call);
    drop_transfer(calls, call);
    call->outcome.status = code == CURLE_OK ? (unsigned)status : 0;
    call->outcome.timed_out = code == CURLE_OPERATION_TIMEDOUT;
    give_back(calls, call, code == CURLE_OK ? "" : curl_easy_strerror(code));
}

static void *run(void *context)
{
    struct hook_calls *calls = context;

    while (!atomic_load(&calls->stopping)) {
        const CURLMsg *message;
        int left;

        (void)mailbox_drain(&calls->inbox, calls);
        (void)curl_multi_perform(calls->multi, &left);
        while ((message = curl_multi_info_read(calls->multi, &left)) != NULL)
            if (message->msg == CURLMSG_DONE)
                end(calls, message->easy_handle, message->data.result);
        (void)curl_multi_poll(calls->multi, NULL, 0, IDLE_POLL_MS, NULL);
    }
    return NULL;
}

static void wake_thread(void *context)
{
    const struct hook_calls *calls = context;

    (void)curl_multi_wakeup(calls->multi);
}

static void wake_main(void *context)
{
    struct hook_calls *calls = context;
    const uint64_t one = 1;

    (void)!write(calls->done, &one, sizeof one);
    (void)pthread_mutex_lock(&calls->wake_lock);
    if (calls->wake != NULL)
        calls->wake(calls->wake_context);
    (void)pthread_mutex_unlock(&calls->wake_lock);
}

/* -- main -- */

static enum status open_parts(struct hook_calls *calls)
{
    struct curl_slist *more;

    calls->done = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (calls->done < 0)
        return STATUS_SYSTEM;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return STATUS_SYSTEM;
    calls->multi = curl_multi_init();
    calls->headers = curl_slist_append(NULL, "Content-Type: application/json");
    more = curl_slist_append(calls->headers, "Expect:"); /* no pause before the body */
    if (calls->multi == NULL || calls->headers == NULL || more == NULL)
        return STATUS_NO_MEMORY;
    calls->headers = more;
    (void)curl_multi_setopt(calls->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS_MAX);
    return STATUS_OK;
}

static void close_parts(struct hook_calls *calls)
{
    curl_slist_free_all(calls->headers);
    if (calls->multi != NULL)
        (void)curl_multi_cleanup(calls->multi);
    if (calls->done >= 0)
        close(calls->done);
    (void)pthread_mutex_destroy(&calls->wake_lock);
    free(calls);
}

enum status hook_calls_create(void (*wake)(void *context), void *context, struct hook_calls **calls)
{
    struct hook_calls *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->wake = wake;
    made->wake_context = context;
    (void)pthread_mutex_init(&made->wake_lock, NULL);
    mailbox_init(&made->inbox, wake_thread, made);
    mailbox_init(&made->outbox, wake_main, made);
    enum status status = open_parts(made);
    if (status == STATUS_OK && pthread_create(&made->thread, NULL, run, made) != 0)
        status = STATUS_SYSTEM;
    if (status != STATUS_OK) {
        close_parts(made);
        return status;
    }
    *calls = made;
    return STATUS_OK;
}

void hook_calls_destroy(struct hook_calls *calls)
{
    if (calls == NULL)
        return;
    atomic_store(&calls->stopping, true);
    wake_thread(calls);
    (void)pthread_join(calls->thread, NULL);
    for (struct call *call = calls->under_way; call != NULL;) {
        struct call *next = call->next;

        drop_transfer(calls, call);
        call_free(call);
        call = next;
    }
    (void)mailbox_drain(&calls->inbox, calls);
    (void)mailbox_drain(&calls->outbox, calls);
    close_parts(calls);
}

void hook_calls_hush(struct hook_calls *calls)
{
    (void)pthread_mutex_lock(&calls->wake_lock);
    calls->wake = NULL;
    (void)pthread_mutex_unlock(&calls->wake_lock);
}

enum status hook_calls_post(struct hook_calls *calls, const struct hook_post *post)
{
    struct call *call = calloc(1, sizeof *call);

    if (call == NULL)
        return STATUS_NO_MEMORY;
    call->post = *post;
    call->url = strdup(post->url);
    call->body = strdup(post->body);
    if (call->url == NULL || call->body == NULL) {
        call_free(call);
        return STATUS_NO_MEMORY;
    }
    call->message.handle = begin;
    mailbox_post(&calls->inbox, &call->message);
    return STATUS_OK;
}

void hook_calls_poll(struct hook_calls *calls)
{
    uint64_t count;

    (void)!read(calls->done, &count, sizeof count);
    (void)mailbox_drain(&calls->outbox, calls);
}

void hook_calls_wait(struct hook_calls *calls, int64_t most_ns)
{
    struct pollfd done = {.fd = calls->done, .events = POLLIN};

    (void)poll(&done, 1, (int)mono_to_ms(most_ns) + 1);
    hook_calls_poll(calls);
}
