/* tests/transport/test_smoke_ingest_end.c - how broadcasters' sessions end, and what never begins:
 * whole ingest threads, over loopback. */
#include <dirent.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ingest_scene.h"
#include "transport/mono_clock.h"

enum { CYCLES = 200 };

static void ingest_refuses_a_broadcaster_whose_fingerprint_differs(void **state)
{
    struct ingest_scene *scene = *state;
    struct broadcaster *broadcaster = broadcaster_create(DTLS_CLIENT);
    struct media_publish publish;

    broadcaster_read_offer(broadcaster, 1, INGEST_SCENE_STREAM, &publish);
    publish.fingerprint.bytes[5] ^= 1;
    ingest_publish(scene->ingest, &publish);
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_told(scene, 1).locals == 1);
    const struct ingest_told told = ingest_scene_told(scene, 1);
    broadcaster_take_answer(broadcaster, &told.local, certificate_fingerprint(scene->certificate));
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_told(scene, 1).closes == 1);
    assert_int_equal(ingest_scene_told(scene, 1).reason, MEDIA_CLOSED_FINGERPRINT);
    assert_false(ingest_scene_told(scene, 1).connected);
    assert_true(ring_is_empty(scene->ring));
    broadcaster_destroy(broadcaster);
}

static void ingest_closes_at_the_deadline_when_no_check_or_handshake_comes(void **state)
{
    struct media_settings settings = ingest_scene_settings;

    (void)state;
    settings.ticket_deadline_ns = 200 * MONO_MS;
    struct ingest_scene *scene = ingest_scene_create(&settings);
    struct broadcaster *broadcaster = ingest_scene_offer(scene, 1, DTLS_CLIENT);
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_told(scene, 1).closes == 1);
    assert_int_equal(ingest_scene_told(scene, 1).reason, MEDIA_CLOSED_NO_CHECK);
    broadcaster_destroy(broadcaster);
    ingest_scene_destroy(scene);

    settings = ingest_scene_settings;
    settings.handshake_deadline_ns = 200 * MONO_MS;
    scene = ingest_scene_create(&settings);
    broadcaster = broadcaster_create(DTLS_SERVER);
    struct media_publish publish;
    broadcaster_read_offer(broadcaster, 1, INGEST_SCENE_STREAM, &publish);
    publish.dtls_client = false; /* both passive: nobody begins */
    ingest_publish(scene->ingest, &publish);
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_told(scene, 1).locals == 1);
    const struct ingest_told told = ingest_scene_told(scene, 1);
    broadcaster_take_answer(broadcaster, &told.local, certificate_fingerprint(scene->certificate));
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_told(scene, 1).closes == 1);
    assert_true(broadcaster_is_selected(broadcaster));
    assert_int_equal(ingest_scene_told(scene, 1).reason, MEDIA_CLOSED_HANDSHAKE);
    broadcaster_destroy(broadcaster);
    ingest_scene_destroy(scene);
}

static void ingest_withdraws_consent_when_the_broadcaster_vanishes(void **state)
{
    struct media_settings settings = ingest_scene_settings;

    (void)state;
    settings.consent_ns = 100 * MONO_MS;
    struct ingest_scene *scene = ingest_scene_create(&settings);
    struct broadcaster *broadcaster = ingest_scene_go_live(scene, 1, DTLS_CLIENT);
    broadcaster_destroy(broadcaster);
    struct broadcaster *clock = broadcaster_create(DTLS_CLIENT);
    INGEST_SCENE_WAIT(clock, ingest_scene_told(scene, 1).closes == 1);
    assert_int_equal(ingest_scene_told(scene, 1).reason, MEDIA_CLOSED_CONSENT);
    broadcaster_destroy(clock);
    ingest_scene_destroy(scene);
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof address;
    const int file = socket(AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(bind(file, (const struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(file, (struct sockaddr *)&address, &bytes), 0);
    close(file);
    return ntohs(address.sin_port);
}

static void ingest_fails_a_session_clearly_when_no_port_is_left(void **state)
{
    struct media_settings settings = ingest_scene_settings;

    (void)state;
    settings.ingest_port_first = free_port();
    settings.ingest_port_last = settings.ingest_port_first;
    struct ingest_scene *scene = ingest_scene_create(&settings);
    struct broadcaster *first = ingest_scene_offer(scene, 1, DTLS_CLIENT);
    assert_false(ingest_scene_told(scene, 1).local_failed);
    ingest_stream_open(scene->ingest, INGEST_SCENE_STREAM + 1);
    struct media_publish publish;
    broadcaster_read_offer(first, 2, INGEST_SCENE_STREAM + 1, &publish);
    ingest_publish(scene->ingest, &publish);
    INGEST_SCENE_WAIT(first, ingest_scene_told(scene, 2).closes == 1);
    assert_true(ingest_scene_told(scene, 2).local_failed);
    assert_int_equal(ingest_scene_told(scene, 2).reason, MEDIA_CLOSED_RESOURCE);
    assert_int_equal(ingest_scene_told(scene, 1).closes, 0);
    broadcaster_destroy(first);
    ingest_scene_destroy(scene);
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");

    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static void ingest_leaks_no_descriptor_when_sessions_come_and_go(void **state)
{
    struct ingest_scene *scene = *state;
    struct broadcaster *broadcaster = ingest_scene_go_live(scene, 1, DTLS_CLIENT);
    struct media_publish publish;

    ingest_end(scene->ingest, 1);
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_told(scene, 1).closes == 1);
    const unsigned before = open_descriptors();
    for (uint64_t session = 2; session < 2 + CYCLES; session++) {
        broadcaster_read_offer(broadcaster, session, INGEST_SCENE_STREAM, &publish);
        ingest_publish(scene->ingest, &publish);
        if (session % 3 == 0) /* else the next one takes over */
            ingest_end(scene->ingest, session);
    }
    ingest_end(scene->ingest, 1 + CYCLES);
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_told(scene, 1 + CYCLES).closes == 1);
    for (uint64_t session = 2; session < 2 + CYCLES; session++) {
        assert_int_equal(ingest_scene_told(scene, session).locals, 1);
        assert_int_equal(ingest_scene_told(scene, session).closes, 1);
    }
    assert_int_equal(open_descriptors(), before);
    broadcaster_destroy(broadcaster);
}

static void ingest_says_goodbye_when_stopped(void **state)
{
    struct ingest_scene *scene = ingest_scene_create(&ingest_scene_settings);
    struct broadcaster *broadcaster = ingest_scene_go_live(scene, 1, DTLS_CLIENT);

    (void)state;
    ingest_stop(scene->ingest);
    assert_int_equal(ingest_scene_told(scene, 1).closes, 1);
    INGEST_SCENE_WAIT(broadcaster, broadcaster_heard(broadcaster)->dtls_closed);
    broadcaster_destroy(broadcaster);
    ingest_scene_destroy(scene);
}

#define WITH_SCENE(test)                                                                           \
    cmocka_unit_test_setup_teardown(test, ingest_scene_set_up, ingest_scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(ingest_refuses_a_broadcaster_whose_fingerprint_differs),
        WITH_SCENE(ingest_leaks_no_descriptor_when_sessions_come_and_go),
        cmocka_unit_test(ingest_closes_at_the_deadline_when_no_check_or_handshake_comes),
        cmocka_unit_test(ingest_withdraws_consent_when_the_broadcaster_vanishes),
        cmocka_unit_test(ingest_fails_a_session_clearly_when_no_port_is_left),
        cmocka_unit_test(ingest_says_goodbye_when_stopped),
    };

    return cmocka_run_group_tests(tests, ingest_scene_start_libraries, NULL);
}
