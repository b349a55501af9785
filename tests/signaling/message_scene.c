#include "tests/signaling/message_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "signaling/message.h"
#include "tests/signaling/fake_media.h"
#include "tests/signaling/fake_socket.h"
#include "tests/signaling/offer_file.h"

struct message_scene message_scene;

int message_scene_set_up(void **state)
{
    (void)state;
    stage_open(&message_scene.stage);
    message_scene.publish_sdp = offer_file_read("chromium-publish.sdp");
    message_scene.watch_sdp = offer_file_read("chromium-watch.sdp");
    return message_start(message_scene.stage.endpoint) == STATUS_OK ? 0 : -1;
}

int message_scene_tear_down(void **state)
{
    (void)state;
    message_stop();
    stage_close(&message_scene.stage);
    free(message_scene.publish_sdp);
    free(message_scene.watch_sdp);
    return 0;
}

struct socket *message_scene_open_socket(void)
{
    struct socket *socket = fake_socket_open(&message_socket_handler, "/ws");

    assert_non_null(socket);
    return socket;
}

const json_t *message_scene_join(struct socket *socket, const char *room)
{
    static json_t *joined;

    json_decref(joined);
    fake_socket_json(socket,
                     json_pack("{s:s, s:s, s:s}", "type", "join", "room", room, "name", "Ann"));
    joined = fake_socket_seek(socket, "joined");
    return joined;
}

struct socket *message_scene_open_joined(const char *room)
{
    struct socket *socket = message_scene_open_socket();

    message_scene_join(socket, room);
    return socket;
}

void message_scene_offer(struct socket *socket, const char *id, const char *direction,
                         const char *stream, const char *sdp)
{
    fake_socket_json(socket, json_pack("{s:s, s:s, s:s, s:s}", "type", "offer", "id", id, direction,
                                       stream, "sdp", sdp));
}

const char *message_scene_text_of(const json_t *message, const char *key)
{
    const char *text = json_string_value(json_object_get(message, key));

    return text != NULL ? text : "";
}

json_int_t message_scene_number_of(const json_t *message, const char *key)
{
    return json_integer_value(json_object_get(message, key));
}

uint64_t message_scene_publish(struct socket *socket, const char *id)
{
    message_scene_offer(socket, id, "publish", "main", message_scene.publish_sdp);
    stage_give_local(&message_scene.stage);
    json_decref(fake_socket_seek(socket, "answer"));
    stage_connect(&message_scene.stage, fake_media.published.session);
    return fake_media.published.session;
}
