/* tests/transport/ingest_scene.h - what the smoke tests of ingest share: an ingest thread with one
 * stream that one worker's ring subscribes to, and what its events told. The broadcasters' loops
 * are turned by the tests' own thread. */
#ifndef TESTS_TRANSPORT_INGEST_SCENE_H
#define TESTS_TRANSPORT_INGEST_SCENE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "broadcaster.h"
#include "core/packet.h"
#include "transport/ingest.h"

enum {
    INGEST_SCENE_STREAM = 7,
    INGEST_SCENE_SESSIONS_MAX = 256,
    INGEST_SCENE_TURNS_MAX = 20000 /* of about 2 ms: only a hanging test gets there */
};

/* What the events told, by session. */
struct ingest_told {
    unsigned locals;
    bool local_failed;
    struct media_local local;
    bool connected;
    unsigned closes;
    enum media_close_reason reason;
};

struct ingest_scene {
    struct certificate *certificate;
    struct dtls_context *dtls_context;
    struct ingest *ingest;
    struct ring *ring;
    pthread_mutex_t lock; /* of what follows */
    struct ingest_told told[INGEST_SCENE_SESSIONS_MAX];
    struct stream_report report;
    unsigned reports;
    unsigned wakes;
};

/* Turns broadcaster's loop until condition holds; fails a test that hangs. */
#define INGEST_SCENE_WAIT(broadcaster, condition)                                                  \
    do {                                                                                           \
        unsigned turns = 0;                                                                        \
        while (!(condition)) {                                                                     \
            if (++turns > INGEST_SCENE_TURNS_MAX)                                                  \
                fail_msg("never: %s", #condition);                                                 \
            broadcaster_turn(broadcaster);                                                         \
        }                                                                                          \
    } while (0)

extern const struct media_settings ingest_scene_settings;

struct ingest_scene *ingest_scene_create(const struct media_settings *settings);
void ingest_scene_destroy(struct ingest_scene *scene);
/* For each test: *state is a scene of ingest_scene_settings. */
int ingest_scene_set_up(void **state);
int ingest_scene_tear_down(void **state);
/* For each program. */
int ingest_scene_start_libraries(void **state);

struct ingest_told ingest_scene_told(struct ingest_scene *scene, uint64_t session);
struct stream_report ingest_scene_report(struct ingest_scene *scene);

/* Offers and waits for our side; the caller destroys the broadcaster. */
struct broadcaster *ingest_scene_offer(struct ingest_scene *scene, uint64_t session,
                                       enum dtls_role role);
/* As ingest_scene_offer, until it is connected. */
struct broadcaster *ingest_scene_go_live(struct ingest_scene *scene, uint64_t session,
                                         enum dtls_role role);

/* The next packet from the worker's ring; the test drops the reference. */
struct packet *ingest_scene_next_packet(struct ingest_scene *scene,
                                        struct broadcaster *broadcaster);
void ingest_scene_expect_packet(struct ingest_scene *scene, struct broadcaster *broadcaster,
                                enum packet_kind kind);
/* The next count packets are video without a gap. */
void ingest_scene_expect_video(struct ingest_scene *scene, struct broadcaster *broadcaster,
                               unsigned count);
void ingest_scene_expect_key_frame_request(struct ingest_scene *scene,
                                           struct broadcaster *broadcaster);

#endif
