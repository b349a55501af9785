#include "transport/data.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mailbox.h"
#include "transport/mono_clock.h"

struct data {
    struct data_relay *relay;
    struct stats stats;
    struct mailbox mailbox;
    unsigned sessions_max;
    atomic_uint sessions; /* as of the last turn */
    atomic_uint waiting;  /* datagrams in the mailbox */
    pthread_t thread;
    bool started;
    bool stopping; /* own thread */
    int wake;
};

struct open_message {
    struct message message;
    struct data_session session;
};

struct close_message {
    struct message message;
    uint64_t session;
};

struct datagram_message {
    struct message message;
    uint64_t session;
    size_t bytes;
    uint8_t datagram[];
};

static void wake(void *context)
{
    const struct data *data = context;
    const uint64_t one = 1;

    if (write(data->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        LOG_ERROR("data", "wake-up: %s", strerrordesc_np(errno));
}

static void handle_open(struct message *message, void *owner)
{
    struct open_message *open = (struct open_message *)(void *)message;
    struct data *data = owner;

    if (data->stopping)
        dtls_destroy(open->session.dtls);
    else
        data_relay_open(data->relay, &open->session, mono_clock_ns());
    free(open);
}

static void handle_close(struct message *message, void *owner)
{
    struct close_message *close_message = (struct close_message *)(void *)message;
    struct data *data = owner;

    if (!data->stopping)
        data_relay_close(data->relay, close_message->session);
    free(close_message);
}

static void handle_datagram(struct message *message, void *owner)
{
    struct datagram_message *received = (struct datagram_message *)(void *)message;
    struct data *data = owner;

    atomic_fetch_sub_explicit(&data->waiting, 1, memory_order_relaxed);
    if (!data->stopping)
        data_relay_receive(data->relay, received->session, received->datagram, received->bytes,
                           mono_clock_ns());
    free(received);
}

static void handle_stop(struct message *message, void *owner)
{
    struct data *data = owner;

    data->stopping = true;
    free(message);
}

enum status data_create(const struct data_limits *limits, const struct data_events *events,
                        struct data **data)
{
    struct data *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->sessions_max = limits->sessions_max;
    mailbox_init(&made->mailbox, wake, made);
    made->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum status status = made->wake >= 0 ? STATUS_OK : STATUS_SYSTEM;
    if (status == STATUS_OK)
        status = data_relay_create(limits, events, &made->stats, &made->relay);
    if (status != STATUS_OK) {
        data_destroy(made);
        return status;
    }
    *data = made;
    return STATUS_OK;
}

static void sleep_until(const struct data *data, int64_t due_ns)
{
    struct pollfd woken = {.fd = data->wake, .events = POLLIN};
    const int64_t wait_ns = due_ns == MONO_NEVER ? 0 : due_ns - mono_clock_ns();
    const struct timespec timeout = {.tv_sec = wait_ns > 0 ? wait_ns / MONO_SECOND : 0,
                                     .tv_nsec = wait_ns > 0 ? wait_ns % MONO_SECOND : 0};
    uint64_t count;

    if (ppoll(&woken, 1, due_ns == MONO_NEVER ? NULL : &timeout, NULL) > 0 &&
        read(data->wake, &count, sizeof count) < 0)
        LOG_ERROR("data", "wake-up: %s", strerrordesc_np(errno));
}

static void *run(void *context)
{
    struct data *data = context;

    for (;;) {
        (void)mailbox_drain(&data->mailbox, data);
        if (data->stopping)
            return NULL;
        const int64_t due_ns = data_relay_turn(data->relay, mono_clock_ns());
        atomic_store_explicit(&data->sessions, data_relay_sessions(data->relay),
                              memory_order_relaxed);
        sleep_until(data, due_ns);
    }
}

enum status data_start(struct data *data)
{
    sigset_t all;
    sigset_t before;

    /* Signals are main's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&data->thread, NULL, run, data);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        LOG_ERROR("data", "no thread: %s", strerrordesc_np(error));
        return STATUS_SYSTEM;
    }
    (void)pthread_setname_np(data->thread, "data");
    data->started = true;
    return STATUS_OK;
}

void data_stop(struct data *data)
{
    if (!data->started)
        return;
    struct message *stop = calloc(1, sizeof *stop);
    if (stop == NULL)
        abort(); /* nothing could be ended any more */
    stop->handle = handle_stop;
    mailbox_post(&data->mailbox, stop);
    pthread_join(data->thread, NULL);
    data->started = false;
}

void data_destroy(struct data *data)
{
    if (data == NULL)
        return;
    data_stop(data);
    data->stopping = true;
    (void)mailbox_drain(&data->mailbox, data);
    data_relay_destroy(data->relay);
    if (data->wake >= 0)
        close(data->wake);
    free(data);
}

void data_open(struct data *data, const struct data_session *session)
{
    struct open_message *open = malloc(sizeof *open);

    if (open == NULL) {
        dtls_destroy(session->dtls);
        return; /* its media go on */
    }
    open->message.handle = handle_open;
    open->session = *session;
    mailbox_post(&data->mailbox, &open->message);
}

bool data_receive(struct data *data, uint64_t session, bool publishes, const uint8_t *datagram,
                  size_t datagram_bytes)
{
    const unsigned waiting_max = publishes ? DATA_WAITING_MAX : DATA_WAITING_VIEWERS_MAX;

    if (atomic_load_explicit(&data->waiting, memory_order_relaxed) >= waiting_max)
        return false;
    struct datagram_message *received = malloc(sizeof *received + datagram_bytes);
    if (received == NULL)
        return false;
    received->message.handle = handle_datagram;
    received->session = session;
    received->bytes = datagram_bytes;
    memcpy(received->datagram, datagram, datagram_bytes);
    atomic_fetch_add_explicit(&data->waiting, 1, memory_order_relaxed);
    mailbox_post(&data->mailbox, &received->message);
    return true;
}

void data_close(struct data *data, uint64_t session)
{
    struct close_message *close_message = malloc(sizeof *close_message);

    if (close_message == NULL)
        abort(); /* it would be served for ever */
    close_message->message.handle = handle_close;
    close_message->session = session;
    mailbox_post(&data->mailbox, &close_message->message);
}

bool data_is_full(const struct data *data)
{
    return atomic_load_explicit(&data->sessions, memory_order_relaxed) >= data->sessions_max;
}

const struct stats *data_stats(const struct data *data)
{
    return &data->stats;
}
