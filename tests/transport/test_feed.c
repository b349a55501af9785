#include "transport/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/mono.h"
#include "core/rtcp.h"
#include "core/rtp.h"

enum { OPUS = 111, VP8 = 96, AUDIO_SSRC = 11, VIDEO_SSRC = 22, STREAM = 7, FIRST = 0, SECOND = 1 };

static struct packet_pool *pool;
static struct outlets outlets;
static struct feed *feed;
static struct stats stats;
static int64_t now_ns;

static void wake(void *context)
{
    (void)context;
}

static void ignore_report(void *context, uint32_t stream_id, const struct stream_report *report)
{
    (void)context;
    (void)report;
    assert_int_equal(stream_id, STREAM);
}

static void begin(void)
{
    const struct publication publication = {
        .negotiated = {.formats = {{{CODEC_OPUS, 0, 0, 0, 0}, OPUS, PROFILE_NO_PAYLOAD_TYPE},
                                   {{CODEC_VP8, 0, 0, 0, 0}, VP8, PROFILE_NO_PAYLOAD_TYPE}},
                       .format_count = 2},
        .offered = {true, true},
        .ssrc = {AUDIO_SSRC, VIDEO_SSRC},
        .nack_pli = true};

    feed_begin(feed, &publication, now_ns);
}

static int set_up(void **state)
{
    const struct feed_settings settings = {.stats = &stats,
                                           .outlets = &outlets,
                                           .bandwidth_bps = 4000000,
                                           .random_seed = 1,
                                           .on_report = ignore_report};
    struct feed_settings made = settings;

    (void)state;
    now_ns = 1000 * MONO_SECOND;
    memset(&outlets, 0, sizeof outlets);
    assert_int_equal(packet_pool_create(32, &pool), STATUS_OK);
    made.pool = pool;
    for (unsigned i = FIRST; i <= SECOND; i++) {
        outlets.worker[i].wake = wake;
        assert_int_equal(ring_create(64, &outlets.worker[i].ring), STATUS_OK);
    }
    assert_int_equal(feed_create(STREAM, &made, &feed), STATUS_OK);
    begin();
    return 0;
}

/* Takes what lies in worker's ring: how many packets of kind, the last one's track and its times.
 */
static unsigned take(unsigned worker, enum packet_kind kind, struct packet *last)
{
    void *item = NULL;
    unsigned count = 0;

    while (ring_pop(outlets.worker[worker].ring, &item, 1) == 1) {
        struct packet *packet = item;
        if (packet->kind == (uint8_t)kind) {
            count++;
            last->track = packet->track;
            last->arrival_ns = packet->arrival_ns;
            last->ntp_timestamp = packet->ntp_timestamp;
        }
        packet_unref(packet);
    }
    return count;
}

static int tear_down(void **state)
{
    struct packet last = {.track = 0};

    (void)state;
    for (unsigned i = FIRST; i <= SECOND; i++) {
        (void)take(i, PACKET_MEDIA, &last);
        ring_destroy(outlets.worker[i].ring);
    }
    feed_destroy(feed);
    assert_int_equal(packet_pool_taken(pool), 0);
    packet_pool_destroy(pool);
    return 0;
}

static void speak(uint16_t number)
{
    uint8_t wire[64];
    const struct rtp header = {.payload_type = OPUS,
                               .sequence_number = number,
                               .timestamp = 960U * number,
                               .ssrc = AUDIO_SSRC};
    size_t bytes = rtp_write_header(wire, sizeof wire, &header, NULL, 0);

    wire[bytes++] = 0xff; /* of Opus */
    feed_receive_rtp(feed, wire, bytes, now_ns);
}

static void report(uint64_t ntp_timestamp)
{
    uint8_t wire[64];
    const struct rtcp_sender_info info = {
        .ssrc = AUDIO_SSRC, .ntp_timestamp = ntp_timestamp, .timestamp = 960};
    struct bytes_writer writer = bytes_writer_of(wire, sizeof wire);

    rtcp_put_sender_report(&writer, &info);
    feed_receive_rtcp(feed, wire, bytes_written(&writer), now_ns);
}

static void feed_gives_the_last_sender_report_to_a_worker_that_comes_later(void **state)
{
    (void)state;
    struct packet last = {.track = TRACK_VIDEO};

    feed_subscribe(feed, FIRST, now_ns);
    speak(1);
    assert_int_equal(take(FIRST, PACKET_SENDER_REPORT, &last), 0); /* there is none yet */
    report(100);
    now_ns += MONO_SECOND;
    const int64_t arrived_ns = now_ns;
    report(200);
    assert_int_equal(take(FIRST, PACKET_SENDER_REPORT, &last), 2);

    now_ns += MONO_SECOND;
    feed_subscribe(feed, SECOND, now_ns);
    assert_true(outlets.worker[SECOND].pushed);
    assert_int_equal(take(SECOND, PACKET_SENDER_REPORT, &last), 1);
    assert_int_equal(last.track, TRACK_AUDIO);
    assert_int_equal(last.ntp_timestamp, 200);
    assert_true(last.arrival_ns == arrived_ns); /* of when its clock said so */
    assert_int_equal(take(FIRST, PACKET_SENDER_REPORT, &last), 0);
}

static void feed_forgets_the_reports_of_a_broadcaster_that_is_gone(void **state)
{
    (void)state;
    struct packet last = {.track = 0};

    speak(1);
    report(100);
    feed_end(feed, now_ns);
    feed_subscribe(feed, FIRST, now_ns);
    assert_int_equal(take(FIRST, PACKET_SENDER_REPORT, &last), 0);
    begin(); /* another clock */
    feed_subscribe(feed, SECOND, now_ns);
    assert_int_equal(take(SECOND, PACKET_SENDER_REPORT, &last), 0);
}

static void feed_goes_on_unbroken_with_a_track_that_stays(void **state)
{
    struct publication publication = {
        .negotiated = {.formats = {{{CODEC_OPUS, 0, 0, 0, 0}, OPUS, PROFILE_NO_PAYLOAD_TYPE}},
                       .format_count = 1},
        .offered = {true, false},
        .ssrc = {AUDIO_SSRC, 0}};
    struct packet last = {.track = 0};

    (void)state;
    feed_subscribe(feed, FIRST, now_ns);
    speak(1);
    report(100);
    assert_int_equal(take(FIRST, PACKET_MEDIA, &last), 1);
    feed_update(feed, &publication, now_ns); /* the picture is stopped */
    speak(2);
    assert_int_equal(take(FIRST, PACKET_PUBLISHED, &last), 0);
    publication.negotiated.formats[1] =
        (struct profile_format){{CODEC_VP8, 0, 0, 0, 0}, VP8, PROFILE_NO_PAYLOAD_TYPE};
    publication.negotiated.format_count = 2;
    publication.offered[TRACK_VIDEO] = true;
    publication.ssrc[TRACK_VIDEO] = VIDEO_SSRC;
    feed_update(feed, &publication, now_ns);
    speak(3);
    assert_int_equal(take(FIRST, PACKET_MEDIA, &last), 1);
    feed_subscribe(feed, SECOND, now_ns);
    assert_int_equal(take(SECOND, PACKET_SENDER_REPORT, &last), 1); /* still the same clock */
}

static void ignore_sound(void *context, uint32_t stream_id, const struct sound *sound)
{
    (void)context;
    (void)stream_id;
    (void)sound;
}

static void feed_lets_the_monitor_listen_and_never_waits_for_it(void **state)
{
    const struct audio_monitor_settings settings = {.on_sound = ignore_sound};
    struct packet last = {.track = TRACK_VIDEO};

    (void)state;
    assert_int_equal(audio_monitor_create(&settings, &outlets.monitor), STATUS_OK);
    feed_subscribe(feed, FIRST, now_ns);
    begin();
    speak(1);
    assert_true(audio_monitor_turn(outlets.monitor, now_ns));
    assert_int_equal(audio_monitor_stats(outlets.monitor)->monitor_packets, 1);

    struct packet *packet = packet_take_or_null(pool);
    while (audio_monitor_push(outlets.monitor, packet)) /* until it is full */
        continue;
    packet_unref(packet);
    speak(2);
    assert_int_equal(stats.drop_monitor_full, 1);
    assert_int_equal(take(FIRST, PACKET_MEDIA, &last), 2); /* a worker's way is its own */

    feed_end(feed, now_ns);
    assert_false(audio_monitor_turn(outlets.monitor, now_ns));
    audio_monitor_destroy(outlets.monitor);
    outlets.monitor = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(feed_gives_the_last_sender_report_to_a_worker_that_comes_later),
        TEST(feed_lets_the_monitor_listen_and_never_waits_for_it),
        TEST(feed_goes_on_unbroken_with_a_track_that_stays),
        TEST(feed_forgets_the_reports_of_a_broadcaster_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
