#include "signaling/directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"

static const struct directory_settings settings = {
    .rooms_max = 3,
    .streams_per_room_max = 2,
    .grace_ns = 30 * MONO_SECOND,
};
static const bool both[TRACK_COUNT] = {true, true};

/* What the listener heard, since it was read last. */
static struct {
    unsigned added;
    unsigned changed;
    unsigned removed;
    unsigned viewers_events;
    unsigned viewers;
    struct directory_told told;
} heard;

static void on_stream(void *context, const struct directory_stream *stream,
                      enum directory_change change)
{
    (void)context;
    heard.added += change == DIRECTORY_ADDED;
    heard.changed += change == DIRECTORY_CHANGED;
    heard.removed += change == DIRECTORY_REMOVED;
    heard.told = stream->told;
}

static void on_viewers(void *context, struct directory_room *room, unsigned count)
{
    (void)context;
    (void)room;
    heard.viewers_events++;
    heard.viewers = count;
}

static int set_up(void **state)
{
    struct directory *directory;

    memset(&heard, 0, sizeof heard);
    if (directory_create(&settings, &directory) != STATUS_OK)
        return -1;
    directory_listen(
        directory, &(struct directory_listener){.on_stream = on_stream, .on_viewers = on_viewers});
    *state = directory;
    return 0;
}

static int tear_down(void **state)
{
    directory_destroy(*state);
    return 0;
}

static struct directory_stream *open_stream(struct directory *directory, const char *room,
                                            const char *name)
{
    struct directory_stream *stream;
    bool made;

    assert_int_equal(directory_stream_open(directory, room, name, &stream, &made), STATUS_OK);
    return stream;
}

static void directory_frees_rooms_that_are_empty(void **state)
{
    struct directory *directory = *state;
    struct directory_member member = {0};

    assert_int_equal(directory_join(directory, "a", &member), STATUS_OK);
    struct directory_stream *stream = open_stream(directory, "a", "main");
    directory_leave(directory, &member);
    assert_non_null(directory_find(directory, "a"));
    directory_stream_remove(directory, stream);
    assert_null(directory_find(directory, "a"));
    directory_leave(directory, &member); /* once more does nothing */
    assert_int_equal(directory_room_count(directory), 0);
}

static void directory_bounds_rooms_and_streams(void **state)
{
    struct directory *directory = *state;
    struct directory_member members[4] = {{0}};
    struct directory_stream *stream;
    bool made;

    assert_int_equal(directory_join(directory, "a", &members[0]), STATUS_OK);
    assert_int_equal(directory_join(directory, "b", &members[1]), STATUS_OK);
    assert_int_equal(directory_join(directory, "c", &members[2]), STATUS_OK);
    assert_int_equal(directory_join(directory, "d", &members[3]), STATUS_FULL);
    assert_null(members[3].room);
    assert_int_equal(directory_join(directory, "a", &members[3]), STATUS_OK);
    assert_int_equal(directory_stream_open(directory, "d", "main", &stream, &made), STATUS_FULL);
    open_stream(directory, "a", "main");
    open_stream(directory, "a", "screen");
    assert_int_equal(directory_stream_open(directory, "a", "guest", &stream, &made), STATUS_FULL);
    open_stream(directory, "a", "screen");
}

static void directory_announces_a_stream_when_it_is_live(void **state)
{
    struct directory *directory = *state;
    struct directory_stream *stream = open_stream(directory, "a", "main");
    const struct stream_report report = {
        .live = true, .has = {true}, .format = {{.codec = CODEC_OPUS}}, .last_packet_ns = 2};

    directory_stream_begin(directory, stream, 7, "Ann", both, 1);
    assert_int_equal(heard.added, 0);
    directory_stream_connected(directory, stream, 1);
    assert_int_equal(heard.added, 1);
    assert_true(heard.told.live && heard.told.has[TRACK_AUDIO] && heard.told.has[TRACK_VIDEO]);
    assert_string_equal(heard.told.publisher_name, "Ann");

    directory_stream_report(directory, stream, &report, 2);
    assert_int_equal(heard.changed, 1);
    assert_int_equal(heard.told.codec[TRACK_AUDIO], CODEC_OPUS);
    directory_stream_report(directory, stream, &report, 3);
    assert_int_equal(heard.changed, 1); /* nothing new */
}

static void directory_takes_a_silent_track_as_missing_after_a_while(void **state)
{
    struct directory *directory = *state;
    struct directory_stream *stream = open_stream(directory, "a", "main");
    struct stream_report report = {.live = true, .has = {true}, .last_packet_ns = 1};
    uint32_t expired[1];

    directory_stream_begin(directory, stream, 7, "", both, 1);
    directory_stream_connected(directory, stream, 1);
    directory_stream_report(directory, stream, &report, 1);
    assert_true(directory_stream_has(stream, TRACK_VIDEO, 1));
    const int64_t later_ns = 1 + mono_from_ms(DIRECTORY_TRACK_PATIENCE_MS);
    directory_tick(directory, later_ns, expired, 1);
    assert_false(heard.told.has[TRACK_VIDEO]);
    assert_true(heard.told.has[TRACK_AUDIO]);
    report.has[TRACK_VIDEO] = true;
    report.last_packet_ns = later_ns;
    directory_stream_report(directory, stream, &report, later_ns);
    assert_true(heard.told.has[TRACK_VIDEO]);
}

static void directory_tells_a_stall_and_its_end(void **state)
{
    struct directory *directory = *state;
    struct directory_stream *stream = open_stream(directory, "a", "main");
    struct stream_report report = {.live = true, .has = {true, true}, .last_packet_ns = 1};
    const int64_t later_ns = 2 + mono_from_ms(DIRECTORY_STALL_MS);
    uint32_t expired[1];

    directory_stream_begin(directory, stream, 7, "", both, 1);
    directory_stream_connected(directory, stream, 1);
    directory_stream_report(directory, stream, &report, 1);
    directory_tick(directory, later_ns, expired, 1);
    assert_false(heard.told.live);
    report.last_packet_ns = later_ns;
    directory_stream_report(directory, stream, &report, later_ns);
    assert_true(heard.told.live);
}

static void directory_keeps_a_stream_for_the_grace_time(void **state)
{
    struct directory *directory = *state;
    struct directory_stream *stream = open_stream(directory, "a", "main");
    uint32_t expired[2];

    directory_stream_begin(directory, stream, 7, "", both, 1);
    directory_stream_connected(directory, stream, 1);
    directory_stream_gone(directory, stream, 10);
    assert_int_equal(heard.changed, 1);
    assert_false(heard.told.live);
    assert_int_equal(directory_tick(directory, 9 + settings.grace_ns, expired, 2), 0);
    assert_int_equal(directory_tick(directory, 10 + settings.grace_ns, expired, 2), 1);
    assert_int_equal(expired[0], stream->id);

    directory_stream_begin(directory, stream, 8, "", both, 20);
    assert_int_equal(directory_tick(directory, 10 + settings.grace_ns, expired, 2), 0);
    directory_stream_connected(directory, stream, 20);
    assert_true(heard.told.live);
    assert_int_equal(heard.added, 1);
    directory_stream_remove(directory, stream);
    assert_int_equal(heard.removed, 1);
}

static void directory_says_nothing_of_a_stream_that_never_was_live(void **state)
{
    struct directory *directory = *state;
    struct directory_stream *stream = open_stream(directory, "a", "main");

    directory_stream_begin(directory, stream, 7, "", both, 1);
    directory_stream_gone(directory, stream, 1);
    directory_stream_remove(directory, stream);
    assert_int_equal(heard.added + heard.changed + heard.removed, 0);
}

static void directory_tells_viewers_at_most_once_a_second(void **state)
{
    struct directory *directory = *state;
    struct directory_member members[5] = {{0}};
    uint32_t expired[1];
    int64_t now_ns = 10 * MONO_SECOND;

    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(directory_join(directory, "a", &members[i]), STATUS_OK);
        directory_tick(directory, now_ns, expired, 1);
        now_ns += 100 * MONO_MS;
    }
    assert_int_equal(heard.viewers_events, 1);
    assert_int_equal(heard.viewers, 1);
    directory_member_set(directory, &members[0], true, true); /* it publishes */
    directory_tick(directory, now_ns + MONO_SECOND, expired, 1);
    assert_int_equal(heard.viewers_events, 2);
    assert_int_equal(heard.viewers, 4);
    directory_tick(directory, now_ns + 9 * MONO_SECOND, expired, 1);
    assert_int_equal(heard.viewers_events, 2); /* no change */
    directory_member_set(directory, &members[1], false, false);
    directory_leave(directory, &members[1]);
    directory_leave(directory, &members[2]);
    assert_int_equal(directory_viewers(directory_find(directory, "a")), 2);
}

static void directory_tells_viewers_of_a_thousand_rooms_a_tick(void **state)
{
    enum { ROOMS = 2 * DIRECTORY_VIEWERS_A_TICK + 500 };
    static struct directory_member members[ROOMS];
    struct directory *directory = *state;
    const struct directory_settings many = {.rooms_max = ROOMS, .streams_per_room_max = 1};
    static const unsigned told_by_then[] = {DIRECTORY_VIEWERS_A_TICK, 2 * DIRECTORY_VIEWERS_A_TICK,
                                            ROOMS, ROOMS};
    uint32_t expired;
    char name[16];

    directory_set(directory, &many);
    for (unsigned i = 0; i < ROOMS; i++) {
        (void)snprintf(name, sizeof name, "room %u", i);
        assert_int_equal(directory_join(directory, name, &members[i]), STATUS_OK);
    }
    for (size_t i = 0; i < sizeof told_by_then / sizeof told_by_then[0]; i++) {
        directory_tick(directory, 10 * MONO_SECOND + mono_from_ms((int)i * 100), &expired, 1);
        assert_int_equal(heard.viewers_events, told_by_then[i]);
    }
    for (unsigned i = 0; i < ROOMS; i++)
        directory_leave(directory, &members[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(directory_frees_rooms_that_are_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(directory_bounds_rooms_and_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(directory_announces_a_stream_when_it_is_live, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(directory_takes_a_silent_track_as_missing_after_a_while,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(directory_tells_a_stall_and_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(directory_keeps_a_stream_for_the_grace_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(directory_says_nothing_of_a_stream_that_never_was_live,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(directory_tells_viewers_at_most_once_a_second, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(directory_tells_viewers_of_a_thousand_rooms_a_tick, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
