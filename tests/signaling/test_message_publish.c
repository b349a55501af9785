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

static void message_publish_is_announced_and_ends_with_a_grace_time(void **state)
{
    (void)state;
    struct socket *bob = message_scene_open_joined("room");
    struct socket *ann = message_scene_open_joined("room");
    const uint64_t session = message_scene_publish(ann, "up");
    json_t *event = fake_socket_take(bob, "stream-added");
    assert_true(json_is_true(json_object_get(event, "live")));
    json_decref(event);
    stage_report(&message_scene.stage, true, true);
    event = fake_socket_take(bob, "stream-changed");
    assert_string_equal(message_scene_text_of(json_object_get(event, "codec"), "video"), "VP8");
    json_decref(event);

    fake_socket_clear(ann);
    stage_closed(&message_scene.stage, session, MEDIA_CLOSED_CONSENT);
    event = fake_socket_seek(ann, "bye");
    assert_string_equal(message_scene_text_of(event, "reason"), "consent");
    json_decref(event);
    event = fake_socket_take(bob, "stream-changed");
    assert_true(json_is_false(json_object_get(event, "live")));
    json_decref(event);
    stage_wait_ms(&message_scene.stage, 30100);
    json_decref(fake_socket_seek(bob, "stream-removed"));
    fake_socket_close(ann);
    fake_socket_close(bob);
}

static void hear(uint32_t stream_id, enum sound_state state, int level_db)
{
    message_scene.stage.events.on_sound(message_scene.stage.events.context, stream_id,
                                        &(struct sound){state, level_db});
}

static void take_sound(struct socket *socket, const char *stream, const char *state)
{
    json_t *event = fake_socket_take(socket, "sound");

    assert_string_equal(message_scene_text_of(event, "stream"), stream);
    assert_string_equal(message_scene_text_of(event, "state"), state);
    json_decref(event);
}

static void message_sound_is_told_to_its_publisher_and_the_host_alone(void **state)
{
    (void)state;
    struct socket *viewer = message_scene_open_joined("room");
    struct socket *host = message_scene_open_socket();
    char resume[64];
    strcpy(resume, message_scene_text_of(message_scene_join(host, "room"), "resume"));
    struct socket *second = message_scene_open_joined("room");
    message_scene_publish(host, "up");
    const uint32_t main_id = fake_media.published.stream_id;
    message_scene_offer(second, "up", "publish", "camera", message_scene.publish_sdp);
    stage_give_local(&message_scene.stage);
    stage_connect(&message_scene.stage, fake_media.published.session);
    const uint32_t camera_id = fake_media.published.stream_id;
    fake_socket_clear(viewer);
    fake_socket_clear(host);
    fake_socket_clear(second);

    hear(main_id, SOUND_OK, -20);
    take_sound(host, "main", "ok");
    fake_socket_expect_silence(second);
    hear(main_id, SOUND_OK, -25); /* no change of state */
    fake_socket_expect_silence(host);
    hear(camera_id, SOUND_SILENT, SOUND_FLOOR_DB);
    take_sound(host, "camera", "silent");
    take_sound(second, "camera", "silent");
    hear(camera_id + 1, SOUND_SILENT, SOUND_FLOOR_DB); /* of a stream that is gone */
    fake_socket_expect_silence(viewer);
    fake_socket_close(viewer);

    /* Who comes back hears how it is now, not only what changes. */
    fake_socket_close(host);
    host = message_scene_open_socket();
    fake_socket_json(
        host, json_pack("{s:s, s:s, s:s}", "type", "join", "room", "room", "resume", resume));
    json_decref(fake_socket_take(host, "joined"));
    for (unsigned i = 0; i < 2; i++) {
        json_t *event = fake_socket_take(host, "sound");
        const bool is_main = strcmp(message_scene_text_of(event, "stream"), "main") == 0;
        assert_string_equal(message_scene_text_of(event, "state"), is_main ? "ok" : "silent");
        json_decref(event);
    }
    fake_socket_expect_silence(host);
    viewer = message_scene_open_joined("room");
    fake_socket_expect_silence(viewer);
    fake_socket_close(viewer);
    fake_socket_close(host);
    fake_socket_close(second);
}

static void message_bye_ends_and_end_removes_at_once(void **state)
{
    (void)state;
    struct socket *bob = message_scene_open_joined("room");
    struct socket *ann = message_scene_open_joined("room");
    message_scene_publish(ann, "up");
    fake_socket_clear(bob);
    message_scene_offer(bob, "down", "subscribe", "main", message_scene.watch_sdp);
    json_decref(fake_socket_seek(bob, "answer"));
    fake_socket_text(ann, "{\"type\":\"bye\",\"id\":\"up\",\"end\":1}");
    fake_socket_clear(bob);
    fake_socket_text(ann, "{\"type\":\"bye\",\"id\":\"up\",\"end\":true}");
    json_t *bye = fake_socket_seek(ann, "bye");
    assert_string_equal(message_scene_text_of(bye, "id"), "up");
    json_decref(bye);
    bye = fake_socket_seek(bob, "bye");
    assert_string_equal(message_scene_text_of(bye, "id"), "down");
    assert_string_equal(message_scene_text_of(bye, "reason"), "stream-ended");
    json_decref(bye);
    json_decref(fake_socket_seek(bob, "stream-removed"));
    assert_int_equal(fake_media.streams_closed, 1);
    fake_socket_close(ann);
    fake_socket_close(bob);
}

static void message_second_publisher_takes_over_or_is_busy(void **state)
{
    (void)state;
    struct socket *ann = message_scene_open_joined("room");
    struct socket *bob = message_scene_open_joined("room");
    message_scene_publish(ann, "up");
    message_scene_publish(bob, "up");
    json_t *bye = fake_socket_seek(ann, "bye");
    assert_string_equal(message_scene_text_of(bye, "reason"), "taken-over");
    json_decref(bye);
    message_scene.stage.config.room_takeover = false;
    fake_socket_clear(ann);
    message_scene_offer(ann, "again", "publish", "main", message_scene.publish_sdp);
    fake_socket_take_error(ann, "busy");
    fake_socket_close(ann);
    fake_socket_close(bob);
}

static void message_publish_needs_the_key_when_one_is_set(void **state)
{
    static const struct {
        const char *token;
        bool allowed;
    } cases[] = {{NULL, false}, {"wrong", false}, {"key", true}};

    (void)state;
    strcpy(message_scene.stage.config.auth_publish_key, "key");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct socket *socket = message_scene_open_socket();
        fake_socket_json(socket, json_pack("{s:s, s:s, s:s?}", "type", "join", "room", "room",
                                           "token", cases[i].token));
        json_decref(fake_socket_take(socket, "joined"));
        message_scene_offer(socket, "up", "publish", "main", message_scene.publish_sdp);
        if (cases[i].allowed) {
            fake_socket_expect_silence(socket);
            stage_give_local(&message_scene.stage);
            json_decref(fake_socket_take(socket, "answer"));
        } else {
            fake_socket_take_error(socket, "forbidden");
        }
        fake_socket_close(socket);
    }
}

static void message_candidates_come_in_all_forms(void **state)
{
    static const struct {
        const char *candidate;
        unsigned candidates;
        unsigned ends;
        bool refused;
    } cases[] = {
        {"{\"candidate\":\"candidate:1 1 udp 1 192.0.2.7 5000 typ host\",\"sdpMid\":\"0\","
         "\"sdpMLineIndex\":0}",
         1, 0, false},
        {"\"candidate:1 1 udp 1 192.0.2.7 5001 typ host\",\"label\":0", 2, 0, false},
        {"\"candidate:1 1 udp 1 abc.local 5001 typ host\"", 2, 0, false},
        {"\"\"", 2, 1, false},
        {"null", 2, 2, false},
        {"{\"candidate\":\"\"}", 2, 3, false},
        {"\"nonsense\"", 2, 3, true},
        {"5", 2, 3, true},
        {"{\"candidate\":5}", 2, 3, true},
        {"\"\",\"label\":\"0\"", 2, 3, true},
    };

    (void)state;
    struct socket *socket = message_scene_open_joined("room");
    message_scene_offer(socket, "up", "publish", "main", message_scene.publish_sdp);
    fake_socket_clear(socket);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"type\":\"candidate\",\"id\":\"up\",\"candidate\":%s}",
                 cases[i].candidate);
        fake_socket_text(socket, text);
        assert_int_equal(fake_media.candidates, cases[i].candidates);
        assert_int_equal(fake_media.ends_of_candidates, cases[i].ends);
        assert_int_equal(fake_socket_clear(socket), cases[i].refused);
    }
    /* 32 are kept before the answer. */
    for (unsigned i = 0; i < 40; i++) {
        fake_socket_text(socket, "{\"type\":\"candidate\",\"id\":\"up\",\"candidate\":"
                                 "\"candidate:1 1 udp 1 192.0.2.7 5001 typ host\"}");
    }
    assert_int_equal(fake_media.candidates, 32);
    fake_socket_expect_silence(socket);
    fake_socket_close(socket);
}

static void message_second_offer_renegotiates_or_restarts(void **state)
{
    (void)state;
    struct socket *ann = message_scene_open_joined("room");
    message_scene_publish(ann, "up");
    fake_socket_clear(ann);
    message_scene_offer(ann, "up", "publish", "main", message_scene.publish_sdp);
    json_decref(fake_socket_take(ann, "answer"));
    assert_int_equal(fake_media.publisher_restarts, 0);
    message_scene_offer(ann, "up", "publish", "screen", message_scene.publish_sdp);
    fake_socket_take_error(ann, "bad-message");

    const char *ufrag = fake_media.published.remote.ufrag;
    char *restarted = offer_file_replace(offer_file_read("chromium-publish.sdp"), ufrag, "FRSH");
    message_scene_offer(ann, "up", "publish", "main", restarted);
    fake_socket_expect_silence(ann);
    assert_int_equal(fake_media.publisher_restarts, 1);
    message_scene_offer(ann, "up", "publish", "main", restarted);
    fake_socket_take_error(ann, "too-fast");
    stage_give_local(&message_scene.stage);
    json_decref(fake_socket_take(ann, "answer"));
    assert_int_equal(fake_media.publishes, 1);
    free(restarted);

    message_scene_offer(ann, "down", "subscribe", "main", message_scene.watch_sdp);
    json_decref(fake_socket_take(ann, "answer"));
    message_scene_offer(ann, "down", "subscribe", "main", message_scene.watch_sdp);
    json_decref(fake_socket_take(ann, "answer"));
    assert_int_equal(fake_media.viewer_restarts, 0);
    restarted = offer_file_replace(offer_file_read("chromium-watch.sdp"),
                                   fake_media.ticket.remote_ufrag, "FRSH");
    message_scene_offer(ann, "down", "subscribe", "main", restarted);
    json_decref(fake_socket_take(ann, "answer"));
    assert_int_equal(fake_media.viewer_restarts, 1);
    assert_int_equal(fake_media.subscribes, 1);
    free(restarted);
    fake_socket_close(ann);
}

static void message_second_offer_may_change_the_tracks(void **state)
{
    (void)state;
    struct socket *ann = message_scene_open_joined("room");
    message_scene_publish(ann, "up");
    stage_report(&message_scene.stage, true, true);
    fake_socket_clear(ann);
    /* The video is stopped: its transceiver is inactive. */
    char *changed = offer_file_read("chromium-publish.sdp");
    char *video = strstr(changed, "m=video");
    assert_non_null(video);
    memcpy(strstr(video, "a=sendonly"), "a=inactive", strlen("a=inactive"));
    message_scene_offer(ann, "up", "publish", "main", changed);
    json_t *event = fake_socket_take(ann, "stream-changed");
    assert_true(json_is_false(json_object_get(event, "video")));
    json_decref(event);
    json_decref(fake_socket_take(ann, "answer"));
    assert_int_equal(fake_media.publisher_updates, 1);
    message_scene_offer(ann, "up", "publish", "main", message_scene.publish_sdp);
    json_decref(fake_socket_seek(ann, "answer"));
    assert_int_equal(fake_media.publisher_updates, 2);
    assert_int_equal(fake_media.publishes, 1);
    free(changed);
    fake_socket_close(ann);
}

static void message_second_offer_may_add_a_picture_and_data(void **state)
{
    char *offer = offer_file_read("chromium-simulcast-data.sdp");
    char *sound = offer_file_replace(offer_file_read("chromium-simulcast-data.sdp"),
                                     "a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0");

    (void)state;
    *strstr(sound, "m=video") = '\0';
    fake_media.has_data = true;
    message_scene.stage.config.media.data_limits.message_bytes_max = 65536;
    struct socket *ann = message_scene_open_joined("room");
    message_scene_offer(ann, "up", "publish", "main", sound);
    stage_give_local(&message_scene.stage);
    json_decref(fake_socket_seek(ann, "answer"));
    stage_connect(&message_scene.stage, fake_media.published.session);
    stage_report(&message_scene.stage, true, false);
    fake_socket_clear(ann);
    assert_int_equal(fake_media.published.data.port, 0);

    message_scene_offer(ann, "up", "publish", "main", offer);
    json_t *event = fake_socket_take(ann, "stream-changed");
    assert_true(json_is_true(json_object_get(event, "video")));
    json_decref(event);
    event = fake_socket_take(ann, "answer");
    assert_non_null(strstr(message_scene_text_of(event, "sdp"), "a=sctp-port:5000\r\n"));
    json_decref(event);
    assert_int_equal(fake_media.publisher_updates, 1);
    assert_int_equal(fake_media.published.data.port, 5000);

    /* The wrong lines: refused, and the session goes on. */
    message_scene_offer(ann, "up", "publish", "main", sound);
    fake_socket_take_error(ann, "bad-sdp");
    message_scene_offer(ann, "up", "publish", "main", offer);
    json_decref(fake_socket_take(ann, "answer"));
    assert_int_equal(fake_media.publisher_updates, 1);
    assert_int_equal(fake_media.ends, 0);
    free(sound);
    free(offer);
    fake_socket_close(ann);
}

static void message_publish_that_fails_is_told(void **state)
{
    (void)state;
    struct socket *ann = message_scene_open_joined("room");
    message_scene_offer(ann, "up", "publish", "main", message_scene.publish_sdp);
    message_scene.stage.events.on_publisher_local(message_scene.stage.events.context,
                                                  fake_media.published.session, NULL);
    json_t *error = fake_socket_take(ann, "error");
    assert_string_equal(message_scene_text_of(error, "code"), "full");
    assert_string_equal(message_scene_text_of(error, "re"), "offer");
    assert_string_equal(message_scene_text_of(error, "id"), "up");
    json_decref(error);
    stage_closed(&message_scene.stage, fake_media.published.session, MEDIA_CLOSED_RESOURCE);
    fake_socket_expect_silence(ann);
    fake_socket_close(ann);
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, message_scene_set_up, message_scene_tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(message_publish_is_announced_and_ends_with_a_grace_time),
        TEST(message_bye_ends_and_end_removes_at_once),
        TEST(message_second_publisher_takes_over_or_is_busy),
        TEST(message_publish_needs_the_key_when_one_is_set),
        TEST(message_candidates_come_in_all_forms),
        TEST(message_second_offer_renegotiates_or_restarts),
        TEST(message_second_offer_may_change_the_tracks),
        TEST(message_second_offer_may_add_a_picture_and_data),
        TEST(message_sound_is_told_to_its_publisher_and_the_host_alone),
        TEST(message_publish_that_fails_is_told),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
