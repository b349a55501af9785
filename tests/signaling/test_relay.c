#include "signaling/relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/signaling/fake_media.h"
#include "tests/signaling/fake_socket.h"
#include "tests/signaling/stage.h"

static struct stage stage;

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    (void)fake_media_reset();
    relay_start(stage.endpoint);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    relay_stop();
    stage_close(&stage);
    return 0;
}

static void relay_passes_objects_on_within_a_room(void **state)
{
    (void)state;
    struct socket *lobby = fake_socket_open(&relay_socket_handler, "/signaling");
    struct socket *lobby_too = fake_socket_open(&relay_socket_handler, "/signaling/");
    struct socket *one = fake_socket_open(&relay_socket_handler, "/signaling/a%20b");
    struct socket *two = fake_socket_open(&relay_socket_handler, "/signaling/a b");
    struct socket *three = fake_socket_open(&relay_socket_handler, "/signaling/a%20b");

    fake_socket_text(one, "{\"type\":\"offer\",\"sdp\":\"v=0\",\"x\":[1.50]}");
    for (unsigned i = 0; i < 2; i++) {
        json_t *message = fake_socket_take(i == 0 ? two : three, "offer");
        assert_string_equal(json_string_value(json_object_get(message, "sdp")), "v=0");
        json_decref(message);
    }
    fake_socket_expect_silence(one);
    fake_socket_expect_silence(lobby);
    fake_socket_text(lobby, "{\"type\":\"hello\"}");
    json_decref(fake_socket_take(lobby_too, "hello"));
    fake_socket_close(two);
    fake_socket_text(three, "{\"type\":\"bye\"}");
    json_decref(fake_socket_take(one, "bye"));
    fake_socket_close(one);
    fake_socket_close(three);
    fake_socket_close(lobby);
    fake_socket_close(lobby_too);
}

static void relay_refuses_what_is_no_message(void **state)
{
    static const struct {
        const char *text;
        const char *code;
    } cases[] = {
        {"hello", "bad-json"},           {"", "bad-json"},
        {"[]", "bad-message"},           {"{}", "bad-message"},
        {"{\"type\":1}", "bad-message"}, {"\"offer\"", "bad-message"},
    };

    (void)state;
    struct socket *one = fake_socket_open(&relay_socket_handler, "/signaling/a");
    struct socket *two = fake_socket_open(&relay_socket_handler, "/signaling/a");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_socket_text(one, cases[i].text);
        fake_socket_take_error(one, cases[i].code);
    }
    relay_socket_handler.on_binary(one, "x", 1);
    fake_socket_take_error(one, "bad-message");
    relay_socket_handler.on_too_large(one);
    fake_socket_take_error(one, "too-large");
    fake_socket_expect_silence(two);
    fake_socket_close(one);
    fake_socket_close(two);
    assert_null(fake_socket_open(&relay_socket_handler, "/signaling/a%2Fb"));
}

static void relay_refuses_a_flood(void **state)
{
    (void)state;
    stage.config.limits_message_burst = 3;
    struct socket *one = fake_socket_open(&relay_socket_handler, "/signaling/a");
    struct socket *two = fake_socket_open(&relay_socket_handler, "/signaling/a");
    for (unsigned i = 0; i < 10; i++)
        fake_socket_text(one, "{\"type\":\"x\"}");
    assert_int_equal(fake_socket_clear(two), 3);
    fake_socket_take_error(one, "too-fast");
    fake_socket_expect_silence(one);
    fake_socket_close(one);
    fake_socket_close(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(relay_passes_objects_on_within_a_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(relay_refuses_what_is_no_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(relay_refuses_a_flood, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
