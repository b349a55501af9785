/* tests/transport/test_smoke_media.c - the media plane as signaling sees it, with real threads and
 * viewers on loopback. Broadcasters: test_smoke_ingest.c. */
#include "transport/media.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/mono.h"
#include "fake_viewer.h"
#include "transport/address.h"
#include "transport/mono_clock.h"

enum { STREAM = 3, SESSIONS_MAX = 16 };

static struct {
    bool connected[SESSIONS_MAX];
    bool closed[SESSIONS_MAX];
    enum media_close_reason reason[SESSIONS_MAX];
} seen;

static struct certificate *certificate;
static struct media *media;
static int wake;

static void wake_main(void *context)
{
    const uint64_t one = 1;
    (void)context;
    assert_int_equal(write(wake, &one, sizeof one), sizeof one);
}

static void on_publisher_local(void *context, uint64_t session, const struct media_local *local)
{
    (void)context;
    (void)session;
    (void)local;
}

static void on_connected(void *context, uint64_t session)
{
    (void)context;
    seen.connected[session] = true;
}

static void on_stream_report(void *context, uint32_t stream_id, const struct stream_report *report)
{
    (void)context;
    (void)stream_id;
    (void)report;
}

static void on_closed(void *context, uint64_t session, enum media_close_reason reason)
{
    (void)context;
    assert_false(seen.closed[session]);
    seen.closed[session] = true;
    seen.reason[session] = reason;
}

static const struct media_events events = {.on_publisher_local = on_publisher_local,
                                           .on_connected = on_connected,
                                           .on_stream_report = on_stream_report,
                                           .on_closed = on_closed};

static struct media_settings settings(void)
{
    const struct media_settings made = {.ingest_port_first = 42100,
                                        .ingest_port_last = 42199,
                                        .workers = 2,
                                        .tcp = true,
                                        .publisher_bandwidth_bps = 5000000,
                                        .viewers_max = 8,
                                        .joins_max = 2, /* each worker */
                                        .handshakes_max = 8,
                                        .ticket_deadline_ns = 15 * MONO_SECOND,
                                        .handshake_deadline_ns = 10 * MONO_SECOND,
                                        .consent_ns = 30 * MONO_SECOND,
                                        .history_age_ns = MONO_SECOND};
    return made;
}

static int set_up(void **state)
{
    const struct media_settings made = settings();

    (void)state;
    memset(&seen, 0, sizeof seen);
    wake = eventfd(0, EFD_NONBLOCK);
    assert_int_equal(certificate_create(&certificate), STATUS_OK);
    assert_int_equal(media_create(&made, certificate, &events, wake_main, NULL, &media), STATUS_OK);
    media_stream_open(media, STREAM);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    media_destroy(media);
    certificate_destroy(certificate);
    close(wake);
    return 0;
}

static bool wait_for(const bool *flag)
{
    const int64_t until_ns = mono_clock_ns() + mono_from_ms(FAKE_VIEWER_WAIT_MS);
    struct pollfd waiting = {.fd = wake, .events = POLLIN};

    while (!*flag && mono_clock_ns() < until_ns) {
        uint64_t count = 0;
        poll(&waiting, 1, FAKE_VIEWER_WAIT_MS);
        if (read(wake, &count, sizeof count) > 0)
            media_poll(media);
    }
    return *flag;
}

static enum status subscribe(struct fake_viewer *viewer, uint64_t session, int64_t deadline_ns)
{
    fake_viewer_open(viewer, media_port(media), false, certificate);
    struct ticket ticket = fake_viewer_ticket(viewer, session, STREAM);
    ticket.deadline_ns = deadline_ns;
    return media_subscribe(media, &ticket);
}

static void media_takes_viewers_in_and_ends_them(void **state)
{
    (void)state;
    struct fake_viewer viewer;
    struct stats sum;

    assert_int_equal(subscribe(&viewer, 1, MONO_NEVER), STATUS_OK);
    fake_viewer_check(&viewer, true);
    assert_true(fake_viewer_wait(&viewer, &viewer.answers, 1));
    fake_viewer_begin_dtls(&viewer);
    assert_true(fake_viewer_wait_connected(&viewer));
    assert_true(wait_for(&seen.connected[1]));
    media_end(media, 1);
    assert_true(wait_for(&seen.closed[1]));
    assert_int_equal(seen.reason[1], MEDIA_CLOSED_BY_US);
    assert_true(fake_viewer_wait_closed(&viewer));
    media_end(media, 1); /* unknown by now */
    memset(&sum, 0, sizeof sum);
    media_stats(media, &sum);
    assert_int_equal(sum.sessions_opened, 1);
    assert_int_equal(sum.sessions_closed, 1);
    fake_viewer_close(&viewer);
}

static void media_withdraws_tickets_that_nobody_claims(void **state)
{
    (void)state;
    struct fake_viewer late;
    struct fake_viewer ended;
    struct fake_viewer closed;

    assert_int_equal(subscribe(&late, 1, 0), STATUS_OK);
    assert_int_equal(subscribe(&ended, 2, MONO_NEVER), STATUS_OK);
    assert_int_equal(subscribe(&closed, 3, MONO_NEVER), STATUS_OK);
    media_end(media, 2);
    assert_true(wait_for(&seen.closed[2]));
    assert_int_equal(seen.reason[2], MEDIA_CLOSED_BY_US);
    assert_true(wait_for(&seen.closed[1]));
    assert_int_equal(seen.reason[1], MEDIA_CLOSED_NO_CHECK);
    media_stream_close(media, STREAM);
    assert_true(wait_for(&seen.closed[3]));
    assert_int_equal(seen.reason[3], MEDIA_CLOSED_BY_US);
    fake_viewer_close(&late);
    fake_viewer_close(&ended);
    fake_viewer_close(&closed);
}

static void media_refuses_viewers_while_too_many_are_joining(void **state)
{
    (void)state;
    struct fake_viewer viewers[5];
    struct stats sum = {0};

    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(subscribe(&viewers[i], 1 + i, MONO_NEVER),
                         i < 4 ? STATUS_OK : STATUS_FULL);
    media_stats(media, &sum);
    assert_int_equal(sum.joins_refused, 1);
    fake_viewer_check(&viewers[0], true);
    assert_true(fake_viewer_wait(&viewers[0], &viewers[0].answers, 1));
    fake_viewer_begin_dtls(&viewers[0]);
    assert_true(fake_viewer_wait_connected(&viewers[0]));
    assert_true(wait_for(&seen.connected[1]));
    fake_viewer_close(&viewers[4]);
    assert_int_equal(subscribe(&viewers[4], 5, MONO_NEVER), STATUS_OK); /* one of them is in */
    for (unsigned i = 0; i < 5; i++)
        fake_viewer_close(&viewers[i]);
}

static void media_says_where_viewers_reach_it(void **state)
{
    (void)state;
    struct ice_candidate candidates[ICE_CANDIDATES_MAX];
    const unsigned count = media_viewer_candidates(media, candidates, ICE_CANDIDATES_MAX);

    assert_true(count >= 2);
    assert_int_equal(count % 2, 0); /* each address with UDP and with TCP */
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(candidates[i].transport, i < count / 2 ? ICE_UDP : ICE_TCP_PASSIVE);
        assert_int_equal(candidates[i].port, media_port(media));
        assert_true(i == 0 || candidates[i].priority < candidates[i - 1].priority);
    }
    assert_int_equal(media_workers(media), 2);
}

static void media_refuses_a_port_in_use(void **state)
{
    (void)state;
    struct media_settings made = settings();
    struct media *second = NULL;
    struct sockaddr_storage name;
    const struct address any = {.port = 0};
    struct address bound;
    const int taken = socket(AF_INET6, SOCK_DGRAM, 0); /* does not share its port */
    socklen_t name_bytes = address_to_socket(&any, AF_INET6, &name);

    assert_int_equal(bind(taken, (struct sockaddr *)&name, name_bytes), 0);
    assert_int_equal(getsockname(taken, (struct sockaddr *)&name, &name_bytes), 0);
    assert_int_equal(address_from_socket(&name, &bound), STATUS_OK);
    made.media_port = bound.port;
    assert_int_equal(media_create(&made, certificate, &events, wake_main, NULL, &second),
                     STATUS_EXISTS);
    made.spare_port = bound.port;
    assert_int_equal(media_create(&made, certificate, &events, wake_main, NULL, &second),
                     STATUS_EXISTS);
    made.spare_port = media_port(media);
    assert_int_equal(media_create(&made, certificate, &events, wake_main, NULL, &second),
                     STATUS_EXISTS);
    close(taken);
}

static void media_takes_its_spare_port_when_the_other_is_in_use(void **state)
{
    (void)state;
    struct media_settings made = settings();
    struct media *second = NULL;
    const uint16_t first_port = media_port(media);

    /* A port that is free: one that a server had. */
    assert_int_equal(media_create(&made, certificate, &events, wake_main, NULL, &second),
                     STATUS_OK);
    made.spare_port = media_port(second);
    media_destroy(second);
    made.media_port = first_port;
    assert_int_equal(media_create(&made, certificate, &events, wake_main, NULL, &second),
                     STATUS_OK);
    assert_int_equal(media_port(second), made.spare_port);
    media_destroy(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(media_takes_viewers_in_and_ends_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(media_takes_its_spare_port_when_the_other_is_in_use, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(media_withdraws_tickets_that_nobody_claims, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(media_refuses_viewers_while_too_many_are_joining, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(media_says_where_viewers_reach_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(media_refuses_a_port_in_use, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
