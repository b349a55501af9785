/* transport/worker_parts.h - what worker.c (life and turns) and worker_messages.c (what others ask
 * of a worker) share; nobody else includes it. Thread: the worker's own, unless said otherwise. */
#ifndef TRANSPORT_WORKER_PARTS_H
#define TRANSPORT_WORKER_PARTS_H

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/mailbox.h"
#include "transport/data_inbox.h"
#include "transport/intake.h"
#include "transport/mux.h"
#include "transport/tcp.h"
#include "transport/udp.h"
#include "transport/viewer_egress.h"
#include "transport/worker.h"

struct worker {
    struct worker_settings settings;
    struct stats stats;
    pthread_t thread; /* the creator's */
    pthread_t self;   /* the thread's own, for asserts */
    bool started;
    bool stopping; /* own thread */
    int poll;
    int wake;
    atomic_bool asleep;    /* the loop waits, or is about to */
    atomic_uint forwarded; /* datagrams of other workers in the mailbox */
    struct worker *const *peers;
    unsigned peer_count;
    struct mailbox mailbox;
    struct data_inbox from_data;
    struct mailbox gifts; /* apart, because they come before what is in the ring */
    struct ring *ring;
    struct packet *held; /* out of the ring and not yet taken; NULL: none */
    struct udp *udp;
    struct tcp *tcp; /* NULL: off */
    struct viewer_egress out;
    struct mux *mux;
    struct audiences *audiences;
    struct viewers *viewers;
    struct intake *intake;
    int64_t turn_ns; /* the turn under way began */
    int64_t audience_swept_ns;
    int64_t swept_ns;
};

static inline void worker_assert_own_thread(const struct worker *worker)
{
    assert(pthread_equal(worker->self, pthread_self()));
    (void)worker;
}

/* Has the thread end its loop. Any thread. */
void worker_post_stop(struct worker *worker);
/* What an intake does with what belongs to another worker (struct intake_peers); context is the
 * worker that received it. */
void worker_forward_datagram(void *context, int number, const struct path *path,
                             const uint8_t *datagram, size_t datagram_bytes);
void worker_hand_over_connection(void *context, int number, const struct tcp_handover *handover);

#endif
