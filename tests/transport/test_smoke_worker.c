/* tests/transport/test_smoke_worker.c - whole workers on loopback: their threads, sockets, viewers
 * over UDP and TCP; the packets come straight through the ring. */
#include "transport/worker.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/rtcp.h"
#include "fake_viewer.h"
#include "transport/mono_clock.h"

enum { WORKERS = 2, STREAM = 5, SESSIONS_MAX = 64, KEY_FRAME_MARK = 0x4b4b };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool connected[SESSIONS_MAX];
    bool closed[SESSIONS_MAX];
    enum media_close_reason reason[SESSIONS_MAX];
    unsigned subscribed;
    unsigned unsubscribed;
    unsigned key_frames_wanted;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct certificate *certificate;
static struct dtls_context *dtls_context;
static struct ticket_table *tickets;
static struct packet_pool *pool;
static struct worker *workers[WORKERS];
static unsigned worker_count;
static int64_t next_number;

static void on_connected(void *context, uint64_t session)
{
    (void)context;
    pthread_mutex_lock(&seen.lock);
    seen.connected[session] = true;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void on_closed(void *context, uint64_t session, enum media_close_reason reason)
{
    (void)context;
    pthread_mutex_lock(&seen.lock);
    assert_false(seen.closed[session]);
    seen.closed[session] = true;
    seen.reason[session] = reason;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void count(unsigned *number)
{
    pthread_mutex_lock(&seen.lock);
    (*number)++;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void subscribe(void *context, uint32_t stream_id, unsigned worker)
{
    (void)context;
    (void)worker;
    assert_int_equal(stream_id, STREAM);
    count(&seen.subscribed);
}

static void unsubscribe(void *context, uint32_t stream_id, unsigned worker)
{
    (void)context;
    (void)stream_id;
    (void)worker;
    count(&seen.unsubscribed);
}

static void want_key_frame(void *context, uint32_t stream_id)
{
    (void)context;
    assert_int_equal(stream_id, STREAM);
    count(&seen.key_frames_wanted);
}

/* Waits on the events until *flag is true. */
static bool wait_for(const bool *flag)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FAKE_VIEWER_WAIT_MS / 1000;
    pthread_mutex_lock(&seen.lock);
    while (!*flag && error == 0)
        error = pthread_cond_timedwait(&seen.changed, &seen.lock, &until);
    const bool reached = *flag;
    pthread_mutex_unlock(&seen.lock);
    return reached;
}

static bool is_closed(uint64_t session)
{
    pthread_mutex_lock(&seen.lock);
    const bool closed = seen.closed[session];
    pthread_mutex_unlock(&seen.lock);
    return closed;
}

static bool wait_for_count(const unsigned *number, unsigned wanted)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FAKE_VIEWER_WAIT_MS / 1000;
    pthread_mutex_lock(&seen.lock);
    while (*number < wanted && error == 0)
        error = pthread_cond_timedwait(&seen.changed, &seen.lock, &until);
    const bool reached = *number >= wanted;
    pthread_mutex_unlock(&seen.lock);
    return reached;
}

static struct worker_settings settings_of(int number, uint16_t port)
{
    struct worker_settings settings = {
        .number = number,
        .port = port,
        .tcp = true,
        .send = MEDIA_SEND_GSO,
        .viewers_max = SESSIONS_MAX,
        .handshakes_max = SESSIONS_MAX,
        .handshake_deadline_ns = 10 * MONO_SECOND,
        .consent_ns = 30 * MONO_SECOND,
        .history_age_ns = 10 * MONO_SECOND,
        .replay_bps = 50000000,
        .tickets = tickets,
        .dtls_context = dtls_context,
        .upstream = {.subscribe = subscribe,
                     .unsubscribe = unsubscribe,
                     .want_key_frame = want_key_frame},
        .events = {.on_connected = on_connected, .on_closed = on_closed}};
    return settings;
}

/* The port is free for UDP; that it is for TCP too takes luck on a busy machine. */
static void create_first(const struct worker_settings *settings)
{
    enum { TRIES_MAX = 20 };
    enum status status = STATUS_AGAIN;

    for (unsigned tries = 0; tries < TRIES_MAX && status != STATUS_OK; tries++)
        status = worker_create(settings, &workers[0]);
    assert_int_equal(status, STATUS_OK);
}

static void start_workers(unsigned wanted, int64_t handshake_deadline_ns, int64_t consent_ns)
{
    worker_count = wanted;
    for (unsigned i = 0; i < wanted; i++) {
        struct worker_settings settings = settings_of((int)i, i == 0 ? 0 : worker_port(workers[0]));
        settings.handshake_deadline_ns = handshake_deadline_ns;
        settings.consent_ns = consent_ns;
        if (i == 0)
            create_first(&settings);
        else
            assert_int_equal(worker_create(&settings, &workers[i]), STATUS_OK);
    }
    for (unsigned i = 0; i < wanted; i++) {
        worker_set_peers(workers[i], workers, wanted);
        assert_int_equal(worker_start(workers[i]), STATUS_OK);
    }
}

/* Of the viewers of a test; most have only one. */
static struct viewer_quality quality;

static int set_up_process(void **state)
{
    (void)state;
    assert_int_equal(rtpsec_start(), STATUS_OK);
    assert_int_equal(certificate_create(&certificate), STATUS_OK);
    return dtls_context_create(certificate, -1, &dtls_context) == STATUS_OK ? 0 : -1;
}

static int tear_down_process(void **state)
{
    (void)state;
    dtls_context_destroy(dtls_context);
    certificate_destroy(certificate);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    quality = (struct viewer_quality){.answered_ns = mono_clock_ns()};
    memset(seen.connected, 0, sizeof seen.connected);
    memset(seen.closed, 0, sizeof seen.closed);
    seen.subscribed = seen.unsubscribed = seen.key_frames_wanted = 0;
    next_number = 1;
    assert_int_equal(ticket_table_create(SESSIONS_MAX, SESSIONS_MAX, &tickets), STATUS_OK);
    assert_int_equal(packet_pool_create(4096, &pool), STATUS_OK);
    start_workers(1, 10 * MONO_SECOND, 30 * MONO_SECOND);
    return 0;
}

static void stop_workers(void)
{
    for (unsigned i = 0; i < worker_count; i++)
        worker_stop(workers[i]);
    for (unsigned i = 0; i < worker_count; i++)
        worker_destroy(workers[i]);
    worker_count = 0;
}

static int tear_down(void **state)
{
    (void)state;
    stop_workers();
    ticket_table_destroy(tickets);
    packet_pool_destroy(pool); /* asserts that every reference came back */
    return 0;
}

static void push_as(enum track_kind track, bool key_frame, uint16_t payload_bytes, bool cached)
{
    struct packet *packet = packet_take_or_null(pool);

    assert_non_null(packet);
    packet->kind = PACKET_MEDIA;
    packet->track = (uint8_t)track;
    packet->stream_id = STREAM;
    packet->arrival_ns = mono_clock_ns();
    packet->sequence_number = next_number++;
    packet->timestamp = (uint32_t)packet->sequence_number * 3000;
    packet->format.codec = track == TRACK_VIDEO ? CODEC_VP8 : CODEC_OPUS;
    packet->key_frame_start = key_frame;
    packet->cached = cached;
    packet->marker = true;
    packet->payload_offset = 12;
    packet->payload_bytes = payload_bytes;
    memset(packet->data, key_frame ? KEY_FRAME_MARK & 0xff : 0, (size_t)12 + payload_bytes);
    for (unsigned i = 0; i < worker_count; i++)
        assert_true(ring_push(worker_ring(workers[i]), packet_ref(packet)));
    packet_unref(packet);
    for (unsigned i = 0; i < worker_count; i++)
        worker_wake(workers[i]);
}

static void push(enum track_kind track, bool key_frame, uint16_t payload_bytes)
{
    push_as(track, key_frame, payload_bytes, false);
}

static void push_video(unsigned packets)
{
    push(TRACK_VIDEO, true, 1000);
    for (unsigned i = 1; i < packets; i++)
        push(TRACK_VIDEO, false, 1000);
}

static void open_viewer(struct fake_viewer *viewer, uint64_t session, bool tcp)
{
    fake_viewer_open(viewer, worker_port(workers[0]), tcp, certificate);
    struct ticket ticket = fake_viewer_ticket(viewer, session, STREAM);
    ticket.quality = &quality;
    assert_int_equal(ticket_table_put(tickets, &ticket), STATUS_OK);
}

static void connect_viewer(struct fake_viewer *viewer, uint64_t session)
{
    const unsigned before = viewer->answers;

    fake_viewer_check(viewer, true);
    assert_true(fake_viewer_wait(viewer, &viewer->answers, before + 1));
    fake_viewer_begin_dtls(viewer);
    assert_true(fake_viewer_wait_connected(viewer));
    assert_true(wait_for(&seen.connected[session]));
}

static void send_feedback(struct fake_viewer *viewer, bool pli, const uint16_t *missing,
                          unsigned missing_count)
{
    uint8_t compound[200];
    struct bytes_writer writer = bytes_writer_of(compound, sizeof compound);
    const struct rtcp_feedback feedback = {.sender_ssrc = 1, .media_ssrc = FAKE_VIEWER_VIDEO_SSRC};

    const struct rtcp_report report = {.ssrc = FAKE_VIEWER_VIDEO_SSRC, .fraction_lost = 64};

    rtcp_put_receiver_report(&writer, 1, &report, 1);
    if (pli)
        rtcp_put_pli(&writer, feedback);
    if (missing_count > 0)
        rtcp_put_nack(&writer, feedback, missing, missing_count);
    assert_true(bytes_writer_ok(&writer));
    fake_viewer_send_rtcp(viewer, compound, bytes_written(&writer));
}

static void watch(bool tcp)
{
    struct fake_viewer viewer;
    open_viewer(&viewer, 1, tcp);
    static const uint16_t missing[] = {201, 203};

    connect_viewer(&viewer, 1);
    assert_true(wait_for_count(&seen.subscribed, 1));
    push_video(5);
    push(TRACK_AUDIO, false, 80);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 6));
    assert_int_equal(fake_viewer_count(&viewer, FAKE_VIEWER_VIDEO_SSRC), 5);
    assert_int_equal(fake_viewer_count(&viewer, FAKE_VIEWER_AUDIO_SSRC), 1);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(viewer.packets[i].sequence_number, 200 + i);

    send_feedback(&viewer, false, missing, 2);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 8));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(viewer.packets[6 + i].ssrc, FAKE_VIEWER_RTX_SSRC);
        assert_int_equal(viewer.packets[6 + i].payload_type, 97);
        assert_int_equal(viewer.packets[6 + i].original_sequence_number, missing[i]);
    }
    const unsigned wanted = seen.key_frames_wanted;
    send_feedback(&viewer, true, NULL, 0);
    assert_true(wait_for_count(&seen.key_frames_wanted, wanted + 1));
    assert_int_equal(viewer.undecryptable, 0);

    worker_end(workers[0], 1);
    assert_true(wait_for(&seen.closed[1]));
    assert_int_equal(seen.reason[1], MEDIA_CLOSED_BY_US);
    fake_viewer_close(&viewer);
}

static void worker_serves_a_viewer_over_udp(void **state)
{
    (void)state;
    watch(false);
    const struct stats *stats = worker_stats(workers[0]);
    assert_int_equal(stats->packets_out, 8);
    assert_int_equal(stats->handshakes_done, 1);
    assert_int_equal(stats->packets_resent, 2);
    assert_int_equal(stats->drop_srtp, 0);
    assert_int_equal(stats->join_ice_ms.buckets[STATS_BOUNDS], 0);
    assert_int_equal(stats->join_media_ms.buckets[STATS_BOUNDS], 0);
    assert_int_equal(quality.transport, VIEWER_TRANSPORT_UDP);
    assert_int_equal(quality.lost_of_256, 64 + 1);
    assert_int_equal(quality.nacks, 1);
    assert_int_equal(quality.plis, 1);
    assert_true(quality.first_packet_us > 0);
    assert_true(quality.bytes > 5 * 1000 + 80);
}

static void worker_serves_a_viewer_over_tcp(void **state)
{
    (void)state;
    watch(true);
    assert_int_equal(quality.transport, VIEWER_TRANSPORT_TCP);
}

/* Pushes delta frames that are kept for replays, each once the one before it has arrived. */
static void push_delta_frames(struct fake_viewer *reader, unsigned packets)
{
    for (unsigned i = 0; i < packets; i++) {
        reader->count = 0;
        push_as(TRACK_VIDEO, false, 1000, true);
        assert_true(fake_viewer_wait(reader, &reader->count, 1));
    }
}

/* One who reads nothing is brought from a long group of pictures to the live edge: what waits for
 * him is bounded, and he gets no more before the next key frame. */
static void worker_cuts_a_replay_that_a_tcp_viewer_does_not_read(void **state)
{
    (void)state;
    const struct stats *stats = worker_stats(workers[0]);
    const int small = 16 * 1024;
    struct fake_viewer reader;
    struct fake_viewer sleeper;

    open_viewer(&reader, 1, false);
    connect_viewer(&reader, 1);
    push_as(TRACK_VIDEO, true, 1000, true);
    assert_true(fake_viewer_wait(&reader, &reader.count, 1));
    push_delta_frames(&reader, 1500);

    open_viewer(&sleeper, 2, true);
    assert_int_equal(setsockopt(sleeper.descriptor, SOL_SOCKET, SO_RCVBUF, &small, sizeof small),
                     0);
    connect_viewer(&sleeper, 2);
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
            key_frames += sleeper.packets[k].original_sequence_number == KEY_FRAME_MARK;
        reader.count = 0;
        push_as(TRACK_VIDEO, true, 1000, true);
        assert_true(fake_viewer_wait(&reader, &reader.count, 1));
    }
    assert_true(key_frames >= 2);
    assert_int_equal(sleeper.undecryptable, 0);
    worker_end(workers[0], 1);
    worker_end(workers[0], 2);
    assert_true(wait_for(&seen.closed[1]));
    assert_true(wait_for(&seen.closed[2]));
    fake_viewer_close(&reader);
    fake_viewer_close(&sleeper);
}

static void worker_follows_a_viewer_whose_address_changes(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    open_viewer(&viewer, 1, false);

    connect_viewer(&viewer, 1);
    fake_viewer_rebind(&viewer);
    fake_viewer_check_with(&viewer, "not the password");
    push_video(2); /* goes to the old address */
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 2));
    assert_int_equal(worker_stats(workers[0])->drop_stun_integrity, 1);
    assert_int_equal(viewer.count, 0);
    push(TRACK_VIDEO, false, 500);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 1));
    assert_int_equal(viewer.packets[0].ssrc, FAKE_VIEWER_VIDEO_SSRC);
    assert_false(seen.closed[1]);
    fake_viewer_close(&viewer);
}

static void worker_goes_on_through_an_ice_restart(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    open_viewer(&viewer, 1, false);
    struct ice_credentials old = viewer.remote;
    const struct ice_credentials fresh = {.ufrag = "again", .password = "another-password-24-char"};

    connect_viewer(&viewer, 1);
    assert_int_equal(ticket_table_restart(tickets, 1, &fresh, "viewer2"), STATUS_OK);
    fake_viewer_check(&viewer, false); /* the old user still counts */
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 2));
    viewer.remote = fresh;
    strcpy(viewer.ufrag, "viewer2");
    fake_viewer_rebind(&viewer);
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 3));
    push_video(3);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 3));

    viewer.remote = old; /* no longer */
    strcpy(viewer.ufrag, "viewer");
    fake_viewer_check(&viewer, true);
    viewer.remote = fresh;
    strcpy(viewer.ufrag, "viewer2");
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 4));
    assert_int_equal(worker_stats(workers[0])->drop_stun_unknown_user, 1);
    fake_viewer_close(&viewer);
}

/* What comes behind a stranger's datagrams in the one worker's socket is answered after they were
 * handled: then nothing may have come back to the stranger. */
static void worker_gives_strangers_nothing(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    open_viewer(&viewer, 1, false);
    struct fake_viewer stranger;
    open_viewer(&stranger, 2, false);
    uint8_t garbage[1200];

    connect_viewer(&viewer, 1);
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

    const struct stats *stats = worker_stats(workers[0]);
    assert_int_equal(stats->handshakes_started, 1);
    assert_int_equal(stats->drop_stun_integrity, 2);
    assert_int_equal(stats->drop_stun_unknown_user, 1);
    assert_int_equal(stats->drop_stun_malformed, 4);
    assert_int_equal(stats->drop_unknown_address, 44 + 64 + 1); /* DTLS, RTP, the ClientHello */
    assert_int_equal(stats->drop_not_for_us, 256 - 4 - 44 - 64);
    assert_false(seen.closed[1]);
    fake_viewer_close(&viewer);
    fake_viewer_close(&stranger);
}

static void worker_survives_what_fails_authentication(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    open_viewer(&viewer, 1, false);
    uint8_t forged[200] = {0x80, 201};

    connect_viewer(&viewer, 1);
    for (unsigned i = 0; i < 200; i++) {
        forged[20] = (uint8_t)i;
        fake_viewer_send(&viewer, forged, sizeof forged);
    }
    fake_viewer_send(&viewer, "\x16\xfe\xfd not DTLS at all", 20);
    push_video(1);
    assert_true(fake_viewer_wait(&viewer, &viewer.count, 1));
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 2));
    assert_int_equal(worker_stats(workers[0])->drop_srtp, 200);
    assert_false(seen.closed[1]);
    fake_viewer_close(&viewer);
}

static void worker_refuses_a_certificate_that_was_not_announced(void **state)
{
    (void)state;
    struct fake_viewer viewer;

    fake_viewer_open(&viewer, worker_port(workers[0]), false, certificate);
    struct ticket ticket = fake_viewer_ticket(&viewer, 1, STREAM);
    ticket.fingerprint.bytes[3] ^= 1;
    assert_int_equal(ticket_table_put(tickets, &ticket), STATUS_OK);
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 1));
    fake_viewer_begin_dtls(&viewer);
    while (!is_closed(1))
        assert_true(fake_viewer_step(&viewer));
    assert_int_equal(seen.reason[1], MEDIA_CLOSED_FINGERPRINT);
    assert_false(seen.connected[1]);
    fake_viewer_close(&viewer);
}

static void worker_hears_goodbye_and_says_it(void **state)
{
    (void)state;
    struct fake_viewer first;
    open_viewer(&first, 1, false);
    struct fake_viewer second;
    open_viewer(&second, 2, false);

    connect_viewer(&first, 1);
    connect_viewer(&second, 2);
    dtls_close(first.dtls);
    assert_true(wait_for(&seen.closed[1]));
    assert_int_equal(seen.reason[1], MEDIA_CLOSED_BY_PEER);
    stop_workers();
    assert_true(fake_viewer_wait_closed(&second));
    assert_int_equal(seen.reason[2], MEDIA_CLOSED_BY_US);
    fake_viewer_close(&first);
    fake_viewer_close(&second);
}

static void worker_ends_who_falls_silent(void **state)
{
    (void)state;
    stop_workers();
    start_workers(1, MONO_SECOND, 100 * MONO_MS);
    struct fake_viewer watching;
    open_viewer(&watching, 1, false);
    struct fake_viewer checking;
    open_viewer(&checking, 2, false);

    connect_viewer(&watching, 1);
    fake_viewer_check(&checking, true);
    assert_true(wait_for(&seen.closed[2]));
    assert_int_equal(seen.reason[2], MEDIA_CLOSED_HANDSHAKE);
    assert_true(wait_for(&seen.closed[1]));
    assert_int_equal(seen.reason[1], MEDIA_CLOSED_CONSENT);
    fake_viewer_close(&watching);
    fake_viewer_close(&checking);
}

static void worker_closes_all_viewers_of_a_stream(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    open_viewer(&viewer, 1, false);

    connect_viewer(&viewer, 1);
    worker_close_stream(workers[0], STREAM + 1);
    worker_close_stream(workers[0], STREAM);
    assert_true(wait_for(&seen.closed[1]));
    assert_int_equal(seen.reason[1], MEDIA_CLOSED_BY_US);
    fake_viewer_close(&viewer);
}

/* The kernel shards by address: of so many sockets some land on the worker that does not own the
 * viewer, and must be served all the same, TCP connections too. */
static void worker_passes_on_what_belongs_to_another(void **state)
{
    (void)state;
    enum { ADDRESSES = 24 };
    stop_workers();
    start_workers(2, 10 * MONO_SECOND, 30 * MONO_SECOND);
    struct fake_viewer viewer;
    open_viewer(&viewer, 1, false);

    connect_viewer(&viewer, 1);
    for (unsigned i = 0; i < ADDRESSES; i++) {
        const unsigned answers = viewer.answers;
        const unsigned packets = viewer.count;
        viewer.tcp = i % 2 == 1;
        memset(&viewer.framing, 0, sizeof viewer.framing);
        fake_viewer_rebind(&viewer);
        fake_viewer_check(&viewer, true);
        assert_true(fake_viewer_wait(&viewer, &viewer.answers, answers + 1));
        push_video(2);
        assert_true(fake_viewer_wait(&viewer, &viewer.count, packets + 2));
        const uint16_t missing = (uint16_t)(200 + 2 * i);
        send_feedback(&viewer, false, &missing, 1); /* passed on as well */
        assert_true(fake_viewer_wait(&viewer, &viewer.count, packets + 3));
    }
    assert_false(seen.closed[1]);
    fake_viewer_close(&viewer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(worker_serves_a_viewer_over_udp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(worker_serves_a_viewer_over_tcp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(worker_follows_a_viewer_whose_address_changes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(worker_goes_on_through_an_ice_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(worker_cuts_a_replay_that_a_tcp_viewer_does_not_read,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(worker_gives_strangers_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(worker_survives_what_fails_authentication, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(worker_refuses_a_certificate_that_was_not_announced, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(worker_hears_goodbye_and_says_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(worker_ends_who_falls_silent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(worker_closes_all_viewers_of_a_stream, set_up, tear_down),
        cmocka_unit_test_setup_teardown(worker_passes_on_what_belongs_to_another, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, set_up_process, tear_down_process);
}
