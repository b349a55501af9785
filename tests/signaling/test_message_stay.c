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

static void message_viewers_counts_those_who_do_not_publish(void **state)
{
    (void)state;
    struct socket *ann = message_scene_open_joined("room");
    struct socket *bob = message_scene_open_joined("room");
    struct socket *cat = message_scene_open_joined("room");
    stage_wait_ms(&message_scene.stage, 1000);
    json_t *viewers = fake_socket_seek(cat, "viewers");
    assert_int_equal(message_scene_number_of(viewers, "count"), 3);
    json_decref(viewers);
    message_scene_publish(ann, "up");
    fake_socket_close(bob);
    stage_wait_ms(&message_scene.stage, 1000);
    viewers = fake_socket_seek(cat, "viewers");
    assert_int_equal(message_scene_number_of(viewers, "count"), 1);
    json_decref(viewers);
    fake_socket_text(ann, "{\"type\":\"bye\",\"id\":\"up\"}");
    stage_wait_ms(&message_scene.stage, 1000);
    viewers = fake_socket_seek(cat, "viewers");
    assert_int_equal(message_scene_number_of(viewers, "count"), 2);
    json_decref(viewers);
    fake_socket_close(ann);
    fake_socket_close(cat);
}

static void message_resume_goes_on_after_a_lost_socket(void **state)
{
    char resume[64];
    char you[64];

    (void)state;
    struct socket *ann = message_scene_open_socket();
    const json_t *joined = message_scene_join(ann, "room");
    strcpy(resume, message_scene_text_of(joined, "resume"));
    strcpy(you, message_scene_text_of(joined, "you"));
    const uint64_t session = message_scene_publish(ann, "up");
    message_scene_offer(ann, "down", "subscribe", "main", message_scene.watch_sdp);
    const uint64_t viewer = fake_media.ticket.session;
    fake_socket_close(ann);
    stage_wait_ms(&message_scene.stage, 29000);
    assert_int_equal(fake_media.ends, 0);
    stage_closed(&message_scene.stage, viewer, MEDIA_CLOSED_BY_PEER);

    ann = message_scene_open_socket();
    fake_socket_json(
        ann, json_pack("{s:s, s:s, s:s}", "type", "join", "room", "room", "resume", resume));
    json_t *again = fake_socket_take(ann, "joined");
    assert_string_equal(message_scene_text_of(again, "you"), you);
    assert_string_not_equal(message_scene_text_of(again, "resume"), resume);
    json_decref(again);
    json_t *bye = fake_socket_take(ann, "bye"); /* what ended meanwhile */
    assert_string_equal(message_scene_text_of(bye, "id"), "down");
    json_decref(bye);
    stage_wait_ms(&message_scene.stage, 60000);
    assert_int_equal(fake_media.ends, 0);
    fake_socket_text(ann, "{\"type\":\"bye\",\"id\":\"up\"}");
    assert_int_equal(fake_media.ended, session);
    fake_socket_close(ann);

    /* An old secret is good for nothing. */
    ann = message_scene_open_socket();
    fake_socket_json(
        ann, json_pack("{s:s, s:s, s:s}", "type", "join", "room", "room", "resume", resume));
    again = fake_socket_take(ann, "joined");
    assert_string_not_equal(message_scene_text_of(again, "you"), you);
    json_decref(again);
    fake_socket_close(ann);
}

static void message_media_ends_when_nobody_resumes(void **state)
{
    (void)state;
    struct socket *ann = message_scene_open_joined("room");
    const uint64_t session = message_scene_publish(ann, "up");
    fake_socket_close(ann);
    stage_wait_ms(&message_scene.stage, 30100);
    assert_int_equal(fake_media.ended, session);
    stage_wait_ms(&message_scene.stage, 30100);
    assert_int_equal(directory_room_count(endpoint_directory(message_scene.stage.endpoint)), 0);
}

static void message_resume_takes_the_room_from_a_socket_half_dead(void **state)
{
    char resume[64];

    (void)state;
    struct socket *old = message_scene_open_socket();
    strcpy(resume, message_scene_text_of(message_scene_join(old, "room"), "resume"));
    struct socket *fresh = message_scene_open_socket();
    fake_socket_json(
        fresh, json_pack("{s:s, s:s, s:s}", "type", "join", "room", "room", "resume", resume));
    json_t *joined = fake_socket_take(fresh, "joined");
    assert_int_equal(message_scene_number_of(joined, "viewers"), 1);
    json_decref(joined);
    fake_socket_text(old, "{\"type\":\"chat\",\"text\":\"a\"}");
    fake_socket_take_error(old, "not-joined");
    fake_socket_close(old);
    fake_socket_text(fresh, "{\"type\":\"chat\",\"text\":\"a\"}");
    json_decref(fake_socket_take(fresh, "chat"));
    fake_socket_close(fresh);
}

static void message_second_join_leaves_the_first_room(void **state)
{
    (void)state;
    struct socket *ann = message_scene_open_joined("one");
    const uint64_t session = message_scene_publish(ann, "up");
    message_scene_join(ann, "two");
    assert_int_equal(fake_media.ended, session);
    assert_int_equal(
        directory_viewers(directory_find(endpoint_directory(message_scene.stage.endpoint), "one")),
        0);
    fake_socket_close(ann);
}

static void message_flood_is_refused_then_closed(void **state)
{
    (void)state;
    message_scene.stage.config.limits_message_burst = 5;
    message_scene.stage.config.limits_messages_per_second = 10;
    struct socket *socket = message_scene_open_socket();
    for (unsigned i = 0; i < 8; i++)
        fake_socket_text(socket, "{\"type\":\"ping\"}");
    for (unsigned i = 0; i < 5; i++)
        json_decref(fake_socket_take(socket, "pong"));
    fake_socket_take_error(socket, "too-fast");
    fake_socket_expect_silence(socket); /* told once a second */
    for (unsigned i = 0; i < 110 && socket->close_code == 0; i++) {
        stage_wait_ms(&message_scene.stage, 100);
        for (unsigned n = 0; n < 3; n++)
            fake_socket_text(socket, "{\"type\":\"ping\"}");
        assert_true(i > 95 || socket->close_code == 0);
    }
    assert_int_equal(socket->close_code, 1008);
    fake_socket_close(socket);
}

static void message_bounds_peer_connections(void **state)
{
    char id[16];

    (void)state;
    struct socket *ann = message_scene_open_joined("room");
    message_scene_publish(ann, "up");
    fake_socket_clear(ann);
    for (unsigned i = 0; i < 15; i++) {
        snprintf(id, sizeof id, "down%u", i);
        message_scene_offer(ann, id, "subscribe", "main", message_scene.watch_sdp);
        json_decref(fake_socket_take(ann, "answer"));
    }
    message_scene_offer(ann, "more", "subscribe", "main", message_scene.watch_sdp);
    fake_socket_take_error(ann, "full");
    fake_media.subscribe_status = STATUS_FULL;
    fake_socket_text(ann, "{\"type\":\"bye\",\"id\":\"down0\"}");
    json_decref(fake_socket_take(ann, "bye"));
    message_scene_offer(ann, "more", "subscribe", "main", message_scene.watch_sdp);
    fake_socket_take_error(ann, "full");
    fake_socket_close(ann);
}

static void message_drain_sends_reconnect_and_refuses(void **state)
{
    (void)state;
    struct socket *ann = message_scene_open_joined("room");
    endpoint_drain(message_scene.stage.endpoint);
    json_t *reconnect = fake_socket_take(ann, "reconnect");
    assert_true(message_scene_number_of(reconnect, "after_ms") > 0);
    json_decref(reconnect);
    message_scene_offer(ann, "up", "publish", "main", message_scene.publish_sdp);
    fake_socket_take_error(ann, "full");
    struct socket *bob = message_scene_open_socket();
    fake_socket_text(bob, "{\"type\":\"join\",\"room\":\"room\"}");
    reconnect = fake_socket_take(bob, "reconnect");
    assert_true(message_scene_number_of(reconnect, "after_ms") >= 500); /* not before the end */
    json_decref(reconnect);
    fake_socket_close(ann);
    fake_socket_close(bob);
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, message_scene_set_up, message_scene_tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(message_viewers_counts_those_who_do_not_publish),
        TEST(message_resume_goes_on_after_a_lost_socket),
        TEST(message_media_ends_when_nobody_resumes),
        TEST(message_resume_takes_the_room_from_a_socket_half_dead),
        TEST(message_second_join_leaves_the_first_room),
        TEST(message_flood_is_refused_then_closed),
        TEST(message_bounds_peer_connections),
        TEST(message_drain_sends_reconnect_and_refuses),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
