#include "fanout_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"

struct fanout_scene fanout_scene;

int fanout_scene_set_up(void **state)
{
    (void)state;
    const struct fanout_settings settings = {
        .stream_id = 9, .history_packets = {64, 256}, .history_age_ns = MONO_SECOND};

    fanout_scene.now_ns = 1000 * MONO_SECOND;
    memset(&fanout_scene.stats, 0, sizeof fanout_scene.stats);
    fake_egress_init(&fanout_scene.fake);
    assert_int_equal(packet_pool_create(512, &fanout_scene.pool), STATUS_OK);
    assert_int_equal(fanout_create(&settings, &fanout_scene.stats, &fanout_scene.fanout),
                     STATUS_OK);
    for (unsigned i = 0; i < FANOUT_SCENE_VIEWERS; i++) {
        const struct viewer_start start = {.ssrc = {100 + i, 200 + i},
                                           .rtx_ssrc = {0, 300 + i},
                                           .first_sequence_number = {10, 20},
                                           .wanted = {true, true}};
        viewer_init(&fanout_scene.viewers[i], fake_profile(), &start);
    }
    return 0;
}

int fanout_scene_tear_down(void **state)
{
    (void)state;
    while (fanout_viewers(fanout_scene.fanout) > 0) {
        for (unsigned i = 0; i < FANOUT_SCENE_VIEWERS; i++) {
            fanout_scene.viewers[i].fanout_slot < fanout_viewers(fanout_scene.fanout)
                ? fanout_remove(fanout_scene.fanout, &fanout_scene.viewers[i])
                : (void)0;
        }
    }
    fanout_destroy(fanout_scene.fanout);
    packet_pool_destroy(fanout_scene.pool);
    return 0;
}

void fanout_scene_push(struct packet *packet)
{
    packet->arrival_ns = fanout_scene.now_ns;
    fanout_push(fanout_scene.fanout, packet);
}

void fanout_scene_push_video(int64_t number, bool key_frame)
{
    fanout_scene_push(fake_video(fanout_scene.pool, number, key_frame));
}

void fanout_scene_push_audio(int64_t number)
{
    fanout_scene_push(fake_packet(fanout_scene.pool, TRACK_AUDIO, CODEC_OPUS, number, 80));
}

void fanout_scene_run(void)
{
    fanout_run(fanout_scene.fanout, NULL, &fanout_scene.fake.egress, fanout_scene.now_ns);
    assert_true(fanout_is_empty(fanout_scene.fanout));
    assert_int_equal(fanout_scene.fake.unflushed, 0);
}

void fanout_scene_expect_sent(unsigned i, uint32_t ssrc, uint64_t index, uint32_t timestamp)
{
    assert_true(i < fanout_scene.fake.sent_count);
    assert_int_equal(fanout_scene.fake.sent[i].ssrc, ssrc);
    assert_int_equal(fanout_scene.fake.sent[i].index, index);
    assert_int_equal(fanout_scene.fake.sent[i].timestamp, timestamp);
}
