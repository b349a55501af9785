/* tests/transport/test_smoke_worker_guard.c - whom whole workers turn away, and how viewers end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transport/mono_clock.h"
#include "worker_scene.h"

static struct worker_scene *const scene = &worker_scene;

/* What comes behind a stranger's datagrams in the one worker's socket is answered after they were
 * handled: then nothing may have come back to the stranger. */
static void worker_gives_strangers_nothing(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    worker_scene_open_viewer(&viewer, 1, false);
    struct fake_viewer stranger;
    worker_scene_open_viewer(&stranger, 2, false);
    uint8_t garbage[1200];

    worker_scene_connect_viewer(&viewer, 1);
    memset(garbage, 0xfe, sizeof garbage);
    fake_viewer_begin_dtls(&stranger); /* ClientHello without a check */
    for (unsigned first = 0; first < 256; first++) {
        garbage[0] = (uint8_t)first;
        fake_viewer_send(&stranger, garbage, sizeof garbage);
    }
    fake_viewer_check_with(&stranger, "guessed");
    strcpy(stranger.ufrag, "someone");
    fake_viewer_check(&stranger, true);
    strcpy(stranger.remote.ufrag, "nobody");
    fake_viewer_check(&stranger, true);
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 2));
    fake_viewer_read(&stranger);
    assert_int_equal(stranger.datagrams, 0);

    const struct stats *stats = worker_stats(scene->workers[0]);
    assert_int_equal(stats->handshakes_started, 1);
    assert_int_equal(stats->drop_stun_integrity, 2);
    assert_int_equal(stats->drop_stun_unknown_user, 1);
    assert_int_equal(stats->drop_stun_malformed, 4);
    assert_int_equal(stats->drop_unknown_address, 44 + 64 + 1); /* DTLS, RTP, the ClientHello */
    assert_int_equal(stats->drop_not_for_us, 256 - 4 - 44 - 64);
    assert_false(scene->closed[1]);
    fake_viewer_close(&viewer);
    fake_viewer_close(&stranger);
}

static void worker_survives_what_fails_authentication(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    worker_scene_open_viewer(&viewer, 1, false);
    uint8_t forged[200] = {0x80, 201};

    worker_scene_connect_viewer(&viewer, 1);
    for (unsigned i = 0; i < 200; i++) {
        forged[20] = (uint8_t)i;
        fake_viewer_send(&viewer, forged, sizeof forged);
    }
    fake_viewer_send(&viewer, "\x16\xfe\xfd not DTLS at all", 20);
    worker_scene_push_video(1);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 1));
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 2));
    assert_int_equal(worker_stats(scene->workers[0])->drop_srtp, 200);
    assert_false(scene->closed[1]);
    fake_viewer_close(&viewer);
}

static void worker_refuses_a_certificate_that_was_not_announced(void **state)
{
    (void)state;
    struct fake_viewer viewer;

    fake_viewer_open(&viewer, worker_port(scene->workers[0]), false, scene->certificate);
    struct ticket ticket = fake_viewer_ticket(&viewer, 1, WORKER_SCENE_STREAM);
    ticket.fingerprint.bytes[3] ^= 1;
    assert_int_equal(ticket_table_put(scene->tickets, &ticket), STATUS_OK);
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 1));
    fake_viewer_begin_dtls(&viewer);
    while (!worker_scene_is_closed(1))
        assert_true(fake_viewer_step(&viewer));
    assert_int_equal(scene->reason[1], MEDIA_CLOSED_FINGERPRINT);
    assert_false(scene->connected[1]);
    fake_viewer_close(&viewer);
}

static void worker_hears_goodbye_and_says_it(void **state)
{
    (void)state;
    struct fake_viewer first;
    worker_scene_open_viewer(&first, 1, false);
    struct fake_viewer second;
    worker_scene_open_viewer(&second, 2, false);

    worker_scene_connect_viewer(&first, 1);
    worker_scene_connect_viewer(&second, 2);
    dtls_close(first.dtls);
    assert_true(worker_scene_wait_for(&scene->closed[1]));
    assert_int_equal(scene->reason[1], MEDIA_CLOSED_BY_PEER);
    worker_scene_stop();
    assert_true(fake_viewer_wait_closed(&second));
    assert_int_equal(scene->reason[2], MEDIA_CLOSED_BY_US);
    fake_viewer_close(&first);
    fake_viewer_close(&second);
}

static void worker_ends_who_falls_silent(void **state)
{
    (void)state;
    worker_scene_stop();
    worker_scene_start(1, MONO_SECOND, 100 * MONO_MS);
    struct fake_viewer watching;
    worker_scene_open_viewer(&watching, 1, false);
    struct fake_viewer checking;
    worker_scene_open_viewer(&checking, 2, false);

    worker_scene_connect_viewer(&watching, 1);
    fake_viewer_check(&checking, true);
    assert_true(worker_scene_wait_for(&scene->closed[2]));
    assert_int_equal(scene->reason[2], MEDIA_CLOSED_HANDSHAKE);
    assert_true(worker_scene_wait_for(&scene->closed[1]));
    assert_int_equal(scene->reason[1], MEDIA_CLOSED_CONSENT);
    fake_viewer_close(&watching);
    fake_viewer_close(&checking);
}

static void worker_closes_all_viewers_of_a_stream(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    worker_scene_open_viewer(&viewer, 1, false);

    worker_scene_connect_viewer(&viewer, 1);
    worker_close_stream(scene->workers[0], WORKER_SCENE_STREAM + 1);
    worker_close_stream(scene->workers[0], WORKER_SCENE_STREAM);
    assert_true(worker_scene_wait_for(&scene->closed[1]));
    assert_int_equal(scene->reason[1], MEDIA_CLOSED_BY_US);
    fake_viewer_close(&viewer);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, worker_scene_set_up, worker_scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(worker_gives_strangers_nothing),
        TEST(worker_survives_what_fails_authentication),
        TEST(worker_refuses_a_certificate_that_was_not_announced),
        TEST(worker_hears_goodbye_and_says_it),
        TEST(worker_ends_who_falls_silent),
        TEST(worker_closes_all_viewers_of_a_stream),
    };
    return cmocka_run_group_tests(tests, worker_scene_set_up_process,
                                  worker_scene_tear_down_process);
}
