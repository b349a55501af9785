#include "ingest_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "transport/mono_clock.h"
#include "transport/rtpsec.h"

enum { RING_PACKETS = 1024 };

static void on_local(void *context, uint64_t session, const struct media_local *local)
{
    struct ingest_scene *scene = context;

    pthread_mutex_lock(&scene->lock);
    struct ingest_told *told = &scene->told[session];
    if (local != NULL)
        told->local = *local;
    else
        told->local_failed = true;
    told->locals++;
    pthread_mutex_unlock(&scene->lock);
}

static void on_connected(void *context, uint64_t session)
{
    struct ingest_scene *scene = context;

    pthread_mutex_lock(&scene->lock);
    scene->told[session].connected = true;
    pthread_mutex_unlock(&scene->lock);
}

static void on_report(void *context, uint32_t stream_id, const struct stream_report *report)
{
    struct ingest_scene *scene = context;

    assert_int_equal(stream_id, INGEST_SCENE_STREAM);
    pthread_mutex_lock(&scene->lock);
    scene->report = *report;
    scene->reports++;
    pthread_mutex_unlock(&scene->lock);
}

static void on_closed(void *context, uint64_t session, enum media_close_reason reason)
{
    struct ingest_scene *scene = context;

    pthread_mutex_lock(&scene->lock);
    scene->told[session].reason = reason;
    scene->told[session].closes++;
    pthread_mutex_unlock(&scene->lock);
}

static void on_wake(void *context)
{
    struct ingest_scene *scene = context;

    pthread_mutex_lock(&scene->lock);
    scene->wakes++;
    pthread_mutex_unlock(&scene->lock);
}

struct ingest_told ingest_scene_told(struct ingest_scene *scene, uint64_t session)
{
    pthread_mutex_lock(&scene->lock);
    const struct ingest_told told = scene->told[session];
    pthread_mutex_unlock(&scene->lock);
    return told;
}

struct stream_report ingest_scene_report(struct ingest_scene *scene)
{
    pthread_mutex_lock(&scene->lock);
    const struct stream_report report = scene->report;
    pthread_mutex_unlock(&scene->lock);
    return report;
}

const struct media_settings ingest_scene_settings = {.ingest_port_first = 20000,
                                                     .ingest_port_last = 29999,
                                                     .publisher_bandwidth_bps = 8000000,
                                                     .ticket_deadline_ns = 20 * MONO_SECOND,
                                                     .handshake_deadline_ns = 20 * MONO_SECOND,
                                                     .consent_ns = 20 * MONO_SECOND,
                                                     .history_age_ns = MONO_SECOND};

struct ingest_scene *ingest_scene_create(const struct media_settings *settings)
{
    struct ingest_scene *scene = calloc(1, sizeof *scene);
    const struct ingest_events events = {.context = scene,
                                         .on_publisher_local = on_local,
                                         .on_connected = on_connected,
                                         .on_stream_report = on_report,
                                         .on_closed = on_closed};

    assert_non_null(scene);
    pthread_mutex_init(&scene->lock, NULL);
    assert_int_equal(certificate_create(&scene->certificate), STATUS_OK);
    assert_int_equal(dtls_context_create(scene->certificate, -1, &scene->dtls_context), STATUS_OK);
    assert_int_equal(ingest_create(settings, scene->dtls_context, NULL, &events, &scene->ingest),
                     STATUS_OK);
    assert_int_equal(ring_create(RING_PACKETS, &scene->ring), STATUS_OK);
    const struct outlet outlet = {.ring = scene->ring, .wake = on_wake, .wake_context = scene};
    ingest_attach_worker(scene->ingest, 3, &outlet);
    assert_int_equal(ingest_start(scene->ingest), STATUS_OK);
    ingest_stream_open(scene->ingest, INGEST_SCENE_STREAM);
    ingest_subscribe(scene->ingest, INGEST_SCENE_STREAM, 3);
    return scene;
}

void ingest_scene_destroy(struct ingest_scene *scene)
{
    void *packet;

    ingest_stop(scene->ingest);
    while (ring_pop(scene->ring, &packet, 1) == 1)
        packet_unref(packet);
    ingest_destroy(scene->ingest);
    ring_destroy(scene->ring);
    dtls_context_destroy(scene->dtls_context);
    certificate_destroy(scene->certificate);
    pthread_mutex_destroy(&scene->lock);
    free(scene);
}

int ingest_scene_set_up(void **state)
{
    *state = ingest_scene_create(&ingest_scene_settings);
    return 0;
}

int ingest_scene_tear_down(void **state)
{
    ingest_scene_destroy(*state);
    return 0;
}

struct broadcaster *ingest_scene_offer(struct ingest_scene *scene, uint64_t session,
                                       enum dtls_role role)
{
    struct broadcaster *broadcaster = broadcaster_create(role);
    struct media_publish publish;

    broadcaster_read_offer(broadcaster, session, INGEST_SCENE_STREAM, &publish);
    ingest_publish(scene->ingest, &publish);
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_told(scene, session).locals == 1);
    return broadcaster;
}

struct broadcaster *ingest_scene_go_live(struct ingest_scene *scene, uint64_t session,
                                         enum dtls_role role)
{
    struct broadcaster *broadcaster = ingest_scene_offer(scene, session, role);
    const struct ingest_told told = ingest_scene_told(scene, session);

    assert_false(told.local_failed);
    broadcaster_take_answer(broadcaster, &told.local, certificate_fingerprint(scene->certificate));
    INGEST_SCENE_WAIT(broadcaster, ingest_scene_told(scene, session).connected &&
                                       broadcaster_is_connected(broadcaster));
    return broadcaster;
}

struct packet *ingest_scene_next_packet(struct ingest_scene *scene, struct broadcaster *broadcaster)
{
    void *packet = NULL;

    INGEST_SCENE_WAIT(broadcaster, ring_pop(scene->ring, &packet, 1) == 1);
    return packet;
}

void ingest_scene_expect_packet(struct ingest_scene *scene, struct broadcaster *broadcaster,
                                enum packet_kind kind)
{
    struct packet *packet = ingest_scene_next_packet(scene, broadcaster);

    assert_int_equal(packet->kind, kind);
    packet_unref(packet);
}

void ingest_scene_expect_video(struct ingest_scene *scene, struct broadcaster *broadcaster,
                               unsigned count)
{
    int64_t before = -1;

    for (unsigned i = 0; i < count; i++) {
        struct packet *packet = ingest_scene_next_packet(scene, broadcaster);

        assert_int_equal(packet->kind, PACKET_MEDIA);
        assert_int_equal(packet->track, TRACK_VIDEO);
        assert_int_equal(packet->stream_id, INGEST_SCENE_STREAM);
        assert_int_equal(packet->format.codec, CODEC_VP8);
        if (i > 0)
            assert_int_equal(packet->sequence_number, before + 1);
        before = packet->sequence_number;
        packet_unref(packet);
    }
}

/* Asks again and again, as viewers do: what is wanted just after a key frame counts as answered. */
void ingest_scene_expect_key_frame_request(struct ingest_scene *scene,
                                           struct broadcaster *broadcaster)
{
    const unsigned before = broadcaster_heard(broadcaster)->plis;

    while (broadcaster_heard(broadcaster)->plis == before) {
        ingest_want_key_frame(scene->ingest, INGEST_SCENE_STREAM);
        broadcaster_turn(broadcaster);
    }
}

int ingest_scene_start_libraries(void **state)
{
    (void)state;
    return rtpsec_start() == STATUS_OK ? 0 : -1;
}
