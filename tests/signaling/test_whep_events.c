#include "signaling/whep_events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "signaling/session_handle.h"
#include "signaling/whep.h"
#include "signaling/whip.h"
#include "tests/signaling/fake_exchange.h"
#include "tests/signaling/fake_media.h"
#include "tests/signaling/offer_file.h"
#include "tests/signaling/stage.h"

static const char EVERY_EVENT[] = "[\"active\",\"inactive\",\"viewercount\",\"reconnect\"]";

static struct stage stage;
static char *offer;
static char events_url[128];
static char stream_url[160];
static char session_url[64];
static uint64_t publisher;

static struct exchange *post_offer(const char *path, const char *file)
{
    struct exchange *exchange = fake_exchange_make(HTTP_POST, path);

    free(offer);
    offer = offer_file_read(file);
    exchange->content_type = "application/sdp";
    exchange->body = offer;
    return exchange;
}

static void subscribe_viewer(void)
{
    struct exchange *exchange = post_offer("/whep/room", "chromium-watch.sdp");

    whep_handle(stage.endpoint, exchange);
    assert_int_equal(exchange->status, 201);
    snprintf(session_url, sizeof session_url, "%s", fake_exchange_header(exchange, "Location"));
    snprintf(events_url, sizeof events_url, "%s/events", session_url);
}

/* A live broadcaster and a viewer. */
static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    whep_events_start(stage.endpoint);
    struct exchange *exchange = post_offer("/whip/room", "chromium-publish.sdp");
    whip_handle(stage.endpoint, exchange);
    stage_give_local(&stage);
    publisher = fake_media.published.session;
    stage_connect(&stage, publisher);
    stage_report(&stage, true, true);
    subscribe_viewer();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    whep_events_stop();
    stage_close(&stage);
    free(offer);
    offer = NULL;
    return 0;
}

static struct exchange *ask(enum http_method method, const char *path, const char *body)
{
    struct exchange *exchange = fake_exchange_make(method, path);

    exchange->content_type = body[0] != '\0' ? "application/json" : "";
    exchange->body = body;
    session_handle(stage.endpoint, exchange);
    return exchange;
}

static void create(const char *body)
{
    const struct exchange *exchange = ask(HTTP_POST, events_url, body);

    assert_int_equal(exchange->status, 201);
    snprintf(stream_url, sizeof stream_url, "%s", fake_exchange_header(exchange, "Location"));
    assert_memory_equal(stream_url, events_url, strlen(events_url));
}

static void wait_ms(unsigned ms)
{
    for (unsigned step = 0; step < ms; step += 100) {
        stage_wait_ms(&stage, 100);
        whep_events_tick(stage.now_ns);
    }
}

static void events_are_announced_to_viewers_alone(void **state)
{
    (void)state;
    char link[256];
    struct exchange *exchange = post_offer("/whep/room", "chromium-watch.sdp");
    whep_handle(stage.endpoint, exchange);
    snprintf(link, sizeof link,
             "<%s/events>; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; "
             "events=\"active,inactive,viewercount,reconnect\"",
             fake_exchange_header(exchange, "Location"));
    assert_string_equal(fake_exchange_header(exchange, "Link"), link);
    exchange = post_offer("/whip/other", "chromium-publish.sdp");
    whip_handle(stage.endpoint, exchange);
    stage_give_local(&stage);
    assert_int_equal(fake_exchange_header_count(exchange, "Link"), 0);
    snprintf(events_url, sizeof events_url, "%s/events",
             fake_exchange_header(exchange, "Location"));
    assert_int_equal(ask(HTTP_POST, events_url, "")->status, 404);
}

static void subscription_is_refused_when_it_names_what_was_not_announced(void **state)
{
    (void)state;
    static const char *const BODIES[] = {
        "[\"active\",\"layers\"]", "[]", "{}", "[1]", "[\"active\"", "\"active\"", "[\"active\"]x",
    };

    for (size_t i = 0; i < sizeof BODIES / sizeof BODIES[0]; i++)
        assert_int_equal(ask(HTTP_POST, events_url, BODIES[i])->status, 400);
    struct exchange *exchange = fake_exchange_make(HTTP_POST, events_url);
    exchange->content_type = "text/plain";
    exchange->body = EVERY_EVENT;
    session_handle(stage.endpoint, exchange);
    assert_int_equal(exchange->status, 415);
}

static void methods_are_refused_that_make_no_sense(void **state)
{
    (void)state;
    create(EVERY_EVENT);
    assert_int_equal(ask(HTTP_DELETE, events_url, "")->status, 405);
    assert_int_equal(ask(HTTP_POST, stream_url, "")->status, 405);
    assert_int_equal(ask(HTTP_OPTIONS, events_url, "")->status, 200);
    strcat(events_url, "x");
    assert_int_equal(ask(HTTP_GET, events_url, "")->status, 404);
    strcpy(strrchr(events_url, '/'), "/other");
    assert_int_equal(ask(HTTP_GET, events_url, "")->status, 404);
}

static void reader_is_told_what_holds_when_it_comes(void **state)
{
    (void)state;
    create(EVERY_EVENT);
    const struct exchange *exchange = ask(HTTP_GET, stream_url, "");
    assert_int_equal(exchange->status, 200);
    assert_string_equal(exchange->type, "text/event-stream");
    assert_string_equal(exchange->text, "event: active\ndata: {}\n\n"
                                        "event: viewercount\ndata: {\"viewercount\":1}\n\n");
}

static void plain_get_of_the_announced_address_streams_every_event(void **state)
{
    (void)state;
    const struct exchange *exchange = ask(HTTP_GET, events_url, "");
    assert_string_equal(exchange->type, "text/event-stream");
    assert_non_null(strstr(exchange->text, "event: active\n"));
    assert_non_null(strstr(exchange->text, "event: viewercount\n"));
}

static void inactive_is_told_when_it_becomes_so_and_not_at_the_beginning(void **state)
{
    (void)state;
    create("[\"active\",\"inactive\"]");
    struct exchange *exchange = ask(HTTP_GET, stream_url, "");
    stage_closed(&stage, publisher, MEDIA_CLOSED_CONSENT);
    wait_ms(100);
    assert_string_equal(exchange->text, "event: active\ndata: {}\n\nevent: inactive\ndata: {}\n\n");
    exchange = ask(HTTP_GET, stream_url, ""); /* again: it was told */
    wait_ms(100);
    assert_string_equal(exchange->text, "");
}

static void inactive_is_told_to_who_was_away_meanwhile(void **state)
{
    (void)state;
    create("[\"inactive\"]");
    struct exchange *exchange = ask(HTTP_GET, stream_url, "");
    exchange->gone = true;
    wait_ms(16000); /* the comment finds out that nobody reads */
    stage_closed(&stage, publisher, MEDIA_CLOSED_CONSENT);
    wait_ms(100);
    exchange = ask(HTTP_GET, stream_url, "");
    assert_string_equal(exchange->text, "event: inactive\ndata: {}\n\n");
}

static void events_not_asked_for_are_not_told(void **state)
{
    (void)state;
    create("[\"reconnect\"]");
    const struct exchange *exchange = ask(HTTP_GET, stream_url, "");
    stage_closed(&stage, publisher, MEDIA_CLOSED_CONSENT);
    wait_ms(2000);
    assert_string_equal(exchange->text, "");
}

static void silence_is_broken_by_a_comment(void **state)
{
    (void)state;
    create("[\"reconnect\"]");
    const struct exchange *exchange = ask(HTTP_GET, stream_url, "");
    wait_ms(14900);
    assert_string_equal(exchange->text, "");
    wait_ms(100);
    assert_string_equal(exchange->text, ":\n\n");
}

static void second_subscription_replaces_the_first(void **state)
{
    (void)state;
    char first_url[sizeof stream_url];
    create(EVERY_EVENT);
    strcpy(first_url, stream_url);
    create(EVERY_EVENT);
    assert_string_not_equal(first_url, stream_url);
    assert_int_equal(ask(HTTP_GET, first_url, "")->status, 404);
    assert_int_equal(ask(HTTP_GET, stream_url, "")->status, 200);
}

static void deleted_stream_is_over(void **state)
{
    (void)state;
    create(EVERY_EVENT);
    assert_int_equal(ask(HTTP_DELETE, stream_url, "")->status, 200);
    assert_int_equal(ask(HTTP_GET, stream_url, "")->status, 404);
    assert_int_equal(ask(HTTP_DELETE, stream_url, "")->status, 404);
}

static void stream_ends_with_its_session(void **state)
{
    (void)state;
    create(EVERY_EVENT);
    const struct exchange *exchange = ask(HTTP_GET, stream_url, "");
    stage_closed(&stage, fake_media.ticket.session, MEDIA_CLOSED_BY_PEER);
    assert_false(exchange->ended);
    wait_ms(100);
    assert_true(exchange->ended);
    assert_int_equal(ask(HTTP_GET, stream_url, "")->status, 404);
}

static void drain_tells_to_reconnect_once_and_before_its_end(void **state)
{
    (void)state;
    stage.config.drain_ns = 10 * MONO_SECOND;
    create("[\"reconnect\"]");
    const struct exchange *exchange = ask(HTTP_GET, stream_url, "");
    endpoint_drain(stage.endpoint);
    wait_ms(800);
    assert_string_equal(exchange->text, "");
    wait_ms(9000);
    assert_string_equal(exchange->text, "event: reconnect\ndata: {}\n\n");
}

static void drain_without_time_tells_at_once(void **state)
{
    (void)state;
    stage.config.drain_ns = 0;
    create("[\"reconnect\"]");
    const struct exchange *exchange = ask(HTTP_GET, stream_url, "");
    endpoint_drain(stage.endpoint);
    wait_ms(100);
    assert_string_equal(exchange->text, "event: reconnect\ndata: {}\n\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(events_are_announced_to_viewers_alone),
        TEST(subscription_is_refused_when_it_names_what_was_not_announced),
        TEST(methods_are_refused_that_make_no_sense),
        TEST(reader_is_told_what_holds_when_it_comes),
        TEST(plain_get_of_the_announced_address_streams_every_event),
        TEST(inactive_is_told_when_it_becomes_so_and_not_at_the_beginning),
        TEST(inactive_is_told_to_who_was_away_meanwhile),
        TEST(events_not_asked_for_are_not_told),
        TEST(silence_is_broken_by_a_comment),
        TEST(second_subscription_replaces_the_first),
        TEST(deleted_stream_is_over),
        TEST(stream_ends_with_its_session),
        TEST(drain_tells_to_reconnect_once_and_before_its_end),
        TEST(drain_without_time_tells_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
