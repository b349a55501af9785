/* transport/worker.h - a worker: a thread with one UDP socket (and TCP listener) on the viewers'
 * port, the viewers that it admitted, and its part of every stream they watch. A turn of its loop
 * does forwarding, then feedback, then at most a few handshake steps (DESIGN.md section 3), so that
 * a storm of joins slows the joins and not the picture. Thread: created, connected, started,
 * stopped and destroyed on one thread (main), which may post; it owns everything else itself. */
#ifndef TRANSPORT_WORKER_H
#define TRANSPORT_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ring.h"
#include "core/stats.h"
#include "core/status.h"
#include "transport/audience.h"
#include "transport/dtls.h"
#include "transport/media.h"
#include "transport/ticket.h"
#include "transport/viewers.h"

enum {
    WORKER_RING_PACKETS = 4096,
    WORKER_FORWARDED_MAX = 1024, /* datagrams on their way to one worker from the others */
};

struct worker_settings {
    int number;
    uint16_t port; /* 0: any */
    bool tcp;
    enum media_send send;
    unsigned viewers_max;
    unsigned handshakes_max;
    int64_t handshake_deadline_ns;
    int64_t consent_ns;
    int64_t history_age_ns;
    uint32_t replay_bps;
    struct ticket_table *tickets;      /* borrowed */
    struct dtls_context *dtls_context; /* borrowed */
    struct data *data;                 /* borrowed; NULL: no data channels */
    struct upstream upstream;
    struct viewer_events events;
    void (*on_tick)(void *context); /* once a second */
    void *tick_context;
};

struct worker;

/* Opens the sockets; starts no thread. STATUS_SYSTEM: the port is in use (logged). */
MUST_CHECK enum status worker_create(const struct worker_settings *settings,
                                     struct worker **worker);
uint16_t worker_port(const struct worker *worker);
/* Packets for this worker's streams go in here, by one producer; then worker_wake. Borrowed. */
struct ring *worker_ring(struct worker *worker);
/* Any thread. context is a struct worker. */
void worker_wake(void *context);
/* The ring's producer; context is a struct worker. What the stream kept until now, handed over
 * before the packet that follows it goes into the ring: takes the references. Lost, counted by
 * nobody, when there is no memory: viewers then wait for the next key frame. */
void worker_give(void *context, uint32_t stream_id, struct packet *const *packets, unsigned count);
/* Before the start: who the others are (itself included, by number); borrowed. */
void worker_set_peers(struct worker *worker, struct worker *const *peers, unsigned count);
MUST_CHECK enum status worker_start(struct worker *worker);
/* Ends all viewers politely and joins the thread. Does nothing when not started. */
void worker_stop(struct worker *worker);
/* After all workers and the ring's producer have stopped; drops what is left in ring and mailbox.
 * NULL is allowed. */
void worker_destroy(struct worker *worker);

/* Any thread. */
const struct stats *worker_stats(const struct worker *worker);
/* CPU time that its thread took; 0 before the start. */
int64_t worker_cpu_ns(const struct worker *worker);
void worker_end(struct worker *worker, uint64_t session);
/* A viewer negotiated anew (media_viewer_update); nothing happens if it is not this worker's. */
void worker_renegotiate(struct worker *worker, uint64_t session, const struct profile *profile,
                        const struct viewer_start *start);
void worker_close_stream(struct worker *worker, uint32_t stream_id);

#endif
