#include "signaling/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "tests/signaling/fake_media.h"
#include "tests/signaling/fake_socket.h"
#include "tests/signaling/message_scene.h"
#include "tests/signaling/offer_file.h"
#include "tests/signaling/stage.h"

static void message_errors_name_their_cause(void **state)
{
    static const struct {
        const char *text;
        const char *code;
        const char *re; /* NULL: null */
    } before_join[] = {
        {"", "bad-json", NULL},
        {"{", "bad-json", NULL},
        {"{\"type\":\"ping\"}x", "bad-json", NULL},
        {"[]", "bad-message", NULL},
        {"1", "bad-message", NULL},
        {"null", "bad-message", NULL},
        {"{}", "bad-message", NULL},
        {"{\"type\":1}", "bad-message", NULL},
        {"{\"type\":\"\"}", "bad-message", NULL},
        {"{\"type\":\"dance\"}", "unknown-type", "dance"},
        {"{\"type\":\"error\"}", "unknown-type", "error"},
        {"{\"type\":\"chat\",\"text\":\"a\"}", "not-joined", "chat"},
        {"{\"type\":\"offer\"}", "not-joined", "offer"},
        {"{\"type\":\"leave\"}", "not-joined", "leave"},
        {"{\"type\":\"join\"}", "bad-message", "join"},
        {"{\"type\":\"join\",\"room\":1}", "bad-message", "join"},
        {"{\"type\":\"join\",\"room\":\"\"}", "bad-room", "join"},
        {"{\"type\":\"join\",\"room\":\"a/b\"}", "bad-room", "join"},
        {"{\"type\":\"join\",\"room\":\"a\\nb\"}", "bad-room", "join"},
        {"{\"type\":\"join\",\"room\":\"a\\u0000b\"}", "bad-message", "join"},
        {"{\"type\":\"join\",\"room\":\"a\",\"name\":1}", "bad-message", "join"},
        {"{\"type\":\"join\",\"room\":\"a\",\"token\":[]}", "bad-message", "join"},
    };
    (void)state;
    struct socket *socket = message_scene_open_socket();
    for (size_t i = 0; i < sizeof before_join / sizeof before_join[0]; i++) {
        fake_socket_text(socket, before_join[i].text);
        json_t *error = fake_socket_take(socket, "error");
        assert_string_equal(message_scene_text_of(error, "code"), before_join[i].code);
        assert_string_not_equal(message_scene_text_of(error, "message"), "");
        if (before_join[i].re == NULL)
            assert_true(json_is_null(json_object_get(error, "re")));
        else
            assert_string_equal(message_scene_text_of(error, "re"), before_join[i].re);
        json_decref(error);
    }
    fake_socket_close(socket);
}

static void message_errors_name_the_id(void **state)
{
    static const struct {
        const char *text;
        const char *code;
        const char *id; /* NULL: none */
    } joined[] = {
        {"{\"type\":\"chat\"}", "bad-message", NULL},
        {"{\"type\":\"chat\",\"text\":\"\"}", "bad-message", NULL},
        {"{\"type\":\"chat\",\"text\":{}}", "bad-message", NULL},
        {"{\"type\":\"offer\",\"sdp\":\"v\",\"subscribe\":\"main\"}", "bad-message", NULL},
        {"{\"type\":\"offer\",\"id\":\"\",\"sdp\":\"v\",\"subscribe\":\"main\"}", "bad-message",
         NULL},
        {"{\"type\":\"offer\",\"id\":\"a\",\"subscribe\":\"main\"}", "bad-message", "a"},
        {"{\"type\":\"offer\",\"id\":\"a\",\"sdp\":\"v\"}", "bad-message", "a"},
        {"{\"type\":\"offer\",\"id\":\"a\",\"sdp\":\"v\",\"subscribe\":\"m\",\"publish\":\"m\"}",
         "bad-message", "a"},
        {"{\"type\":\"offer\",\"id\":\"a\",\"sdp\":\"v\",\"publish\":\"a/b\"}", "bad-message", "a"},
        {"{\"type\":\"offer\",\"id\":\"a\",\"sdp\":\"v\",\"publish\":\"main\"}", "bad-sdp", "a"},
        {"{\"type\":\"offer\",\"id\":\"a\",\"sdp\":\"v\",\"subscribe\":\"main\"}", "no-stream",
         "a"},
        {"{\"type\":\"candidate\",\"id\":\"a\",\"candidate\":null}", "bad-message", "a"},
        {"{\"type\":\"bye\",\"id\":\"a\"}", "bad-message", "a"},
        {"{\"type\":\"bye\"}", "bad-message", NULL},
        {"{\"type\":\"layer\",\"id\":\"a\",\"rid\":null}", "bad-message", "a"},
    };

    (void)state;
    struct socket *socket = message_scene_open_socket();
    message_scene_join(socket, "room");
    for (size_t i = 0; i < sizeof joined / sizeof joined[0]; i++) {
        fake_socket_text(socket, joined[i].text);
        json_t *error = fake_socket_take(socket, "error");
        assert_string_equal(message_scene_text_of(error, "code"), joined[i].code);
        assert_string_equal(message_scene_text_of(error, "id"),
                            joined[i].id != NULL ? joined[i].id : "");
        json_decref(error);
    }
    fake_socket_close(socket);
}

static void message_answers_frames_that_it_does_not_read(void **state)
{
    (void)state;
    struct socket *socket = message_scene_open_socket();
    message_socket_handler.on_binary(socket, "x", 1);
    fake_socket_take_error(socket, "bad-message");
    message_socket_handler.on_too_large(socket);
    fake_socket_take_error(socket, "too-large");
    assert_int_equal(socket->close_code, 0);
    fake_socket_close(socket);
}

static void message_join_tells_the_room(void **state)
{
    (void)state;
    strcpy(message_scene.stage.config.ice_servers, "stun:s.example, turns:t.example");
    strcpy(message_scene.stage.config.ice_username, "user");
    strcpy(message_scene.stage.config.ice_credential, "pass");
    struct socket *ann = message_scene_open_joined("直播间1");
    message_scene_publish(ann, "up");
    struct socket *bob = message_scene_open_socket();
    const json_t *joined = message_scene_join(bob, "直播间1");
    assert_string_equal(message_scene_text_of(joined, "room"), "直播间1");
    assert_string_not_equal(message_scene_text_of(joined, "you"), "");
    assert_int_equal(strlen(message_scene_text_of(joined, "resume")), 32);
    assert_int_equal(message_scene_number_of(joined, "viewers"), 1);
    assert_int_equal(json_array_size(json_object_get(joined, "chat")), 0);
    const json_t *stream = json_array_get(json_object_get(joined, "streams"), 0);
    assert_string_equal(message_scene_text_of(stream, "stream"), "main");
    assert_string_equal(message_scene_text_of(stream, "name"), "Ann");
    assert_true(json_is_true(json_object_get(stream, "live")));
    assert_true(json_is_array(json_object_get(stream, "layers")));
    const json_t *servers = json_object_get(joined, "iceServers");
    assert_int_equal(json_array_size(servers), 2);
    assert_string_equal(message_scene_text_of(json_array_get(servers, 0), "urls"),
                        "stun:s.example");
    assert_string_equal(message_scene_text_of(json_array_get(servers, 0), "username"), "");
    assert_string_equal(message_scene_text_of(json_array_get(servers, 1), "credential"), "pass");
    fake_socket_close(ann);
    fake_socket_close(bob);
}

static void message_ping_and_leave_are_answered(void **state)
{
    (void)state;
    struct socket *socket = message_scene_open_socket();
    fake_socket_text(socket, "{\"type\":\"ping\"}");
    json_decref(fake_socket_take(socket, "pong"));
    message_scene_join(socket, "room");
    fake_socket_text(socket, "{\"type\":\"leave\"}");
    json_decref(fake_socket_take(socket, "left"));
    assert_int_equal(directory_room_count(endpoint_directory(message_scene.stage.endpoint)), 0);
    fake_socket_text(socket, "{\"type\":\"leave\"}");
    fake_socket_take_error(socket, "not-joined");
    fake_socket_close(socket);
}

static void message_chat_goes_to_all_and_into_the_history(void **state)
{
    char text[4 * 501 + 1] = "";

    (void)state;
    struct socket *ann = message_scene_open_joined("room");
    struct socket *bob = message_scene_open_joined("room");
    struct socket *other = message_scene_open_joined("other");
    for (unsigned i = 0; i < 500; i++)
        strcat(text, "😀");
    fake_socket_json(ann, json_pack("{s:s, s:s}", "type", "chat", "text", text));
    json_t *line = fake_socket_take(bob, "chat");
    assert_string_equal(message_scene_text_of(line, "text"), text);
    assert_string_equal(message_scene_text_of(line, "name"), "Ann");
    assert_true(message_scene_number_of(line, "at") > INT64_C(1600000000000));
    json_decref(line);
    json_decref(fake_socket_take(ann, "chat"));
    fake_socket_expect_silence(other);
    strcat(text, "x");
    fake_socket_json(ann, json_pack("{s:s, s:s}", "type", "chat", "text", text));
    fake_socket_take_error(ann, "bad-message");
    struct socket *late = message_scene_open_socket();
    assert_int_equal(json_array_size(json_object_get(message_scene_join(late, "room"), "chat")), 1);
    fake_socket_close(ann);
    fake_socket_close(bob);
    fake_socket_close(other);
    fake_socket_close(late);
}

static void message_join_needs_the_key_for_watching(void **state)
{
    static const struct {
        const char *token;
        bool allowed;
    } cases[] = {{NULL, false}, {"wrong", false}, {"see", true}, {"stream", true}};

    (void)state;
    strcpy(message_scene.stage.config.auth_watch_key, "see");
    strcpy(message_scene.stage.config.auth_publish_key, "stream");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct socket *socket = message_scene_open_socket();
        fake_socket_json(socket, json_pack("{s:s, s:s, s:s?}", "type", "join", "room", "room",
                                           "token", cases[i].token));
        if (cases[i].allowed)
            json_decref(fake_socket_take(socket, "joined"));
        else
            fake_socket_take_error(socket, "forbidden");
        fake_socket_close(socket);
    }
}

static void message_layer_knows_no_layers_yet(void **state)
{
    (void)state;
    struct socket *ann = message_scene_open_joined("room");
    message_scene_publish(ann, "up");
    message_scene_offer(ann, "down", "subscribe", "main", message_scene.watch_sdp);
    fake_socket_clear(ann);
    fake_socket_text(ann, "{\"type\":\"layer\",\"id\":\"down\",\"rid\":null}");
    json_t *layer = fake_socket_take(ann, "layer");
    assert_true(json_is_null(json_object_get(layer, "rid")));
    json_decref(layer);
    fake_socket_text(ann, "{\"type\":\"layer\",\"id\":\"down\",\"rid\":\"h\"}");
    fake_socket_take_error(ann, "unsupported");
    fake_socket_text(ann, "{\"type\":\"layer\",\"id\":\"down\"}");
    fake_socket_take_error(ann, "bad-message");
    fake_socket_close(ann);
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, message_scene_set_up, message_scene_tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(message_errors_name_their_cause),
        TEST(message_errors_name_the_id),
        TEST(message_answers_frames_that_it_does_not_read),
        TEST(message_join_tells_the_room),
        TEST(message_ping_and_leave_are_answered),
        TEST(message_chat_goes_to_all_and_into_the_history),
        TEST(message_join_needs_the_key_for_watching),
        TEST(message_layer_knows_no_layers_yet),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
