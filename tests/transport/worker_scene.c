#include "worker_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/rtcp.h"
#include "transport/mono_clock.h"

struct worker_scene worker_scene = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                    .changed = PTHREAD_COND_INITIALIZER};

static void on_connected(void *context, uint64_t session)
{
    (void)context;
    pthread_mutex_lock(&worker_scene.lock);
    worker_scene.connected[session] = true;
    pthread_cond_broadcast(&worker_scene.changed);
    pthread_mutex_unlock(&worker_scene.lock);
}

static void on_closed(void *context, uint64_t session, enum media_close_reason reason)
{
    (void)context;
    pthread_mutex_lock(&worker_scene.lock);
    assert_false(worker_scene.closed[session]);
    worker_scene.closed[session] = true;
    worker_scene.reason[session] = reason;
    pthread_cond_broadcast(&worker_scene.changed);
    pthread_mutex_unlock(&worker_scene.lock);
}

static void count(unsigned *number)
{
    pthread_mutex_lock(&worker_scene.lock);
    (*number)++;
    pthread_cond_broadcast(&worker_scene.changed);
    pthread_mutex_unlock(&worker_scene.lock);
}

static void subscribe(void *context, uint32_t stream_id, unsigned worker)
{
    (void)context;
    (void)worker;
    assert_int_equal(stream_id, WORKER_SCENE_STREAM);
    count(&worker_scene.subscribed);
}

static void unsubscribe(void *context, uint32_t stream_id, unsigned worker)
{
    (void)context;
    (void)stream_id;
    (void)worker;
    count(&worker_scene.unsubscribed);
}

static void want_key_frame(void *context, uint32_t stream_id)
{
    (void)context;
    assert_int_equal(stream_id, WORKER_SCENE_STREAM);
    count(&worker_scene.key_frames_wanted);
}

bool worker_scene_wait_for(const bool *flag)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FAKE_VIEWER_WAIT_MS / 1000;
    pthread_mutex_lock(&worker_scene.lock);
    while (!*flag && error == 0)
        error = pthread_cond_timedwait(&worker_scene.changed, &worker_scene.lock, &until);
    const bool reached = *flag;
    pthread_mutex_unlock(&worker_scene.lock);
    return reached;
}

bool worker_scene_is_closed(uint64_t session)
{
    pthread_mutex_lock(&worker_scene.lock);
    const bool closed = worker_scene.closed[session];
    pthread_mutex_unlock(&worker_scene.lock);
    return closed;
}

bool worker_scene_wait_for_count(const unsigned *number, unsigned wanted)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FAKE_VIEWER_WAIT_MS / 1000;
    pthread_mutex_lock(&worker_scene.lock);
    while (*number < wanted && error == 0)
        error = pthread_cond_timedwait(&worker_scene.changed, &worker_scene.lock, &until);
    const bool reached = *number >= wanted;
    pthread_mutex_unlock(&worker_scene.lock);
    return reached;
}

static struct worker_settings settings_of(int number, uint16_t port)
{
    struct worker_settings settings = {
        .number = number,
        .port = port,
        .tcp = true,
        .send = MEDIA_SEND_GSO,
        .viewers_max = WORKER_SCENE_SESSIONS_MAX,
        .handshakes_max = WORKER_SCENE_SESSIONS_MAX,
        .handshake_deadline_ns = 10 * MONO_SECOND,
        .consent_ns = 30 * MONO_SECOND,
        .history_age_ns = 10 * MONO_SECOND,
        .replay_bps = 50000000,
        .tickets = worker_scene.tickets,
        .dtls_context = worker_scene.dtls_context,
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
        status = worker_create(settings, &worker_scene.workers[0]);
    assert_int_equal(status, STATUS_OK);
}

void worker_scene_start(unsigned wanted, int64_t handshake_deadline_ns, int64_t consent_ns)
{
    worker_scene.worker_count = wanted;
    for (unsigned i = 0; i < wanted; i++) {
        struct worker_settings settings =
            settings_of((int)i, i == 0 ? 0 : worker_port(worker_scene.workers[0]));
        settings.handshake_deadline_ns = handshake_deadline_ns;
        settings.consent_ns = consent_ns;
        if (i == 0)
            create_first(&settings);
        else
            assert_int_equal(worker_create(&settings, &worker_scene.workers[i]), STATUS_OK);
    }
    for (unsigned i = 0; i < wanted; i++) {
        worker_set_peers(worker_scene.workers[i], worker_scene.workers, wanted);
        assert_int_equal(worker_start(worker_scene.workers[i]), STATUS_OK);
    }
}

int worker_scene_set_up_process(void **state)
{
    (void)state;
    assert_int_equal(rtpsec_start(), STATUS_OK);
    assert_int_equal(certificate_create(&worker_scene.certificate), STATUS_OK);
    return dtls_context_create(worker_scene.certificate, -1, &worker_scene.dtls_context) ==
                   STATUS_OK
               ? 0
               : -1;
}

int worker_scene_tear_down_process(void **state)
{
    (void)state;
    dtls_context_destroy(worker_scene.dtls_context);
    certificate_destroy(worker_scene.certificate);
    return 0;
}

void worker_scene_stop(void)
{
    for (unsigned i = 0; i < worker_scene.worker_count; i++)
        worker_stop(worker_scene.workers[i]);
    for (unsigned i = 0; i < worker_scene.worker_count; i++)
        worker_destroy(worker_scene.workers[i]);
    worker_scene.worker_count = 0;
}

int worker_scene_set_up(void **state)
{
    (void)state;
    worker_scene.quality = (struct viewer_quality){.answered_ns = mono_clock_ns()};
    memset(worker_scene.connected, 0, sizeof worker_scene.connected);
    memset(worker_scene.closed, 0, sizeof worker_scene.closed);
    worker_scene.subscribed = worker_scene.unsubscribed = worker_scene.key_frames_wanted = 0;
    worker_scene.next_number = 1;
    assert_int_equal(ticket_table_create(WORKER_SCENE_SESSIONS_MAX, WORKER_SCENE_SESSIONS_MAX,
                                         &worker_scene.tickets),
                     STATUS_OK);
    assert_int_equal(packet_pool_create(4096, &worker_scene.pool), STATUS_OK);
    worker_scene_start(1, 10 * MONO_SECOND, 30 * MONO_SECOND);
    return 0;
}

int worker_scene_tear_down(void **state)
{
    (void)state;
    worker_scene_stop();
    ticket_table_destroy(worker_scene.tickets);
    packet_pool_destroy(worker_scene.pool); /* asserts that every reference came back */
    return 0;
}

void worker_scene_push_as(enum track_kind track, bool key_frame, uint16_t payload_bytes,
                          bool cached)
{
    struct packet *packet = packet_take_or_null(worker_scene.pool);

    assert_non_null(packet);
    packet->kind = PACKET_MEDIA;
    packet->track = (uint8_t)track;
    packet->stream_id = WORKER_SCENE_STREAM;
    packet->arrival_ns = mono_clock_ns();
    packet->sequence_number = worker_scene.next_number++;
    packet->timestamp = (uint32_t)packet->sequence_number * 3000;
    packet->format.codec = track == TRACK_VIDEO ? CODEC_VP8 : CODEC_OPUS;
    packet->key_frame_start = key_frame;
    packet->cached = cached;
    packet->marker = true;
    packet->payload_offset = 12;
    packet->payload_bytes = payload_bytes;
    memset(packet->data, key_frame ? WORKER_SCENE_KEY_FRAME_MARK & 0xff : 0,
           (size_t)12 + payload_bytes);
    for (unsigned i = 0; i < worker_scene.worker_count; i++)
        assert_true(ring_push(worker_ring(worker_scene.workers[i]), packet_ref(packet)));
    packet_unref(packet);
    for (unsigned i = 0; i < worker_scene.worker_count; i++)
        worker_wake(worker_scene.workers[i]);
}

void worker_scene_push(enum track_kind track, bool key_frame, uint16_t payload_bytes)
{
    worker_scene_push_as(track, key_frame, payload_bytes, false);
}

void worker_scene_push_video(unsigned packets)
{
    worker_scene_push(TRACK_VIDEO, true, 1000);
    for (unsigned i = 1; i < packets; i++)
        worker_scene_push(TRACK_VIDEO, false, 1000);
}

void worker_scene_open_viewer(struct fake_viewer *viewer, uint64_t session, bool tcp)
{
    fake_viewer_open(viewer, worker_port(worker_scene.workers[0]), tcp, worker_scene.certificate);
    struct ticket ticket = fake_viewer_ticket(viewer, session, WORKER_SCENE_STREAM);
    ticket.quality = &worker_scene.quality;
    assert_int_equal(ticket_table_put(worker_scene.tickets, &ticket), STATUS_OK);
}

void worker_scene_connect_viewer(struct fake_viewer *viewer, uint64_t session)
{
    const unsigned before = viewer->answers;

    fake_viewer_check(viewer, true);
    assert_true(fake_viewer_wait(viewer, &viewer->answers, before + 1));
    fake_viewer_begin_dtls(viewer);
    assert_true(fake_viewer_wait_connected(viewer));
    assert_true(worker_scene_wait_for(&worker_scene.connected[session]));
}

void worker_scene_send_feedback(struct fake_viewer *viewer, bool pli, const uint16_t *missing,
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
