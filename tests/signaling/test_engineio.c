#include "signaling/engineio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "tests/signaling/fake_exchange.h"
#include "tests/signaling/fake_socket.h"

enum { PAYLOAD_BYTES_MAX = 1000, SESSIONS_MAX = 3, QUERY_CHARS = 100 };

/* An engine whose handler says everything back. */
static struct {
    struct engineio *engine;
    int64_t now_ns;
    int64_t alarm_ns;
    unsigned opened;
    unsigned closed;
    struct engineio_session *newest;
} stage;

static int64_t now_ns(void)
{
    return stage.now_ns;
}

static void set_alarm(void *context, int64_t due_ns)
{
    (void)context;
    stage.alarm_ns = mono_earlier(stage.alarm_ns, due_ns);
}

static void *on_open(void *context, struct engineio_session *session)
{
    stage.opened++;
    stage.newest = session;
    return context;
}

static void on_text(struct engineio_session *session, struct text text)
{
    engineio_send_text(session, text);
}

static void on_binary(struct engineio_session *session, struct text data)
{
    engineio_send_binary(session, data);
}

static void on_close(struct engineio_session *session)
{
    (void)session;
    stage.closed++;
}

static int set_up(void **state)
{
    const struct engineio_settings settings = {
        .ping_interval_ns = mono_from_ms(25000),
        .ping_timeout_ns = mono_from_ms(20000),
        .upgrade_timeout_ns = mono_from_ms(10000),
        .payload_bytes_max = PAYLOAD_BYTES_MAX,
        .queue_bytes_max = (size_t)2 * PAYLOAD_BYTES_MAX,
        .sessions_max = SESSIONS_MAX,
        .origins = "*",
    };
    const struct engineio_handler handler = {&stage, on_open, on_text, on_binary, on_close};
    const struct engineio_clock clock = {NULL, now_ns, set_alarm};

    (void)state;
    memset(&stage, 0, sizeof stage);
    stage.now_ns = MONO_SECOND;
    stage.alarm_ns = MONO_NEVER;
    return engineio_create(&settings, &handler, &clock, &stage.engine) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    engineio_destroy(stage.engine);
    return stage.opened == stage.closed ? 0 : -1;
}

/* Lets time pass, ticking when an alarm is due and never else, as the server does. */
static void wait_ms(int64_t ms)
{
    const int64_t until_ns = stage.now_ns + mono_from_ms(ms);

    while (stage.alarm_ns <= until_ns) {
        stage.now_ns = stage.alarm_ns > stage.now_ns ? stage.alarm_ns : stage.now_ns;
        stage.alarm_ns = MONO_NEVER;
        set_alarm(NULL, engineio_tick(stage.engine, stage.now_ns));
    }
    stage.now_ns = until_ns;
}

static struct exchange *ask(enum http_method method, const char *query, const char *body)
{
    struct exchange *exchange = fake_exchange_make(method, "/engine.io/");

    exchange->query = query;
    exchange->body = body;
    engineio_handle(stage.engine, exchange);
    return exchange;
}

static void expect(const struct exchange *exchange, unsigned status, const char *text)
{
    assert_int_equal(exchange->status, status);
    assert_string_equal(exchange->text, text);
}

static void expect_error(const struct exchange *exchange, unsigned code)
{
    char start[16];

    (void)snprintf(start, sizeof start, "{\"code\":%u,", code);
    assert_int_equal(exchange->status, 400);
    assert_memory_equal(exchange->text, start, strlen(start));
}

/* The queries of one session, over long polling and over WebSocket. */
struct client {
    char polling[QUERY_CHARS];
    char websocket[QUERY_CHARS];
};

static struct client open_client(unsigned protocol)
{
    struct client client;
    char query[QUERY_CHARS];

    (void)snprintf(query, sizeof query, "EIO=%u&transport=polling&b64=1", protocol);
    assert_int_equal(ask(HTTP_GET, query, "")->status, 200);
    (void)snprintf(client.polling, sizeof client.polling, "EIO=%u&transport=polling&sid=%s",
                   protocol, engineio_sid(stage.newest));
    (void)snprintf(client.websocket, sizeof client.websocket, "EIO=%u&transport=websocket&sid=%s",
                   protocol, engineio_sid(stage.newest));
    return client;
}

static struct socket *open_socket(const char *query)
{
    const struct socket_handler *handler = engineio_socket_handler(stage.engine);

    assert_int_equal(handler->on_admit(handler, query, "192.0.2.1"), 0);
    return fake_socket_open_raw(handler, query);
}

static void engineio_handshake_says_what_the_client_must_know(void **state)
{
    char handshake[200];

    (void)state;
    const struct exchange *answer = ask(HTTP_GET, "EIO=4&transport=polling", "");
    (void)snprintf(handshake, sizeof handshake,
                   "0{\"sid\":\"%s\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
                   "\"pingTimeout\":20000,\"maxPayload\":1000}",
                   engineio_sid(stage.newest));
    expect(answer, 200, handshake);
    assert_string_equal(fake_exchange_header(answer, "Cache-Control"), "no-store");

    struct socket *socket = open_socket("EIO=4&transport=websocket");
    (void)snprintf(handshake, sizeof handshake, "0{\"sid\":\"%s\",\"upgrades\":[],",
                   engineio_sid(stage.newest));
    fake_socket_take_frame(socket, handshake);
    assert_int_equal(engineio_sessions(stage.engine), 2);
    fake_socket_close(socket);
    assert_int_equal(engineio_sessions(stage.engine), 1);
}

static void engineio_handshake_refuses_with_the_code_of_the_reference(void **state)
{
    static const struct {
        enum http_method method;
        const char *query;
        unsigned code;
    } cases[] = {
        {HTTP_GET, "EIO=4", 0},
        {HTTP_GET, "EIO=4&transport=abc", 0},
        {HTTP_GET, "EIO=3&transport=polling&j=0", 0},
        {HTTP_GET, "EIO=4&transport=polling&sid=nobody", 1},
        {HTTP_POST, "EIO=4&transport=polling&sid=", 1},
        {HTTP_POST, "EIO=4&transport=polling", 2},
        {HTTP_GET, "EIO=4&transport=websocket", 3},
        {HTTP_GET, "transport=polling", 5},
    };
    const struct socket_handler *handler = engineio_socket_handler(stage.engine);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_error(ask(cases[i].method, cases[i].query, ""), cases[i].code);
    assert_int_equal(handler->on_admit(handler, "transport=websocket", ""), 400);
    assert_int_equal(stage.opened, 0);
}

static void engineio_sessions_beyond_the_limit_are_refused(void **state)
{
    const struct socket_handler *handler = engineio_socket_handler(stage.engine);

    (void)state;
    for (unsigned i = 0; i < SESSIONS_MAX; i++)
        (void)open_client(4);
    assert_int_equal(ask(HTTP_GET, "EIO=4&transport=polling", "")->status, 503);
    assert_int_equal(handler->on_admit(handler, "EIO=4&transport=websocket", ""), 503);
    engineio_close(stage.newest);
    (void)open_client(4);
}

static void engineio_poll_waits_until_there_is_something(void **state)
{
    const struct client client = open_client(4);

    (void)state;
    const struct exchange *poll = ask(HTTP_GET, client.polling, "");
    assert_int_equal(poll->status, 0);
    assert_int_equal(engineio_waiting_polls(stage.engine), 1);
    expect(ask(HTTP_POST, client.polling,
               "4one\x1e"
               "4two"),
           200, "ok");
    expect(poll, 200, "4one"); /* at once: what follows waits for the next */
    assert_int_equal(engineio_waiting_polls(stage.engine), 0);
    expect(ask(HTTP_GET, client.polling, ""), 200, "4two");
}

static void engineio_poll_may_wait_longer_than_other_answers(void **state)
{
    const struct client client = open_client(4);

    (void)state;
    const struct exchange *poll = ask(HTTP_GET, client.polling, "");
    assert_true(poll->held); /* deferred, it would be answered with 504 after 10 s */
    wait_ms(24999);
    assert_int_equal(poll->status, 0);
    wait_ms(1);
    expect(poll, 200, "2");
}

static void engineio_second_poll_ends_the_session(void **state)
{
    const struct client client = open_client(4);

    (void)state;
    const struct exchange *first = ask(HTTP_GET, client.polling, "");
    expect_error(ask(HTTP_GET, client.polling, ""), 3);
    expect(first, 200, "1");
    expect_error(ask(HTTP_GET, client.polling, ""), 1);
    assert_int_equal(stage.closed, 1);
    assert_int_equal(engineio_waiting_polls(stage.engine), 0);
}

static void engineio_poll_given_up_ends_the_session(void **state)
{
    struct client client = open_client(4);

    (void)state;
    ask(HTTP_GET, client.polling, "")->gone = true;
    expect_error(ask(HTTP_GET, client.polling, ""), 3);
    assert_int_equal(stage.closed, 1);
    /* Noticed when there is something to send. */
    client = open_client(4);
    ask(HTTP_GET, client.polling, "")->gone = true;
    engineio_send_text(stage.newest, text_of("hello"));
    assert_int_equal(stage.closed, 1);
    wait_ms(0);
    assert_int_equal(stage.closed, 2);
    assert_int_equal(engineio_waiting_polls(stage.engine), 0);
}

static void engineio_post_that_is_malformed_ends_the_session(void **state)
{
    static const char *const bodies[] = {"", "abc", "4a\x1e", "bA$==", "4\xff", "0", "2"};

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        const struct client client = open_client(4);
        ask(HTTP_POST, client.polling, bodies[i]);
        expect_error(ask(HTTP_GET, client.polling, ""), 1);
        assert_int_equal(stage.closed, i + 1);
    }
}

static void engineio_post_beyond_max_payload_is_refused_and_no_more(void **state)
{
    const struct client client = open_client(4);
    char body[PAYLOAD_BYTES_MAX + 2] = "4";

    (void)state;
    memset(body + 1, 'x', PAYLOAD_BYTES_MAX);
    assert_int_equal(ask(HTTP_POST, client.polling, body)->status, 413);
    body[PAYLOAD_BYTES_MAX] = '\0';
    expect(ask(HTTP_POST, client.polling, body), 200, "ok");
    expect(ask(HTTP_GET, client.polling, ""), 200, body);
    assert_int_equal(engineio_socket_handler(stage.engine)->message_bytes_max,
                     PAYLOAD_BYTES_MAX); /* its type counted, as the reference does */
}

static struct exchange *announce(const char *query, const char *body)
{
    struct exchange *exchange = fake_exchange_make(HTTP_POST, "/engine.io/");

    exchange->query = query;
    exchange->body = body;
    engineio_announce(stage.engine, exchange);
    return exchange;
}

static void engineio_post_beside_a_post_ends_the_session(void **state)
{
    const struct client client = open_client(4);

    (void)state;
    struct exchange *first = announce(client.polling, "4hello");
    assert_int_equal(first->status, 0);
    expect_error(announce(client.polling, "4hello"), 3);
    assert_int_equal(stage.closed, 1);
    engineio_handle(stage.engine, first);
    expect_error(first, 1);
}

static void engineio_post_after_a_post_is_taken(void **state)
{
    const struct client client = open_client(4);

    (void)state;
    struct exchange *first = announce(client.polling, "4one");
    engineio_handle(stage.engine, first);
    expect(first, 200, "ok");
    struct exchange *given_up = announce(client.polling, "4two");
    given_up->gone = true;
    struct exchange *third = announce(client.polling, "4three");
    engineio_handle(stage.engine, third);
    expect(third, 200, "ok");
    expect(ask(HTTP_GET, client.polling, ""), 200,
           "4one\x1e"
           "4three");
}

static void engineio_client_that_reads_nothing_is_cut_off(void **state)
{
    (void)state;
    (void)open_client(4);
    for (unsigned i = 0; i < PAYLOAD_BYTES_MAX; i++)
        engineio_send_text(stage.newest, text_of("and more"));
    assert_int_equal(stage.closed, 0); /* not in the midst of sending */
    wait_ms(0);
    assert_int_equal(stage.closed, 1);
}

static void engineio_client_closes(void **state)
{
    const struct client client = open_client(4);

    (void)state;
    const struct exchange *poll = ask(HTTP_GET, client.polling, "");
    expect(ask(HTTP_POST, client.polling, "1"), 200, "ok");
    expect(poll, 200, "6");
    expect_error(ask(HTTP_GET, client.polling, ""), 1);

    struct socket *socket = open_socket("EIO=4&transport=websocket");
    fake_socket_text(socket, "1");
    assert_int_equal(socket->close_code, 1000);
    fake_socket_text(socket, "4too late");
    fake_socket_take_frame(socket, "0");
    fake_socket_expect_silence(socket);
    fake_socket_close(socket);
}

static void engineio_upgrade_sends_the_waiting_poll_home(void **state)
{
    const struct client client = open_client(4);

    (void)state;
    const struct exchange *poll = ask(HTTP_GET, client.polling, "");
    struct socket *socket = open_socket(client.websocket);
    fake_socket_text(socket, "2probe");
    fake_socket_take_frame(socket, "3probe");
    expect(poll, 200, "6");
    expect(ask(HTTP_GET, client.polling, ""), 200, "6"); /* the next one, too */
    expect(ask(HTTP_POST, client.polling, "4still polling"), 200, "ok");
    fake_socket_text(socket, "5");
    fake_socket_take_frame(socket, "4still polling"); /* nothing is lost */
    fake_socket_text(socket, "4moved");
    fake_socket_take_frame(socket, "4moved");
    expect_error(ask(HTTP_GET, client.polling, ""), 3);
    expect_error(ask(HTTP_POST, client.polling, "4lost"), 3);
    struct socket *second = open_socket(client.websocket);
    assert_int_equal(second->close_code, 1000);
    fake_socket_close(second);
    wait_ms(10001); /* the probe's deadline is over, not the session */
    assert_int_equal(stage.closed, 0);
    fake_socket_close(socket);
    assert_int_equal(stage.closed, 1);
}

static void engineio_probe_that_fails_leaves_the_session_polling(void **state)
{
    static const char *const frames[] = {"4hello", "2", "3probe", "", "nonsense"};
    const struct client client = open_client(4);

    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct socket *socket = open_socket(client.websocket);
        fake_socket_text(socket, frames[i]);
        assert_int_equal(socket->close_code, 1000);
        fake_socket_close(socket);
    }
    /* One that is lost after its probe, and one that never goes on. */
    struct socket *socket = open_socket(client.websocket);
    fake_socket_text(socket, "2probe");
    fake_socket_close(socket);
    socket = open_socket(client.websocket);
    fake_socket_text(socket, "2probe");
    wait_ms(10000);
    assert_int_equal(socket->close_code, 1000);
    fake_socket_text(socket, "5");
    const struct exchange *poll = ask(HTTP_GET, client.polling, "");
    assert_int_equal(poll->status, 0); /* waits, as before */
    expect(ask(HTTP_POST, client.polling, "4hello"), 200, "ok");
    expect(poll, 200, "4hello");
    fake_socket_close(socket);
}

static void engineio_close_during_an_upgrade_closes_the_probe(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const struct client client = open_client(4);
        struct socket *socket = open_socket(client.websocket);
        fake_socket_text(socket, "2probe");
        fake_socket_take_frame(socket, "3probe");
        if (i == 0)
            expect(ask(HTTP_POST, client.polling, "1"), 200, "ok");
        else
            engineio_close(stage.newest);
        assert_int_equal(socket->close_code, 1000);
        fake_socket_text(socket, "5"); /* was under way */
        fake_socket_expect_silence(socket);
        fake_socket_close(socket);
        assert_int_equal(stage.closed, i + 1);
    }
}

static void engineio_heartbeat_keeps_who_answers(void **state)
{
    const struct client client = open_client(4);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const struct exchange *poll = ask(HTTP_GET, client.polling, "");
        wait_ms(25000);
        expect(poll, 200, "2");
        wait_ms(19999);
        expect(ask(HTTP_POST, client.polling, "3"), 200, "ok");
    }
    assert_int_equal(stage.closed, 0);
    wait_ms(44999);
    assert_int_equal(stage.closed, 0);
    wait_ms(1);
    assert_int_equal(stage.closed, 1);
    expect_error(ask(HTTP_GET, client.polling, ""), 1);
}

static void engineio_heartbeat_over_websocket_ends_who_is_silent(void **state)
{
    struct socket *socket = open_socket("EIO=4&transport=websocket");

    (void)state;
    fake_socket_take_frame(socket, "0");
    wait_ms(25000);
    fake_socket_take_frame(socket, "2");
    fake_socket_text(socket, "4said, but no pong");
    wait_ms(20000);
    assert_int_equal(socket->close_code, 1000);
    assert_int_equal(stage.closed, 1);
    fake_socket_close(socket);
    assert_int_equal(stage.closed, 1); /* told once */
}

static void engineio_heartbeat_of_protocol_3_is_the_clients(void **state)
{
    const struct client client = open_client(3);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        wait_ms(44999);
        expect(ask(HTTP_POST, client.polling, "2:2x"), 200, "ok");
        expect(ask(HTTP_GET, client.polling, ""), 200, "2:3x");
    }
    wait_ms(45000);
    assert_int_equal(stage.closed, 1);
}

static void engineio_binary_goes_raw_or_as_base64(void **state)
{
    const struct client client = open_client(4);

    (void)state;
    expect(ask(HTTP_POST, client.polling, "bAQIDBA=="), 200, "ok");
    expect(ask(HTTP_GET, client.polling, ""), 200, "bAQIDBA==");
    struct socket *socket = open_socket("EIO=4&transport=websocket");
    fake_socket_take_frame(socket, "0");
    fake_socket_binary(socket, "\1\2", 2);
    fake_socket_take_frame(socket, "binary 01 02");
    fake_socket_close(socket);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(engineio_handshake_says_what_the_client_must_know),
        TEST(engineio_handshake_refuses_with_the_code_of_the_reference),
        TEST(engineio_sessions_beyond_the_limit_are_refused),
        TEST(engineio_poll_waits_until_there_is_something),
        TEST(engineio_poll_may_wait_longer_than_other_answers),
        TEST(engineio_second_poll_ends_the_session),
        TEST(engineio_poll_given_up_ends_the_session),
        TEST(engineio_post_that_is_malformed_ends_the_session),
        TEST(engineio_post_beyond_max_payload_is_refused_and_no_more),
        TEST(engineio_post_beside_a_post_ends_the_session),
        TEST(engineio_post_after_a_post_is_taken),
        TEST(engineio_client_that_reads_nothing_is_cut_off),
        TEST(engineio_client_closes),
        TEST(engineio_upgrade_sends_the_waiting_poll_home),
        TEST(engineio_probe_that_fails_leaves_the_session_polling),
        TEST(engineio_close_during_an_upgrade_closes_the_probe),
        TEST(engineio_heartbeat_keeps_who_answers),
        TEST(engineio_heartbeat_over_websocket_ends_who_is_silent),
        TEST(engineio_heartbeat_of_protocol_3_is_the_clients),
        TEST(engineio_binary_goes_raw_or_as_base64),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
