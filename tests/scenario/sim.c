#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/feedback.h"
#include "core/mono.h"

#define TICK_NS MONO_MS
#define BATCH_WAIT_NS (2 * MONO_MS)
#define START_NS (1000 * MONO_SECOND)

enum {
    POOL_PACKETS = 4096,
    HEAP_FIRST = 1024,
    SWEEP_TICKS = 100,
    VIEWER_TICKS = 10, /* a viewer acts every so many ticks */
};

enum sim_way { TO_SERVER, TO_BROADCASTER, TO_VIEWER, FROM_VIEWER };

struct sim_datagram {
    int64_t due_ns;
    uint64_t order; /* of sending: breaks ties the same way each run */
    enum sim_way way;
    uint8_t broadcast; /* of the broadcaster's: a transport carries one broadcast's alone */
    uint16_t bytes;
    struct sim_viewer *viewer;
    struct sim_datagram *next_free;
    uint8_t data[SIM_DATAGRAM_BYTES_MAX];
};

static uint64_t run_seed = 20260131;

void sim_read_seed(int argc, char **argv)
{
    if (argc > 1)
        run_seed = strtoull(argv[1], NULL, 0);
    printf("seed %llu\n", (unsigned long long)run_seed);
}

uint64_t sim_seed(void)
{
    return run_seed;
}

static bool is_sooner(const struct sim_datagram *a, const struct sim_datagram *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void heap_push(struct sim *sim, struct sim_datagram *datagram)
{
    if (sim->heap_count == sim->heap_capacity) {
        sim->heap_capacity = sim->heap_capacity > 0 ? 2 * sim->heap_capacity : HEAP_FIRST;
        sim->heap = realloc(sim->heap, sim->heap_capacity * sizeof(struct sim_datagram *));
        assert_non_null(sim->heap);
    }
    unsigned i = sim->heap_count++;
    while (i > 0 && is_sooner(datagram, sim->heap[(i - 1) / 2])) {
        sim->heap[i] = sim->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    sim->heap[i] = datagram;
}

static struct sim_datagram *heap_pop(struct sim *sim)
{
    struct sim_datagram *soonest = sim->heap[0];
    struct sim_datagram *last = sim->heap[--sim->heap_count];
    unsigned i = 0;

    for (unsigned child = 1; child < sim->heap_count; child = 2 * i + 1) {
        if (child + 1 < sim->heap_count && is_sooner(sim->heap[child + 1], sim->heap[child]))
            child++;
        if (!is_sooner(sim->heap[child], last))
            break;
        sim->heap[i] = sim->heap[child];
        i = child;
    }
    sim->heap[i] = last;
    return soonest;
}

/* Puts a datagram on its way, or loses it. viewer is NULL for the broadcaster's. */
static void dispatch(struct sim *sim, enum sim_way way, struct sim_viewer *viewer,
                     const uint8_t *data, size_t bytes)
{
    const struct sim_link *link = viewer != NULL ? &sim->settings.downlink : &sim->settings.uplink;

    assert_in_range(bytes, 1, SIM_DATAGRAM_BYTES_MAX);
    if (sim_random_chance(&sim->random, link->loss_per_mille))
        return;
    struct sim_datagram *datagram = sim->free_datagrams;
    if (datagram != NULL) {
        sim->free_datagrams = datagram->next_free;
    } else {
        datagram = malloc(sizeof *datagram);
        assert_non_null(datagram);
    }
    datagram->due_ns = sim->now_ns + link->delay_ns;
    if (link->jitter_ns > 0)
        datagram->due_ns += (int64_t)sim_random_below(&sim->random, (uint64_t)link->jitter_ns);
    datagram->order = sim->datagrams++;
    datagram->way = way;
    datagram->viewer = viewer;
    datagram->broadcast = sim->broadcaster.broadcast;
    datagram->bytes = (uint16_t)bytes;
    memcpy(datagram->data, data, bytes);
    heap_push(sim, datagram);
}

static void send_upstream(void *context, const uint8_t *data, size_t bytes)
{
    dispatch(context, TO_SERVER, NULL, data, bytes);
}

static void send_from_viewer(void *context, struct sim_viewer *viewer, const uint8_t *data,
                             size_t bytes)
{
    dispatch(context, FROM_VIEWER, viewer, data, bytes);
}

static uint32_t hash_of(const uint8_t *data, size_t bytes)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ data[i]) * 16777619u;
    return hash;
}

/* What seal and the socket would do. */
static bool egress_send(void *context, struct viewer *core, const struct outgoing *packets,
                        unsigned count)
{
    struct sim_viewer *viewer = (struct sim_viewer *)core; /* its first member */

    for (unsigned i = 0; i < count; i++) {
        const struct outgoing *packet = &packets[i];
        uint8_t data[SIM_DATAGRAM_BYTES_MAX];
        struct bytes_writer writer = bytes_writer_of(data, sizeof data);
        bytes_put(&writer, packet->header, packet->header_bytes);
        bytes_put(&writer, packet->payload, packet->payload_bytes);
        assert_true(bytes_writer_ok(&writer));
        struct bytes_writer numbers = bytes_writer_of(&data[2], 10);
        bytes_put_u16(&numbers, (uint16_t)packet->index);
        bytes_put_u32(&numbers, packet->timestamp);
        bytes_put_u32(&numbers, packet->ssrc);
        size_t bytes = bytes_written(&writer);
        sim_viewer_on_egress(viewer, packet->ssrc, packet->index, hash_of(data, bytes));
        dispatch(context, TO_VIEWER, viewer, data, bytes);
    }
    return true;
}

static void egress_send_rtcp(void *context, struct viewer *core, const uint8_t *compound,
                             size_t compound_bytes)
{
    dispatch(context, TO_VIEWER, (struct sim_viewer *)core, compound, compound_bytes);
}

static void egress_flush(void *context)
{
    (void)context;
}

struct sim *sim_create(const struct sim_settings *settings)
{
    struct sim *sim = calloc(1, sizeof *sim);
    const struct stream_settings stream_settings = {.stream_id = 1,
                                                    .random_seed = (uint32_t)settings->seed,
                                                    .bandwidth_bps = 4000000,
                                                    .key_frame_interval_ns = 500 * MONO_MS};
    const struct fanout_settings fanout_settings = {
        .stream_id = 1,
        .history_packets = {128, 1024},
        .history_age_ns = MONO_SECOND,
        .replay_bps = settings->cache.bytes_max > 0 ? settings->replay_bps : 0};

    assert_non_null(sim);
    sim->settings = *settings;
    sim->random.state = settings->seed * 2 + 1;
    sim->now_ns = START_NS;
    sim->egress = (struct egress){sim, egress_send, egress_send_rtcp, egress_flush};
    assert_int_equal(packet_pool_create(POOL_PACKETS, &sim->pool), STATUS_OK);
    assert_int_equal(stream_create(&stream_settings, sim->pool, &sim->stats, &sim->stream),
                     STATUS_OK);
    assert_int_equal(fanout_create(&fanout_settings, &sim->stats, &sim->fanout), STATUS_OK);
    gop_cache_init(&sim->cache, &settings->cache);
    sim->broadcaster.random = &sim->random;
    sim->broadcaster.send = send_upstream;
    sim->broadcaster.send_context = sim;
    sim->viewers = calloc(settings->viewers, sizeof *sim->viewers);
    assert_non_null(sim->viewers);
    for (unsigned i = 0; i < settings->viewers; i++) {
        sim->viewers[i].send = send_from_viewer;
        sim->viewers[i].send_context = sim;
    }
    return sim;
}

void sim_destroy(struct sim *sim)
{
    for (unsigned i = 0; i < sim->settings.viewers; i++)
        sim_leave(sim, i);
    fanout_destroy(sim->fanout);
    gop_cache_close(&sim->cache);
    stream_destroy(sim->stream);
    assert_int_equal(packet_pool_taken(sim->pool), 0);
    packet_pool_destroy(sim->pool);
    while (sim->heap_count > 0)
        free(heap_pop(sim));
    while (sim->free_datagrams != NULL) {
        struct sim_datagram *next = sim->free_datagrams->next_free;
        free(sim->free_datagrams);
        sim->free_datagrams = next;
    }
    free(sim->heap);
    free(sim->viewers);
    free(sim);
}

static void ask_for_key_frame(struct sim *sim)
{
    if (fanout_take_key_frame_request(sim->fanout, sim->now_ns))
        stream_want_key_frame(sim->stream, sim->now_ns);
}

/* packet may be NULL. */
static void push(struct sim *sim, struct packet *packet)
{
    if (packet == NULL)
        return;
    if (packet->kind == PACKET_PUBLISHED || packet->kind == PACKET_UNPUBLISHED)
        gop_cache_clear(&sim->cache);
    else if (packet->kind == PACKET_MEDIA && packet->track == TRACK_VIDEO)
        packet->cached = sim->settings.cache.bytes_max > 0 && gop_cache_push(&sim->cache, packet);
    if (fanout_is_empty(sim->fanout))
        sim->batch_since_ns = sim->now_ns;
    fanout_push(sim->fanout, packet);
    if (fanout_is_due(sim->fanout, false) || fanout_is_full(sim->fanout)) {
        fanout_run(sim->fanout, NULL, &sim->egress, sim->now_ns);
        ask_for_key_frame(sim);
    }
}

static void receive_upstream(struct sim *sim, const uint8_t *data, size_t bytes)
{
    struct packet *reports[TRACK_COUNT];

    if (data[1] < 192 || data[1] > 223) {
        push(sim, stream_receive_rtp(sim->stream, data, bytes, sim->now_ns));
        return;
    }
    unsigned count = stream_receive_rtcp(sim->stream, data, bytes, reports, sim->now_ns);
    for (unsigned i = 0; i < count; i++)
        push(sim, reports[i]);
}

static void deliver(struct sim *sim, struct sim_datagram *datagram)
{
    const uint8_t *data = datagram->data;
    size_t bytes = datagram->bytes;
    struct sim_viewer *viewer = datagram->viewer;

    switch (datagram->way) {
    case TO_SERVER:
        if (datagram->broadcast == sim->broadcaster.broadcast)
            receive_upstream(sim, data, bytes);
        break;
    case TO_BROADCASTER: /* ignores what is not for its SSRCs */
        sim_broadcaster_receive(&sim->broadcaster, data, bytes, sim->now_ns);
        break;
    case TO_VIEWER:
        if (sim->now_ns >= viewer->deaf_until_ns)
            sim_viewer_receive(viewer, data, bytes, sim->now_ns);
        break;
    case FROM_VIEWER:
        if (viewer->joined) {
            assert_int_equal(feedback_receive(sim->fanout, &viewer->core, data, bytes, &sim->egress,
                                              &sim->stats, sim->now_ns),
                             STATUS_OK);
        }
        break;
    }
    datagram->next_free = sim->free_datagrams;
    sim->free_datagrams = datagram;
}

static void replay(struct sim *sim)
{
    if (sim->now_ns / TICK_NS % SWEEP_TICKS == 0)
        fanout_sweep(sim->fanout, sim->now_ns);
    if (!fanout_is_replaying(sim->fanout))
        return;
    sim->replay_headers.used = 0;
    (void)fanout_replay(sim->fanout, &sim->replay_headers, &sim->egress, sim->now_ns);
    if (sim->replay_headers.used > sim->replayed_most)
        sim->replayed_most = sim->replay_headers.used;
}

static void tick_server(struct sim *sim)
{
    uint8_t compound[STREAM_FEEDBACK_BYTES_MAX];
    size_t bytes = 0;

    if (!fanout_is_empty(sim->fanout) && sim->now_ns - sim->batch_since_ns >= BATCH_WAIT_NS)
        fanout_run(sim->fanout, NULL, &sim->egress, sim->now_ns);
    replay(sim);
    ask_for_key_frame(sim);
    while ((bytes = stream_write_feedback(sim->stream, compound, sim->now_ns)) > 0)
        dispatch(sim, TO_BROADCASTER, NULL, compound, bytes);
}

void sim_run(struct sim *sim, int64_t duration_ns)
{
    int64_t end_ns = sim->now_ns + duration_ns;

    for (; sim->now_ns < end_ns; sim->now_ns += TICK_NS) {
        while (sim->heap_count > 0 && sim->heap[0]->due_ns <= sim->now_ns)
            deliver(sim, heap_pop(sim));
        sim_broadcaster_tick(&sim->broadcaster, sim->now_ns);
        tick_server(sim);
        unsigned first = (unsigned)(sim->now_ns / TICK_NS % VIEWER_TICKS);
        for (unsigned i = first; i < sim->settings.viewers; i += VIEWER_TICKS)
            sim_viewer_tick(&sim->viewers[i], sim->now_ns);
    }
}

void sim_publish(struct sim *sim, const struct sim_publish *publish)
{
    sim_broadcaster_begin(&sim->broadcaster, publish, sim->now_ns);
    struct publication publication = sim_broadcaster_publication(&sim->broadcaster);
    push(sim, stream_begin(sim->stream, &publication, sim->now_ns));
}

void sim_unpublish(struct sim *sim)
{
    sim_broadcaster_end(&sim->broadcaster);
    push(sim, stream_end(sim->stream, sim->now_ns));
}

static uint16_t first_number(struct sim *sim)
{
    return (uint16_t)(1 + sim_random_below(&sim->random, 1 << 14));
}

void sim_join(struct sim *sim, unsigned viewer)
{
    static const struct profile profiles[2] = {
        {.formats = {{{CODEC_OPUS, 0, 0, 0, 0}, SIM_OPUS, PROFILE_NO_PAYLOAD_TYPE},
                     {{CODEC_VP8, 0, 0, 0, 0}, SIM_VP8, PROFILE_NO_PAYLOAD_TYPE},
                     {{CODEC_H264, 1, 0x42, 0xe0, 31}, SIM_H264, PROFILE_NO_PAYLOAD_TYPE}},
         .format_count = 3},
        {.formats = {{{CODEC_OPUS, 0, 0, 0, 0}, SIM_OPUS, PROFILE_NO_PAYLOAD_TYPE},
                     {{CODEC_VP8, 0, 0, 0, 0}, SIM_VP8, SIM_VP8_RTX},
                     {{CODEC_H264, 1, 0x42, 0xe0, 31}, SIM_H264, SIM_H264_RTX}},
         .format_count = 3},
    };
    bool rtx = sim->settings.viewer_rtx;
    const struct viewer_start start = {
        .ssrc = {10 * viewer + 1, 10 * viewer + 2},
        .rtx_ssrc = {0, rtx ? 10 * viewer + 3 : 0},
        .first_sequence_number = {first_number(sim), first_number(sim)},
        .wanted = {true, true},
    };

    sim_viewer_join(&sim->viewers[viewer], &profiles[rtx], &start, sim->now_ns);
    assert_int_equal(fanout_add(sim->fanout, &sim->viewers[viewer].core), STATUS_OK);
}

void sim_leave(struct sim *sim, unsigned viewer)
{
    if (sim->viewers[viewer].joined) {
        fanout_remove(sim->fanout, &sim->viewers[viewer].core);
        sim->viewers[viewer].joined = false;
    }
}
