#include "signaling/chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "signaling/message.h"
#include "tests/signaling/fake_media.h"
#include "tests/signaling/fake_socket.h"
#include "tests/signaling/offer_file.h"
#include "tests/signaling/stage.h"

static struct stage stage;

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    return message_start(stage.endpoint) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    message_stop();
    stage_close(&stage);
    return 0;
}

static const char *text_of(const json_t *message, const char *key)
{
    const char *text = json_string_value(json_object_get(message, key));

    return text != NULL ? text : "";
}

/* Sends a join; the answer is still to be taken. */
static struct socket *open_joining(const char *peer, const char *join)
{
    struct socket *socket = fake_socket_open_from(&message_socket_handler, "/ws", peer);

    assert_non_null(socket);
    fake_socket_text(socket, join);
    return socket;
}

/* Joins; writes who it is there. */
static struct socket *open_joined(const char *peer, const char *join, char you[32])
{
    struct socket *socket = open_joining(peer, join);
    json_t *joined = fake_socket_take(socket, "joined");

    snprintf(you, 32, "%s", text_of(joined, "you"));
    json_decref(joined);
    return socket;
}

static struct socket *open_plain(const char *peer)
{
    char you[32];

    return open_joined(peer, "{\"type\":\"join\",\"room\":\"r\"}", you);
}

static void say(struct socket *socket, const char *text)
{
    fake_socket_json(socket, json_pack("{s:s, s:s}", "type", "chat", "text", text));
}

static void publish(struct socket *socket)
{
    char *sdp = offer_file_read("chromium-publish.sdp");

    fake_socket_json(socket, json_pack("{s:s, s:s, s:s, s:s}", "type", "offer", "id", "up",
                                       "publish", "main", "sdp", sdp));
    stage_give_local(&stage);
    json_decref(fake_socket_seek(socket, "answer"));
    stage_connect(&stage, fake_media.published.session);
    fake_socket_clear(socket);
    free(sdp);
}

static void expect_text(struct socket *socket, const char *text)
{
    json_t *line = fake_socket_take(socket, "chat");

    assert_string_equal(text_of(line, "text"), text);
    json_decref(line);
}

static void chat_limits_how_fast_a_person_and_a_room_talk(void **state)
{
    (void)state;
    message_stop();
    stage.config.chat_lines_per_second = 1;
    stage.config.chat_burst = 2;
    stage.config.chat_room_lines_per_second = 3;
    assert_int_equal(message_start(stage.endpoint), STATUS_OK);
    struct socket *ann = open_plain("192.0.2.1");
    struct socket *bob = open_plain("192.0.2.2");
    static const struct {
        unsigned wait_ms;
        bool ann;
        bool passes;
    } cases[] = {
        {0, true, true},   {0, true, true},    {0, true, false},  {0, false, true},
        {0, false, false}, {900, true, false}, {100, true, true}, {100, false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct socket *speaker = cases[i].ann ? ann : bob;
        stage_wait_ms(&stage, cases[i].wait_ms);
        fake_socket_clear(ann);
        fake_socket_clear(bob);
        say(speaker, "x");
        if (cases[i].passes)
            expect_text(speaker, "x");
        else
            fake_socket_take_error(speaker, "too-fast");
    }
    fake_socket_close(ann);
    fake_socket_close(bob);
}

static void chat_in_a_crowd_goes_out_together(void **state)
{
    char you[32];

    (void)state;
    stage.config.chat_crowd = 1;
    struct socket *plain = open_plain("192.0.2.1");
    struct socket *page = open_joined(
        "192.0.2.2", "{\"type\":\"join\",\"room\":\"r\",\"wants\":[\"chats\",\"x\",7]}", you);
    say(page, "one");
    say(plain, "two");
    fake_socket_expect_silence(plain);
    fake_socket_expect_silence(page);
    stage_wait_ms(&stage, 100);
    json_decref(fake_socket_take(plain, "viewers"));
    json_decref(fake_socket_take(page, "viewers"));
    expect_text(plain, "one");
    expect_text(plain, "two");
    json_t *chats = fake_socket_take(page, "chats");
    const json_t *lines = json_object_get(chats, "lines");
    assert_int_equal(json_array_size(lines), 2);
    assert_string_equal(text_of(json_array_get(lines, 1), "text"), "two");
    assert_string_equal(text_of(json_array_get(lines, 1), "type"), "chat");
    json_decref(chats);
    say(plain, "three"); /* alone: as ever */
    stage_wait_ms(&stage, 100);
    expect_text(plain, "three");
    expect_text(page, "three");
    say(plain, "four"); /* the room may be gone before it goes out */
    fake_socket_close(plain);
    fake_socket_text(page, "{\"type\":\"leave\"}");
    stage_wait_ms(&stage, 31000);
    fake_socket_close(page);
}

static void chat_masks_words_in_lines_and_names(void **state)
{
    char path[] = "/tmp/chat-words-XXXXXX";
    const int fd = mkstemp(path);
    char you[32];

    (void)state;
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    fputs("bad\n", file);
    fclose(file);
    message_stop();
    strcpy(stage.config.chat_words, path);
    assert_int_equal(message_start(stage.endpoint), STATUS_OK);
    remove(path);
    struct socket *ann =
        open_joined("192.0.2.1", "{\"type\":\"join\",\"room\":\"r\",\"name\":\"Bad Ann\"}", you);
    say(ann, "not bad");
    json_t *line = fake_socket_take(ann, "chat");
    assert_string_equal(text_of(line, "text"), "not ***");
    assert_string_equal(text_of(line, "name"), "*** Ann");
    json_decref(line);
    struct socket *late = open_joining("192.0.2.1", "{\"type\":\"join\",\"room\":\"r\"}");
    json_t *joined = fake_socket_take(late, "joined");
    const json_t *kept = json_array_get(json_object_get(joined, "chat"), 0);
    assert_string_equal(text_of(kept, "text"), "not ***");
    assert_string_equal(text_of(kept, "name"), "*** Ann");
    json_decref(joined);
    fake_socket_close(ann);
    fake_socket_close(late);
}

static void chat_words_that_cannot_be_read_end_the_start(void **state)
{
    (void)state;
    message_stop();
    strcpy(stage.config.chat_words, "no-such-file");
    assert_int_equal(message_start(stage.endpoint), STATUS_NOT_FOUND);
}

static void chat_likes_are_summed_up_once_a_second(void **state)
{
    static const char *const bad[] = {"0", "101", "-1", "\"5\"", "1.5", "[]"};
    char you[32];

    (void)state;
    struct socket *plain = open_plain("192.0.2.1");
    struct socket *page =
        open_joined("192.0.2.2", "{\"type\":\"join\",\"room\":\"r\",\"wants\":[\"likes\"]}", you);
    fake_socket_text(plain, "{\"type\":\"like\",\"count\":40}");
    fake_socket_text(page, "{\"type\":\"like\"}");
    stage_wait_ms(&stage, 100);
    json_t *likes = fake_socket_seek(page, "likes");
    assert_int_equal(json_integer_value(json_object_get(likes, "count")), 41);
    json_decref(likes);
    fake_socket_clear(page);
    fake_socket_text(plain, "{\"type\":\"like\",\"count\":2}");
    stage_wait_ms(&stage, 900);
    fake_socket_expect_silence(page);
    stage_wait_ms(&stage, 100);
    likes = fake_socket_take(page, "likes");
    assert_int_equal(json_integer_value(json_object_get(likes, "total")), 43);
    json_decref(likes);
    json_decref(fake_socket_take(plain, "viewers"));
    fake_socket_expect_silence(plain); /* did not ask */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"type\":\"like\",\"count\":%s}", bad[i]);
        fake_socket_text(plain, text);
        fake_socket_take_error(plain, "bad-message");
    }
    fake_socket_close(plain);
    fake_socket_close(page);
}

static void chat_presence_is_told_in_rooms_that_are_no_crowd(void **state)
{
    char you[32];
    char other[32];

    (void)state;
    stage.config.chat_crowd = 2;
    struct socket *page = open_joined(
        "192.0.2.1", "{\"type\":\"join\",\"room\":\"r\",\"wants\":[\"presence\"]}", you);
    struct socket *ann = open_joined("192.0.2.2", "{\"type\":\"join\",\"room\":\"r\"}", other);
    json_t *presence = fake_socket_take(page, "presence");
    assert_string_equal(text_of(presence, "from"), other);
    assert_true(json_is_true(json_object_get(presence, "here")));
    json_decref(presence);
    fake_socket_expect_silence(ann);
    struct socket *third = open_plain("192.0.2.3");
    fake_socket_expect_silence(page);
    fake_socket_text(third, "{\"type\":\"leave\"}");
    fake_socket_expect_silence(page);
    fake_socket_text(ann, "{\"type\":\"leave\"}");
    presence = fake_socket_take(page, "presence");
    assert_true(json_is_false(json_object_get(presence, "here")));
    json_decref(presence);
    fake_socket_close(page);
    fake_socket_close(ann);
    fake_socket_close(third);
}

static void request_about(struct socket *socket, const char *type, const char *from)
{
    fake_socket_json(socket, json_pack("{s:s, s:s}", "type", type, "from", from));
}

static void chat_only_the_host_mutes_and_kicks(void **state)
{
    static const struct {
        const char *key; /* setting */
        bool publishes;
        const char *token;
        bool host;
    } cases[] = {
        {"", false, "x", false},    {"", true, "x", true},       {"key", false, "x", false},
        {"key", true, "key", true}, {"key", false, "key", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char join[128];
        char you[32];
        char victim[32];
        strcpy(stage.config.auth_publish_key, cases[i].key);
        snprintf(join, sizeof join, "{\"type\":\"join\",\"room\":\"r%zu\",\"token\":\"%s\"}", i,
                 cases[i].token);
        struct socket *host = open_joined("192.0.2.1", join, you);
        struct socket *bob = open_joined("192.0.2.2", join, victim);
        if (cases[i].publishes)
            publish(host);
        fake_socket_clear(host);
        fake_socket_clear(bob);
        request_about(host, "mute", victim);
        if (cases[i].host)
            json_decref(fake_socket_take(host, "muted"));
        else
            fake_socket_take_error(host, "forbidden");
        request_about(host, "kick", victim);
        if (cases[i].host)
            json_decref(fake_socket_take(host, "kicked"));
        else
            fake_socket_take_error(host, "forbidden");
        request_about(host, "kick", you); /* not oneself */
        fake_socket_take_error(host, cases[i].host ? "bad-message" : "forbidden");
        fake_socket_close(host);
        fake_socket_close(bob);
        stage_wait_ms(&stage, 31000);
    }
}

static void chat_the_muted_are_not_heard_even_after_coming_back(void **state)
{
    char you[32];
    char bob_is[32];

    (void)state;
    struct socket *host = open_joined("192.0.2.1", "{\"type\":\"join\",\"room\":\"r\"}", you);
    publish(host);
    struct socket *bob = open_joined("192.0.2.2", "{\"type\":\"join\",\"room\":\"r\"}", bob_is);
    request_about(host, "mute", bob_is);
    json_decref(fake_socket_take(bob, "muted"));
    say(bob, "x");
    fake_socket_take_error(bob, "forbidden");
    fake_socket_text(bob, "{\"type\":\"leave\"}");
    fake_socket_clear(bob);
    fake_socket_text(bob, "{\"type\":\"join\",\"room\":\"r\"}");
    json_t *joined = fake_socket_take(bob, "joined");
    strcpy(bob_is, text_of(joined, "you"));
    json_decref(joined);
    say(bob, "x");
    fake_socket_take_error(bob, "forbidden");
    fake_socket_json(host, json_pack("{s:s, s:s, s:b}", "type", "mute", "from", bob_is, "off", 1));
    json_decref(fake_socket_seek(bob, "muted"));
    say(bob, "y");
    expect_text(bob, "y");
    fake_socket_close(host);
    fake_socket_close(bob);
}

static void chat_the_kicked_lose_their_media_and_stay_out_for_a_while(void **state)
{
    char you[32];
    char bob_is[32];
    char *sdp = offer_file_read("chromium-watch.sdp");

    (void)state;
    struct socket *host = open_joined("192.0.2.1", "{\"type\":\"join\",\"room\":\"r\"}", you);
    publish(host);
    struct socket *bob = open_joined("192.0.2.2", "{\"type\":\"join\",\"room\":\"r\"}", bob_is);
    fake_socket_json(bob, json_pack("{s:s, s:s, s:s, s:s}", "type", "offer", "id", "down",
                                    "subscribe", "main", "sdp", sdp));
    json_decref(fake_socket_seek(bob, "answer"));
    fake_socket_clear(bob);
    request_about(host, "kick", bob_is);
    json_t *bye = fake_socket_take(bob, "bye");
    assert_string_equal(text_of(bye, "reason"), "kicked");
    json_decref(bye);
    json_t *error = fake_socket_take(bob, "error");
    assert_string_equal(text_of(error, "code"), "forbidden");
    assert_string_equal(text_of(error, "re"), "join");
    json_decref(error);
    assert_int_equal(fake_media.ended, fake_media.ticket.session);
    say(bob, "x");
    fake_socket_take_error(bob, "not-joined");
    fake_socket_text(bob, "{\"type\":\"join\",\"room\":\"r\"}");
    fake_socket_take_error(bob, "forbidden");
    fake_socket_text(bob, "{\"type\":\"join\",\"room\":\"other\"}");
    json_decref(fake_socket_take(bob, "joined"));
    struct socket *another = open_joining("192.0.2.1", "{\"type\":\"join\",\"room\":\"r\"}");
    json_decref(fake_socket_take(another, "joined")); /* the host's address is not kept out */
    stage_wait_ms(&stage, 600100);
    fake_socket_clear(bob);
    fake_socket_text(bob, "{\"type\":\"join\",\"room\":\"r\"}");
    json_decref(fake_socket_take(bob, "joined"));
    fake_socket_close(host);
    fake_socket_close(bob);
    fake_socket_close(another);
    free(sdp);
}

static void chat_the_kicked_who_share_the_hosts_address_cannot_resume(void **state)
{
    char you[32];
    char bob_is[32];
    char again[128];

    (void)state;
    struct socket *host = open_joined("192.0.2.1", "{\"type\":\"join\",\"room\":\"r\"}", you);
    publish(host);
    struct socket *bob = open_joining("192.0.2.1", "{\"type\":\"join\",\"room\":\"r\"}");
    json_t *joined = fake_socket_take(bob, "joined");
    strcpy(bob_is, text_of(joined, "you"));
    snprintf(again, sizeof again, "{\"type\":\"join\",\"room\":\"r\",\"resume\":\"%s\"}",
             text_of(joined, "resume"));
    json_decref(joined);
    request_about(host, "kick", bob_is);
    fake_socket_take_error(bob, "forbidden");
    fake_socket_text(bob, again);
    fake_socket_take_error(bob, "forbidden");
    fake_socket_close(host);
    fake_socket_close(bob);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(chat_limits_how_fast_a_person_and_a_room_talk),
        TEST(chat_in_a_crowd_goes_out_together),
        TEST(chat_masks_words_in_lines_and_names),
        TEST(chat_words_that_cannot_be_read_end_the_start),
        TEST(chat_likes_are_summed_up_once_a_second),
        TEST(chat_presence_is_told_in_rooms_that_are_no_crowd),
        TEST(chat_only_the_host_mutes_and_kicks),
        TEST(chat_the_muted_are_not_heard_even_after_coming_back),
        TEST(chat_the_kicked_lose_their_media_and_stay_out_for_a_while),
        TEST(chat_the_kicked_who_share_the_hosts_address_cannot_resume),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
