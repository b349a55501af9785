/* The replay of what was kept, through the fanout that runs it. */
#include "core/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/fanout.h"
#include "core/mono.h"
#include "fake_egress.h"

enum { VIEWERS = 40, FRAME_TICKS = 3000 };

static struct packet_pool *pool;
static struct fanout *fanout;
static struct fake_egress fake;
static struct stats stats;
static struct viewer viewers[VIEWERS];
static struct replay_headers headers;
static int64_t now_ns;

static int set_up(void **state)
{
    (void)state;
    /* 1,000-byte frames at 30 a second, 240 kbit/s: about 17 times as fast. */
    const struct fanout_settings settings = {.stream_id = 9,
                                             .history_packets = {64, 256},
                                             .history_age_ns = MONO_SECOND,
                                             .replay_bps = 4000000};

    now_ns = 1000 * MONO_SECOND;
    memset(&stats, 0, sizeof stats);
    fake_egress_init(&fake);
    assert_int_equal(packet_pool_create(2048, &pool), STATUS_OK);
    assert_int_equal(fanout_create(&settings, &stats, &fanout), STATUS_OK);
    for (unsigned i = 0; i < VIEWERS; i++) {
        const struct viewer_start start = {.ssrc = {100 + i, 200 + i},
                                           .rtx_ssrc = {0, i % 2 == 0 ? 300 + i : 0},
                                           .first_sequence_number = {10, 20},
                                           .wanted = {true, true}};
        viewer_init(&viewers[i], fake_profile(), &start);
        viewers[i].fanout_slot = UINT32_MAX;
    }
    return 0;
}

static void leave(unsigned i)
{
    fanout_remove(fanout, &viewers[i]);
    viewers[i].fanout_slot = UINT32_MAX;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIEWERS; i++)
        if (viewers[i].fanout_slot != UINT32_MAX)
            leave(i);
    fanout_destroy(fanout);
    packet_pool_destroy(pool);
    return 0;
}

static struct packet *make_frame(int64_t number, bool key_frame)
{
    struct packet *packet = fake_video(pool, number, key_frame);

    packet->timestamp = (uint32_t)number * FRAME_TICKS;
    packet->arrival_ns = now_ns;
    packet->cached = true;
    return packet;
}

static void push(struct packet *packet)
{
    fanout_push(fanout, packet);
    fanout_run(fanout, NULL, &fake.egress, now_ns);
}

/* Frames from first to last, 33 ms apart, live. */
static void stream(int64_t first, int64_t last)
{
    for (int64_t i = first; i <= last; i++) {
        now_ns += 33 * MONO_MS;
        push(make_frame(i, i == first));
    }
}

static int64_t replay(void)
{
    headers.used = 0;
    int64_t due_ns = fanout_replay(fanout, &headers, &fake.egress, now_ns);
    fake.egress.flush(fake.egress.context);
    return due_ns;
}

/* Turns, a millisecond apart, until nothing more is due. */
static void replay_all(void)
{
    for (unsigned i = 0; i < 2000 && replay() != MONO_NEVER; i++)
        now_ns += MONO_MS;
}

static void add(unsigned i)
{
    assert_int_equal(fanout_add(fanout, &viewers[i]), STATUS_OK);
}

static void replay_sends_a_joiner_all_since_the_key_frame(void **state)
{
    (void)state;
    stream(500, 649);
    add(0);
    assert_true(fanout_is_replaying(fanout));
    assert_false(fanout_take_key_frame_request(fanout, now_ns));
    int64_t began_ns = now_ns;
    for (int64_t i = 650; fanout_is_replaying(fanout); i++) { /* live goes on meanwhile */
        for (unsigned k = 0; k < 33; k++, now_ns += MONO_MS)
            assert_true(replay() > now_ns);
        push(make_frame(i, false));
        assert_in_range(i, 650, 670);
    }
    assert_in_range(now_ns - began_ns, 250 * MONO_MS, 500 * MONO_MS); /* 5 s, 17 times as fast */
    assert_true(fake.sent_count > 150);
    for (unsigned i = 0; i < fake.sent_count; i++) {
        assert_int_equal(fake.sent[i].index, 20 + i);
        assert_int_equal(fake.sent[i].payload[0], (500 + i) & 0xff);
        if (i > 0)
            assert_true((int32_t)(fake.sent[i].timestamp - fake.sent[i - 1].timestamp) > 0);
    }
    /* Squeezed to just before the live edge, at which it ends. */
    assert_in_range(fake.sent[0].timestamp, 645 * FRAME_TICKS, 649 * FRAME_TICKS);
    const struct fake_sent *last = &fake.sent[fake.sent_count - 1];
    assert_int_equal(last->timestamp, (500 + fake.sent_count - 1) * FRAME_TICKS);
    assert_int_equal(stats.replays, 1);
    assert_true(stats.replayed_packets >= 150);
}

static void replay_gives_a_new_worker_what_was_kept(void **state)
{
    (void)state;
    struct packet *kept[40];

    add(0);
    for (int64_t i = 0; i < 40; i++)
        kept[i] = make_frame(7 + i, i == 0);
    fanout_adopt(fanout, kept, 40);
    assert_true(fanout_is_replaying(fanout));
    push(make_frame(47, false)); /* continues it */
    replay_all();
    assert_int_equal(fake.sent_count, 41);
    assert_true(fake.sent[40].timestamp >= 47 * FRAME_TICKS);
    assert_false(fanout_take_key_frame_request(fanout, now_ns));
}

static void replay_sends_lost_packets_as_they_were(void **state)
{
    (void)state;
    stream(0, 99);
    now_ns += 2 * MONO_SECOND; /* too old for the history */
    add(0);
    add(1);
    replay_all();
    stream(200, 201);
    assert_true(fake.sent_count >= 200);
    unsigned sent = fake.sent_count;
    for (unsigned i = 0; i < sent; i++) {
        struct fake_sent first = fake.sent[i];
        struct viewer *viewer = first.viewer;
        viewer->resend_budget_bytes = 100000;
        viewer->resend_refill_ns = now_ns;
        if (!fanout_resend(fanout, viewer, TRACK_VIDEO, (uint16_t)first.index, &fake.egress,
                           now_ns))
            continue; /* the next key frame came */
        fanout_finish_resends(fanout, viewer, &fake.egress);
        const struct fake_sent *again = &fake.sent[fake.sent_count - 1];
        assert_int_equal(again->timestamp, first.timestamp);
        if (viewer == &viewers[1]) /* without RTX the same bytes */
            assert_memory_equal(again, &first, sizeof first);
        fake.sent_count = sent;
    }
}

static void replay_resends_in_the_middle(void **state)
{
    (void)state;
    stream(0, 99);
    add(1);
    now_ns += MONO_SECOND;
    for (unsigned i = 0; i < 60; i++, now_ns += MONO_MS)
        (void)replay();
    assert_true(fanout_is_replaying(fanout));
    unsigned sent = fake.sent_count;
    assert_in_range(sent, 5, 90);
    for (unsigned i = 0; i < sent; i++) {
        assert_true(fanout_resend(fanout, &viewers[1], TRACK_VIDEO, (uint16_t)(20 + i),
                                  &fake.egress, now_ns));
    }
    fanout_finish_resends(fanout, &viewers[1], &fake.egress);
    assert_int_equal(fake.sent_count, 2 * sent);
    assert_memory_equal(&fake.sent[sent], &fake.sent[0], sent * sizeof fake.sent[0]);
    assert_false(fanout_resend(fanout, &viewers[1], TRACK_VIDEO, (uint16_t)(20 + sent),
                               &fake.egress, now_ns));
}

static void replay_is_cut_short_by_a_key_frame(void **state)
{
    (void)state;
    stream(0, 99);
    add(0);
    for (unsigned i = 0; i < 50; i++, now_ns += MONO_MS)
        (void)replay();
    unsigned sent = fake.sent_count;
    assert_in_range(sent, 5, 90);
    push(make_frame(100, true));
    assert_false(fanout_is_replaying(fanout));
    assert_int_equal(fake.sent_count, sent + 1);
    assert_int_equal(fake.sent[sent].index, 20 + sent); /* no gap */
    assert_int_equal(fake.sent[sent].timestamp, 100 * FRAME_TICKS);
    assert_true((int32_t)(fake.sent[sent].timestamp - fake.sent[sent - 1].timestamp) > 0);
}

static void replay_keeps_to_its_budget(void **state)
{
    (void)state;
    stream(0, 99);
    for (unsigned i = 0; i < VIEWERS; i++)
        add(i);
    unsigned turns = 0;
    bool asked = false;
    for (; fanout_is_replaying(fanout) && turns < 1000; turns++, now_ns += MONO_MS) {
        unsigned before = fake.sent_count;
        headers.used = REPLAY_BUDGET_PACKETS - 4; /* other streams took theirs */
        assert_true(fanout_replay(fanout, &headers, &fake.egress, now_ns) > now_ns);
        fake.egress.flush(fake.egress.context);
        assert_in_range(fake.sent_count - before, 0, 4);
        asked = asked || fanout_take_key_frame_request(fanout, now_ns);
        assert_true(turns > 250 || !asked); /* not before it takes too long */
        if (fake.sent_count > 4000)
            break;
        if (turns % 33 == 32)
            push(make_frame(100 + turns / 33, false));
    }
    assert_true(asked);
}

static void replay_leaves_out_whom_it_cannot_serve(void **state)
{
    (void)state;
    stream(0, 9);
    viewers[0].track[TRACK_VIDEO].wanted = false;
    static const struct profile opus = {
        .formats = {{{CODEC_OPUS, 0, 0, 0, 0}, 111, PROFILE_NO_PAYLOAD_TYPE}}, .format_count = 1};
    viewers[1].profile = &opus;
    add(0);
    add(1);
    assert_false(fanout_is_replaying(fanout));
    add(2);
    add(3);
    leave(2); /* out of the line as well */
    assert_true(fanout_is_replaying(fanout));
    push(fake_control(pool, PACKET_PUBLISHED));
    assert_false(fanout_is_replaying(fanout)); /* nothing that is kept goes on */
    add(4);
    assert_false(fanout_is_replaying(fanout));
}

static void replay_ends_when_nothing_is_kept_any_more(void **state)
{
    (void)state;
    stream(0, 9);
    struct packet *packet = make_frame(10, false);
    packet->cached = false;
    push(packet);
    add(0);
    assert_false(fanout_is_replaying(fanout));
    assert_true(fanout_take_key_frame_request(fanout, now_ns));
}

static void replay_serves_requests_for_key_frames_that_go_unanswered(void **state)
{
    (void)state;
    stream(0, 99);
    add(0);
    replay_all();
    stream(100, 101); /* a key frame and another: it is live now */
    unsigned sent = fake.sent_count;
    now_ns += 5 * MONO_SECOND;
    fanout_want_key_frame(fanout, &viewers[0], now_ns);
    assert_true(fanout_take_key_frame_request(fanout, now_ns)); /* upstream first */
    fanout_sweep(fanout, now_ns + 400 * MONO_MS);
    assert_false(fanout_is_replaying(fanout));
    now_ns += 500 * MONO_MS;
    fanout_sweep(fanout, now_ns);
    assert_true(fanout_is_replaying(fanout));
    replay_all();
    assert_int_equal(fake.sent_count, sent + 2);
    for (unsigned i = sent; i < fake.sent_count; i++) {
        assert_int_equal(fake.sent[i].index, fake.sent[i - 1].index + 1);
        assert_true((int32_t)(fake.sent[i].timestamp - fake.sent[i - 1].timestamp) > 0);
        assert_int_equal(fake.sent[i].payload[0], 100 + i - sent);
    }
}

static void replay_begins_anew_for_a_player_that_was_not_ready(void **state)
{
    (void)state;
    stream(0, 99);
    add(0);
    (void)replay();
    assert_int_equal(fake.sent[0].index, 20);
    now_ns += 100 * MONO_MS;
    fanout_want_key_frame(fanout, &viewers[0], now_ns); /* made before anything could arrive */
    (void)replay();
    assert_int_equal(stats.replays, 1);
    replay_on_report(&viewers[0], 19); /* of before */
    fanout_want_key_frame(fanout, &viewers[0], now_ns);
    assert_int_equal(stats.replays, 1);

    for (unsigned i = 0; i < 10; i++) { /* as often as is sensible */
        unsigned sent = fake.sent_count;
        now_ns += 10 * MONO_MS;
        replay_on_report(&viewers[0], (uint32_t)fake.sent[sent - 1].index);
        fanout_want_key_frame(fanout, &viewers[0], now_ns);
        (void)replay();
        assert_true(fake.sent_count > sent);
        assert_int_equal(fake.sent[sent].payload[0],
                         i < 4 ? 0 : fake.sent[sent - 1].payload[0] + 1);
        assert_int_equal(fake.sent[sent].index, fake.sent[sent - 1].index + 1);
        assert_true((int32_t)(fake.sent[sent].timestamp - fake.sent[sent - 1].timestamp) > 0);
    }
    assert_int_equal(stats.replays, 5);
    assert_false(fanout_take_key_frame_request(fanout, now_ns)); /* nothing goes upstream */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replay_sends_a_joiner_all_since_the_key_frame),
        TEST(replay_gives_a_new_worker_what_was_kept),
        TEST(replay_sends_lost_packets_as_they_were),
        TEST(replay_resends_in_the_middle),
        TEST(replay_is_cut_short_by_a_key_frame),
        TEST(replay_keeps_to_its_budget),
        TEST(replay_leaves_out_whom_it_cannot_serve),
        TEST(replay_ends_when_nothing_is_kept_any_more),
        TEST(replay_begins_anew_for_a_player_that_was_not_ready),
        TEST(replay_serves_requests_for_key_frames_that_go_unanswered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
