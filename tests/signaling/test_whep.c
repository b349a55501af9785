#include "signaling/whep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signaling/whip.h"
#include "tests/signaling/fake_exchange.h"
#include "tests/signaling/fake_media.h"
#include "tests/signaling/offer_file.h"
#include "tests/signaling/stage.h"

static struct stage stage;
static char *offer;

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    offer = offer_file_read("chromium-watch.sdp");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_close(&stage);
    free(offer);
    return 0;
}

static uint64_t publish(void)
{
    char *published = offer_file_read("chromium-publish.sdp");
    struct exchange *exchange = fake_exchange_make(HTTP_POST, "/whip/room");

    exchange->content_type = "application/sdp";
    exchange->body = published;
    whip_handle(stage.endpoint, exchange);
    stage_give_local(&stage);
    assert_int_equal(exchange->status, 201);
    free(published);
    return fake_media.published.session;
}

static struct exchange *post(const char *path)
{
    struct exchange *exchange = fake_exchange_make(HTTP_POST, path);

    exchange->content_type = "application/sdp";
    exchange->body = offer;
    whep_handle(stage.endpoint, exchange);
    return exchange;
}

static void whep_answers_an_offer_with_201(void **state)
{
    (void)state;
    stage_connect(&stage, publish());
    const struct exchange *exchange = post("/whep/room");
    assert_int_equal(exchange->status, 201);
    assert_string_equal(exchange->type, "application/sdp");
    assert_non_null(strstr(exchange->text, "a=sendonly"));
    assert_memory_equal(fake_exchange_header(exchange, "Location"), "/session/", 9);
    assert_int_equal(fake_exchange_header(exchange, "ETag")[0], '"');
    assert_int_equal(fake_media.ticket.stream_id, fake_media.published.stream_id);
    assert_int_equal(fake_media.ticket.deadline_ns,
                     stage.now_ns + stage.config.media.ticket_deadline_ns);
}

static void whep_says_409_when_nobody_is_live(void **state)
{
    (void)state;
    const struct exchange *exchange = post("/whep/room");
    assert_int_equal(exchange->status, 409);
    assert_true(atoi(fake_exchange_header(exchange, "Retry-After")) > 0);
    publish();
    assert_int_equal(post("/whep/room/screen")->status, 409);
    assert_int_equal(post("/whep/other")->status, 409);
}

static void whep_is_accepted_in_the_grace_time_only(void **state)
{
    (void)state;
    const uint64_t session = publish();
    stage_connect(&stage, session);
    stage_closed(&stage, session, MEDIA_CLOSED_CONSENT);
    assert_int_equal(post("/whep/room")->status, 201);
    const uint64_t viewer = fake_media.ticket.session;
    stage_wait_ms(&stage, 29000);
    assert_int_equal(post("/whep/room")->status, 201);
    stage_wait_ms(&stage, 1100);
    assert_int_equal(post("/whep/room")->status, 409);
    assert_int_equal(fake_media.streams_closed, 1);
    /* The media plane closes the viewers of a closed stream. */
    stage_closed(&stage, viewer, MEDIA_CLOSED_BY_US);
}

static void whep_keeps_viewers_when_the_broadcaster_returns(void **state)
{
    (void)state;
    const uint64_t session = publish();
    stage_connect(&stage, session);
    assert_int_equal(post("/whep/room")->status, 201);
    const uint32_t stream_id = fake_media.ticket.stream_id;
    stage_closed(&stage, session, MEDIA_CLOSED_BY_PEER);
    stage_wait_ms(&stage, 20000);
    stage_connect(&stage, publish());
    stage_wait_ms(&stage, 60000);
    assert_int_equal(fake_media.published.stream_id, stream_id);
    assert_int_equal(fake_media.streams_closed, 0);
    assert_int_equal(directory_stream_by_id(endpoint_directory(stage.endpoint), stream_id)->viewers,
                     1);
}

static void whep_answers_a_missing_track_inactive(void **state)
{
    (void)state;
    stage_connect(&stage, publish());
    stage_report(&stage, true, false);
    assert_null(strstr(post("/whep/room")->text, "a=inactive"));
    stage_wait_ms(&stage, 3100);
    assert_non_null(strstr(post("/whep/room")->text, "a=inactive"));
    /* The worker is not told of a renegotiation: it may send what comes later. */
    assert_true(fake_media.ticket.start.wanted[TRACK_VIDEO]);
}

static void whep_methods_follow_the_draft(void **state)
{
    static const struct {
        enum http_method method;
        unsigned status;
    } cases[] = {
        {HTTP_GET, 200},   {HTTP_HEAD, 200},   {HTTP_OPTIONS, 200},
        {HTTP_PATCH, 405}, {HTTP_DELETE, 405}, {HTTP_OTHER, 405},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange *exchange = fake_exchange_make(cases[i].method, "/whep/room");
        whep_handle(stage.endpoint, exchange);
        assert_int_equal(exchange->status, cases[i].status);
        if (cases[i].method == HTTP_HEAD)
            assert_string_equal(exchange->type, "application/sdp");
    }
}

static void whep_refuses_bad_requests(void **state)
{
    static const struct {
        const char *path;
        const char *type;
        const char *body; /* NULL: a good one */
        unsigned status;
    } cases[] = {
        {"/whep/", "application/sdp", NULL, 400},
        {"/whep/room", "text/plain", NULL, 415},
        {"/whep/room", "application/sdp", "v=0", 400},
        {"/whep/room", "application/sdp", "", 400},
    };

    (void)state;
    publish();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange *exchange = fake_exchange_make(HTTP_POST, cases[i].path);
        exchange->content_type = cases[i].type;
        exchange->body = cases[i].body != NULL ? cases[i].body : offer;
        whep_handle(stage.endpoint, exchange);
        assert_int_equal(exchange->status, cases[i].status);
    }
    assert_int_equal(fake_media.subscribes, 0);
}

static void whep_says_503_when_full_or_draining(void **state)
{
    (void)state;
    publish();
    fake_media.subscribe_status = STATUS_FULL;
    const struct exchange *exchange = post("/whep/room");
    assert_int_equal(exchange->status, 503);
    assert_true(atoi(fake_exchange_header(exchange, "Retry-After")) > 0);
    assert_int_equal(session_table_count(endpoint_sessions(stage.endpoint), SESSION_VIEWER), 0);
    fake_media.subscribe_status = STATUS_OK;
    endpoint_drain(stage.endpoint);
    assert_int_equal(post("/whep/room")->status, 503);
}

static void whep_bounds_viewers_of_a_room(void **state)
{
    (void)state;
    stage.config.limits_sessions_per_room = 2;
    publish();
    assert_int_equal(post("/whep/room")->status, 201);
    assert_int_equal(post("/whep/room")->status, 201);
    const struct exchange *exchange = post("/whep/room");
    assert_int_equal(exchange->status, 503);
    assert_true(atoi(fake_exchange_header(exchange, "Retry-After")) > 0);
}

static void whep_asks_for_the_key_for_watching(void **state)
{
    static const struct {
        const char *authorization;
        unsigned status;
    } cases[] = {{"", 401}, {"Bearer wrong", 403}, {"Bearer see", 201}};

    (void)state;
    publish();
    strcpy(stage.config.auth_watch_key, "see");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange *exchange = fake_exchange_make(HTTP_POST, "/whep/room");
        exchange->content_type = "application/sdp";
        exchange->body = offer;
        exchange->authorization = cases[i].authorization;
        whep_handle(stage.endpoint, exchange);
        assert_int_equal(exchange->status, cases[i].status);
        assert_string_equal(fake_exchange_header(exchange, "WWW-Authenticate"),
                            cases[i].status == 401 ? "Bearer" : "");
    }
}

/* Fills the table of profiles until one is refused; returns how many were taken. */
static unsigned fill_profiles(unsigned from)
{
    struct profile odd = {.format_count = 1};
    const struct profile *interned = NULL;
    unsigned taken = 0;

    do {
        odd.extension_id[EXTENSION_MID] = (uint8_t)((from + taken) >> 8);
        odd.formats[0].payload_type = (uint8_t)(from + taken);
        taken++;
    } while (profile_intern(&odd, &interned) == STATUS_OK);
    return taken - 1;
}

/* Last of all: it fills a table of the process. */
static void whep_gives_back_a_players_profile_at_its_end(void **state)
{
    (void)state;
    publish();
    assert_int_equal(post("/whep/room")->status, 201);
    const uint64_t viewer = fake_media.ticket.session;
    assert_int_equal(fill_profiles(0), PROFILE_MAX - 1);
    assert_int_equal(post("/whep/room")->status, 201); /* its profile is there */
    const uint64_t another = fake_media.ticket.session;
    stage_closed(&stage, viewer, MEDIA_CLOSED_BY_PEER);
    assert_int_equal(fill_profiles(2 * PROFILE_MAX), 0);
    stage_closed(&stage, another, MEDIA_CLOSED_BY_PEER);
    assert_int_equal(fill_profiles(2 * PROFILE_MAX), 1);
    assert_int_equal(post("/whep/room")->status, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whep_bounds_viewers_of_a_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whep_asks_for_the_key_for_watching, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whep_answers_an_offer_with_201, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whep_says_409_when_nobody_is_live, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whep_is_accepted_in_the_grace_time_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whep_keeps_viewers_when_the_broadcaster_returns, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(whep_answers_a_missing_track_inactive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whep_methods_follow_the_draft, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whep_refuses_bad_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whep_says_503_when_full_or_draining, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whep_gives_back_a_players_profile_at_its_end, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
