#include "core/feedback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "core/rtcp.h"
#include "fake_egress.h"

static struct packet_pool *pool;
static struct fanout *fanout;
static struct fake_egress fake;
static struct stats stats;
static struct viewer viewer;
static const int64_t now_ns = 1000 * MONO_SECOND;

static int set_up(void **state)
{
    (void)state;
    const struct fanout_settings settings = {
        .stream_id = 9, .history_packets = {64, 256}, .history_age_ns = MONO_SECOND};
    const struct viewer_start start = {.ssrc = {100, 200},
                                       .rtx_ssrc = {0, 300},
                                       .first_sequence_number = {10, 20},
                                       .wanted = {true, true}};

    memset(&stats, 0, sizeof stats);
    fake_egress_init(&fake);
    assert_int_equal(packet_pool_create(512, &pool), STATUS_OK);
    assert_int_equal(fanout_create(&settings, &stats, &fanout), STATUS_OK);
    viewer_init(&viewer, fake_profile(), &start);
    assert_int_equal(fanout_add(fanout, &viewer), STATUS_OK);
    (void)fanout_take_key_frame_request(fanout, now_ns - MONO_SECOND);
    for (int64_t i = 0; i < 100; i++) {
        struct packet *packet = fake_video(pool, i, i == 0);
        packet->arrival_ns = now_ns;
        fanout_push(fanout, packet);
        fanout_run(fanout, NULL, &fake.egress, now_ns);
    }
    fake.sent_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fanout_remove(fanout, &viewer);
    fanout_destroy(fanout);
    packet_pool_destroy(pool);
    return 0;
}

static enum status receive(const uint8_t *compound, size_t compound_bytes)
{
    return feedback_receive(fanout, &viewer, compound, compound_bytes, &fake.egress, &stats,
                            now_ns);
}

#define RECEIVER_REPORT 0x80, 201, 0, 1, 0, 0, 0, 1
#define FROM_TO_VIDEO 0, 0, 0, 1, 0, 0, 0, 200
#define FROM_TO_NOBODY 0, 0, 0, 1, 0, 0, 0, 77

struct feedback_case {
    const char *what;
    enum status status;
    unsigned resent;
    unsigned plis;
    uint8_t compound_bytes;
    uint8_t compound[48];
};

static const struct feedback_case cases[] = {
    {"empty", STATUS_OK, 0, 0, 0, {0}},
    {"RR alone", STATUS_OK, 0, 0, 8, {RECEIVER_REPORT}},
    {"NACK, PID", STATUS_OK, 1, 0, 24, {RECEIVER_REPORT, 0x81, 205, 0, 3, FROM_TO_VIDEO, 0, 30}},
    {"NACK, PID and BLP",
     STATUS_OK,
     3,
     0,
     24,
     {RECEIVER_REPORT, 0x81, 205, 0, 3, FROM_TO_VIDEO, 0, 30, 0x80, 0x01}},
    {"NACK, reduced size", STATUS_OK, 1, 0, 16, {0x81, 205, 0, 3, FROM_TO_VIDEO, 0, 30}},
    {"NACK, twice the same",
     STATUS_OK,
     1,
     0,
     20,
     {0x81, 205, 0, 4, FROM_TO_VIDEO, 0, 30, 0, 0, 0, 30, 0, 0}},
    {"NACK, unknown SSRC", STATUS_OK, 0, 0, 16, {0x81, 205, 0, 3, FROM_TO_NOBODY, 0, 30}},
    {"NACK, never sent", STATUS_OK, 0, 0, 16, {0x81, 205, 0, 3, FROM_TO_VIDEO, 0x80, 30}},
    {"NACK, nothing asked", STATUS_OK, 0, 0, 12, {0x81, 205, 0, 2, FROM_TO_VIDEO}},
    {"NACK, cut in its words", STATUS_SHORT, 0, 0, 8, {0x81, 205, 0, 1, 0, 0, 0, 1}},
    {"PLI", STATUS_OK, 0, 1, 12, {0x81, 206, 0, 2, FROM_TO_VIDEO}},
    {"PLI, unknown SSRC", STATUS_OK, 0, 0, 12, {0x81, 206, 0, 2, FROM_TO_NOBODY}},
    {"PLI, audio's SSRC", STATUS_OK, 0, 0, 12, {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 100}},
    {"FIR", STATUS_OK, 0, 1, 20, {0x84, 206, 0, 4, FROM_TO_NOBODY, 0, 0, 0, 200, 1}},
    {"FIR, cut", STATUS_SHORT, 0, 0, 16, {0x84, 206, 0, 3, FROM_TO_NOBODY, 0, 0, 0, 200}},
    {"REMB is skipped", STATUS_OK, 0, 0, 12, {0x8f, 206, 0, 2, FROM_TO_VIDEO}},
    {"unknown type, then PLI",
     STATUS_OK,
     0,
     1,
     20,
     {0x80, 207, 0, 1, 0, 0, 0, 1, 0x81, 206, 0, 2, FROM_TO_VIDEO}},
    {"PLI, then cut", STATUS_SHORT, 0, 1, 16, {0x81, 206, 0, 2, FROM_TO_VIDEO, 0x81, 206, 0, 2}},
    {"wrong version", STATUS_MALFORMED, 0, 0, 8, {0x01, 201, 0, 1}},
    {"RR, report cut", STATUS_SHORT, 0, 0, 12, {0x81, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 200}},
};

static void feedback_serves_what_it_understands(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct feedback_case *c = &cases[i];
        set_up(state);
        enum status status = receive(c->compound, c->compound_bytes);
        bool asked = fanout_take_key_frame_request(fanout, now_ns);
        if (status != c->status || fake.sent_count != c->resent || viewer.plis != c->plis ||
            asked != (c->plis > 0)) {
            fail_msg("%s: %s, %u resent, %u PLI", c->what, status_text(status), fake.sent_count,
                     viewer.plis);
        }
        tear_down(state);
    }
}

static void feedback_reads_reports(void **state)
{
    (void)state;
    uint8_t out[128];
    struct bytes_writer writer = bytes_writer_of(out, sizeof out);
    const struct rtcp_report reports[] = {
        {.ssrc = 77, .packets_lost = 1},
        {.ssrc = 200,
         .fraction_lost = 25,
         .packets_lost = 7,
         .jitter = 90,
         .last_sender_report = 0x00070000,
         .delay_since_sender_report = 65536 / 10},
        {.ssrc = 100, .packets_lost = -3},
    };

    struct packet *report = fake_control(pool, PACKET_SENDER_REPORT);
    report->track = TRACK_VIDEO;
    report->ntp_timestamp = UINT64_C(7) << 32;
    report->arrival_ns = now_ns - 150 * MONO_MS;
    fanout_push(fanout, report);
    fanout_run(fanout, NULL, &fake.egress, now_ns - 150 * MONO_MS);

    rtcp_put_receiver_report(&writer, 1, reports, 3);
    assert_int_equal(receive(out, bytes_written(&writer)), STATUS_OK);
    assert_int_equal(viewer.track[TRACK_VIDEO].fraction_lost, 25);
    assert_int_equal(viewer.track[TRACK_VIDEO].packets_lost, 7);
    assert_int_equal(viewer.track[TRACK_VIDEO].jitter, 90);
    assert_int_equal(viewer.track[TRACK_AUDIO].packets_lost, 0);
    assert_in_range(viewer.round_trip_ns, 49 * MONO_MS, 51 * MONO_MS);
    assert_true(viewer.track[TRACK_VIDEO].reported && viewer.track[TRACK_AUDIO].reported);
    assert_int_equal(stats.report_loss_permille.buckets[0], 1); /* audio: nothing lost */
    assert_int_equal(stats.report_loss_permille.buckets[5], 1); /* video: 25/256 = 97 of 1000 */
    assert_int_equal(stats.report_loss_permille.sum, 97);
    assert_in_range(stats.report_round_trip_ms.sum, 49, 51);
    assert_int_equal(viewer.first_sent_ns, now_ns);
}

static void feedback_bounds_what_one_compound_costs(void **state)
{
    (void)state;
    uint8_t out[1200];
    struct bytes_writer writer = bytes_writer_of(out, sizeof out);
    uint16_t asked[80];

    for (uint16_t i = 0; i < 80; i++)
        asked[i] = (uint16_t)(20 + i);
    for (unsigned i = 0; i < 20; i++)
        rtcp_put_nack(&writer, (struct rtcp_feedback){1, 200}, asked, 80);
    assert_true(bytes_writer_ok(&writer));
    assert_int_equal(receive(out, bytes_written(&writer)), STATUS_OK);
    assert_int_equal(stats.nacks_in, 20);
    assert_int_equal(stats.nacked_packets, 256);
    assert_true(fake.sent_count <= 256);
}

static void feedback_counts_what_is_not_kept(void **state)
{
    (void)state;
    static const uint8_t nack[] = {0x81, 205, 0, 3, FROM_TO_VIDEO, 0, 10, 0, 0};

    assert_int_equal(receive(nack, sizeof nack), STATUS_OK);
    assert_int_equal(stats.nacked_packets, 1);
    assert_int_equal(stats.nacked_not_kept, 1);
    assert_int_equal(viewer.nacks, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feedback_serves_what_it_understands),
        TEST(feedback_reads_reports),
        TEST(feedback_bounds_what_one_compound_costs),
        TEST(feedback_counts_what_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
