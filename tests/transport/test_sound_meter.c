#include "transport/sound_meter.h"

#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "opus_voice.h"

#define SILENT_NS (10 * MONO_SECOND)
#define PACKET_NS (OPUS_VOICE_PACKET_MS * MONO_MS)

static const struct opus_voice_settings stereo_music = {2, OPUS_APPLICATION_AUDIO, false};
static const struct opus_voice_settings mono_speech = {1, OPUS_APPLICATION_VOIP, false};
static const struct opus_voice_settings speech_with_dtx = {1, OPUS_APPLICATION_VOIP, true};

static struct sound_meter *meter;
static struct opus_voice *voice;
static int64_t now_ns;

static int set_up(void **state)
{
    (void)state;
    now_ns = 5000 * MONO_SECOND;
    assert_int_equal(sound_meter_create(SILENT_NS, &meter), STATUS_OK);
    voice = opus_voice_create(&stereo_music);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    opus_voice_destroy(voice);
    sound_meter_destroy(meter);
    return 0;
}

static void speak_as(const struct opus_voice_settings *settings)
{
    opus_voice_destroy(voice);
    voice = opus_voice_create(settings);
}

/* The signal for so long; every lose-th packet does not arrive (0: all do). */
static struct sound play_with_loss(enum opus_voice_signal signal, double rms_db, int64_t ms,
                                   unsigned lose)
{
    uint8_t packet[OPUS_VOICE_BYTES_MAX];
    const int64_t until_ns = now_ns + ms * MONO_MS;

    for (unsigned i = 1; now_ns < until_ns; i++, now_ns += PACKET_NS) {
        const size_t bytes = opus_voice_encode(voice, signal, rms_db, packet);
        if (lose == 0 || i % lose != 0)
            assert_int_equal(sound_meter_receive(meter, packet, bytes, now_ns), STATUS_OK);
        (void)sound_meter_read(meter, now_ns); /* as often as the monitor, or oftener */
    }
    return sound_meter_read(meter, now_ns);
}

static struct sound play(enum opus_voice_signal signal, double rms_db, int64_t ms)
{
    return play_with_loss(signal, rms_db, ms, 0);
}

static void assert_sound(struct sound sound, enum sound_state state, int least_db, int most_db)
{
    assert_string_equal(sound_state_text(sound.state), sound_state_text(state));
    assert_in_range(sound.level_db + 200, least_db + 200, most_db + 200);
}

static void sound_meter_knows_nothing_before_something_arrives(void **state)
{
    (void)state;
    assert_int_equal(sound_meter_read(meter, now_ns).state, SOUND_UNKNOWN);
    now_ns += 2 * SILENT_NS;
    assert_int_equal(sound_meter_read(meter, now_ns).state, SOUND_UNKNOWN);
}

static void sound_meter_tells_the_level_of_known_signals(void **state)
{
    static const struct {
        const struct opus_voice_settings *settings;
        enum opus_voice_signal signal;
        double rms_db;
    } cases[] = {
        {&stereo_music, OPUS_VOICE_SINE, -20},    {&mono_speech, OPUS_VOICE_SINE, -20},
        {&speech_with_dtx, OPUS_VOICE_SINE, -20}, {&stereo_music, OPUS_VOICE_SINE, -6},
        {&stereo_music, OPUS_VOICE_SINE, -40},    {&stereo_music, OPUS_VOICE_SQUARE, -12},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int rms_db = (int)cases[i].rms_db;
        speak_as(cases[i].settings);
        assert_sound(play(cases[i].signal, cases[i].rms_db, 2000), SOUND_OK, rms_db - 1,
                     rms_db + 1);
    }
}

static void sound_meter_tells_silence_after_its_time(void **state)
{
    (void)state;
    assert_int_equal(play(OPUS_VOICE_SINE, -20, 1000).state, SOUND_OK);
    assert_int_equal(play(OPUS_VOICE_NOTHING, 0, 9500).state, SOUND_OK);
    assert_sound(play(OPUS_VOICE_NOTHING, 0, 1500), SOUND_SILENT, SOUND_FLOOR_DB, SOUND_SILENT_DB);
    assert_sound(play(OPUS_VOICE_SINE, -20, 1100), SOUND_OK, -21, -19);
}

static void sound_meter_finds_a_microphone_that_never_spoke(void **state)
{
    (void)state;
    assert_int_equal(play(OPUS_VOICE_NOTHING, 0, 9000).state, SOUND_OK);
    assert_int_equal(play(OPUS_VOICE_NOTHING, 0, 2000).state, SOUND_SILENT);
}

static void sound_meter_hears_pauses_sent_as_nothing(void **state)
{
    (void)state;
    speak_as(&speech_with_dtx);
    assert_int_equal(play(OPUS_VOICE_SINE, -20, 2000).state, SOUND_OK);
    assert_int_equal(play(OPUS_VOICE_NOTHING, 0, 9000).state, SOUND_OK);
    assert_int_equal(play(OPUS_VOICE_NOTHING, 0, 3000).state, SOUND_SILENT);
    assert_int_equal(play(OPUS_VOICE_SINE, -20, 500).state, SOUND_OK);
}

static void sound_meter_finds_silence_when_nothing_comes_any_more(void **state)
{
    (void)state;
    assert_int_equal(play(OPUS_VOICE_SINE, -20, 1000).state, SOUND_OK);
    now_ns += 9 * MONO_SECOND;
    assert_sound(sound_meter_read(meter, now_ns), SOUND_OK, SOUND_FLOOR_DB, SOUND_FLOOR_DB);
    now_ns += 2 * MONO_SECOND;
    assert_sound(sound_meter_read(meter, now_ns), SOUND_SILENT, SOUND_FLOOR_DB, SOUND_FLOOR_DB);
}

static void sound_meter_tells_clipping_and_its_end(void **state)
{
    (void)state;
    assert_int_equal(play(OPUS_VOICE_SINE, -4, 1000).state, SOUND_OK);
    assert_sound(play(OPUS_VOICE_SQUARE, 0, 1000), SOUND_CLIPPING, -2, 1);
    assert_int_equal(play(OPUS_VOICE_SINE, -20, 2500).state, SOUND_CLIPPING);
    assert_int_equal(play(OPUS_VOICE_SINE, -20, 2500).state, SOUND_OK);
}

static void sound_meter_copes_with_lost_packets(void **state)
{
    (void)state;
    assert_sound(play_with_loss(OPUS_VOICE_SINE, -20, 2000, 3), SOUND_OK, -22, -19);
}

static void sound_meter_refuses_what_is_not_opus(void **state)
{
    /* Code 3 (RFC 6716 section 3.2.5) with 0 frames, and with more than 120 ms. */
    static const uint8_t no_frames[] = {0x03, 0x00, 0, 0};
    static const uint8_t too_long[] = {0x1f, 0x3f, 0, 0};

    (void)state;
    assert_int_equal(sound_meter_receive(meter, no_frames, sizeof no_frames, now_ns),
                     STATUS_MALFORMED);
    assert_int_equal(sound_meter_receive(meter, too_long, sizeof too_long, now_ns),
                     STATUS_MALFORMED);
    assert_sound(play(OPUS_VOICE_SINE, -20, 2000), SOUND_OK, -21, -19);
}

static void sound_meter_decodes_no_more_sound_than_time(void **state)
{
    uint8_t packet[OPUS_VOICE_BYTES_MAX];
    unsigned decoded = 0;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        const size_t bytes = opus_voice_encode(voice, OPUS_VOICE_SINE, -20, packet);
        decoded += sound_meter_receive(meter, packet, bytes, now_ns) == STATUS_OK;
    }
    assert_in_range(decoded, 10, 15); /* of 20 ms, in a tenth of a second */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(sound_meter_knows_nothing_before_something_arrives),
        TEST(sound_meter_tells_the_level_of_known_signals),
        TEST(sound_meter_tells_silence_after_its_time),
        TEST(sound_meter_finds_a_microphone_that_never_spoke),
        TEST(sound_meter_hears_pauses_sent_as_nothing),
        TEST(sound_meter_finds_silence_when_nothing_comes_any_more),
        TEST(sound_meter_tells_clipping_and_its_end),
        TEST(sound_meter_copes_with_lost_packets),
        TEST(sound_meter_refuses_what_is_not_opus),
        TEST(sound_meter_decodes_no_more_sound_than_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
