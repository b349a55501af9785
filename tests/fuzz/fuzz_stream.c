/* tests/fuzz/fuzz_stream.c - a broadcaster that sends whatever it likes, through stream and fanout
 * to one viewer, who may join anew at any time and is replayed what was kept: nothing but
 * well-formed packets leaves, and no index twice. Input: records of one
 * byte that says what happens, one byte of time that passes (4 ms each), two bytes of length, and
 * so many bytes of data. */
#include "core/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/bytes.h"
#include "core/fanout.h"
#include "core/gop_cache.h"
#include "core/mono.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

enum { POOL_PACKETS = 256, INDEXES = 1 << 20, RECORDS_MAX = 2000 };

enum event {
    EVENT_RTP,
    EVENT_RTCP,
    EVENT_BEGIN,
    EVENT_END,
    EVENT_WANT_KEY_FRAME,
    EVENT_JOIN,
    EVENT_COUNT
};

static const struct profile profile = {
    .formats = {{{CODEC_OPUS, 0, 0, 0, 0}, 111, PROFILE_NO_PAYLOAD_TYPE},
                {{CODEC_VP8, 0, 0, 0, 0}, 96, 97},
                {{CODEC_H264, 1, 0x42, 0xe0, 31}, 102, 103}},
    .format_count = 3,
    .extension_id = {[EXTENSION_TRANSPORT_WIDE] = 3,
                     [EXTENSION_AUDIO_LEVEL] = 1,
                     [EXTENSION_DEPENDENCY_DESCRIPTOR] = 5},
    .nack = {true, true},
};

/* One bit an index and track: it went out already. */
static uint8_t used[TRACK_COUNT][INDEXES / 8];

static void check(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static bool on_send(void *context, struct viewer *viewer, const struct outgoing *packets,
                    unsigned count)
{
    (void)context;
    (void)viewer;
    for (unsigned i = 0; i < count; i++) {
        const struct outgoing *packet = &packets[i];
        unsigned track = packet->ssrc == 1 ? TRACK_AUDIO : TRACK_VIDEO;
        check(packet->header_bytes >= 12 && packet->header_bytes <= EGRESS_HEADER_BYTES_MAX);
        check(packet->payload_bytes > 0 && packet->payload_bytes <= PACKET_BYTES_MAX);
        check(packet->index >= 1 && packet->index < INDEXES);
        uint8_t *byte = &used[track][packet->index / 8];
        uint8_t bit = (uint8_t)(1u << (packet->index % 8));
        check((*byte & bit) == 0);
        *byte |= bit;
    }
    return true;
}

static void on_send_rtcp(void *context, struct viewer *viewer, const uint8_t *compound,
                         size_t compound_bytes)
{
    (void)context;
    (void)viewer;
    check(compound != NULL && compound_bytes >= 8);
}

static void on_flush(void *context)
{
    (void)context;
}

static const struct egress egress = {NULL, on_send, on_send_rtcp, on_flush};

struct room {
    struct packet_pool *pool;
    struct stats stats;
    struct stream *stream;
    struct fanout *fanout;
    struct gop_cache cache;
    struct viewer viewer;
    int64_t now_ns;
};

/* As transport/feed.c does. */
static bool keep(struct room *room, struct packet *packet)
{
    if (packet_pool_is_short(room->pool)) {
        gop_cache_clear(&room->cache);
        return false;
    }
    return gop_cache_push(&room->cache, packet);
}

/* packet may be NULL. */
static void push(struct room *room, struct packet *packet)
{
    if (packet != NULL) {
        check((size_t)packet->payload_offset + packet->payload_bytes <= PACKET_BYTES_MAX);
        if (packet->kind == PACKET_MEDIA && packet->track == TRACK_VIDEO)
            packet->cached = keep(room, packet);
        else if (packet->kind == PACKET_PUBLISHED || packet->kind == PACKET_UNPUBLISHED)
            gop_cache_clear(&room->cache);
        fanout_push(room->fanout, packet);
    }
    if (fanout_is_full(room->fanout))
        fanout_run(room->fanout, NULL, &egress, room->now_ns);
}

static void join(struct room *room)
{
    const struct viewer_start start = {
        .ssrc = {1, 2}, .first_sequence_number = {1, 1}, .wanted = {true, true}};

    memset(used, 0, sizeof used);
    viewer_init(&room->viewer, &profile, &start);
    check(fanout_add(room->fanout, &room->viewer) == STATUS_OK);
}

static void happen(struct room *room, enum event event, struct bytes data)
{
    const struct publication publication = {
        .negotiated = profile,
        .offered = {true, true},
        .ssrc = {0, bytes_left(&data) > 0 ? *data.at : 0u},
        .nack_pli = bytes_left(&data) % 2 == 0,
        .fir = true,
        .transport_wide = true,
        .remb = true,
    };
    struct packet *reports[TRACK_COUNT];
    unsigned count = 0;

    switch (event) {
    case EVENT_RTP:
        push(room, stream_receive_rtp(room->stream, data.at, bytes_left(&data), room->now_ns));
        break;
    case EVENT_RTCP:
        count =
            stream_receive_rtcp(room->stream, data.at, bytes_left(&data), reports, room->now_ns);
        for (unsigned i = 0; i < count; i++)
            push(room, reports[i]);
        break;
    case EVENT_BEGIN:
        push(room, stream_begin(room->stream, &publication, room->now_ns));
        break;
    case EVENT_END:
        push(room, stream_end(room->stream, room->now_ns));
        break;
    case EVENT_WANT_KEY_FRAME:
        stream_want_key_frame(room->stream, room->now_ns);
        break;
    case EVENT_JOIN:
        fanout_remove(room->fanout, &room->viewer);
        join(room);
        break;
    case EVENT_COUNT:
        break;
    }
}

static void give_feedback(struct room *room)
{
    uint8_t out[STREAM_FEEDBACK_BYTES_MAX];
    unsigned compounds = 0;
    size_t written = 0;

    while ((written = stream_write_feedback(room->stream, out, room->now_ns)) > 0)
        check(written >= 8 && compounds++ < 100);
    check(stream_feedback_due_ns(room->stream) > room->now_ns);
}

static void replay(struct room *room)
{
    static struct replay_headers headers;

    headers.used = 0;
    fanout_sweep(room->fanout, room->now_ns);
    check(fanout_replay(room->fanout, &headers, &egress, room->now_ns) > room->now_ns ||
          !fanout_is_replaying(room->fanout));
    check(headers.used <= REPLAY_BUDGET_PACKETS);
}

static void run_records(struct room *room, struct bytes records)
{
    for (unsigned i = 0; i < RECORDS_MAX && bytes_left(&records) > 0; i++) {
        enum event event = (enum event)(bytes_u8(&records) % EVENT_COUNT);
        room->now_ns += bytes_u8(&records) * 4 * MONO_MS;
        uint16_t data_bytes = bytes_u16(&records);
        struct bytes data = bytes_cut(&records, data_bytes);
        if (!bytes_ok(&data))
            return;
        happen(room, event, data);
        give_feedback(room);
        if (fanout_is_due(room->fanout, false))
            fanout_run(room->fanout, NULL, &egress, room->now_ns);
        replay(room);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    static struct packet_pool *pool; /* big: made once */
    struct room room = {.now_ns = 1000 * MONO_SECOND};
    const struct stream_settings stream_settings = {.stream_id = 1,
                                                    .random_seed = 1,
                                                    .bandwidth_bps = 4000000,
                                                    .key_frame_interval_ns = 500 * MONO_MS};
    const struct fanout_settings fanout_settings = {.stream_id = 1,
                                                    .history_packets = {64, 64},
                                                    .history_age_ns = MONO_SECOND,
                                                    .replay_bps = 1000000};
    const struct gop_cache_limits limits = {.bytes_max = 100000, .age_max_ns = 10 * MONO_SECOND};

    if (pool == NULL)
        check(packet_pool_create(POOL_PACKETS, &pool) == STATUS_OK);
    room.pool = pool;
    gop_cache_init(&room.cache, &limits);
    check(stream_create(&stream_settings, pool, &room.stats, &room.stream) == STATUS_OK);
    check(fanout_create(&fanout_settings, &room.stats, &room.fanout) == STATUS_OK);
    join(&room);
    happen(&room, EVENT_BEGIN, bytes_of(NULL, 0));
    run_records(&room, bytes_of(bytes, length_bytes));
    fanout_remove(room.fanout, &room.viewer);
    fanout_destroy(room.fanout);
    gop_cache_close(&room.cache);
    stream_destroy(room.stream);
    check(packet_pool_taken(pool) == 0);
    return 0;
}
