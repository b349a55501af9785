/* Whole broadcasters against a whole ingest thread, over loopback. */
#include "transport/ingest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest_scene.h"

static void ingest_hands_packets_on_in_order_when_published(void **state)
{
    struct ingest_scene *scene = *state;
    struct broadcaster *broadcaster = ingest_scene_go_live(scene, 1, DTLS_CLIENT);

    ingest_scene_expect_packet(scene, broadcaster, PACKET_PUBLISHED);
    for (uint16_t i = 0; i < 50; i++)
        broadcaster_send_video(broadcaster, (uint16_t)(65520 + i), i == 0);
    ingest_scene_expect_video(scene, broadcaster, 50);
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_report(scene).live);
    assert_true(ingest_scene_report(scene).has[TRACK_VIDEO]);
    assert_false(ingest_scene_report(scene).has[TRACK_AUDIO]);
    assert_int_equal(ingest_scene_report(scene).format[TRACK_VIDEO].codec, CODEC_VP8);

    ingest_end(scene->ingest, 1);
    INGEST_SCENE_WAIT(broadcaster, broadcaster_heard(broadcaster)->dtls_closed &&
                                       ingest_scene_told(scene, 1).closes == 1);
    assert_int_equal(ingest_scene_told(scene, 1).reason, MEDIA_CLOSED_BY_US);
    assert_false(ingest_scene_report(scene).live);
    ingest_scene_expect_packet(scene, broadcaster, PACKET_UNPUBLISHED);
    broadcaster_destroy(broadcaster);
}

static void ingest_sends_feedback_upstream_when_packets_are_missing(void **state)
{
    struct ingest_scene *scene = *state;
    struct broadcaster *broadcaster = ingest_scene_go_live(scene, 1, DTLS_CLIENT);

    broadcaster_send_video(broadcaster, 100, true);
    broadcaster_send_video(broadcaster, 101, false);
    broadcaster_send_video(broadcaster, 103, false);
    INGEST_SCENE_WAIT(broadcaster, broadcaster_heard(broadcaster)->nacks > 0);
    assert_int_equal(broadcaster_heard(broadcaster)->nacked, 102);
    INGEST_SCENE_WAIT(broadcaster, broadcaster_heard(broadcaster)->receiver_reports > 0);

    ingest_scene_expect_key_frame_request(scene, broadcaster);
    broadcaster_destroy(broadcaster);
}

static void ingest_ends_the_old_session_when_taken_over(void **state)
{
    struct ingest_scene *scene = *state;
    struct broadcaster *first = ingest_scene_go_live(scene, 1, DTLS_CLIENT);

    ingest_scene_expect_packet(scene, first, PACKET_PUBLISHED);
    broadcaster_send_video(first, 1, true);
    ingest_scene_expect_video(scene, first, 1);
    struct broadcaster *second = ingest_scene_go_live(scene, 2, DTLS_CLIENT);
    assert_int_equal(ingest_scene_told(scene, 1).closes, 1);
    assert_int_equal(ingest_scene_told(scene, 1).reason, MEDIA_CLOSED_BY_US);
    INGEST_SCENE_WAIT(first, broadcaster_heard(first)->dtls_closed);
    ingest_scene_expect_packet(scene, second, PACKET_UNPUBLISHED);
    ingest_scene_expect_packet(scene, second, PACKET_PUBLISHED);
    broadcaster_send_video(second, 5000, true);
    ingest_scene_expect_video(scene, second, 1);
    ingest_end(scene->ingest, 1); /* long gone */
    broadcaster_send_video(second, 5001, false);
    ingest_scene_expect_video(scene, second, 1);
    assert_int_equal(ingest_scene_told(scene, 2).closes, 0);
    broadcaster_destroy(first);
    broadcaster_destroy(second);
}

static void ingest_goes_on_over_the_old_pair_when_ice_restarts(void **state)
{
    struct ingest_scene *scene = *state;
    struct broadcaster *broadcaster = ingest_scene_go_live(scene, 1, DTLS_CLIENT);
    const struct ingest_told before = ingest_scene_told(scene, 1);
    struct ice_credentials credentials;
    uint16_t sequence_number = 1;

    ingest_scene_expect_packet(scene, broadcaster, PACKET_PUBLISHED);
    broadcaster_send_video(broadcaster, sequence_number++, true);
    broadcaster_restart(broadcaster, &credentials);
    ingest_restart(scene->ingest, 1, &credentials, NULL, 0);
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_told(scene, 1).locals == 2);
    broadcaster_send_video(broadcaster, sequence_number++, false);
    ingest_scene_expect_video(scene, broadcaster, 2);

    const struct ingest_told after = ingest_scene_told(scene, 1);
    assert_string_not_equal(before.local.credentials.ufrag, after.local.credentials.ufrag);
    assert_int_equal(before.local.candidates[0].port, after.local.candidates[0].port);
    const unsigned selections = broadcaster_selections(broadcaster);
    broadcaster_take_restart(broadcaster, &after.local);
    INGEST_SCENE_WAIT(broadcaster, broadcaster_selections(broadcaster) > selections);
    broadcaster_send_video(broadcaster, sequence_number++, false);
    ingest_scene_expect_video(scene, broadcaster, 1);

    ingest_scene_expect_key_frame_request(scene, broadcaster);
    assert_int_equal(ingest_scene_told(scene, 1).closes, 0);
    broadcaster_destroy(broadcaster);
}

static void ingest_begins_the_handshake_when_the_offer_is_passive(void **state)
{
    struct ingest_scene *scene = *state;
    struct broadcaster *broadcaster = ingest_scene_go_live(scene, 1, DTLS_SERVER);

    ingest_scene_expect_packet(scene, broadcaster, PACKET_PUBLISHED);
    broadcaster_send_video(broadcaster, 1, true);
    ingest_scene_expect_video(scene, broadcaster, 1);
    broadcaster_close(broadcaster);
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_told(scene, 1).closes == 1);
    assert_int_equal(ingest_scene_told(scene, 1).reason, MEDIA_CLOSED_BY_PEER);
    broadcaster_destroy(broadcaster);
}

static void ingest_counts_garbage_and_goes_on(void **state)
{
    struct ingest_scene *scene = *state;
    struct broadcaster *broadcaster = ingest_scene_go_live(scene, 1, DTLS_CLIENT);
    uint8_t datagram[1400];
    uint32_t random = 1;

    ingest_scene_expect_packet(scene, broadcaster, PACKET_PUBLISHED);
    for (unsigned i = 0; i < 512; i++) {
        for (size_t k = 0; k < sizeof datagram; k++)
            datagram[k] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
        datagram[0] = (uint8_t)(i % 256);
        if (datagram[0] == 21) /* an alert in clear, unlucky enough, may end a session */
            continue;
        broadcaster_send_raw(broadcaster, datagram, 1 + i * 2);
    }
    broadcaster_send_video(broadcaster, 9, true);
    ingest_scene_expect_video(scene, broadcaster, 1);
    assert_true(atomic_load(&ingest_stats(scene->ingest)->drop_srtp) > 0);
    assert_true(atomic_load(&ingest_stats(scene->ingest)->drop_not_for_us) > 0);
    assert_int_equal(ingest_scene_told(scene, 1).closes, 0);
    broadcaster_destroy(broadcaster);
}

static void ingest_offers_announced_addresses_instead_of_its_own(void **state)
{
    struct media_settings settings = ingest_scene_settings;

    (void)state;
    settings.announce_count = 2;
    settings.announce[0] = (struct media_announce){.address = "203.0.113.9"};
    settings.announce[1] = (struct media_announce){.address = "127.0.0.1"};
    struct ingest_scene *scene = ingest_scene_create(&settings);
    struct broadcaster *broadcaster = ingest_scene_offer(scene, 1, DTLS_CLIENT);
    const struct ingest_told told = ingest_scene_told(scene, 1);
    assert_true(told.local.candidate_count >= 2);
    assert_string_equal(told.local.candidates[0].address, "203.0.113.9");
    for (unsigned i = 1; i < told.local.candidate_count; i++) {
        const struct ice_candidate *candidate = &told.local.candidates[i];
        assert_true(candidate->priority < told.local.candidates[i - 1].priority);
        assert_in_range(candidate->port, 20000, 29999);
    }
    assert_string_equal(told.local.candidates[told.local.candidate_count - 1].address, "127.0.0.1");
    broadcaster_destroy(broadcaster);
    ingest_scene_destroy(scene);
}

#define WITH_SCENE(test)                                                                           \
    cmocka_unit_test_setup_teardown(test, ingest_scene_set_up, ingest_scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(ingest_hands_packets_on_in_order_when_published),
        WITH_SCENE(ingest_sends_feedback_upstream_when_packets_are_missing),
        WITH_SCENE(ingest_ends_the_old_session_when_taken_over),
        WITH_SCENE(ingest_goes_on_over_the_old_pair_when_ice_restarts),
        WITH_SCENE(ingest_begins_the_handshake_when_the_offer_is_passive),
        WITH_SCENE(ingest_counts_garbage_and_goes_on),
        cmocka_unit_test(ingest_offers_announced_addresses_instead_of_its_own),
    };

    return cmocka_run_group_tests(tests, ingest_scene_start_libraries, NULL);
}
