/* tests/fuzz/fuzz_feedback.c - a viewer's RTCP against an audience that has a history: whatever it
 * says, what it is sent stays bounded. SSRCs: audio 1, video 2; RTX 3. */
#include "core/feedback.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/mono.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

enum { PACKETS = 128, RESENT_MAX = 256 };

static const struct profile profile = {
    .formats = {{{CODEC_OPUS, 0, 0, 0, 0}, 111, PROFILE_NO_PAYLOAD_TYPE},
                {{CODEC_VP8, 0, 0, 0, 0}, 96, 97}},
    .format_count = 2,
};

static unsigned sent;

static bool on_send(void *context, struct viewer *viewer, const struct outgoing *packets,
                    unsigned count)
{
    (void)context;
    (void)viewer;
    sent += count;
    for (unsigned i = 0; i < count; i++) {
        /* Touches both ends, for the address sanitizer. */
        volatile uint8_t touched = packets[i].payload[0];
        touched = packets[i].payload[packets[i].payload_bytes - 1];
        (void)touched;
        if (packets[i].header_bytes < 12 || packets[i].header_bytes > EGRESS_HEADER_BYTES_MAX)
            __builtin_trap();
    }
    return true;
}

static void on_send_rtcp(void *context, struct viewer *viewer, const uint8_t *compound,
                         size_t compound_bytes)
{
    (void)context;
    (void)viewer;
    (void)compound;
    (void)compound_bytes;
}

static void on_flush(void *context)
{
    (void)context;
}

static const struct egress egress = {NULL, on_send, on_send_rtcp, on_flush};

static struct fanout *make_fanout(struct stats *stats)
{
    const struct fanout_settings settings = {
        .stream_id = 1, .history_packets = {64, 64}, .history_age_ns = MONO_SECOND};
    struct fanout *fanout = NULL;

    if (fanout_create(&settings, stats, &fanout) != STATUS_OK)
        __builtin_trap();
    return fanout;
}

static void fill_history(struct fanout *fanout, struct packet_pool *pool, int64_t now_ns)
{
    for (int64_t i = 0; i < PACKETS; i++) {
        struct packet *packet = packet_take_or_null(pool);
        if (packet == NULL)
            __builtin_trap();
        packet->track = (uint8_t)(i % 2);
        packet->sequence_number = i / 2;
        packet->key_frame_start = true;
        packet->format.codec = packet->track == TRACK_AUDIO ? CODEC_OPUS : CODEC_VP8;
        packet->payload_offset = 12;
        packet->payload_bytes = (uint16_t)(PACKET_BYTES_MAX - 12 - i);
        packet->arrival_ns = now_ns;
        fanout_push(fanout, packet);
        fanout_run(fanout, NULL, &egress, now_ns);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    static struct packet_pool *pool; /* audience and history are made once */
    static struct fanout *fanout;
    static struct stats stats;
    static struct viewer viewer;
    static struct viewer fresh;
    const struct viewer_start start = {.ssrc = {1, 2},
                                       .rtx_ssrc = {0, 3},
                                       .first_sequence_number = {1, 1},
                                       .wanted = {true, true}};
    const int64_t now_ns = 1000 * MONO_SECOND;

    if (pool == NULL) {
        if (packet_pool_create(PACKETS, &pool) != STATUS_OK)
            __builtin_trap();
        fanout = make_fanout(&stats);
        viewer_init(&viewer, &profile, &start);
        if (fanout_add(fanout, &viewer) != STATUS_OK)
            __builtin_trap();
        fill_history(fanout, pool, now_ns);
        fresh = viewer;
    }
    viewer = fresh;
    sent = 0;
    enum status status =
        feedback_receive(fanout, &viewer, bytes, length_bytes, &egress, &stats, now_ns);
    if (sent > RESENT_MAX ||
        (status != STATUS_OK && status != STATUS_SHORT && status != STATUS_MALFORMED))
        __builtin_trap();
    return 0;
}
