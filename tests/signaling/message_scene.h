/* tests/signaling/message_scene.h - what the tests of message share: clients of /ws over the stage,
 * who join, offer and publish. */
#ifndef TESTS_SIGNALING_MESSAGE_SCENE_H
#define TESTS_SIGNALING_MESSAGE_SCENE_H

#include <jansson.h>

#include "signaling/socket.h"
#include "tests/signaling/stage.h"

extern struct message_scene {
    struct stage stage;
    char *publish_sdp;
    char *watch_sdp;
} message_scene;

/* For each test. */
int message_scene_set_up(void **state);
int message_scene_tear_down(void **state);

struct socket *message_scene_open_socket(void);
/* Joins room; returns what joined says, borrowed until the next join. */
const json_t *message_scene_join(struct socket *socket, const char *room);
struct socket *message_scene_open_joined(const char *room);
/* direction: "publish" or "subscribe". */
void message_scene_offer(struct socket *socket, const char *id, const char *direction,
                         const char *stream, const char *sdp);
/* Publishes until it is live; returns the session. */
uint64_t message_scene_publish(struct socket *socket, const char *id);
/* A member of message; "" or 0 without it. */
const char *message_scene_text_of(const json_t *message, const char *key);
json_int_t message_scene_number_of(const json_t *message, const char *key);

#endif
