/* tests/core/fanout_scene.h - what the tests of fanout share: one fanout, three viewers that are
 * not in it yet, an egress that writes down what leaves, and the time. */
#ifndef TESTS_CORE_FANOUT_SCENE_H
#define TESTS_CORE_FANOUT_SCENE_H

#include "core/fanout.h"
#include "fake_egress.h"

enum { FANOUT_SCENE_VIEWERS = 3 };

extern struct fanout_scene {
    struct packet_pool *pool;
    struct fanout *fanout;
    struct fake_egress fake;
    struct stats stats;
    struct viewer viewers[FANOUT_SCENE_VIEWERS]; /* audio from number 10, video from 20 */
    int64_t now_ns;
} fanout_scene;

/* For each test. */
int fanout_scene_set_up(void **state);
int fanout_scene_tear_down(void **state);

/* Arrives now; takes the reference. */
void fanout_scene_push(struct packet *packet);
void fanout_scene_push_video(int64_t number, bool key_frame);
void fanout_scene_push_audio(int64_t number);
/* Sends all that was pushed. */
void fanout_scene_run(void);
/* The i-th packet that was sent, from 0. */
void fanout_scene_expect_sent(unsigned i, uint32_t ssrc, uint64_t index, uint32_t timestamp);

#endif
