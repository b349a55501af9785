#include "transport/audio_monitor.h"

#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "opus_voice.h"

enum { ONE = 7, OTHER = 8, STREAMS_MAX = 16 };

static struct packet_pool *pool;
static struct audio_monitor *monitor;
static struct opus_voice *voice[STREAMS_MAX];
static int64_t now_ns;
static struct {
    unsigned count;
    struct sound last;
} told[STREAMS_MAX];

static void on_sound(void *context, uint32_t stream_id, const struct sound *sound)
{
    assert_ptr_equal(context, &now_ns);
    assert_in_range(stream_id, 0, STREAMS_MAX - 1);
    told[stream_id].count++;
    told[stream_id].last = *sound;
}

static int set_up(void **state)
{
    const struct opus_voice_settings speech = {1, OPUS_APPLICATION_VOIP, false};
    const struct audio_monitor_settings settings = {
        .silent_ns = 2 * MONO_SECOND, .on_sound = on_sound, .context = &now_ns};

    (void)state;
    now_ns = 5000 * MONO_SECOND;
    memset(told, 0, sizeof told);
    for (unsigned i = 0; i < STREAMS_MAX; i++)
        voice[i] = opus_voice_create(&speech);
    assert_int_equal(packet_pool_create(2 * AUDIO_MONITOR_RING_PACKETS, &pool), STATUS_OK);
    assert_int_equal(audio_monitor_create(&settings, &monitor), STATUS_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    audio_monitor_destroy(monitor);
    assert_int_equal(packet_pool_taken(pool), 0);
    packet_pool_destroy(pool);
    for (unsigned i = 0; i < STREAMS_MAX; i++)
        opus_voice_destroy(voice[i]);
    return 0;
}

/* One packet of the stream, as ingest pushes it. */
static bool push(uint32_t stream_id, enum opus_voice_signal signal)
{
    struct packet *packet = packet_take_or_null(pool);

    assert_non_null(packet);
    packet->stream_id = stream_id;
    packet->arrival_ns = now_ns;
    packet->payload_offset = 12;
    packet->payload_bytes =
        (uint16_t)opus_voice_encode(voice[stream_id], signal, -20, &packet->data[12]);
    const bool pushed = audio_monitor_push(monitor, packet);
    packet_unref(packet);
    return pushed;
}

/* So long of one stream, in turns of the monitor. */
static void play(uint32_t stream_id, enum opus_voice_signal signal, int64_t ms)
{
    for (int64_t at_ms = 0; at_ms < ms; at_ms += OPUS_VOICE_PACKET_MS) {
        assert_true(push(stream_id, signal));
        now_ns += OPUS_VOICE_PACKET_MS * MONO_MS;
        if (at_ms % AUDIO_MONITOR_TURN_MS == 0)
            assert_true(audio_monitor_turn(monitor, now_ns));
    }
}

static void audio_monitor_tells_states_at_once_and_levels_each_second(void **state)
{
    (void)state;
    audio_monitor_begin(monitor, ONE);
    assert_true(audio_monitor_turn(monitor, now_ns));
    assert_int_equal(told[ONE].count, 0); /* unknown, as everybody knows */
    play(ONE, OPUS_VOICE_SINE, 1900);
    assert_int_equal(told[ONE].last.state, SOUND_OK);
    assert_in_range(told[ONE].count, 1, 3);
    play(ONE, OPUS_VOICE_NOTHING, 2500);
    assert_int_equal(told[ONE].last.state, SOUND_SILENT);
    const unsigned count = told[ONE].count;
    play(ONE, OPUS_VOICE_SINE, 200);
    assert_int_equal(told[ONE].count, count + 1);
    assert_int_equal(told[ONE].last.state, SOUND_OK);
}

static void audio_monitor_tells_streams_apart(void **state)
{
    (void)state;
    audio_monitor_begin(monitor, ONE);
    audio_monitor_begin(monitor, OTHER);
    for (unsigned i = 0; i < 150; i++) {
        assert_true(push(ONE, OPUS_VOICE_NOTHING));
        assert_true(push(OTHER, OPUS_VOICE_SINE));
        now_ns += OPUS_VOICE_PACKET_MS * MONO_MS;
        audio_monitor_turn(monitor, now_ns);
    }
    assert_int_equal(told[ONE].last.state, SOUND_SILENT);
    assert_int_equal(told[OTHER].last.state, SOUND_OK);
}

static void audio_monitor_begins_anew_when_the_broadcaster_is_back(void **state)
{
    (void)state;
    audio_monitor_begin(monitor, ONE);
    play(ONE, OPUS_VOICE_NOTHING, 3000);
    assert_int_equal(told[ONE].last.state, SOUND_SILENT);
    audio_monitor_end(monitor, ONE);
    assert_false(audio_monitor_turn(monitor, now_ns));
    assert_int_equal(told[ONE].last.state, SOUND_UNKNOWN);
    audio_monitor_begin(monitor, ONE);
    play(ONE, OPUS_VOICE_NOTHING, 500);
    assert_int_equal(told[ONE].last.state, SOUND_OK); /* silent for less than it takes */
}

static void audio_monitor_ignores_what_comes_after_the_end(void **state)
{
    (void)state;
    audio_monitor_begin(monitor, ONE);
    audio_monitor_end(monitor, ONE);
    assert_true(push(ONE, OPUS_VOICE_SINE));
    assert_false(audio_monitor_turn(monitor, now_ns));
    assert_int_equal(told[ONE].count, 0);
    assert_int_equal(audio_monitor_stats(monitor)->monitor_packets, 0);
}

static void audio_monitor_refuses_packets_when_full_and_goes_on(void **state)
{
    unsigned pushed = 0;

    (void)state;
    audio_monitor_begin(monitor, ONE);
    for (unsigned i = 0; i < AUDIO_MONITOR_RING_PACKETS + 10; i++)
        pushed += push(ONE, OPUS_VOICE_SINE);
    assert_int_equal(pushed, AUDIO_MONITOR_RING_PACKETS);
    assert_int_equal(packet_pool_taken(pool), AUDIO_MONITOR_RING_PACKETS);
    assert_true(audio_monitor_turn(monitor, now_ns));
    assert_int_equal(packet_pool_taken(pool), 0);
    play(ONE, OPUS_VOICE_SINE, 1500);
    assert_in_range(told[ONE].last.level_db + 200, 179, 181);
}

static void audio_monitor_lets_packets_go_when_it_ends(void **state)
{
    (void)state;
    assert_int_equal(audio_monitor_start(monitor), STATUS_OK);
    audio_monitor_begin(monitor, ONE);
    audio_monitor_stop(monitor);
    assert_true(push(ONE, OPUS_VOICE_SINE));
    audio_monitor_stop(monitor);
    assert_int_equal(packet_pool_taken(pool), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(audio_monitor_tells_states_at_once_and_levels_each_second),
        TEST(audio_monitor_tells_streams_apart),
        TEST(audio_monitor_begins_anew_when_the_broadcaster_is_back),
        TEST(audio_monitor_ignores_what_comes_after_the_end),
        TEST(audio_monitor_refuses_packets_when_full_and_goes_on),
        TEST(audio_monitor_lets_packets_go_when_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
