/* Whole broadcasters against a whole ingest thread, over loopback. */
#include "transport/ingest.h"

#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "broadcaster.h"
#include "core/packet.h"
#include "transport/mono_clock.h"
#include "transport/rtpsec.h"

enum {
    RING_PACKETS = 1024,
    STREAM = 7,
    SESSIONS_MAX = 256,
    WAIT_TURNS_MAX = 20000, /* of about 2 ms: only a hanging test gets there */
    CYCLES = 200,
};

/* What the events told, by session. */
struct told {
    unsigned locals;
    bool local_failed;
    struct media_local local;
    bool connected;
    unsigned closes;
    enum media_close_reason reason;
};

struct fixture {
    struct certificate *certificate;
    struct dtls_context *dtls_context;
    struct ingest *ingest;
    struct ring *ring;
    pthread_mutex_t lock; /* of what follows */
    struct told told[SESSIONS_MAX];
    struct stream_report report;
    unsigned reports;
    unsigned wakes;
};

static void on_local(void *context, uint64_t session, const struct media_local *local)
{
    struct fixture *fixture = context;

    pthread_mutex_lock(&fixture->lock);
    struct told *told = &fixture->told[session];
    if (local != NULL)
        told->local = *local;
    else
        told->local_failed = true;
    told->locals++;
    pthread_mutex_unlock(&fixture->lock);
}

static void on_connected(void *context, uint64_t session)
{
    struct fixture *fixture = context;

    pthread_mutex_lock(&fixture->lock);
    fixture->told[session].connected = true;
    pthread_mutex_unlock(&fixture->lock);
}

static void on_report(void *context, uint32_t stream_id, const struct stream_report *report)
{
    struct fixture *fixture = context;

    assert_int_equal(stream_id, STREAM);
    pthread_mutex_lock(&fixture->lock);
    fixture->report = *report;
    fixture->reports++;
    pthread_mutex_unlock(&fixture->lock);
}

static void on_closed(void *context, uint64_t session, enum media_close_reason reason)
{
    struct fixture *fixture = context;

    pthread_mutex_lock(&fixture->lock);
    fixture->told[session].reason = reason;
    fixture->told[session].closes++;
    pthread_mutex_unlock(&fixture->lock);
}

static void on_wake(void *context)
{
    struct fixture *fixture = context;

    pthread_mutex_lock(&fixture->lock);
    fixture->wakes++;
    pthread_mutex_unlock(&fixture->lock);
}

static struct told read_told(struct fixture *fixture, uint64_t session)
{
    pthread_mutex_lock(&fixture->lock);
    const struct told told = fixture->told[session];
    pthread_mutex_unlock(&fixture->lock);
    return told;
}

static struct stream_report read_report(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->lock);
    const struct stream_report report = fixture->report;
    pthread_mutex_unlock(&fixture->lock);
    return report;
}

static const struct media_settings default_settings = {.ingest_port_first = 20000,
                                                       .ingest_port_last = 29999,
                                                       .publisher_bandwidth_bps = 8000000,
                                                       .ticket_deadline_ns = 20 * MONO_SECOND,
                                                       .handshake_deadline_ns = 20 * MONO_SECOND,
                                                       .consent_ns = 20 * MONO_SECOND,
                                                       .history_age_ns = MONO_SECOND};

static struct fixture *fixture_create(const struct media_settings *settings)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    const struct ingest_events events = {.context = fixture,
                                         .on_publisher_local = on_local,
                                         .on_connected = on_connected,
                                         .on_stream_report = on_report,
                                         .on_closed = on_closed};

    assert_non_null(fixture);
    pthread_mutex_init(&fixture->lock, NULL);
    assert_int_equal(certificate_create(&fixture->certificate), STATUS_OK);
    assert_int_equal(dtls_context_create(fixture->certificate, -1, &fixture->dtls_context),
                     STATUS_OK);
    assert_int_equal(
        ingest_create(settings, fixture->dtls_context, NULL, &events, &fixture->ingest), STATUS_OK);
    assert_int_equal(ring_create(RING_PACKETS, &fixture->ring), STATUS_OK);
    const struct outlet outlet = {.ring = fixture->ring, .wake = on_wake, .wake_context = fixture};
    ingest_attach_worker(fixture->ingest, 3, &outlet);
    assert_int_equal(ingest_start(fixture->ingest), STATUS_OK);
    ingest_stream_open(fixture->ingest, STREAM);
    ingest_subscribe(fixture->ingest, STREAM, 3);
    return fixture;
}

static void fixture_destroy(struct fixture *fixture)
{
    void *packet;

    ingest_stop(fixture->ingest);
    while (ring_pop(fixture->ring, &packet, 1) == 1)
        packet_unref(packet);
    ingest_destroy(fixture->ingest);
    ring_destroy(fixture->ring);
    dtls_context_destroy(fixture->dtls_context);
    certificate_destroy(fixture->certificate);
    pthread_mutex_destroy(&fixture->lock);
    free(fixture);
}

static int setup(void **state)
{
    *state = fixture_create(&default_settings);
    return 0;
}

static int teardown(void **state)
{
    fixture_destroy(*state);
    return 0;
}

/* Turns broadcaster's loop until condition holds; fails a test that hangs. */
#define WAIT(broadcaster, condition)                                                               \
    do {                                                                                           \
        unsigned turns = 0;                                                                        \
        while (!(condition)) {                                                                     \
            if (++turns > WAIT_TURNS_MAX)                                                          \
                fail_msg("never: %s", #condition);                                                 \
            broadcaster_turn(broadcaster);                                                         \
        }                                                                                          \
    } while (0)

static struct broadcaster *offer(struct fixture *fixture, uint64_t session, enum dtls_role role)
{
    struct broadcaster *broadcaster = broadcaster_create(role);
    struct media_publish publish;

    broadcaster_read_offer(broadcaster, session, STREAM, &publish);
    ingest_publish(fixture->ingest, &publish);
    WAIT(broadcaster, read_told(fixture, session).locals == 1);
    return broadcaster;
}

static struct broadcaster *go_live(struct fixture *fixture, uint64_t session, enum dtls_role role)
{
    struct broadcaster *broadcaster = offer(fixture, session, role);
    const struct told told = read_told(fixture, session);

    assert_false(told.local_failed);
    broadcaster_take_answer(broadcaster, &told.local,
                            certificate_fingerprint(fixture->certificate));
    WAIT(broadcaster,
         read_told(fixture, session).connected && broadcaster_is_connected(broadcaster));
    return broadcaster;
}

/* The next packet from the worker's ring; the test drops the reference. */
static struct packet *next_packet(struct fixture *fixture, struct broadcaster *broadcaster)
{
    void *packet = NULL;

    WAIT(broadcaster, ring_pop(fixture->ring, &packet, 1) == 1);
    return packet;
}

static void expect_packet(struct fixture *fixture, struct broadcaster *broadcaster,
                          enum packet_kind kind)
{
    struct packet *packet = next_packet(fixture, broadcaster);

    assert_int_equal(packet->kind, kind);
    packet_unref(packet);
}

static void expect_video(struct fixture *fixture, struct broadcaster *broadcaster, unsigned count)
{
    int64_t before = -1;

    for (unsigned i = 0; i < count; i++) {
        struct packet *packet = next_packet(fixture, broadcaster);

        assert_int_equal(packet->kind, PACKET_MEDIA);
        assert_int_equal(packet->track, TRACK_VIDEO);
        assert_int_equal(packet->stream_id, STREAM);
        assert_int_equal(packet->format.codec, CODEC_VP8);
        if (i > 0)
            assert_int_equal(packet->sequence_number, before + 1);
        before = packet->sequence_number;
        packet_unref(packet);
    }
}

/* Asks again and again, as viewers do: what is wanted just after a key frame counts as answered. */
static void expect_key_frame_request(struct fixture *fixture, struct broadcaster *broadcaster)
{
    const unsigned before = broadcaster_heard(broadcaster)->plis;

    while (broadcaster_heard(broadcaster)->plis == before) {
        ingest_want_key_frame(fixture->ingest, STREAM);
        broadcaster_turn(broadcaster);
    }
}

static void ingest_hands_packets_on_in_order_when_published(void **state)
{
    struct fixture *fixture = *state;
    struct broadcaster *broadcaster = go_live(fixture, 1, DTLS_CLIENT);

    expect_packet(fixture, broadcaster, PACKET_PUBLISHED);
    for (uint16_t i = 0; i < 50; i++)
        broadcaster_send_video(broadcaster, (uint16_t)(65520 + i), i == 0);
    expect_video(fixture, broadcaster, 50);
    WAIT(broadcaster, read_report(fixture).live);
    assert_true(read_report(fixture).has[TRACK_VIDEO]);
    assert_false(read_report(fixture).has[TRACK_AUDIO]);
    assert_int_equal(read_report(fixture).format[TRACK_VIDEO].codec, CODEC_VP8);

    ingest_end(fixture->ingest, 1);
    WAIT(broadcaster,
         broadcaster_heard(broadcaster)->dtls_closed && read_told(fixture, 1).closes == 1);
    assert_int_equal(read_told(fixture, 1).reason, MEDIA_CLOSED_BY_US);
    assert_false(read_report(fixture).live);
    expect_packet(fixture, broadcaster, PACKET_UNPUBLISHED);
    broadcaster_destroy(broadcaster);
}

static void ingest_sends_feedback_upstream_when_packets_are_missing(void **state)
{
    struct fixture *fixture = *state;
    struct broadcaster *broadcaster = go_live(fixture, 1, DTLS_CLIENT);

    broadcaster_send_video(broadcaster, 100, true);
    broadcaster_send_video(broadcaster, 101, false);
    broadcaster_send_video(broadcaster, 103, false);
    WAIT(broadcaster, broadcaster_heard(broadcaster)->nacks > 0);
    assert_int_equal(broadcaster_heard(broadcaster)->nacked, 102);
    WAIT(broadcaster, broadcaster_heard(broadcaster)->receiver_reports > 0);

    expect_key_frame_request(fixture, broadcaster);
    broadcaster_destroy(broadcaster);
}

static void ingest_ends_the_old_session_when_taken_over(void **state)
{
    struct fixture *fixture = *state;
    struct broadcaster *first = go_live(fixture, 1, DTLS_CLIENT);

    expect_packet(fixture, first, PACKET_PUBLISHED);
    broadcaster_send_video(first, 1, true);
    expect_video(fixture, first, 1);
    struct broadcaster *second = go_live(fixture, 2, DTLS_CLIENT);
    assert_int_equal(read_told(fixture, 1).closes, 1);
    assert_int_equal(read_told(fixture, 1).reason, MEDIA_CLOSED_BY_US);
    WAIT(first, broadcaster_heard(first)->dtls_closed);
    expect_packet(fixture, second, PACKET_UNPUBLISHED);
    expect_packet(fixture, second, PACKET_PUBLISHED);
    broadcaster_send_video(second, 5000, true);
    expect_video(fixture, second, 1);
    ingest_end(fixture->ingest, 1); /* long gone */
    broadcaster_send_video(second, 5001, false);
    expect_video(fixture, second, 1);
    assert_int_equal(read_told(fixture, 2).closes, 0);
    broadcaster_destroy(first);
    broadcaster_destroy(second);
}

static void ingest_goes_on_over_the_old_pair_when_ice_restarts(void **state)
{
    struct fixture *fixture = *state;
    struct broadcaster *broadcaster = go_live(fixture, 1, DTLS_CLIENT);
    const struct told before = read_told(fixture, 1);
    struct ice_credentials credentials;
    uint16_t sequence_number = 1;

    expect_packet(fixture, broadcaster, PACKET_PUBLISHED);
    broadcaster_send_video(broadcaster, sequence_number++, true);
    broadcaster_restart(broadcaster, &credentials);
    ingest_restart(fixture->ingest, 1, &credentials, NULL, 0);
    WAIT(broadcaster, read_told(fixture, 1).locals == 2);
    broadcaster_send_video(broadcaster, sequence_number++, false);
    expect_video(fixture, broadcaster, 2);

    const struct told after = read_told(fixture, 1);
    assert_string_not_equal(before.local.credentials.ufrag, after.local.credentials.ufrag);
    assert_int_equal(before.local.candidates[0].port, after.local.candidates[0].port);
    const unsigned selections = broadcaster_selections(broadcaster);
    broadcaster_take_restart(broadcaster, &after.local);
    WAIT(broadcaster, broadcaster_selections(broadcaster) > selections);
    broadcaster_send_video(broadcaster, sequence_number++, false);
    expect_video(fixture, broadcaster, 1);

    expect_key_frame_request(fixture, broadcaster);
    assert_int_equal(read_told(fixture, 1).closes, 0);
    broadcaster_destroy(broadcaster);
}

static void ingest_begins_the_handshake_when_the_offer_is_passive(void **state)
{
    struct fixture *fixture = *state;
    struct broadcaster *broadcaster = go_live(fixture, 1, DTLS_SERVER);

    expect_packet(fixture, broadcaster, PACKET_PUBLISHED);
    broadcaster_send_video(broadcaster, 1, true);
    expect_video(fixture, broadcaster, 1);
    broadcaster_close(broadcaster);
    WAIT(broadcaster, read_told(fixture, 1).closes == 1);
    assert_int_equal(read_told(fixture, 1).reason, MEDIA_CLOSED_BY_PEER);
    broadcaster_destroy(broadcaster);
}

static void ingest_refuses_a_broadcaster_whose_fingerprint_differs(void **state)
{
    struct fixture *fixture = *state;
    struct broadcaster *broadcaster = broadcaster_create(DTLS_CLIENT);
    struct media_publish publish;

    broadcaster_read_offer(broadcaster, 1, STREAM, &publish);
    publish.fingerprint.bytes[5] ^= 1;
    ingest_publish(fixture->ingest, &publish);
    WAIT(broadcaster, read_told(fixture, 1).locals == 1);
    const struct told told = read_told(fixture, 1);
    broadcaster_take_answer(broadcaster, &told.local,
                            certificate_fingerprint(fixture->certificate));
    WAIT(broadcaster, read_told(fixture, 1).closes == 1);
    assert_int_equal(read_told(fixture, 1).reason, MEDIA_CLOSED_FINGERPRINT);
    assert_false(read_told(fixture, 1).connected);
    assert_true(ring_is_empty(fixture->ring));
    broadcaster_destroy(broadcaster);
}

static void ingest_counts_garbage_and_goes_on(void **state)
{
    struct fixture *fixture = *state;
    struct broadcaster *broadcaster = go_live(fixture, 1, DTLS_CLIENT);
    uint8_t datagram[1400];
    uint32_t random = 1;

    expect_packet(fixture, broadcaster, PACKET_PUBLISHED);
    for (unsigned i = 0; i < 512; i++) {
        for (size_t k = 0; k < sizeof datagram; k++)
            datagram[k] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
        datagram[0] = (uint8_t)(i % 256);
        if (datagram[0] == 21) /* an alert in clear, unlucky enough, may end a session */
            continue;
        broadcaster_send_raw(broadcaster, datagram, 1 + i * 2);
    }
    broadcaster_send_video(broadcaster, 9, true);
    expect_video(fixture, broadcaster, 1);
    assert_true(atomic_load(&ingest_stats(fixture->ingest)->drop_srtp) > 0);
    assert_true(atomic_load(&ingest_stats(fixture->ingest)->drop_not_for_us) > 0);
    assert_int_equal(read_told(fixture, 1).closes, 0);
    broadcaster_destroy(broadcaster);
}

static void ingest_closes_at_the_deadline_when_no_check_or_handshake_comes(void **state)
{
    struct media_settings settings = default_settings;

    (void)state;
    settings.ticket_deadline_ns = 200 * MONO_MS;
    struct fixture *fixture = fixture_create(&settings);
    struct broadcaster *broadcaster = offer(fixture, 1, DTLS_CLIENT);
    WAIT(broadcaster, read_told(fixture, 1).closes == 1);
    assert_int_equal(read_told(fixture, 1).reason, MEDIA_CLOSED_NO_CHECK);
    broadcaster_destroy(broadcaster);
    fixture_destroy(fixture);

    settings = default_settings;
    settings.handshake_deadline_ns = 200 * MONO_MS;
    fixture = fixture_create(&settings);
    broadcaster = broadcaster_create(DTLS_SERVER);
    struct media_publish publish;
    broadcaster_read_offer(broadcaster, 1, STREAM, &publish);
    publish.dtls_client = false; /* both passive: nobody begins */
    ingest_publish(fixture->ingest, &publish);
    WAIT(broadcaster, read_told(fixture, 1).locals == 1);
    const struct told told = read_told(fixture, 1);
    broadcaster_take_answer(broadcaster, &told.local,
                            certificate_fingerprint(fixture->certificate));
    WAIT(broadcaster, read_told(fixture, 1).closes == 1);
    assert_true(broadcaster_is_selected(broadcaster));
    assert_int_equal(read_told(fixture, 1).reason, MEDIA_CLOSED_HANDSHAKE);
    broadcaster_destroy(broadcaster);
    fixture_destroy(fixture);
}

static void ingest_withdraws_consent_when_the_broadcaster_vanishes(void **state)
{
    struct media_settings settings = default_settings;

    (void)state;
    settings.consent_ns = 100 * MONO_MS;
    struct fixture *fixture = fixture_create(&settings);
    struct broadcaster *broadcaster = go_live(fixture, 1, DTLS_CLIENT);
    broadcaster_destroy(broadcaster);
    struct broadcaster *clock = broadcaster_create(DTLS_CLIENT);
    WAIT(clock, read_told(fixture, 1).closes == 1);
    assert_int_equal(read_told(fixture, 1).reason, MEDIA_CLOSED_CONSENT);
    broadcaster_destroy(clock);
    fixture_destroy(fixture);
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
    struct media_settings settings = default_settings;

    (void)state;
    settings.ingest_port_first = free_port();
    settings.ingest_port_last = settings.ingest_port_first;
    struct fixture *fixture = fixture_create(&settings);
    struct broadcaster *first = offer(fixture, 1, DTLS_CLIENT);
    assert_false(read_told(fixture, 1).local_failed);
    ingest_stream_open(fixture->ingest, STREAM + 1);
    struct media_publish publish;
    broadcaster_read_offer(first, 2, STREAM + 1, &publish);
    ingest_publish(fixture->ingest, &publish);
    WAIT(first, read_told(fixture, 2).closes == 1);
    assert_true(read_told(fixture, 2).local_failed);
    assert_int_equal(read_told(fixture, 2).reason, MEDIA_CLOSED_RESOURCE);
    assert_int_equal(read_told(fixture, 1).closes, 0);
    broadcaster_destroy(first);
    fixture_destroy(fixture);
}

static void ingest_offers_announced_addresses_instead_of_its_own(void **state)
{
    struct media_settings settings = default_settings;

    (void)state;
    settings.announce_count = 2;
    settings.announce[0] = (struct media_announce){.address = "203.0.113.9"};
    settings.announce[1] = (struct media_announce){.address = "127.0.0.1"};
    struct fixture *fixture = fixture_create(&settings);
    struct broadcaster *broadcaster = offer(fixture, 1, DTLS_CLIENT);
    const struct told told = read_told(fixture, 1);
    assert_true(told.local.candidate_count >= 2);
    assert_string_equal(told.local.candidates[0].address, "203.0.113.9");
    for (unsigned i = 1; i < told.local.candidate_count; i++) {
        const struct ice_candidate *candidate = &told.local.candidates[i];
        assert_true(candidate->priority < told.local.candidates[i - 1].priority);
        assert_in_range(candidate->port, 20000, 29999);
    }
    assert_string_equal(told.local.candidates[told.local.candidate_count - 1].address, "127.0.0.1");
    broadcaster_destroy(broadcaster);
    fixture_destroy(fixture);
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
    struct fixture *fixture = *state;
    struct broadcaster *broadcaster = go_live(fixture, 1, DTLS_CLIENT);
    struct media_publish publish;

    ingest_end(fixture->ingest, 1);
    WAIT(broadcaster, read_told(fixture, 1).closes == 1);
    const unsigned before = open_descriptors();
    for (uint64_t session = 2; session < 2 + CYCLES; session++) {
        broadcaster_read_offer(broadcaster, session, STREAM, &publish);
        ingest_publish(fixture->ingest, &publish);
        if (session % 3 == 0) /* else the next one takes over */
            ingest_end(fixture->ingest, session);
    }
    ingest_end(fixture->ingest, 1 + CYCLES);
    WAIT(broadcaster, read_told(fixture, 1 + CYCLES).closes == 1);
    for (uint64_t session = 2; session < 2 + CYCLES; session++) {
        assert_int_equal(read_told(fixture, session).locals, 1);
        assert_int_equal(read_told(fixture, session).closes, 1);
    }
    assert_int_equal(open_descriptors(), before);
    broadcaster_destroy(broadcaster);
}

static void ingest_says_goodbye_when_stopped(void **state)
{
    struct fixture *fixture = fixture_create(&default_settings);
    struct broadcaster *broadcaster = go_live(fixture, 1, DTLS_CLIENT);

    (void)state;
    ingest_stop(fixture->ingest);
    assert_int_equal(read_told(fixture, 1).closes, 1);
    WAIT(broadcaster, broadcaster_heard(broadcaster)->dtls_closed);
    broadcaster_destroy(broadcaster);
    fixture_destroy(fixture);
}

static int start_libraries(void **state)
{
    (void)state;
    return rtpsec_start() == STATUS_OK ? 0 : -1;
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(ingest_hands_packets_on_in_order_when_published),
        WITH_FIXTURE(ingest_sends_feedback_upstream_when_packets_are_missing),
        WITH_FIXTURE(ingest_ends_the_old_session_when_taken_over),
        WITH_FIXTURE(ingest_goes_on_over_the_old_pair_when_ice_restarts),
        WITH_FIXTURE(ingest_begins_the_handshake_when_the_offer_is_passive),
        WITH_FIXTURE(ingest_refuses_a_broadcaster_whose_fingerprint_differs),
        WITH_FIXTURE(ingest_counts_garbage_and_goes_on),
        WITH_FIXTURE(ingest_leaks_no_descriptor_when_sessions_come_and_go),
        cmocka_unit_test(ingest_closes_at_the_deadline_when_no_check_or_handshake_comes),
        cmocka_unit_test(ingest_withdraws_consent_when_the_broadcaster_vanishes),
        cmocka_unit_test(ingest_fails_a_session_clearly_when_no_port_is_left),
        cmocka_unit_test(ingest_offers_announced_addresses_instead_of_its_own),
        cmocka_unit_test(ingest_says_goodbye_when_stopped),
    };

    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
