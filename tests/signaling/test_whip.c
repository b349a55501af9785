#include "signaling/whip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signaling/session_handle.h"
#include "tests/signaling/fake_exchange.h"
#include "tests/signaling/fake_media.h"
#include "tests/signaling/offer_file.h"
#include "tests/signaling/stage.h"

/* {"publish":true,"exp": the year 2100}, HS256 */
static const char TOKEN[] = "Bearer "
                            "eyJhbGciOiJIUzI1NiJ9.eyJwdWJsaXNoIjp0cnVlLCJleHAiOjQxMDI0NDQ4MDB9."
                            "GEhpeeEontdU_Erqy0C7bSuOXHVkKpkocgDcwhFNlPY";

static struct stage stage;
static char *offer;

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    offer = offer_file_read("obs-32.sdp");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_close(&stage);
    free(offer);
    return 0;
}

/* A right POST, not yet handled. */
static struct exchange *make_post(const char *path)
{
    struct exchange *exchange = fake_exchange_make(HTTP_POST, path);

    exchange->content_type = "application/sdp";
    exchange->body = offer;
    return exchange;
}

/* POST, and the media plane's answer; returns the answered exchange. */
static struct exchange *post(const char *path)
{
    struct exchange *exchange = make_post(path);

    whip_handle(stage.endpoint, exchange);
    if (exchange->status == 0)
        stage_give_local(&stage);
    return exchange;
}

static void whip_answers_an_offer_with_201(void **state)
{
    (void)state;
    strcpy(stage.config.ice_servers, "stun:s.example:3478 turn:t.example?transport=udp");
    strcpy(stage.config.ice_username, "us\"er");
    strcpy(stage.config.ice_credential, "pass");
    const struct exchange *exchange = post("/whip/room");

    assert_int_equal(exchange->status, 201);
    assert_string_equal(exchange->type, "application/sdp");
    assert_memory_equal(exchange->text, "v=0\r\n", 5);
    assert_non_null(strstr(exchange->text, "a=recvonly"));
    const char *location = fake_exchange_header(exchange, "Location");
    assert_memory_equal(location, "/session/", 9);
    assert_int_equal(strlen(location), 9 + SESSION_ID_CHARS);
    assert_int_equal(fake_exchange_header(exchange, "ETag")[0], '"');
    assert_int_equal(fake_exchange_header_count(exchange, "Link"), 2);
    assert_string_equal(fake_exchange_header(exchange, "Link"),
                        "<stun:s.example:3478>; rel=\"ice-server\"");
    assert_string_equal(exchange->headers[exchange->header_count - 1].value,
                        "<turn:t.example?transport=udp>; rel=\"ice-server\"; "
                        "username=\"us\\\"er\"; credential=\"pass\"; "
                        "credential-type=\"password\"");
}

static void whip_methods_follow_the_rfc(void **state)
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
        struct exchange *exchange = fake_exchange_make(cases[i].method, "/whip/room");
        whip_handle(stage.endpoint, exchange);
        assert_int_equal(exchange->status, cases[i].status);
        if (cases[i].method == HTTP_OPTIONS)
            assert_string_equal(fake_exchange_header(exchange, "Accept-Post"), "application/sdp");
        if (cases[i].status == 405)
            assert_non_null(strstr(fake_exchange_header(exchange, "Allow"), "POST"));
        else
            assert_string_equal(exchange->text, "");
    }
}

static void whip_tells_no_ice_servers_in_a_preflight(void **state)
{
    (void)state;
    strcpy(stage.config.ice_servers, "stun:s.example");
    struct exchange *exchange = fake_exchange_make(HTTP_OPTIONS, "/whip/room");
    exchange->origin = "https://page.example";
    whip_handle(stage.endpoint, exchange);
    assert_int_equal(fake_exchange_header_count(exchange, "Link"), 0);
    exchange = fake_exchange_make(HTTP_OPTIONS, "/whip/room");
    whip_handle(stage.endpoint, exchange);
    assert_int_equal(fake_exchange_header_count(exchange, "Link"), 1);
}

static void whip_refuses_bad_requests(void **state)
{
    static const struct {
        const char *path;
        const char *type;
        const char *body; /* NULL: a good one */
        unsigned status;
    } cases[] = {
        {"/whip/", "application/sdp", NULL, 400},
        {"/whip/a%2Fb", "application/sdp", NULL, 400},
        {"/whip/a", "", NULL, 415},
        {"/whip/a", "application/json", NULL, 415},
        {"/whip/a", "application/sdpx", NULL, 415},
        {"/whip/a", "application/sdp", "", 400},
        {"/whip/a", "application/sdp", "hello", 400},
        {"/whip/a", "Application/SDP; charset=utf-8", NULL, 201},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange *exchange = make_post(cases[i].path);
        exchange->content_type = cases[i].type;
        exchange->body = cases[i].body != NULL ? cases[i].body : offer;
        whip_handle(stage.endpoint, exchange);
        if (exchange->status == 0)
            stage_give_local(&stage);
        assert_int_equal(exchange->status, cases[i].status);
    }
}

static void whip_refuses_what_it_cannot_do_with_422(void **state)
{
    (void)state;
    free(offer);
    offer = offer_file_replace(offer_file_read("obs-32.sdp"), "a=sendonly", "a=recvonly");
    const struct exchange *exchange = post("/whip/room");
    assert_true(exchange->status == 422 || exchange->status == 400);
    assert_string_equal(exchange->type, "application/problem+json");
    assert_int_equal(fake_media.publishes, 0);
}

static void whip_asks_for_the_stream_key(void **state)
{
    static const struct {
        const char *authorization;
        unsigned status;
    } cases[] = {{"", 401}, {"Basic YTpi", 401}, {"Bearer wrong", 403}, {"Bearer key", 201}};

    (void)state;
    strcpy(stage.config.auth_publish_key, "key");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange *exchange = make_post("/whip/room");
        exchange->authorization = cases[i].authorization;
        whip_handle(stage.endpoint, exchange);
        if (exchange->status == 0)
            stage_give_local(&stage);
        assert_int_equal(exchange->status, cases[i].status);
        assert_string_equal(fake_exchange_header(exchange, "WWW-Authenticate"),
                            cases[i].status == 401 ? "Bearer" : "");
    }
}

static void whip_ends_a_broadcaster_that_goes_on_sending_too_much(void **state)
{
    static const struct {
        uint32_t video_bps;
        unsigned ends;
    } cases[] = {{900, 0}, {2000, 0}, {900, 0}, {2000, 0}, {2000, 0}, {2000, 1}};

    (void)state;
    stage.config.limits_publisher_bps = 1000;
    stage.config.limits_publisher_excess_ns = 2000000000;
    assert_int_equal(post("/whip/room")->status, 201);
    stage_connect(&stage, fake_media.published.session);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct stream_report report = {.live = true,
                                             .has = {true, true},
                                             .bitrate_bps = {64, cases[i].video_bps},
                                             .last_packet_ns = stage.now_ns};

        stage_wait_ms(&stage, 1000);
        stage.events.on_stream_report(stage.events.context, fake_media.published.stream_id,
                                      &report);
        assert_int_equal(fake_media.ends, cases[i].ends);
    }
}

static void whip_tells_broadcasters_to_keep_below_the_limit(void **state)
{
    static const struct {
        uint32_t expected_bps;
        uint32_t most_bps;
        uint32_t told_bps;
    } cases[] = {
        {8000000, 0, 8000000},
        {8000000, 20000000, 8000000},
        {8000000, 8000000, 7200000}, /* a tenth to swing in */
        {8000000, 600000, 540000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stage.config.media.publisher_bandwidth_bps = cases[i].expected_bps;
        stage.config.limits_publisher_bps = cases[i].most_bps;
        endpoint_reconfigure(stage.endpoint);
        assert_int_equal(fake_media.bandwidth_bps, cases[i].told_bps);
    }
}

static void whip_bounds_publishers_of_the_server(void **state)
{
    (void)state;
    stage.config.limits_publishers = 1;
    assert_int_equal(post("/whip/a")->status, 201);
    assert_int_equal(post("/whip/b")->status, 503);
}

static void whip_lets_only_the_same_credential_take_over(void **state)
{
    (void)state;
    strcpy(stage.config.auth_publish_key, "key");
    strcpy(stage.config.auth_jwt_secret, "0123456789abcdef0123456789abcdef");
    struct exchange *exchange = make_post("/whip/room");
    exchange->authorization = "Bearer key";
    whip_handle(stage.endpoint, exchange);
    stage_give_local(&stage);
    stage_connect(&stage, fake_media.published.session);
    exchange = make_post("/whip/room");
    exchange->authorization = TOKEN;
    whip_handle(stage.endpoint, exchange);
    assert_int_equal(exchange->status, 409);
    strcpy(stage.config.auth_publish_key, "rotated");
    exchange = make_post("/whip/room");
    exchange->authorization = "Bearer rotated";
    whip_handle(stage.endpoint, exchange);
    stage_give_local(&stage);
    assert_int_equal(exchange->status, 201);
}

static void whip_takes_a_stream_over(void **state)
{
    (void)state;
    assert_int_equal(post("/whip/room")->status, 201);
    const uint64_t first = fake_media.published.session;
    const uint32_t stream_id = fake_media.published.stream_id;
    stage_connect(&stage, first);
    assert_int_equal(post("/whip/room")->status, 201);
    assert_int_not_equal(fake_media.published.session, first);
    assert_int_equal(fake_media.published.stream_id, stream_id);
    stage_closed(&stage, first, MEDIA_CLOSED_BY_US);
    stage_connect(&stage, fake_media.published.session);
    const struct directory_stream *stream =
        directory_stream_by_id(endpoint_directory(stage.endpoint), stream_id);
    assert_true(directory_stream_is_live(stream));
    assert_int_equal(stream->publisher, fake_media.published.session);
}

static void whip_refuses_a_takeover_when_settings_say_so(void **state)
{
    (void)state;
    stage.config.room_takeover = false;
    assert_int_equal(post("/whip/room")->status, 201);
    const uint64_t first = fake_media.published.session;
    stage_connect(&stage, first);
    assert_int_equal(post("/whip/room")->status, 409);
    assert_int_equal(post("/whip/room/screen")->status, 201);
    /* In the grace time there is nobody to be taken over. */
    stage_closed(&stage, first, MEDIA_CLOSED_CONSENT);
    assert_int_equal(post("/whip/room")->status, 201);
}

static void whip_says_503_when_full_draining_or_out_of_ports(void **state)
{
    (void)state;
    struct exchange *exchange = make_post("/whip/room");
    whip_handle(stage.endpoint, exchange);
    stage.events.on_publisher_local(stage.events.context, fake_media.published.session, NULL);
    assert_int_equal(exchange->status, 503);
    assert_string_not_equal(fake_exchange_header(exchange, "Retry-After"), "");
    assert_int_equal(directory_room_count(endpoint_directory(stage.endpoint)), 0);

    assert_int_equal(post("/whip/room/1")->status, 201);
    assert_int_equal(post("/whip/room/2")->status, 201);
    assert_int_equal(post("/whip/room/3")->status, 503); /* limits_streams_per_room */

    endpoint_drain(stage.endpoint);
    exchange = post("/whip/room");
    assert_int_equal(exchange->status, 503);
    assert_string_not_equal(fake_exchange_header(exchange, "Retry-After"), "");
}

static void whip_bounds_sessions_of_an_address(void **state)
{
    (void)state;
    stage.config.limits_sessions_per_address = 1;
    assert_int_equal(post("/whip/a")->status, 201);
    assert_int_equal(post("/whip/b")->status, 429);
}

static void whip_ends_a_session_whose_client_left_before_the_answer(void **state)
{
    (void)state;
    struct exchange *exchange = make_post("/whip/room");
    whip_handle(stage.endpoint, exchange);
    exchange->gone = true;
    stage_give_local(&stage);
    assert_int_equal(fake_media.ended, fake_media.published.session);
    stage_closed(&stage, fake_media.published.session, MEDIA_CLOSED_BY_US);
    assert_int_equal(directory_room_count(endpoint_directory(stage.endpoint)), 0);
}

static void whip_delete_begins_the_grace_time(void **state)
{
    char location[64];

    (void)state;
    strcpy(location, fake_exchange_header(post("/whip/room"), "Location"));
    const uint64_t session = fake_media.published.session;
    stage_connect(&stage, session);
    struct exchange *exchange = fake_exchange_make(HTTP_DELETE, location);
    exchange->if_match = "\"stale\""; /* ignored: RFC 9725 section 4.2 */
    session_handle(stage.endpoint, exchange);
    assert_int_equal(exchange->status, 200);
    assert_int_equal(fake_media.ended, session);

    exchange = fake_exchange_make(HTTP_DELETE, location);
    session_handle(stage.endpoint, exchange);
    assert_int_equal(exchange->status, 404);

    stage_closed(&stage, session, MEDIA_CLOSED_BY_US);
    const struct directory_stream *stream =
        directory_stream_find(endpoint_directory(stage.endpoint), "room", "main");
    assert_non_null(stream);
    assert_false(directory_stream_is_live(stream));
    stage_wait_ms(&stage, 30100);
    assert_null(directory_find(endpoint_directory(stage.endpoint), "room"));
    assert_int_equal(fake_media.streams_opened, 1);
    assert_int_equal(fake_media.streams_closed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whip_answers_an_offer_with_201, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whip_methods_follow_the_rfc, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whip_tells_no_ice_servers_in_a_preflight, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(whip_refuses_bad_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whip_refuses_what_it_cannot_do_with_422, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whip_asks_for_the_stream_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whip_ends_a_broadcaster_that_goes_on_sending_too_much,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(whip_tells_broadcasters_to_keep_below_the_limit, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(whip_bounds_publishers_of_the_server, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whip_lets_only_the_same_credential_take_over, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(whip_takes_a_stream_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whip_refuses_a_takeover_when_settings_say_so, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(whip_says_503_when_full_draining_or_out_of_ports, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(whip_bounds_sessions_of_an_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whip_ends_a_session_whose_client_left_before_the_answer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(whip_delete_begins_the_grace_time, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
