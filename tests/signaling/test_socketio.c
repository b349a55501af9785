#include "signaling/socketio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "tests/signaling/fake_exchange.h"
#include "tests/signaling/fake_socket.h"

enum { PAYLOAD_BYTES_MAX = 200, CONNECT_TIMEOUT_MS = 45000, MESSAGE_BURST = 10 };

/* What the handler heard. */
static struct {
    struct socketio *all;
    int64_t now_ns;
    unsigned connects;
    unsigned events;
    unsigned disconnects;
    unsigned attachments; /* of the last event */
    bool asks_rate;       /* of its connection, before it answers */
    bool closes;          /* it closes the connection in each event */
    bool refuses;         /* and lets nobody into a namespace */
} stage;

static int64_t now_ns(void)
{
    return stage.now_ns;
}

static void set_alarm(void *context, int64_t due_ns)
{
    (void)context;
    (void)due_ns;
}

static void *on_connect(void *context, struct socketio_socket *socket, struct text payload)
{
    const struct socketio_event auth = {.name = text_of("\"auth\""), .arguments = payload};

    if (stage.refuses)
        return NULL;
    stage.connects++;
    socketio_emit(socket, &auth);
    return context;
}

static void on_event(struct socketio_socket *socket, const struct socketio_event *event)
{
    static const struct socketio_attachments none = {NULL, 0};

    stage.events++;
    if (stage.asks_rate && socketio_rate_take(socket) != RATE_PASS) {
        socketio_acknowledge(socket, event->acknowledgement, text_of("\"slow down\""), &none);
        return;
    }
    stage.attachments = event->attachments.count;
    if (stage.closes)
        socketio_close(socket); /* it is gone now */
    else if (event->acknowledgement != SOCKETIO_NO_ACKNOWLEDGEMENT)
        socketio_acknowledge(socket, event->acknowledgement, event->arguments, &event->attachments);
    else
        socketio_emit(socket, event);
}

static void on_disconnect(struct socketio_socket *socket)
{
    (void)socket;
    stage.disconnects++;
}

static int set_up(void **state)
{
    static const char *const spaces[] = {"/", "/custom", NULL};
    const struct engineio_settings engine = {
        .ping_interval_ns = mono_from_ms(60000),
        .ping_timeout_ns = mono_from_ms(20000),
        .upgrade_timeout_ns = mono_from_ms(10000),
        .payload_bytes_max = PAYLOAD_BYTES_MAX,
        .queue_bytes_max = 4096,
        .sessions_max = 8,
        .origins = "*",
    };
    const struct socketio_settings settings = {
        .engine = engine,
        .connect_timeout_ns = mono_from_ms(CONNECT_TIMEOUT_MS),
        .messages_per_second = 1,
        .message_burst = MESSAGE_BURST,
    };
    const struct socketio_handler handler = {&stage, spaces, on_connect, on_event, on_disconnect};
    const struct engineio_clock clock = {NULL, now_ns, set_alarm};

    (void)state;
    memset(&stage, 0, sizeof stage);
    stage.now_ns = MONO_SECOND;
    return socketio_create(&settings, &handler, &clock, &stage.all) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    socketio_destroy(stage.all);
    return stage.connects == stage.disconnects ? 0 : -1;
}

static struct socket *open_client(const char *query)
{
    struct socket *socket =
        fake_socket_open_raw(engineio_socket_handler(socketio_engine(stage.all)), query);

    fake_socket_take_frame(socket, "0{");
    return socket;
}

static struct socket *connect_client(void)
{
    struct socket *socket = open_client("EIO=4&transport=websocket");

    fake_socket_text(socket, "40");
    fake_socket_take_frame(socket, "40{\"sid\":\"");
    fake_socket_take_frame(socket, "42[\"auth\",{}]");
    return socket;
}

static void socketio_client_without_a_namespace_is_closed_in_time(void **state)
{
    struct socket *idle = open_client("EIO=4&transport=websocket");
    struct socket *wrong = open_client("EIO=4&transport=websocket");
    struct socket *connected = connect_client();

    (void)state;
    fake_socket_text(wrong, "40/random");
    fake_socket_take_frame(wrong, "44/random,{\"message\":\"Invalid namespace\"}");
    stage.now_ns += mono_from_ms(CONNECT_TIMEOUT_MS) - 1;
    assert_int_equal(socketio_tick(stage.all, stage.now_ns), stage.now_ns + 1);
    assert_int_equal(idle->close_code, 0);
    stage.now_ns++;
    (void)socketio_tick(stage.all, stage.now_ns);
    assert_int_equal(idle->close_code, 1000);
    assert_int_equal(wrong->close_code, 1000);
    assert_int_equal(connected->close_code, 0);
    fake_socket_close(idle);
    fake_socket_close(wrong);
    fake_socket_close(connected);
    assert_int_equal(engineio_sessions(socketio_engine(stage.all)), 0);
}

static void socketio_polling_client_without_a_namespace_is_closed_too(void **state)
{
    char query[100];
    struct exchange *opened = fake_exchange_make(HTTP_GET, "/socket.io/");

    (void)state;
    opened->query = "EIO=4&transport=polling";
    engineio_handle(socketio_engine(stage.all), opened);
    (void)snprintf(query, sizeof query, "%s&sid=%.20s", opened->query,
                   opened->text + strlen("0{\"sid\":\""));
    struct exchange *poll = fake_exchange_make(HTTP_GET, "/socket.io/");
    poll->query = query;
    engineio_handle(socketio_engine(stage.all), poll);
    stage.now_ns += mono_from_ms(CONNECT_TIMEOUT_MS);
    (void)socketio_tick(stage.all, stage.now_ns);
    assert_int_equal(poll->status, 200);
    assert_string_equal(poll->text, "1");
}

static void socketio_namespaces_share_a_connection(void **state)
{
    struct socket *socket = connect_client();

    (void)state;
    fake_socket_text(socket, "40/custom,{\"token\":\"abc\"}");
    fake_socket_take_frame(socket, "40/custom,{\"sid\":\"");
    fake_socket_take_frame(socket, "42/custom,[\"auth\",{\"token\":\"abc\"}]");
    fake_socket_text(socket, "40/custom"); /* again: nothing */
    fake_socket_text(socket, "42/custom,7[\"a\",1]");
    fake_socket_take_frame(socket, "43/custom,7[1]");
    fake_socket_text(socket, "41/custom");
    assert_int_equal(stage.disconnects, 1);
    fake_socket_text(socket, "42[\"a\"]");
    fake_socket_take_frame(socket, "42[\"a\"]");
    fake_socket_expect_silence(socket);
    fake_socket_close(socket);
    assert_int_equal(stage.disconnects, 2);
}

static void socketio_coming_again_is_no_way_around_the_limits(void **state)
{
    struct socket *socket = open_client("EIO=4&transport=websocket");

    (void)state;
    for (unsigned i = 0; i < MESSAGE_BURST; i++) {
        fake_socket_text(socket, "40");
        fake_socket_take_frame(socket, "40{\"sid\":\"");
        fake_socket_take_frame(socket, "42[\"auth\",{}]");
        fake_socket_text(socket, "41");
    }
    fake_socket_text(socket, "40");
    fake_socket_take_frame(socket, "44{\"message\":\"Too many messages; slow down.\"}");
    fake_socket_text(socket, "40/custom"); /* it was told */
    fake_socket_expect_silence(socket);
    stage.now_ns += MONO_SECOND;
    fake_socket_text(socket, "40");
    fake_socket_take_frame(socket, "40{\"sid\":\"");
    fake_socket_take_frame(socket, "42[\"auth\",{}]");
    fake_socket_close(socket);
    assert_int_equal(stage.connects, MESSAGE_BURST + 1);
}

static void socketio_handler_asks_for_the_rate_of_the_connection(void **state)
{
    struct socket *socket = connect_client();
    const char *refused = "43/custom,1[\"slow down\"]";

    (void)state;
    stage.asks_rate = true;
    for (unsigned i = 2; i < MESSAGE_BURST; i++) {
        fake_socket_text(socket, "421[\"a\"]");
        fake_socket_take_frame(socket, "431[]");
    }
    fake_socket_text(socket, "40/custom"); /* the last one */
    fake_socket_take_frame(socket, "40/custom,{\"sid\":\"");
    fake_socket_take_frame(socket, "42/custom,[\"auth\",{}]");
    fake_socket_text(socket, "42/custom,1[\"a\"]");
    fake_socket_take_frame(socket, refused);
    fake_socket_close(socket);
}

static void socketio_attachments_come_with_their_event(void **state)
{
    static const char packet[] = "452-5[\"a\",{\"_placeholder\":true,\"num\":0},"
                                 "{\"_placeholder\":true,\"num\":1}]";
    struct socket *socket = connect_client();

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        fake_socket_text(socket, packet);
        fake_socket_binary(socket, "\1", 1);
        assert_int_equal(stage.events, i);
        fake_socket_binary(socket, "\2", 1);
        assert_int_equal(stage.events, i + 1);
        assert_int_equal(stage.attachments, 2);
        fake_socket_take_frame(socket, "462-5[{\"_placeholder\":true,\"num\":0}");
        fake_socket_take_frame(socket, "binary 01");
        fake_socket_take_frame(socket, "binary 02");
    }
    fake_socket_close(socket);
}

/* Each leaves an event without all its attachments: nobody hears of it, nothing leaks. */
static void socketio_attachments_interrupted_end_the_connection(void **state)
{
    static const char large[PAYLOAD_BYTES_MAX] = {0};
    static const struct {
        const char *text; /* NULL: none */
        const char *data; /* NULL: none */
        size_t data_bytes;
    } cases[] = {
        {"42[\"b\"]", NULL, 0},
        {"41", NULL, 0},
        {"451-[\"b\",{\"_placeholder\":true,\"num\":0}]", NULL, 0},
        {"1", NULL, 0},
        {NULL, large, sizeof large}, /* too much, with its packet */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct socket *socket = connect_client();
        fake_socket_text(socket, "452-[\"a\",{\"_placeholder\":true,\"num\":0},"
                                 "{\"_placeholder\":true,\"num\":1}]");
        fake_socket_binary(socket, "\1", 1);
        if (cases[i].text != NULL)
            fake_socket_text(socket, cases[i].text);
        else
            fake_socket_binary(socket, cases[i].data, cases[i].data_bytes);
        assert_int_equal(socket->close_code, 1000);
        fake_socket_binary(socket, "\2", 1);
        fake_socket_close(socket);
        assert_int_equal(stage.disconnects, i + 1);
    }
    struct socket *lost = connect_client();
    fake_socket_text(lost, "451-[\"a\",{\"_placeholder\":true,\"num\":0}]");
    fake_socket_close(lost);
    assert_int_equal(stage.events, 0);
}

static void socketio_malformed_packet_ends_the_connection(void **state)
{
    static const char *const frames[] = {
        "4abc",  "4",          "47",           "42{}", "42",
        "42[]",  "42[\"a\"",   "42abc[\"a\"]", "41{}", "42/custom,[\"a\"]",
        "43[]x", "451[\"a\"]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct socket *socket = connect_client();
        fake_socket_text(socket, frames[i]);
        assert_int_equal(socket->close_code, 1000);
        fake_socket_close(socket);
    }
    struct socket *socket = connect_client();
    fake_socket_binary(socket, "\1", 1); /* of no packet */
    assert_int_equal(socket->close_code, 1000);
    fake_socket_close(socket);
    assert_int_equal(stage.events, 0);
}

static void socketio_handler_may_close_in_the_midst(void **state)
{
    (void)state;
    stage.closes = true;
    struct socket *socket = connect_client();
    fake_socket_text(socket, "451-5[\"a\",{\"_placeholder\":true,\"num\":0}]");
    fake_socket_binary(socket, "\1", 1);
    assert_int_equal(stage.events, 1);
    assert_int_equal(stage.disconnects, 1);
    assert_int_equal(socket->close_code, 1000);
    fake_socket_expect_silence(socket);
    fake_socket_close(socket);

    stage.refuses = true;
    socket = open_client("EIO=4&transport=websocket");
    fake_socket_text(socket, "40");
    assert_int_equal(socket->close_code, 1000);
    fake_socket_close(socket);
    assert_int_equal(stage.disconnects, 1); /* who never came does not go */
}

static void socketio_old_client_is_in_the_main_namespace_unasked(void **state)
{
    struct socket *socket = open_client("EIO=3&transport=websocket");

    (void)state;
    fake_socket_take_frame(socket, "40");
    fake_socket_take_frame(socket, "42[\"auth\",{}]");
    stage.now_ns += mono_from_ms(CONNECT_TIMEOUT_MS);
    (void)socketio_tick(stage.all, stage.now_ns);
    fake_socket_text(socket, "42[\"a\",\"\xe7\x9b\xb4\"]");
    fake_socket_take_frame(socket, "42[\"a\",\"\\u76f4\"]");
    fake_socket_text(socket, "40/random?a=b");
    fake_socket_take_frame(socket, "44/random,\"Invalid namespace\"");
    fake_socket_close(socket);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(socketio_client_without_a_namespace_is_closed_in_time),
        TEST(socketio_polling_client_without_a_namespace_is_closed_too),
        TEST(socketio_namespaces_share_a_connection),
        TEST(socketio_coming_again_is_no_way_around_the_limits),
        TEST(socketio_handler_asks_for_the_rate_of_the_connection),
        TEST(socketio_attachments_come_with_their_event),
        TEST(socketio_attachments_interrupted_end_the_connection),
        TEST(socketio_malformed_packet_ends_the_connection),
        TEST(socketio_handler_may_close_in_the_midst),
        TEST(socketio_old_client_is_in_the_main_namespace_unasked),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
