/* tests/transport/worker_scene.h - what the smoke tests of worker share: workers on loopback, what
 * their events told, and packets that come straight through their rings. */
#ifndef TESTS_TRANSPORT_WORKER_SCENE_H
#define TESTS_TRANSPORT_WORKER_SCENE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/packet.h"
#include "fake_viewer.h"
#include "transport/worker.h"

enum {
    WORKER_SCENE_WORKERS_MAX = 2,
    WORKER_SCENE_STREAM = 5,
    WORKER_SCENE_SESSIONS_MAX = 64,
    WORKER_SCENE_KEY_FRAME_MARK = 0x4b4b /* a key frame's payload begins with it */
};

extern struct worker_scene {
    pthread_mutex_t lock; /* of what the events told, which follows */
    pthread_cond_t changed;
    bool connected[WORKER_SCENE_SESSIONS_MAX];
    bool closed[WORKER_SCENE_SESSIONS_MAX];
    enum media_close_reason reason[WORKER_SCENE_SESSIONS_MAX];
    unsigned subscribed;
    unsigned unsubscribed;
    unsigned key_frames_wanted;

    struct certificate *certificate;
    struct dtls_context *dtls_context;
    struct ticket_table *tickets;
    struct packet_pool *pool;
    struct worker *workers[WORKER_SCENE_WORKERS_MAX];
    unsigned worker_count;
    int64_t next_number;           /* of the packet that is pushed next */
    struct viewer_quality quality; /* of the viewers of a test; most have only one */
} worker_scene;

/* For each program. */
int worker_scene_set_up_process(void **state);
int worker_scene_tear_down_process(void **state);
/* For each test: one worker runs. */
int worker_scene_set_up(void **state);
int worker_scene_tear_down(void **state);
/* In its place others. */
void worker_scene_stop(void);
void worker_scene_start(unsigned wanted, int64_t handshake_deadline_ns, int64_t consent_ns);

/* Waits on the events until *flag is true, or *number at least wanted; false: it took too long. */
bool worker_scene_wait_for(const bool *flag);
bool worker_scene_wait_for_count(const unsigned *number, unsigned wanted);
bool worker_scene_is_closed(uint64_t session);

/* A packet to all workers. cached: kept for replays. */
void worker_scene_push_as(enum track_kind track, bool key_frame, uint16_t payload_bytes,
                          bool cached);
void worker_scene_push(enum track_kind track, bool key_frame, uint16_t payload_bytes);
/* The first one begins a key frame. */
void worker_scene_push_video(unsigned packets);

/* Opens a viewer with a ticket; the test closes it. */
void worker_scene_open_viewer(struct fake_viewer *viewer, uint64_t session, bool tcp);
void worker_scene_connect_viewer(struct fake_viewer *viewer, uint64_t session);
/* A receiver report, and with it a PLI or a NACK. */
void worker_scene_send_feedback(struct fake_viewer *viewer, bool pli, const uint16_t *missing,
                                unsigned missing_count);

#endif
