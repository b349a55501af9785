#include "transport/data.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/data_inbox.h"
#include "transport/dtls.h"

/* What is handed over and never used must be freed too: the address sanitizer's part. */

static const struct data_limits limits = {.sessions_max = 2,
                                          .channels_max = 4,
                                          .message_bytes_max = 4096,
                                          .queue_bytes_max = 65536,
                                          .publisher_bps = 1000000,
                                          .publisher_messages_max = 100,
                                          .viewer_messages_max = 10};
static const uint8_t datagram[] = {20, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};

/* A media thread. */
static struct {
    struct mailbox mailbox;
    struct data_inbox inbox;
    unsigned datagrams;
    unsigned over;
    uint64_t last_over;
    sem_t woken;
} owner;

static struct certificate *certificate;
static struct dtls_context *context;
static struct data *data;

static void on_chat(void *events, uint64_t session, const char *text, size_t text_bytes)
{
    (void)events;
    (void)session;
    (void)text;
    (void)text_bytes;
}

static void on_datagram(void *inbox, uint64_t session, const uint8_t *bytes, size_t count)
{
    (void)inbox;
    (void)session;
    (void)bytes;
    owner.datagrams += count > 0;
}

static void on_over(void *inbox, uint64_t session, bool left)
{
    (void)inbox;
    assert_false(left);
    owner.over++;
    owner.last_over = session;
}

static void wake_owner(void *inbox)
{
    (void)inbox;
    assert_int_equal(sem_post(&owner.woken), 0);
}

static int open_data(void **state)
{
    const struct data_events events = {.on_chat = on_chat};

    (void)state;
    mailbox_init(&owner.mailbox, wake_owner, NULL);
    owner.inbox = (struct data_inbox){
        .mailbox = &owner.mailbox, .on_datagram = on_datagram, .on_over = on_over};
    owner.datagrams = 0;
    owner.over = 0;
    const bool is_open = sem_init(&owner.woken, 0, 0) == 0 &&
                         certificate_create(&certificate) == STATUS_OK &&
                         dtls_context_create(certificate, -1, &context) == STATUS_OK &&
                         data_create(&limits, &events, &data) == STATUS_OK;
    return is_open ? 0 : -1;
}

/* As media does: the thread ends, the owners let go of what it told them, and then it is freed. */
static int close_data(void **state)
{
    (void)state;
    data_stop(data);
    (void)mailbox_drain(&owner.mailbox, NULL);
    data_destroy(data);
    dtls_context_destroy(context);
    certificate_destroy(certificate);
    return sem_destroy(&owner.woken);
}

static void open_session(uint64_t session, bool publishes)
{
    const struct dtls_output output = {.context = NULL};
    struct data_session opened = {.session = session,
                                  .stream_id = 1,
                                  .publishes = publishes,
                                  .terms = {.port = DATACHANNEL_PORT},
                                  .owner = data_inbox_owner(&owner.inbox)};

    if (!publishes)
        assert_int_equal(dtls_create(context, DTLS_SERVER, certificate_fingerprint(certificate),
                                     &output, &opened.dtls),
                         STATUS_OK);
    data_open(data, &opened);
}

/* Until the owner was told of as many as were over. */
static void wait_until_over(unsigned count)
{
    while (owner.over < count) {
        assert_int_equal(sem_wait(&owner.woken), 0);
        (void)mailbox_drain(&owner.mailbox, NULL);
    }
}

static void data_drops_datagrams_when_too_many_wait(void **state)
{
    unsigned taken = 0;

    (void)state;
    open_session(1, true);
    open_session(2, false);
    while (data_receive(data, 2, false, datagram, sizeof datagram))
        assert_true(++taken <= DATA_WAITING_MAX);
    assert_int_equal(taken, DATA_WAITING_VIEWERS_MAX);
    /* viewers leave room for broadcasters */
    while (data_receive(data, 1, true, datagram, sizeof datagram))
        assert_true(++taken <= DATA_WAITING_MAX);
    assert_int_equal(taken, DATA_WAITING_MAX);
    assert_int_equal(data_start(data), STATUS_OK);
    /* it is through with all of them when the one behind them is refused */
    open_session(3, false);
    wait_until_over(1);
    assert_true(data_receive(data, 2, false, datagram, sizeof datagram));
}

static void data_frees_sessions_that_it_never_saw(void **state)
{
    (void)state;
    open_session(1, false);
    assert_true(data_receive(data, 1, false, datagram, sizeof datagram));
    data_close(data, 1);
    open_session(2, false);
}

static void data_frees_sessions_posted_after_it_stopped(void **state)
{
    (void)state;
    assert_int_equal(data_start(data), STATUS_OK);
    open_session(1, true);
    open_session(2, false);
    data_stop(data);
    open_session(3, false);
    assert_true(data_receive(data, 2, false, datagram, sizeof datagram));
    data_close(data, 1);
    data_close(data, 2);
}

static void data_tells_the_owner_of_sessions_beyond_the_limit(void **state)
{
    (void)state;
    open_session(1, true);
    open_session(2, false);
    open_session(3, false);
    assert_int_equal(data_start(data), STATUS_OK);
    wait_until_over(1);
    assert_int_equal(owner.last_over, 3);
    /* a place that became free is given again */
    data_close(data, 2);
    open_session(4, false);
    open_session(5, false);
    wait_until_over(2);
    assert_int_equal(owner.last_over, 5);
}

static void data_hands_datagrams_to_the_owner_until_it_lags(void **state)
{
    const struct data_owner way = data_inbox_owner(&owner.inbox);
    unsigned taken = 0;

    (void)state;
    while (way.send(way.context, 1, datagram, sizeof datagram))
        assert_true(++taken <= DATA_INBOX_DATAGRAMS_MAX);
    assert_int_equal(taken, DATA_INBOX_DATAGRAMS_MAX);
    way.on_over(way.context, 1, false); /* never dropped */
    assert_int_equal(mailbox_drain(&owner.mailbox, NULL), taken + 1);
    assert_int_equal(owner.datagrams, taken);
    assert_int_equal(owner.over, 1);
    assert_true(way.send(way.context, 1, datagram, sizeof datagram));
}

static void data_is_one_in_the_process(void **state)
{
    const struct data_events events = {.on_chat = on_chat};
    struct data *second = NULL;

    (void)state;
    assert_int_equal(data_create(&limits, &events, &second), STATUS_EXISTS);
    assert_null(second);
}

#define DATA_TEST(function) cmocka_unit_test_setup_teardown(function, open_data, close_data)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATA_TEST(data_drops_datagrams_when_too_many_wait),
        DATA_TEST(data_frees_sessions_that_it_never_saw),
        DATA_TEST(data_frees_sessions_posted_after_it_stopped),
        DATA_TEST(data_tells_the_owner_of_sessions_beyond_the_limit),
        DATA_TEST(data_hands_datagrams_to_the_owner_until_it_lags),
        DATA_TEST(data_is_one_in_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
