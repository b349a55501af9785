/* bench/fanout_bench.c - what the fan-out itself costs, a viewer and packet, with an egress that
 * only counts: no seal, no socket. Usage: fanout_bench [VIEWERS [PACKETS_A_BATCH [PROFILES]]] */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/fanout.h"
#include "core/mono.h"

enum { POOL_PACKETS = 4096, PAYLOAD_BYTES = 1150, RUN_MS = 2000, VIEWERS_MAX = 1000000 };

struct counter {
    uint64_t packets;
    uint64_t bytes;
};

/* The viewer's SRTP context would lie near: pad as a session's record does. */
struct seat {
    struct viewer viewer;
    uint8_t session[2048];
};

static bool count_send(void *context, struct viewer *viewer, const struct outgoing *packets,
                       unsigned count)
{
    struct counter *counter = context;

    (void)viewer;
    counter->packets += count;
    for (unsigned i = 0; i < count; i++)
        counter->bytes += (uint64_t)packets[i].header_bytes + packets[i].payload_bytes;
    return true;
}

static void ignore_rtcp(void *context, struct viewer *viewer, const uint8_t *compound,
                        size_t compound_bytes)
{
    (void)context;
    (void)viewer;
    (void)compound;
    (void)compound_bytes;
}

static void ignore_flush(void *context)
{
    (void)context;
}

static int64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * MONO_SECOND + now.tv_nsec;
}

static unsigned argument(int argc, char **argv, int position, unsigned fallback, unsigned most)
{
    unsigned long value = argc > position ? strtoul(argv[position], NULL, 10) : fallback;

    return value >= 1 && value <= most ? (unsigned)value : fallback;
}

static void die(const char *what)
{
    fprintf(stderr, "fanout_bench: %s\n", what);
    exit(1);
}

static struct seat *seat_viewers(struct fanout *fanout, unsigned count, unsigned profiles)
{
    static struct profile known[64];
    struct seat *seats = calloc(count, sizeof *seats);
    if (seats == NULL)
        die("out of memory");
    for (unsigned i = 0; i < profiles; i++) {
        known[i] = (struct profile){
            .formats = {{{CODEC_OPUS, 0, 0, 0, 0}, 111, PROFILE_NO_PAYLOAD_TYPE},
                        {{CODEC_VP8, 0, 0, 0, 0}, (uint8_t)(96 + i % 16), 127}},
            .format_count = 2,
            .index = (uint16_t)i,
        };
    }
    for (unsigned i = 0; i < count; i++) {
        const struct viewer_start start = {.ssrc = {2 * i + 1, 2 * i + 2},
                                           .first_sequence_number = {1, 1},
                                           .wanted = {true, true}};
        viewer_init(&seats[i].viewer, &known[i % profiles], &start);
        if (fanout_add(fanout, &seats[i].viewer) != STATUS_OK)
            die("out of memory");
    }
    return seats;
}

/* Pushes one frame of that many packets. */
static void push_frame(struct fanout *fanout, struct packet_pool *pool, unsigned packets,
                       int64_t *number, int64_t now_ns)
{
    for (unsigned i = 0; i < packets; i++) {
        struct packet *packet = packet_take_or_null(pool);
        if (packet == NULL)
            die("packet pool empty");
        packet->track = TRACK_VIDEO;
        packet->format.codec = CODEC_VP8;
        packet->key_frame_start = *number == 0;
        packet->marker = i + 1 == packets;
        packet->sequence_number = (*number)++;
        packet->payload_offset = 20;
        packet->payload_bytes = PAYLOAD_BYTES;
        packet->arrival_ns = now_ns;
        fanout_push(fanout, packet);
    }
}

int main(int argc, char **argv)
{
    unsigned viewers = argument(argc, argv, 1, 1000, VIEWERS_MAX);
    unsigned packets = argument(argc, argv, 2, 9, EGRESS_BATCH_MAX);
    unsigned profiles = argument(argc, argv, 3, 2, 64);
    const struct fanout_settings settings = {
        .stream_id = 1, .history_packets = {256, 1024}, .history_age_ns = MONO_SECOND};
    static struct stats stats;
    struct counter counter = {0};
    const struct egress egress = {&counter, count_send, ignore_rtcp, ignore_flush};
    struct packet_pool *pool = NULL;
    struct fanout *fanout = NULL;
    int64_t number = 0;

    if (packet_pool_create(POOL_PACKETS, &pool) != STATUS_OK ||
        fanout_create(&settings, &stats, &fanout) != STATUS_OK)
        die("out of memory");
    struct seat *seats = seat_viewers(fanout, viewers, profiles);
    int64_t began_ns = cpu_ns();
    int64_t passed_ns = 0;
    for (int64_t now_ns = 0; passed_ns < RUN_MS * MONO_MS; now_ns += MONO_SECOND / 30) {
        push_frame(fanout, pool, packets, &number, now_ns);
        fanout_run(fanout, NULL, &egress, now_ns);
        passed_ns = cpu_ns() - began_ns;
    }
    printf("%u viewers, %u packets a batch, %u profiles: %.1f ns a packet\n", viewers, packets,
           profiles, (double)passed_ns / (double)counter.packets);
    for (unsigned i = 0; i < viewers; i++)
        fanout_remove(fanout, &seats[i].viewer);
    free(seats);
    fanout_destroy(fanout);
    packet_pool_destroy(pool);
    return 0;
}
