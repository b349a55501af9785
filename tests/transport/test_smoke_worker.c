/* tests/transport/test_smoke_worker.c - whole workers on loopback serve viewers over UDP and TCP.
 */
#include "transport/worker.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transport/mono_clock.h"
#include "worker_scene.h"

static struct worker_scene *const scene = &worker_scene;

static void watch(bool tcp)
{
    struct fake_viewer viewer;
    worker_scene_open_viewer(&viewer, 1, tcp);
    static const uint16_t missing[] = {201, 203};

    worker_scene_connect_viewer(&viewer, 1);
    assert_true(worker_scene_wait_for_count(&scene->subscribed, 1));
    worker_scene_push_video(5);
    worker_scene_push(TRACK_AUDIO, false, 80);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 6));
    assert_int_equal(fake_viewer_count(&viewer, FAKE_VIEWER_VIDEO_SSRC), 5);
    assert_int_equal(fake_viewer_count(&viewer, FAKE_VIEWER_AUDIO_SSRC), 1);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(viewer.packets[i].sequence_number, 200 + i);

    worker_scene_send_feedback(&viewer, false, missing, 2);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 8));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(viewer.packets[6 + i].ssrc, FAKE_VIEWER_RTX_SSRC);
        assert_int_equal(viewer.packets[6 + i].payload_type, 97);
        assert_int_equal(viewer.packets[6 + i].original_sequence_number, missing[i]);
    }
    const unsigned wanted = scene->key_frames_wanted;
    worker_scene_send_feedback(&viewer, true, NULL, 0);
    assert_true(worker_scene_wait_for_count(&scene->key_frames_wanted, wanted + 1));
    assert_int_equal(viewer.undecryptable, 0);

    worker_end(scene->workers[0], 1);
    assert_true(worker_scene_wait_for(&scene->closed[1]));
    assert_int_equal(scene->reason[1], MEDIA_CLOSED_BY_US);
    fake_viewer_close(&viewer);
}

static void worker_serves_a_viewer_over_udp(void **state)
{
    (void)state;
    watch(false);
    const struct stats *stats = worker_stats(scene->workers[0]);
    assert_int_equal(stats->packets_out, 8);
    assert_int_equal(stats->handshakes_done, 1);
    assert_int_equal(stats->packets_resent, 2);
    assert_int_equal(stats->drop_srtp, 0);
    assert_int_equal(stats->join_ice_ms.buckets[STATS_BOUNDS], 0);
    assert_int_equal(stats->join_media_ms.buckets[STATS_BOUNDS], 0);
    assert_int_equal(scene->quality.transport, VIEWER_TRANSPORT_UDP);
    assert_int_equal(scene->quality.lost_of_256, 64 + 1);
    assert_int_equal(scene->quality.nacks, 1);
    assert_int_equal(scene->quality.plis, 1);
    assert_true(scene->quality.first_packet_us > 0);
    assert_true(scene->quality.bytes > 5 * 1000 + 80);
}

static void worker_serves_a_viewer_over_tcp(void **state)
{
    (void)state;
    watch(true);
    assert_int_equal(scene->quality.transport, VIEWER_TRANSPORT_TCP);
}

/* Pushes delta frames that are kept for replays, each once the one before it has arrived. */
static void push_delta_frames(struct fake_viewer *reader, unsigned packets)
{
    for (unsigned i = 0; i < packets; i++) {
        reader->count = 0;
        worker_scene_push_as(TRACK_VIDEO, false, 1000, true);
        assert_true(fake_viewer_wait(reader, &reader->count, 1));
    }
}

/* One who reads nothing is brought from a long group of pictures to the live edge: what waits for
 * him is bounded, and he gets no more before the next key frame. */
static void worker_cuts_a_replay_that_a_tcp_viewer_does_not_read(void **state)
{
    (void)state;
    const struct stats *stats = worker_stats(scene->workers[0]);
    const int small = 16 * 1024;
    struct fake_viewer reader;
    struct fake_viewer sleeper;

    worker_scene_open_viewer(&reader, 1, false);
    worker_scene_connect_viewer(&reader, 1);
    worker_scene_push_as(TRACK_VIDEO, true, 1000, true);
    assert_true(fake_viewer_wait(&reader, &reader.count, 1));
    push_delta_frames(&reader, 1500);

    worker_scene_open_viewer(&sleeper, 2, true);
    assert_int_equal(setsockopt(sleeper.descriptor, SOL_SOCKET, SO_RCVBUF, &small, sizeof small),
                     0);
    worker_scene_connect_viewer(&sleeper, 2);
    const int64_t until_ns = mono_clock_ns() + mono_from_ms(FAKE_VIEWER_WAIT_MS);
    while (stats->drop_tcp_queue == 0 && mono_clock_ns() < until_ns) {
        push_delta_frames(&reader, 1); /* he misses nothing */
        (void)poll(NULL, 0, 5);
    }
    const uint64_t dropped = stats->drop_tcp_queue;
    assert_true(dropped > 0);
    assert_int_equal(stats->replays, 1);
    push_delta_frames(&reader, 20);
    assert_true(stats->drop_tcp_queue - dropped < REPLAY_VIEWER_PACKETS);
    assert_int_equal(reader.undecryptable, 0);

    unsigned key_frames = 0;
    for (unsigned i = 0; i < 500 && key_frames < 2;
         i++) { /* he wakes, and goes on from a new one */
        sleeper.count = 0;
        assert_true(fake_viewer_step(&sleeper));
        for (unsigned k = 0; k < sleeper.count; k++)
            key_frames +=
                sleeper.packets[k].original_sequence_number == WORKER_SCENE_KEY_FRAME_MARK;
        reader.count = 0;
        worker_scene_push_as(TRACK_VIDEO, true, 1000, true);
        assert_true(fake_viewer_wait(&reader, &reader.count, 1));
    }
    assert_true(key_frames >= 2);
    assert_int_equal(sleeper.undecryptable, 0);
    worker_end(scene->workers[0], 1);
    worker_end(scene->workers[0], 2);
    assert_true(worker_scene_wait_for(&scene->closed[1]));
    assert_true(worker_scene_wait_for(&scene->closed[2]));
    fake_viewer_close(&reader);
    fake_viewer_close(&sleeper);
}

static void worker_follows_a_viewer_whose_address_changes(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    worker_scene_open_viewer(&viewer, 1, false);

    worker_scene_connect_viewer(&viewer, 1);
    fake_viewer_rebind(&viewer);
    fake_viewer_check_with(&viewer, "not the password");
    worker_scene_push_video(2); /* goes to the old address */
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 2));
    assert_int_equal(worker_stats(scene->workers[0])->drop_stun_integrity, 1);
    assert_int_equal(viewer.count, 0);
    worker_scene_push(TRACK_VIDEO, false, 500);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 1));
    assert_int_equal(viewer.packets[0].ssrc, FAKE_VIEWER_VIDEO_SSRC);
    assert_false(scene->closed[1]);
    fake_viewer_close(&viewer);
}

static void worker_begins_a_picture_that_is_negotiated_later(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    int owner = TICKET_UNCLAIMED;

    fake_viewer_open(&viewer, worker_port(scene->workers[0]), false, scene->certificate);
    struct ticket ticket = fake_viewer_ticket(&viewer, 1, WORKER_SCENE_STREAM);
    ticket.start.wanted[TRACK_VIDEO] = false;
    assert_int_equal(ticket_table_put(scene->tickets, &ticket), STATUS_OK);
    worker_scene_connect_viewer(&viewer, 1);
    worker_scene_push_video(2);
    worker_scene_push(TRACK_AUDIO, false, 80);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 1));
    assert_int_equal(viewer.packets[0].ssrc, FAKE_VIEWER_AUDIO_SSRC);

    const unsigned wanted = scene->key_frames_wanted;
    ticket.start.wanted[TRACK_VIDEO] = true;
    assert_int_equal(ticket_table_update(scene->tickets, 1, ticket.profile, &ticket.start, &owner),
                     STATUS_OK);
    assert_int_equal(owner, 0);
    worker_renegotiate(scene->workers[0], 1, ticket.profile, &ticket.start);
    assert_true(worker_scene_wait_for_count(&scene->key_frames_wanted, wanted + 1));
    worker_scene_push_video(2);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 3));
    assert_int_equal(fake_viewer_count(&viewer, FAKE_VIEWER_VIDEO_SSRC), 2);
    assert_int_equal(viewer.undecryptable, 0);
    fake_viewer_close(&viewer);
}

static void worker_goes_on_through_an_ice_restart(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    worker_scene_open_viewer(&viewer, 1, false);
    struct ice_credentials old = viewer.remote;
    const struct ice_credentials fresh = {.ufrag = "again", .password = "another-password-24-char"};

    worker_scene_connect_viewer(&viewer, 1);
    assert_int_equal(ticket_table_restart(scene->tickets, 1, &fresh, "viewer2"), STATUS_OK);
    fake_viewer_check(&viewer, false); /* the old user still counts */
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 2));
    viewer.remote = fresh;
    strcpy(viewer.ufrag, "viewer2");
    fake_viewer_rebind(&viewer);
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 3));
    worker_scene_push_video(3);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 3));

    viewer.remote = old; /* no longer */
    strcpy(viewer.ufrag, "viewer");
    fake_viewer_check(&viewer, true);
    viewer.remote = fresh;
    strcpy(viewer.ufrag, "viewer2");
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 4));
    assert_int_equal(worker_stats(scene->workers[0])->drop_stun_unknown_user, 1);
    fake_viewer_close(&viewer);
}

/* The kernel shards by address: of so many sockets some land on the worker that does not own the
 * viewer, and must be served all the same, TCP connections too. */
static void worker_passes_on_what_belongs_to_another(void **state)
{
    (void)state;
    enum { ADDRESSES = 24 };
    worker_scene_stop();
    worker_scene_start(2, 10 * MONO_SECOND, 30 * MONO_SECOND);
    struct fake_viewer viewer;
    worker_scene_open_viewer(&viewer, 1, false);

    worker_scene_connect_viewer(&viewer, 1);
    for (unsigned i = 0; i < ADDRESSES; i++) {
        const unsigned answers = viewer.answers;
        const unsigned packets = viewer.count;
        viewer.tcp = i % 2 == 1;
        memset(&viewer.framing, 0, sizeof viewer.framing);
        fake_viewer_rebind(&viewer);
        fake_viewer_check(&viewer, true);
        assert_true(fake_viewer_wait(&viewer, &viewer.answers, answers + 1));
        worker_scene_push_video(2);
        assert_true(fake_viewer_wait(&viewer, &viewer.count, packets + 2));
        const uint16_t missing = (uint16_t)(200 + 2 * i);
        worker_scene_send_feedback(&viewer, false, &missing, 1); /* passed on as well */
        assert_true(fake_viewer_wait(&viewer, &viewer.count, packets + 3));
    }
    assert_false(scene->closed[1]);
    fake_viewer_close(&viewer);
}

/* Connects viewer and says which worker it came to. */
static unsigned connect_and_find_owner(struct fake_viewer *viewer, uint64_t session)
{
    uint64_t opened[WORKER_SCENE_WORKERS_MAX];
    unsigned owner = 0;

    for (unsigned i = 0; i < scene->worker_count; i++)
        opened[i] = worker_stats(scene->workers[i])->sessions_opened;
    worker_scene_connect_viewer(viewer, session);
    while (worker_stats(scene->workers[owner])->sessions_opened == opened[owner])
        assert_true(++owner < scene->worker_count);
    return owner;
}

/* A path that another worker's viewer proves to be its own is the first one's no longer: its media
 * stop there, and of a connection that was handed over nothing may be left in its hands. */
static void lose_path_to_another_worker(bool tcp)
{
    struct fake_viewer first;
    struct fake_viewer second;
    uint64_t session = 2;

    worker_scene_stop();
    worker_scene_start(2, 10 * MONO_SECOND, 30 * MONO_SECOND);
    worker_scene_open_viewer(&first, 1, tcp);
    const unsigned owner = connect_and_find_owner(&first, 1);
    worker_scene_open_viewer(&second, session, false);
    while (connect_and_find_owner(&second, session) == owner) {
        fake_viewer_close(&second);
        assert_true(++session < WORKER_SCENE_SESSIONS_MAX);
        worker_scene_open_viewer(&second, session, false);
    }
    const unsigned answers = first.answers;
    first.remote = second.remote;
    fake_viewer_check(&first, true);
    assert_true(fake_viewer_wait(&first, &first.answers, answers + 1));
    worker_scene_push_video(2);
    assert_true(worker_scene_wait_for(&scene->closed[1])); /* it has no path left */
    assert_int_equal(scene->reason[1], MEDIA_CLOSED_CONSENT);
    assert_false(scene->closed[session]);
    fake_viewer_close(&first);
    fake_viewer_close(&second);
}

static void worker_takes_an_address_away_for_another(void **state)
{
    (void)state;
    lose_path_to_another_worker(false);
}

static void worker_takes_a_connection_away_for_another(void **state)
{
    (void)state;
    lose_path_to_another_worker(true);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, worker_scene_set_up, worker_scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(worker_serves_a_viewer_over_udp),
        TEST(worker_serves_a_viewer_over_tcp),
        TEST(worker_follows_a_viewer_whose_address_changes),
        TEST(worker_begins_a_picture_that_is_negotiated_later),
        TEST(worker_goes_on_through_an_ice_restart),
        TEST(worker_cuts_a_replay_that_a_tcp_viewer_does_not_read),
        TEST(worker_passes_on_what_belongs_to_another),
        TEST(worker_takes_an_address_away_for_another),
        TEST(worker_takes_a_connection_away_for_another),
    };
    return cmocka_run_group_tests(tests, worker_scene_set_up_process,
                                  worker_scene_tear_down_process);
}
