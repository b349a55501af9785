#include "core/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/mono.h"
#include "core/rtcp.h"
#include "core/rtp.h"

enum { OPUS = 111, VP8 = 96, VP8_RTX = 97, H264 = 102, AUDIO_SSRC = 11, VIDEO_SSRC = 22 };

static struct packet_pool *pool;
static struct stream *stream;
static struct stats stats;
static int64_t now_ns;

static struct publication browser(void)
{
    return (struct publication){
        .negotiated =
            {.formats = {{{CODEC_OPUS, 0, 0, 0, 0}, OPUS, PROFILE_NO_PAYLOAD_TYPE},
                         {{CODEC_VP8, 0, 0, 0, 0}, VP8, VP8_RTX},
                         {{CODEC_H264, 1, 0x42, 0xe0, 31}, H264, 103}},
             .format_count = 3,
             .extension_id =
                 {[EXTENSION_TRANSPORT_WIDE] = 3, [EXTENSION_AUDIO_LEVEL] = 1, [EXTENSION_MID] = 4},
             .nack = {false, true}},
        .offered = {true, true},
        .ssrc = {AUDIO_SSRC, VIDEO_SSRC},
        .nack_pli = true,
        .transport_wide = true,
        .remb = true,
    };
}

static void begin(const struct publication *publication)
{
    struct packet *packet = stream_begin(stream, publication, now_ns);

    assert_non_null(packet);
    assert_int_equal(packet->kind, PACKET_PUBLISHED);
    packet_unref(packet);
}

static int set_up(void **state)
{
    (void)state;
    const struct stream_settings settings = {.stream_id = 5,
                                             .random_seed = 1,
                                             .bandwidth_bps = 4000000,
                                             .key_frame_interval_ns = 500 * MONO_MS};
    const struct publication publication = browser();

    now_ns = 1000 * MONO_SECOND;
    memset(&stats, 0, sizeof stats);
    assert_int_equal(packet_pool_create(64, &pool), STATUS_OK);
    assert_int_equal(stream_create(&settings, pool, &stats, &stream), STATUS_OK);
    begin(&publication);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stream_destroy(stream);
    packet_pool_destroy(pool);
    return 0;
}

struct sent {
    uint8_t payload_type;
    uint16_t number;
    uint32_t timestamp;
    uint32_t ssrc;
    const void *payload;
    size_t payload_bytes;
};

static struct packet *receive(struct sent sent)
{
    uint8_t wire[64];
    struct rtp header = {.payload_type = sent.payload_type,
                         .sequence_number = sent.number,
                         .timestamp = sent.timestamp,
                         .ssrc = sent.ssrc,
                         .marker = true};
    const uint8_t wide[] = {(uint8_t)(sent.number >> 8), (uint8_t)sent.number};
    const uint8_t level[] = {0x33};
    const struct rtp_element_data elements[] = {{3, 2, wide}, {1, 1, level}};

    size_t bytes = rtp_write_header(wire, sizeof wire, &header, elements, 2);
    memcpy(&wire[bytes], sent.payload, sent.payload_bytes);
    return stream_receive_rtp(stream, wire, bytes + sent.payload_bytes, now_ns);
}

static const uint8_t key_frame[] = {0x10, 0x10, 0x02, 0x00};
static const uint8_t delta_frame[] = {0x10, 0x11, 0x02, 0x00};

static struct packet *receive_video(uint16_t number, uint32_t timestamp, bool key)
{
    return receive((struct sent){VP8, number, timestamp, VIDEO_SSRC, key ? key_frame : delta_frame,
                                 sizeof key_frame});
}

/* Receives and drops; returns the number that it got, 0: not forwarded. */
static int64_t number_of_video(uint16_t number)
{
    struct packet *packet = receive_video(number, number * 3000u, false);
    int64_t given = packet != NULL ? packet->sequence_number : 0;

    packet_unref(packet);
    return given;
}

static void stream_makes_packets_of_what_arrives(void **state)
{
    (void)state;
    struct packet *packet = receive_video(500, 9000, true);

    assert_non_null(packet);
    assert_int_equal(packet->kind, PACKET_MEDIA);
    assert_int_equal(packet->track, TRACK_VIDEO);
    assert_int_equal(packet->stream_id, 5);
    assert_int_equal(packet->sequence_number, 1);
    assert_int_equal(packet->format.codec, CODEC_VP8);
    assert_true(packet->key_frame_start);
    assert_true(packet->frame_start);
    assert_true(packet->marker);
    assert_true(packet->arrival_ns == now_ns);
    assert_int_equal(packet->payload_bytes, sizeof key_frame);
    assert_memory_equal(&packet->data[packet->payload_offset], key_frame, sizeof key_frame);
    assert_int_equal(packet->extension[EXTENSION_AUDIO_LEVEL].bytes, 1);
    assert_int_equal(packet->data[packet->extension[EXTENSION_AUDIO_LEVEL].offset], 0x33);
    assert_int_equal(packet->extension[EXTENSION_TRANSPORT_WIDE].bytes, 0); /* ends here */
    packet_unref(packet);
    assert_int_equal(stats.packets_in, 1);
    assert_int_equal(stats.key_frames, 1);
}

static void stream_evens_a_frame_out(void **state)
{
    (void)state;
    uint8_t wire[PACKET_BYTES_MAX] = {0x80, VP8};
    const uint16_t sizes[] = {800, 801, 800};

    for (uint16_t i = 0; i < 3; i++) {
        const struct rtp header = {.payload_type = VP8,
                                   .sequence_number = (uint16_t)(10 + i),
                                   .timestamp = 9000,
                                   .ssrc = VIDEO_SSRC,
                                   .marker = i == 2};
        size_t bytes = rtp_write_header(wire, sizeof wire, &header, NULL, 0);
        memcpy(&wire[bytes], i == 0 ? key_frame : delta_frame, sizeof key_frame);
        struct packet *packet = stream_receive_rtp(stream, wire, bytes + sizes[i], now_ns);
        assert_non_null(packet);
        assert_int_equal(packet->payload_bytes, 803);
        assert_int_equal(packet->padding_bytes, 803 - sizes[i]);
        packet_unref(packet);
    }
    assert_int_equal(stats.padding_bytes, 3 + 2 + 3);
}

static void stream_counts_what_it_drops(void **state)
{
    (void)state;
    uint8_t large[PACKET_BYTES_MAX + 1] = {0x80, VP8};

    assert_null(stream_receive_rtp(stream, (const uint8_t *)"x", 1, now_ns));
    assert_null(stream_receive_rtp(stream, large, sizeof large, now_ns));
    assert_int_equal(stats.drop_rtp_malformed, 2);
    assert_null(receive((struct sent){77, 1, 1, VIDEO_SSRC, key_frame, 4}));
    assert_null(receive((struct sent){VP8, 1, 1, 99, key_frame, 4}));
    assert_int_equal(stats.drop_rtp_unknown, 2);
    assert_int_equal(number_of_video(1), 1);
    assert_int_equal(number_of_video(1), 0);
    assert_int_equal(stats.drop_rtp_duplicate, 1);
    assert_null(receive((struct sent){VP8, 2, 1, VIDEO_SSRC, key_frame, 0}));
    assert_int_equal(stats.drop_rtp_duplicate, 1);
    assert_int_equal(number_of_video(3), 2);
}

static void stream_counts_an_empty_pool(void **state)
{
    (void)state;
    struct packet *held[64];

    for (unsigned i = 0; i < 64; i++)
        held[i] = packet_take_or_null(pool);
    assert_null(receive_video(1, 1, true));
    assert_null(stream_end(stream, now_ns));
    assert_int_equal(stats.drop_pool_empty, 2);
    for (unsigned i = 0; i < 64; i++)
        packet_unref(held[i]);
}

static void stream_restores_rtx(void **state)
{
    (void)state;
    static const uint8_t rtx[] = {0, 2, 0x10, 0x11, 0x02, 0x55};

    assert_int_equal(number_of_video(1), 1);
    assert_int_equal(number_of_video(3), 3);
    struct packet *packet = receive((struct sent){VP8_RTX, 700, 6000, 33, rtx, sizeof rtx});
    assert_non_null(packet);
    assert_int_equal(packet->sequence_number, 2);
    assert_int_equal(packet->payload_bytes, 4);
    assert_int_equal(packet->data[packet->payload_offset + 3], 0x55);
    assert_int_equal(packet->format.codec, CODEC_VP8);
    packet_unref(packet);
    assert_null(receive((struct sent){VP8_RTX, 701, 6000, 33, rtx, 0})); /* a probe */
    assert_null(receive((struct sent){VP8_RTX, 702, 6000, 33, rtx, 1}));
    assert_int_equal(stats.drop_rtp_malformed, 0);
}

static void stream_continues_when_the_broadcaster_is_back(void **state)
{
    (void)state;
    struct publication publication = browser();
    static const uint8_t idr[] = {0x65, 0x88, 0x84};

    struct packet *before = receive_video(500, 9000, true);
    struct packet *gone = stream_end(stream, now_ns);
    assert_int_equal(gone->kind, PACKET_UNPUBLISHED);
    assert_null(receive_video(501, 12000, false));
    assert_true(stream_feedback_due_ns(stream) == MONO_NEVER);

    now_ns += 10 * MONO_SECOND;
    publication.ssrc[TRACK_VIDEO] = 0;
    begin(&publication);
    struct packet *after = receive((struct sent){H264, 9, 77, 1234, idr, sizeof idr});
    assert_non_null(after);
    assert_true(after->sequence_number == before->sequence_number + 1);
    assert_int_equal(after->timestamp - before->timestamp, 900000);
    assert_int_equal(after->format.codec, CODEC_H264);
    assert_true(after->key_frame_start);
    packet_unref(before);
    packet_unref(gone);
    packet_unref(after);
}

static void stream_passes_sender_reports_on(void **state)
{
    (void)state;
    uint8_t out[128];
    struct packet *reports[TRACK_COUNT] = {NULL, NULL};
    struct bytes_writer writer = bytes_writer_of(out, sizeof out);
    struct rtcp_sender_info info = {
        .ssrc = VIDEO_SSRC, .ntp_timestamp = 0x1234567890, .timestamp = 9000 + 4500};

    rtcp_put_sender_report(&writer, &info);
    info.ssrc = 99;
    rtcp_put_sender_report(&writer, &info);
    size_t bytes = bytes_written(&writer);
    assert_int_equal(stream_receive_rtcp(stream, out, bytes, reports, now_ns), 0); /* no media */
    struct packet *packet = receive_video(500, 9000, true);
    assert_int_equal(stream_receive_rtcp(stream, out, bytes, reports, now_ns), 1);
    assert_int_equal(reports[0]->kind, PACKET_SENDER_REPORT);
    assert_int_equal(reports[0]->track, TRACK_VIDEO);
    assert_true(reports[0]->ntp_timestamp == info.ntp_timestamp);
    assert_int_equal(reports[0]->timestamp - packet->timestamp, 4500);
    packet_unref(reports[0]);
    packet_unref(packet);
    assert_int_equal(stream_receive_rtcp(stream, out, bytes - 1, reports, now_ns), 1);
    packet_unref(reports[0]);
    assert_int_equal(stats.drop_rtcp_malformed, 1);
}

/* Writes all feedback that is due, and counts its parts by type and format. */
static struct {
    unsigned nacks, plis, firs, wides, rembs, reports;
    uint16_t nacked;
    uint64_t remb_bps;
} told;

static uint64_t read_remb(struct bytes body)
{
    bytes_skip(&body, 13); /* SSRCs, "REMB", how many SSRCs follow */
    const uint32_t rate = bytes_u24(&body);

    return (uint64_t)(rate & 0x3ffff) << (rate >> 18);
}

static void tell(void)
{
    uint8_t out[STREAM_FEEDBACK_BYTES_MAX];
    size_t bytes;

    memset(&told, 0, sizeof told);
    while ((bytes = stream_write_feedback(stream, out, now_ns)) > 0) {
        struct bytes compound = bytes_of(out, bytes);
        struct rtcp_part part;
        unsigned parts = 0;
        while (rtcp_next(&compound, &part) == STATUS_OK) {
            assert_true(parts++ > 0 || part.type == RTCP_RECEIVER_REPORT);
            bool wire = part.type == RTCP_TRANSPORT_FEEDBACK;
            bool picture = part.type == RTCP_PAYLOAD_FEEDBACK;
            told.reports += part.type == RTCP_RECEIVER_REPORT ? part.count : 0u;
            told.wides += wire && part.count == RTCP_FORMAT_TRANSPORT_WIDE;
            told.plis += picture && part.count == RTCP_FORMAT_PLI;
            told.firs += picture && part.count == RTCP_FORMAT_FIR;
            told.rembs += picture && part.count == RTCP_FORMAT_APPLICATION;
            if (picture && part.count == RTCP_FORMAT_APPLICATION)
                told.remb_bps = read_remb(part.body);
            if (wire && part.count == RTCP_FORMAT_NACK) {
                told.nacks++;
                bytes_skip(&part.body, 8);
                told.nacked = bytes_u16(&part.body);
            }
        }
    }
    assert_true(stream_feedback_due_ns(stream) > now_ns);
}

static void stream_tells_the_broadcaster_what_it_received(void **state)
{
    (void)state;
    assert_int_equal(number_of_video(1), 1);
    now_ns += 50 * MONO_MS;
    tell();
    assert_int_equal(told.wides, 1);
    assert_int_equal(told.reports, 0);
    now_ns += MONO_SECOND;
    tell();
    assert_int_equal(told.reports, 1);
    assert_int_equal(told.rembs, 1);
    assert_int_equal(told.nacks, 0);
}

static void stream_tells_the_broadcaster_how_much_it_may_send(void **state)
{
    (void)state;
    assert_int_equal(number_of_video(1), 1);
    now_ns += MONO_SECOND;
    tell();
    assert_int_equal(told.remb_bps, 4000000);
    stream_set_bandwidth(stream, 900000);
    now_ns += MONO_SECOND;
    tell();
    assert_int_equal(told.remb_bps, 900000);
}

static void stream_asks_for_what_is_missing(void **state)
{
    (void)state;
    assert_int_equal(number_of_video(1), 1);
    assert_int_equal(number_of_video(3), 3);
    tell();
    assert_int_equal(told.nacks, 0); /* it may be overtaken only */
    now_ns += 10 * MONO_MS;
    tell();
    assert_int_equal(told.nacks, 1);
    assert_int_equal(told.nacked, 2);
    assert_int_equal(stats.nacks_out, 1);
    assert_int_equal(number_of_video(2), 2);
    now_ns += 100 * MONO_MS;
    tell();
    assert_int_equal(told.nacks, 0);
}

static void stream_asks_for_key_frames_as_the_broadcaster_understands(void **state)
{
    (void)state;
    struct publication publication = browser();

    stream_want_key_frame(stream, now_ns);
    tell();
    assert_int_equal(told.plis, 1);
    stream_want_key_frame(stream, now_ns);
    tell();
    assert_int_equal(told.plis, 0);
    assert_int_equal(stats.plis_out, 1);
    packet_unref(receive_video(1, 1, true));
    now_ns += 2 * MONO_SECOND;
    tell();
    assert_int_equal(told.plis, 0); /* answered */

    publication.nack_pli = false;
    publication.fir = true;
    begin(&publication);
    stream_want_key_frame(stream, now_ns);
    tell();
    assert_int_equal(told.firs, 1);

    publication.fir = false;
    begin(&publication);
    stream_want_key_frame(stream, now_ns);
    tell();
    assert_int_equal(told.plis + told.firs, 0);

    publication = browser();
    publication.offered[TRACK_VIDEO] = false;
    begin(&publication);
    stream_want_key_frame(stream, now_ns);
    tell();
    assert_int_equal(told.plis + told.firs, 0);
}

static void stream_reports_what_is_live(void **state)
{
    (void)state;
    struct stream_report report;

    stream_read_report(stream, &report, now_ns);
    assert_false(report.live);
    assert_false(report.has[TRACK_VIDEO]);
    packet_unref(receive_video(1, 1, true));
    assert_int_equal(number_of_video(200), 200);
    stream_read_report(stream, &report, now_ns);
    assert_true(report.live);
    assert_true(report.has[TRACK_VIDEO]);
    assert_false(report.has[TRACK_AUDIO]);
    assert_int_equal(report.format[TRACK_VIDEO].codec, CODEC_VP8);
    assert_int_equal(report.key_frames, 1);
    assert_in_range(report.bitrate_bps[TRACK_VIDEO], 2 * 16 * 8, 2 * 64 * 8);
    assert_true(report.last_packet_ns == now_ns);
    for (unsigned i = 0; i < 40; i++) {
        now_ns += 100 * MONO_MS;
        tell();
    }
    stream_read_report(stream, &report, now_ns);
    assert_int_equal(report.packets_lost[TRACK_VIDEO], 198);
    assert_int_equal(report.bitrate_bps[TRACK_VIDEO], 0);
    packet_unref(stream_end(stream, now_ns));
    stream_read_report(stream, &report, now_ns);
    assert_false(report.live);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stream_makes_packets_of_what_arrives),
        TEST(stream_evens_a_frame_out),
        TEST(stream_counts_what_it_drops),
        TEST(stream_counts_an_empty_pool),
        TEST(stream_restores_rtx),
        TEST(stream_continues_when_the_broadcaster_is_back),
        TEST(stream_passes_sender_reports_on),
        TEST(stream_tells_the_broadcaster_what_it_received),
        TEST(stream_tells_the_broadcaster_how_much_it_may_send),
        TEST(stream_asks_for_what_is_missing),
        TEST(stream_asks_for_key_frames_as_the_broadcaster_understands),
        TEST(stream_reports_what_is_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
