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
#include "tests/signaling/offer_file.h"
#include "tests/signaling/stage.h"

static struct stage stage;
static char *publish_sdp;
static char *watch_sdp;

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    publish_sdp = offer_file_read("chromium-publish.sdp");
    watch_sdp = offer_file_read("chromium-watch.sdp");
    return message_start(stage.endpoint) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    message_stop();
    stage_close(&stage);
    free(publish_sdp);
    free(watch_sdp);
    return 0;
}

static struct socket *open_socket(void)
{
    struct socket *socket = fake_socket_open(&message_socket_handler, "/ws");

    assert_non_null(socket);
    return socket;
}

/* Joins room; returns what joined says, borrowed until the next join. */
static const json_t *join(struct socket *socket, const char *room)
{
    static json_t *joined;

    json_decref(joined);
    fake_socket_json(socket,
                     json_pack("{s:s, s:s, s:s}", "type", "join", "room", room, "name", "Ann"));
    joined = fake_socket_seek(socket, "joined");
    return joined;
}

static struct socket *open_joined(const char *room)
{
    struct socket *socket = open_socket();

    join(socket, room);
    return socket;
}

static void offer(struct socket *socket, const char *id, const char *direction, const char *stream,
                  const char *sdp)
{
    fake_socket_json(socket, json_pack("{s:s, s:s, s:s, s:s}", "type", "offer", "id", id, direction,
                                       stream, "sdp", sdp));
}

static const char *text_of(const json_t *message, const char *key)
{
    const char *text = json_string_value(json_object_get(message, key));

    return text != NULL ? text : "";
}

static json_int_t number_of(const json_t *message, const char *key)
{
    return json_integer_value(json_object_get(message, key));
}

/* Publishes until it is live; returns the session. */
static uint64_t publish(struct socket *socket, const char *id)
{
    offer(socket, id, "publish", "main", publish_sdp);
    stage_give_local(&stage);
    json_decref(fake_socket_seek(socket, "answer"));
    stage_connect(&stage, fake_media.published.session);
    return fake_media.published.session;
}

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
    struct socket *socket = open_socket();
    for (size_t i = 0; i < sizeof before_join / sizeof before_join[0]; i++) {
        fake_socket_text(socket, before_join[i].text);
        json_t *error = fake_socket_take(socket, "error");
        assert_string_equal(text_of(error, "code"), before_join[i].code);
        assert_string_not_equal(text_of(error, "message"), "");
        if (before_join[i].re == NULL)
            assert_true(json_is_null(json_object_get(error, "re")));
        else
            assert_string_equal(text_of(error, "re"), before_join[i].re);
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
    struct socket *socket = open_socket();
    join(socket, "room");
    for (size_t i = 0; i < sizeof joined / sizeof joined[0]; i++) {
        fake_socket_text(socket, joined[i].text);
        json_t *error = fake_socket_take(socket, "error");
        assert_string_equal(text_of(error, "code"), joined[i].code);
        assert_string_equal(text_of(error, "id"), joined[i].id != NULL ? joined[i].id : "");
        json_decref(error);
    }
    fake_socket_close(socket);
}

static void message_answers_frames_that_it_does_not_read(void **state)
{
    (void)state;
    struct socket *socket = open_socket();
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
    strcpy(stage.config.ice_servers, "stun:s.example, turns:t.example");
    strcpy(stage.config.ice_username, "user");
    strcpy(stage.config.ice_credential, "pass");
    struct socket *ann = open_joined("直播间1");
    publish(ann, "up");
    struct socket *bob = open_socket();
    const json_t *joined = join(bob, "直播间1");
    assert_string_equal(text_of(joined, "room"), "直播间1");
    assert_string_not_equal(text_of(joined, "you"), "");
    assert_int_equal(strlen(text_of(joined, "resume")), 32);
    assert_int_equal(number_of(joined, "viewers"), 1);
    assert_int_equal(json_array_size(json_object_get(joined, "chat")), 0);
    const json_t *stream = json_array_get(json_object_get(joined, "streams"), 0);
    assert_string_equal(text_of(stream, "stream"), "main");
    assert_string_equal(text_of(stream, "name"), "Ann");
    assert_true(json_is_true(json_object_get(stream, "live")));
    assert_true(json_is_array(json_object_get(stream, "layers")));
    const json_t *servers = json_object_get(joined, "iceServers");
    assert_int_equal(json_array_size(servers), 2);
    assert_string_equal(text_of(json_array_get(servers, 0), "urls"), "stun:s.example");
    assert_string_equal(text_of(json_array_get(servers, 0), "username"), "");
    assert_string_equal(text_of(json_array_get(servers, 1), "credential"), "pass");
    fake_socket_close(ann);
    fake_socket_close(bob);
}

static void message_ping_and_leave_are_answered(void **state)
{
    (void)state;
    struct socket *socket = open_socket();
    fake_socket_text(socket, "{\"type\":\"ping\"}");
    json_decref(fake_socket_take(socket, "pong"));
    join(socket, "room");
    fake_socket_text(socket, "{\"type\":\"leave\"}");
    json_decref(fake_socket_take(socket, "left"));
    assert_int_equal(directory_room_count(endpoint_directory(stage.endpoint)), 0);
    fake_socket_text(socket, "{\"type\":\"leave\"}");
    fake_socket_take_error(socket, "not-joined");
    fake_socket_close(socket);
}

static void message_chat_goes_to_all_and_into_the_history(void **state)
{
    char text[4 * 501 + 1] = "";

    (void)state;
    struct socket *ann = open_joined("room");
    struct socket *bob = open_joined("room");
    struct socket *other = open_joined("other");
    for (unsigned i = 0; i < 500; i++)
        strcat(text, "😀");
    fake_socket_json(ann, json_pack("{s:s, s:s}", "type", "chat", "text", text));
    json_t *line = fake_socket_take(bob, "chat");
    assert_string_equal(text_of(line, "text"), text);
    assert_string_equal(text_of(line, "name"), "Ann");
    assert_true(number_of(line, "at") > INT64_C(1600000000000));
    json_decref(line);
    json_decref(fake_socket_take(ann, "chat"));
    fake_socket_expect_silence(other);
    strcat(text, "x");
    fake_socket_json(ann, json_pack("{s:s, s:s}", "type", "chat", "text", text));
    fake_socket_take_error(ann, "bad-message");
    struct socket *late = open_socket();
    assert_int_equal(json_array_size(json_object_get(join(late, "room"), "chat")), 1);
    fake_socket_close(ann);
    fake_socket_close(bob);
    fake_socket_close(other);
    fake_socket_close(late);
}

static void message_publish_is_announced_and_ends_with_a_grace_time(void **state)
{
    (void)state;
    struct socket *bob = open_joined("room");
    struct socket *ann = open_joined("room");
    const uint64_t session = publish(ann, "up");
    json_t *event = fake_socket_take(bob, "stream-added");
    assert_true(json_is_true(json_object_get(event, "live")));
    json_decref(event);
    stage_report(&stage, true, true);
    event = fake_socket_take(bob, "stream-changed");
    assert_string_equal(text_of(json_object_get(event, "codec"), "video"), "VP8");
    json_decref(event);

    fake_socket_clear(ann);
    stage_closed(&stage, session, MEDIA_CLOSED_CONSENT);
    event = fake_socket_seek(ann, "bye");
    assert_string_equal(text_of(event, "reason"), "consent");
    json_decref(event);
    event = fake_socket_take(bob, "stream-changed");
    assert_true(json_is_false(json_object_get(event, "live")));
    json_decref(event);
    stage_wait_ms(&stage, 30100);
    json_decref(fake_socket_seek(bob, "stream-removed"));
    fake_socket_close(ann);
    fake_socket_close(bob);
}

static void hear(uint32_t stream_id, enum sound_state state, int level_db)
{
    stage.events.on_sound(stage.events.context, stream_id, &(struct sound){state, level_db});
}

static void take_sound(struct socket *socket, const char *stream, const char *state)
{
    json_t *event = fake_socket_take(socket, "sound");

    assert_string_equal(text_of(event, "stream"), stream);
    assert_string_equal(text_of(event, "state"), state);
    json_decref(event);
}

static void message_sound_is_told_to_its_publisher_and_the_host_alone(void **state)
{
    (void)state;
    struct socket *viewer = open_joined("room");
    struct socket *host = open_joined("room");
    struct socket *second = open_joined("room");
    publish(host, "up");
    const uint32_t main_id = fake_media.published.stream_id;
    offer(second, "up", "publish", "camera", publish_sdp);
    stage_give_local(&stage);
    stage_connect(&stage, fake_media.published.session);
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
    fake_socket_close(host);
    fake_socket_close(second);
}

static void message_bye_ends_and_end_removes_at_once(void **state)
{
    (void)state;
    struct socket *bob = open_joined("room");
    struct socket *ann = open_joined("room");
    publish(ann, "up");
    fake_socket_clear(bob);
    offer(bob, "down", "subscribe", "main", watch_sdp);
    json_decref(fake_socket_seek(bob, "answer"));
    fake_socket_text(ann, "{\"type\":\"bye\",\"id\":\"up\",\"end\":1}");
    fake_socket_clear(bob);
    fake_socket_text(ann, "{\"type\":\"bye\",\"id\":\"up\",\"end\":true}");
    json_t *bye = fake_socket_seek(ann, "bye");
    assert_string_equal(text_of(bye, "id"), "up");
    json_decref(bye);
    bye = fake_socket_seek(bob, "bye");
    assert_string_equal(text_of(bye, "id"), "down");
    assert_string_equal(text_of(bye, "reason"), "stream-ended");
    json_decref(bye);
    json_decref(fake_socket_seek(bob, "stream-removed"));
    assert_int_equal(fake_media.streams_closed, 1);
    fake_socket_close(ann);
    fake_socket_close(bob);
}

static void message_second_publisher_takes_over_or_is_busy(void **state)
{
    (void)state;
    struct socket *ann = open_joined("room");
    struct socket *bob = open_joined("room");
    publish(ann, "up");
    publish(bob, "up");
    json_t *bye = fake_socket_seek(ann, "bye");
    assert_string_equal(text_of(bye, "reason"), "taken-over");
    json_decref(bye);
    stage.config.room_takeover = false;
    fake_socket_clear(ann);
    offer(ann, "again", "publish", "main", publish_sdp);
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
    strcpy(stage.config.auth_publish_key, "key");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct socket *socket = open_socket();
        fake_socket_json(socket, json_pack("{s:s, s:s, s:s?}", "type", "join", "room", "room",
                                           "token", cases[i].token));
        json_decref(fake_socket_take(socket, "joined"));
        offer(socket, "up", "publish", "main", publish_sdp);
        if (cases[i].allowed) {
            fake_socket_expect_silence(socket);
            stage_give_local(&stage);
            json_decref(fake_socket_take(socket, "answer"));
        } else {
            fake_socket_take_error(socket, "forbidden");
        }
        fake_socket_close(socket);
    }
}

static void message_join_needs_the_key_for_watching(void **state)
{
    static const struct {
        const char *token;
        bool allowed;
    } cases[] = {{NULL, false}, {"wrong", false}, {"see", true}, {"stream", true}};

    (void)state;
    strcpy(stage.config.auth_watch_key, "see");
    strcpy(stage.config.auth_publish_key, "stream");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct socket *socket = open_socket();
        fake_socket_json(socket, json_pack("{s:s, s:s, s:s?}", "type", "join", "room", "room",
                                           "token", cases[i].token));
        if (cases[i].allowed)
            json_decref(fake_socket_take(socket, "joined"));
        else
            fake_socket_take_error(socket, "forbidden");
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
    struct socket *socket = open_joined("room");
    offer(socket, "up", "publish", "main", publish_sdp);
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
    struct socket *ann = open_joined("room");
    publish(ann, "up");
    fake_socket_clear(ann);
    offer(ann, "up", "publish", "main", publish_sdp);
    json_decref(fake_socket_take(ann, "answer"));
    assert_int_equal(fake_media.publisher_restarts, 0);
    offer(ann, "up", "publish", "screen", publish_sdp);
    fake_socket_take_error(ann, "bad-message");

    const char *ufrag = fake_media.published.remote.ufrag;
    char *restarted = offer_file_replace(offer_file_read("chromium-publish.sdp"), ufrag, "FRSH");
    offer(ann, "up", "publish", "main", restarted);
    fake_socket_expect_silence(ann);
    assert_int_equal(fake_media.publisher_restarts, 1);
    offer(ann, "up", "publish", "main", restarted);
    fake_socket_take_error(ann, "too-fast");
    stage_give_local(&stage);
    json_decref(fake_socket_take(ann, "answer"));
    assert_int_equal(fake_media.publishes, 1);
    free(restarted);

    offer(ann, "down", "subscribe", "main", watch_sdp);
    json_decref(fake_socket_take(ann, "answer"));
    offer(ann, "down", "subscribe", "main", watch_sdp);
    json_decref(fake_socket_take(ann, "answer"));
    assert_int_equal(fake_media.viewer_restarts, 0);
    restarted = offer_file_replace(offer_file_read("chromium-watch.sdp"),
                                   fake_media.ticket.remote_ufrag, "FRSH");
    offer(ann, "down", "subscribe", "main", restarted);
    json_decref(fake_socket_take(ann, "answer"));
    assert_int_equal(fake_media.viewer_restarts, 1);
    assert_int_equal(fake_media.subscribes, 1);
    free(restarted);
    fake_socket_close(ann);
}

static void message_second_offer_may_change_the_tracks(void **state)
{
    (void)state;
    struct socket *ann = open_joined("room");
    publish(ann, "up");
    stage_report(&stage, true, true);
    fake_socket_clear(ann);
    /* The video is stopped: its transceiver is inactive. */
    char *changed = offer_file_read("chromium-publish.sdp");
    char *video = strstr(changed, "m=video");
    assert_non_null(video);
    memcpy(strstr(video, "a=sendonly"), "a=inactive", strlen("a=inactive"));
    offer(ann, "up", "publish", "main", changed);
    json_t *event = fake_socket_take(ann, "stream-changed");
    assert_true(json_is_false(json_object_get(event, "video")));
    json_decref(event);
    json_decref(fake_socket_take(ann, "answer"));
    assert_int_equal(fake_media.publisher_updates, 1);
    offer(ann, "up", "publish", "main", publish_sdp);
    json_decref(fake_socket_seek(ann, "answer"));
    assert_int_equal(fake_media.publisher_updates, 2);
    assert_int_equal(fake_media.publishes, 1);
    free(changed);
    fake_socket_close(ann);
}

static void message_layer_knows_no_layers_yet(void **state)
{
    (void)state;
    struct socket *ann = open_joined("room");
    publish(ann, "up");
    offer(ann, "down", "subscribe", "main", watch_sdp);
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

static void message_viewers_counts_those_who_do_not_publish(void **state)
{
    (void)state;
    struct socket *ann = open_joined("room");
    struct socket *bob = open_joined("room");
    struct socket *cat = open_joined("room");
    stage_wait_ms(&stage, 1000);
    json_t *viewers = fake_socket_seek(cat, "viewers");
    assert_int_equal(number_of(viewers, "count"), 3);
    json_decref(viewers);
    publish(ann, "up");
    fake_socket_close(bob);
    stage_wait_ms(&stage, 1000);
    viewers = fake_socket_seek(cat, "viewers");
    assert_int_equal(number_of(viewers, "count"), 1);
    json_decref(viewers);
    fake_socket_text(ann, "{\"type\":\"bye\",\"id\":\"up\"}");
    stage_wait_ms(&stage, 1000);
    viewers = fake_socket_seek(cat, "viewers");
    assert_int_equal(number_of(viewers, "count"), 2);
    json_decref(viewers);
    fake_socket_close(ann);
    fake_socket_close(cat);
}

static void message_resume_goes_on_after_a_lost_socket(void **state)
{
    char resume[64];
    char you[64];

    (void)state;
    struct socket *ann = open_socket();
    const json_t *joined = join(ann, "room");
    strcpy(resume, text_of(joined, "resume"));
    strcpy(you, text_of(joined, "you"));
    const uint64_t session = publish(ann, "up");
    offer(ann, "down", "subscribe", "main", watch_sdp);
    const uint64_t viewer = fake_media.ticket.session;
    fake_socket_close(ann);
    stage_wait_ms(&stage, 29000);
    assert_int_equal(fake_media.ends, 0);
    stage_closed(&stage, viewer, MEDIA_CLOSED_BY_PEER);

    ann = open_socket();
    fake_socket_json(
        ann, json_pack("{s:s, s:s, s:s}", "type", "join", "room", "room", "resume", resume));
    json_t *again = fake_socket_take(ann, "joined");
    assert_string_equal(text_of(again, "you"), you);
    assert_string_not_equal(text_of(again, "resume"), resume);
    json_decref(again);
    json_t *bye = fake_socket_take(ann, "bye"); /* what ended meanwhile */
    assert_string_equal(text_of(bye, "id"), "down");
    json_decref(bye);
    stage_wait_ms(&stage, 60000);
    assert_int_equal(fake_media.ends, 0);
    fake_socket_text(ann, "{\"type\":\"bye\",\"id\":\"up\"}");
    assert_int_equal(fake_media.ended, session);
    fake_socket_close(ann);

    /* An old secret is good for nothing. */
    ann = open_socket();
    fake_socket_json(
        ann, json_pack("{s:s, s:s, s:s}", "type", "join", "room", "room", "resume", resume));
    again = fake_socket_take(ann, "joined");
    assert_string_not_equal(text_of(again, "you"), you);
    json_decref(again);
    fake_socket_close(ann);
}

static void message_media_ends_when_nobody_resumes(void **state)
{
    (void)state;
    struct socket *ann = open_joined("room");
    const uint64_t session = publish(ann, "up");
    fake_socket_close(ann);
    stage_wait_ms(&stage, 30100);
    assert_int_equal(fake_media.ended, session);
    stage_wait_ms(&stage, 30100);
    assert_int_equal(directory_room_count(endpoint_directory(stage.endpoint)), 0);
}

static void message_resume_takes_the_room_from_a_socket_half_dead(void **state)
{
    char resume[64];

    (void)state;
    struct socket *old = open_socket();
    strcpy(resume, text_of(join(old, "room"), "resume"));
    struct socket *fresh = open_socket();
    fake_socket_json(
        fresh, json_pack("{s:s, s:s, s:s}", "type", "join", "room", "room", "resume", resume));
    json_t *joined = fake_socket_take(fresh, "joined");
    assert_int_equal(number_of(joined, "viewers"), 1);
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
    struct socket *ann = open_joined("one");
    const uint64_t session = publish(ann, "up");
    join(ann, "two");
    assert_int_equal(fake_media.ended, session);
    assert_int_equal(directory_viewers(directory_find(endpoint_directory(stage.endpoint), "one")),
                     0);
    fake_socket_close(ann);
}

static void message_flood_is_refused_then_closed(void **state)
{
    (void)state;
    stage.config.limits_message_burst = 5;
    stage.config.limits_messages_per_second = 10;
    struct socket *socket = open_socket();
    for (unsigned i = 0; i < 8; i++)
        fake_socket_text(socket, "{\"type\":\"ping\"}");
    for (unsigned i = 0; i < 5; i++)
        json_decref(fake_socket_take(socket, "pong"));
    fake_socket_take_error(socket, "too-fast");
    fake_socket_expect_silence(socket); /* told once a second */
    for (unsigned i = 0; i < 110 && socket->close_code == 0; i++) {
        stage_wait_ms(&stage, 100);
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
    struct socket *ann = open_joined("room");
    publish(ann, "up");
    fake_socket_clear(ann);
    for (unsigned i = 0; i < 15; i++) {
        snprintf(id, sizeof id, "down%u", i);
        offer(ann, id, "subscribe", "main", watch_sdp);
        json_decref(fake_socket_take(ann, "answer"));
    }
    offer(ann, "more", "subscribe", "main", watch_sdp);
    fake_socket_take_error(ann, "full");
    fake_media.subscribe_status = STATUS_FULL;
    fake_socket_text(ann, "{\"type\":\"bye\",\"id\":\"down0\"}");
    json_decref(fake_socket_take(ann, "bye"));
    offer(ann, "more", "subscribe", "main", watch_sdp);
    fake_socket_take_error(ann, "full");
    fake_socket_close(ann);
}

static void message_drain_sends_reconnect_and_refuses(void **state)
{
    (void)state;
    struct socket *ann = open_joined("room");
    endpoint_drain(stage.endpoint);
    json_t *reconnect = fake_socket_take(ann, "reconnect");
    assert_true(number_of(reconnect, "after_ms") > 0);
    json_decref(reconnect);
    offer(ann, "up", "publish", "main", publish_sdp);
    fake_socket_take_error(ann, "full");
    struct socket *bob = open_socket();
    fake_socket_text(bob, "{\"type\":\"join\",\"room\":\"room\"}");
    reconnect = fake_socket_take(bob, "reconnect");
    assert_true(number_of(reconnect, "after_ms") >= 500); /* not before the end */
    json_decref(reconnect);
    fake_socket_close(ann);
    fake_socket_close(bob);
}

static void message_publish_that_fails_is_told(void **state)
{
    (void)state;
    struct socket *ann = open_joined("room");
    offer(ann, "up", "publish", "main", publish_sdp);
    stage.events.on_publisher_local(stage.events.context, fake_media.published.session, NULL);
    json_t *error = fake_socket_take(ann, "error");
    assert_string_equal(text_of(error, "code"), "full");
    assert_string_equal(text_of(error, "re"), "offer");
    assert_string_equal(text_of(error, "id"), "up");
    json_decref(error);
    stage_closed(&stage, fake_media.published.session, MEDIA_CLOSED_RESOURCE);
    fake_socket_expect_silence(ann);
    fake_socket_close(ann);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(message_errors_name_their_cause, set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_errors_name_the_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_answers_frames_that_it_does_not_read, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(message_join_tells_the_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_ping_and_leave_are_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_chat_goes_to_all_and_into_the_history, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(message_publish_is_announced_and_ends_with_a_grace_time,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_bye_ends_and_end_removes_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(message_second_publisher_takes_over_or_is_busy, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(message_join_needs_the_key_for_watching, set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_publish_needs_the_key_when_one_is_set, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(message_candidates_come_in_all_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_second_offer_renegotiates_or_restarts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(message_second_offer_may_change_the_tracks, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(message_layer_knows_no_layers_yet, set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_viewers_counts_those_who_do_not_publish, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(message_resume_goes_on_after_a_lost_socket, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(message_media_ends_when_nobody_resumes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_resume_takes_the_room_from_a_socket_half_dead,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_second_join_leaves_the_first_room, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(message_sound_is_told_to_its_publisher_and_the_host_alone,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_flood_is_refused_then_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_bounds_peer_connections, set_up, tear_down),
        cmocka_unit_test_setup_teardown(message_drain_sends_reconnect_and_refuses, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(message_publish_that_fails_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
