#include "bench/publish/rtp_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "core/rtcp.h"
#include "core/rtp.h"

enum { SENT_MAX = 64, PAYLOAD_BYTES = 100 };

static struct {
    uint8_t packet[1300];
    size_t bytes;
    struct rtp rtp;
} sent[SENT_MAX];
static unsigned sent_count;

static void on_send(void *context, const uint8_t *packet, size_t packet_bytes)
{
    assert_ptr_equal(context, sent);
    assert_true(sent_count < SENT_MAX && packet_bytes <= sizeof sent[0].packet);
    memcpy(sent[sent_count].packet, packet, packet_bytes);
    sent[sent_count].bytes = packet_bytes;
    assert_int_equal(rtp_parse(packet, packet_bytes, &sent[sent_count].rtp), STATUS_OK);
    sent_count++;
}

static struct rtp_source *open_source(int16_t rtx_payload_type)
{
    const struct rtp_source_settings settings = {
        .ssrc = 11,
        .rtx_ssrc = 22,
        .clock_hz = 90000,
        .payload_type = 96,
        .rtx_payload_type = rtx_payload_type,
        .context = sent,
        .send = on_send,
    };
    struct rtp_source *source = NULL;
    sent_count = 0;
    assert_int_equal(rtp_source_create(&settings, &source), STATUS_OK);
    return source;
}

static void send_packets(struct rtp_source *source, unsigned count)
{
    uint8_t payload[PAYLOAD_BYTES];
    for (unsigned i = 0; i < count; i++) {
        memset(payload, (int)i, sizeof payload);
        rtp_source_send(source, i * 3000, i * MONO_MS, i + 1 == count, payload, sizeof payload);
    }
    assert_int_equal(sent_count, count);
}

static void nack(struct rtp_source *source, uint16_t first, uint16_t following)
{
    const uint8_t words[] = {(uint8_t)(first >> 8), (uint8_t)first, (uint8_t)(following >> 8),
                             (uint8_t)following};
    struct bytes fci = bytes_of(words, sizeof words);
    rtp_source_on_nack(source, &fci);
}

static void rtp_source_numbers_its_packets(void **state)
{
    (void)state;
    struct rtp_source *source = open_source(-1);
    send_packets(source, 3);
    assert_in_range(sent[0].rtp.sequence_number, 1, (1 << 15) - 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(sent[i].rtp.ssrc, 11);
        assert_int_equal(sent[i].rtp.payload_type, 96);
        assert_int_equal(sent[i].rtp.payload_bytes, PAYLOAD_BYTES);
        assert_int_equal((uint16_t)(sent[i].rtp.sequence_number - sent[0].rtp.sequence_number), i);
        assert_int_equal(sent[i].rtp.timestamp - sent[0].rtp.timestamp, i * 3000);
        assert_int_equal(sent[i].rtp.marker, i == 2);
    }
    rtp_source_destroy(source);
}

static void rtp_source_resends_pid_and_blp_plain(void **state)
{
    (void)state;
    struct rtp_source *source = open_source(-1);
    send_packets(source, 20);
    nack(source, sent[2].rtp.sequence_number, 0x8001);
    assert_int_equal(sent_count, 23);
    const unsigned expected[] = {2, 3, 18};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(sent[20 + i].bytes, sent[expected[i]].bytes);
        assert_memory_equal(sent[20 + i].packet, sent[expected[i]].packet, sent[20 + i].bytes);
    }
    rtp_source_destroy(source);
}

static void rtp_source_resends_as_rtx_when_negotiated(void **state)
{
    (void)state;
    struct rtp_source *source = open_source(97);
    send_packets(source, 4);
    nack(source, sent[1].rtp.sequence_number, 0x0001);
    assert_int_equal(sent_count, 6);
    for (unsigned i = 0; i < 2; i++) {
        const struct rtp *rtx = &sent[4 + i].rtp;
        const uint8_t *payload = sent[4 + i].packet + rtx->payload_offset;
        assert_int_equal(rtx->ssrc, 22);
        assert_int_equal(rtx->payload_type, 97);
        assert_int_equal(rtx->timestamp, sent[1 + i].rtp.timestamp);
        assert_int_equal(rtx->payload_bytes, PAYLOAD_BYTES + 2);
        assert_int_equal(payload[0] << 8 | payload[1], sent[1 + i].rtp.sequence_number);
        assert_int_equal(payload[2], 1 + i);
    }
    assert_int_equal((uint16_t)(sent[5].rtp.sequence_number - sent[4].rtp.sequence_number), 1);
    rtp_source_destroy(source);
}

static void rtp_source_counts_what_it_has_not_kept(void **state)
{
    (void)state;
    struct rtp_source *source = open_source(-1);
    send_packets(source, 2);
    nack(source, (uint16_t)(sent[0].rtp.sequence_number - 1), 0);
    nack(source, (uint16_t)(sent[0].rtp.sequence_number + RTP_SOURCE_KEPT_PACKETS), 0);
    struct rtp_source_counts counts = rtp_source_counts(source);
    assert_int_equal(sent_count, 2);
    assert_int_equal(counts.asked, 2);
    assert_int_equal(counts.resent, 0);
    rtp_source_destroy(source);
}

static void rtp_source_reports_what_the_clock_shows_now(void **state)
{
    (void)state;
    uint8_t compound[200];
    struct rtcp_part part;
    struct rtcp_sender_info info;
    struct rtp_source *source = open_source(-1);
    struct bytes_writer writer = bytes_writer_of(compound, sizeof compound);
    rtp_source_put_report(source, 0, 1, "name", &writer);
    assert_int_equal(bytes_written(&writer), 0);

    send_packets(source, 3); /* the last one taken at 2 ms */
    rtp_source_put_report(source, 502 * MONO_MS, 77, "name", &writer);
    struct bytes reader = bytes_of(compound, bytes_written(&writer));
    assert_int_equal(rtcp_next(&reader, &part), STATUS_OK);
    assert_int_equal(part.type, RTCP_SENDER_REPORT);
    assert_int_equal(rtcp_read_sender_info(&part, &info), STATUS_OK);
    assert_int_equal(info.ssrc, 11);
    assert_int_equal(info.ntp_timestamp, 77);
    assert_int_equal(info.timestamp, sent[2].rtp.timestamp + 45000);
    assert_int_equal(info.packets, 3);
    assert_int_equal(info.octets, 3 * PAYLOAD_BYTES);
    assert_int_equal(rtcp_next(&reader, &part), STATUS_OK);
    assert_int_equal(part.type, RTCP_SOURCE_DESCRIPTION);
    rtp_source_destroy(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rtp_source_numbers_its_packets),
        cmocka_unit_test(rtp_source_resends_pid_and_blp_plain),
        cmocka_unit_test(rtp_source_resends_as_rtx_when_negotiated),
        cmocka_unit_test(rtp_source_counts_what_it_has_not_kept),
        cmocka_unit_test(rtp_source_reports_what_the_clock_shows_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
