#include "signaling/session_handle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signaling/whep.h"
#include "signaling/whip.h"
#include "tests/signaling/fake_exchange.h"
#include "tests/signaling/fake_media.h"
#include "tests/signaling/offer_file.h"
#include "tests/signaling/stage.h"

static struct stage stage;
static char *offer;

static char publisher_path[64];
static char publisher_tag[64];
static char viewer_path[64];
static char viewer_tag[64];

static const char trickle[] = "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
                              "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
                              "a=candidate:1 1 UDP 2130706431 192.0.2.7 5000 typ host\r\n"
                              "a=end-of-candidates\r\n";
static const char restart[] = "a=ice-ufrag:FRSH\r\na=ice-pwd:freshfreshfreshfreshfresh\r\n"
                              "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
                              "a=candidate:1 1 UDP 2130706431 192.0.2.7 5000 typ host\r\n";

static void copy_headers(const struct exchange *exchange, char *path, char *tag)
{
    assert_int_equal(exchange->status, 201);
    strcpy(path, fake_exchange_header(exchange, "Location"));
    strcpy(tag, fake_exchange_header(exchange, "ETag"));
}

static struct exchange *post(const char *path, const char *file)
{
    struct exchange *exchange = fake_exchange_make(HTTP_POST, path);

    free(offer);
    offer = offer_file_read(file);
    exchange->content_type = "application/sdp";
    exchange->body = offer;
    return exchange;
}

/* A broadcaster and a viewer. */
static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    struct exchange *exchange = post("/whip/room", "chromium-publish.sdp");
    whip_handle(stage.endpoint, exchange);
    stage_give_local(&stage);
    copy_headers(exchange, publisher_path, publisher_tag);
    stage_connect(&stage, fake_media.published.session);
    exchange = post("/whep/room", "chromium-watch.sdp");
    whep_handle(stage.endpoint, exchange);
    copy_headers(exchange, viewer_path, viewer_tag);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_close(&stage);
    free(offer);
    offer = NULL;
    return 0;
}

static struct exchange *patch(const char *path, const char *type, const char *if_match,
                              const char *body)
{
    struct exchange *exchange = fake_exchange_make(HTTP_PATCH, path);

    exchange->content_type = type;
    exchange->if_match = if_match;
    exchange->body = body;
    session_handle(stage.endpoint, exchange);
    return exchange;
}

static const char sdpfrag[] = "application/trickle-ice-sdpfrag";

static void session_handle_trickles_with_204(void **state)
{
    char body[1024];
    const struct ice_credentials *remote = &fake_media.published.remote;

    (void)state;
    snprintf(body, sizeof body, trickle, remote->ufrag, remote->password);
    const struct exchange *exchange = patch(publisher_path, sdpfrag, publisher_tag, body);
    assert_int_equal(exchange->status, 204);
    assert_string_equal(fake_exchange_header(exchange, "ETag"), "");
    assert_int_equal(fake_media.candidates, 1);
    assert_int_equal(fake_media.ends_of_candidates, 1);
    assert_int_equal(patch(publisher_path, sdpfrag, "*", body)->status, 204);

    snprintf(body, sizeof body, trickle, fake_media.ticket.remote_ufrag, "x234567890123456789012");
    assert_int_equal(patch(viewer_path, sdpfrag, viewer_tag, body)->status, 204);
    assert_int_equal(fake_media.viewer_restarts, 0);
}

static void session_handle_refuses_bad_patches(void **state)
{
    const struct {
        const char *path;
        const char *type;
        const char *if_match;
        const char *body;
        unsigned status;
    } cases[] = {
        {publisher_path, sdpfrag, "", restart, 428},
        {publisher_path, sdpfrag, "\"stale\"", restart, 412},
        {viewer_path, sdpfrag, "", restart, 428},
        {viewer_path, sdpfrag, publisher_tag, restart, 412},
        {publisher_path, "application/json", publisher_tag, "{}", 415},
        {publisher_path, "", publisher_tag, restart, 415},
        {publisher_path, "application/sdp", publisher_tag, "v=0", 415},
        {publisher_path, sdpfrag, publisher_tag, "hello", 400},
        {"/session/", sdpfrag, "*", restart, 404},
        {"/session/0123456789abcdef0123456789abcdef", sdpfrag, "*", restart, 404},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct exchange *exchange =
            patch(cases[i].path, cases[i].type, cases[i].if_match, cases[i].body);
        if (exchange->status != cases[i].status)
            fail_msg("case %zu: %u", i, exchange->status);
    }
    assert_int_equal(fake_media.publisher_restarts + fake_media.viewer_restarts, 0);
}

static void session_handle_restarts_a_broadcaster(void **state)
{
    static const char *const matches[] = {"*", "\"*\""};
    char before[64];

    (void)state;
    strcpy(before, publisher_tag);
    for (unsigned i = 0; i < 2; i++) {
        char body[1024];
        strcpy(body, restart);
        memcpy(strstr(body, "FRSH"), i == 0 ? "FRS0" : "FRS1", 4);
        struct exchange *exchange = patch(publisher_path, sdpfrag, matches[i], body);
        assert_int_equal(exchange->status, 0);
        assert_int_equal(fake_media.publisher_restarts, i + 1);
        stage_give_local(&stage);
        assert_int_equal(exchange->status, 200);
        assert_string_equal(exchange->type, sdpfrag);
        assert_non_null(strstr(exchange->text, "a=ice-ufrag:OURufrag"));
        assert_null(strstr(exchange->text, "a=ice-lite"));
        assert_string_not_equal(fake_exchange_header(exchange, "ETag"), before);
        strcpy(before, fake_exchange_header(exchange, "ETag"));
    }
    assert_int_equal(patch(publisher_path, sdpfrag, publisher_tag, restart)->status, 412);
    assert_int_equal(fake_media.ends, 0);
}

static void session_handle_refuses_a_restart_during_another(void **state)
{
    (void)state;
    assert_int_equal(patch(publisher_path, sdpfrag, "*", restart)->status, 0);
    char body[1024];
    strcpy(body, restart);
    memcpy(strstr(body, "FRSH"), "MORE", 4);
    assert_int_equal(patch(publisher_path, sdpfrag, "*", body)->status, 409);
}

static void session_handle_keeps_the_session_when_a_restart_fails(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const struct exchange *exchange = patch(publisher_path, sdpfrag, publisher_tag, restart);
        assert_int_equal(exchange->status, 0);
        stage.events.on_publisher_local(stage.events.context, fake_media.published.session, NULL);
        assert_int_equal(exchange->status, 503);
    }
    struct exchange *exchange = fake_exchange_make(HTTP_GET, publisher_path);
    session_handle(stage.endpoint, exchange);
    assert_int_equal(exchange->status, 200);
    assert_string_equal(fake_exchange_header(exchange, "ETag"), publisher_tag);
    assert_int_equal(fake_media.ends, 0);
}

static void session_handle_restarts_a_viewer(void **state)
{
    (void)state;
    const struct exchange *exchange = patch(viewer_path, sdpfrag, "*", restart);
    assert_int_equal(exchange->status, 200);
    assert_string_equal(exchange->type, sdpfrag);
    assert_non_null(strstr(exchange->text, "a=ice-lite"));
    assert_null(strstr(exchange->text, fake_media.ticket.local.ufrag));
    assert_string_not_equal(fake_exchange_header(exchange, "ETag"), viewer_tag);
    assert_int_equal(fake_media.viewer_restarts, 1);
}

static void session_handle_methods_follow_the_rfc(void **state)
{
    static const struct {
        enum http_method method;
        unsigned status;
    } cases[] = {
        {HTTP_GET, 200},  {HTTP_HEAD, 200},  {HTTP_OPTIONS, 200},
        {HTTP_POST, 405}, {HTTP_OTHER, 405}, {HTTP_DELETE, 200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange *exchange = fake_exchange_make(cases[i].method, viewer_path);
        session_handle(stage.endpoint, exchange);
        assert_int_equal(exchange->status, cases[i].status);
        if (cases[i].method == HTTP_GET)
            assert_string_equal(fake_exchange_header(exchange, "ETag"), viewer_tag);
    }
    assert_int_equal(fake_media.ended, fake_media.ticket.session);
    assert_int_equal(fake_media.streams_closed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(session_handle_trickles_with_204, set_up, tear_down),
        cmocka_unit_test_setup_teardown(session_handle_refuses_bad_patches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(session_handle_restarts_a_broadcaster, set_up, tear_down),
        cmocka_unit_test_setup_teardown(session_handle_refuses_a_restart_during_another, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(session_handle_keeps_the_session_when_a_restart_fails,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(session_handle_restarts_a_viewer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(session_handle_methods_follow_the_rfc, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
