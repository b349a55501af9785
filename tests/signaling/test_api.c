#include "signaling/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "core/mono.h"
#include "signaling/message.h"
#include "signaling/whep.h"
#include "signaling/whip.h"
#include "tests/signaling/fake_exchange.h"
#include "tests/signaling/fake_media.h"
#include "tests/signaling/fake_socket.h"
#include "tests/signaling/offer_file.h"
#include "tests/signaling/stage.h"

static struct stage stage;
static char location[64];

/* A live broadcaster in the room "a b". */
static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    char *offer = offer_file_read("chromium-publish.sdp");
    struct exchange *exchange = fake_exchange_make(HTTP_POST, "/whip/a%20b");
    exchange->content_type = "application/sdp";
    exchange->body = offer;
    whip_handle(stage.endpoint, exchange);
    stage_give_local(&stage);
    free(offer);
    strcpy(location, fake_exchange_header(exchange, "Location"));
    stage_connect(&stage, fake_media.published.session);
    stage_report(&stage, true, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

static struct exchange *ask(enum http_method method, const char *path, const char *authorization)
{
    struct exchange *exchange = fake_exchange_make(method, path);

    exchange->authorization = authorization;
    api_handle(stage.endpoint, exchange);
    return exchange;
}

static void api_lists_rooms_and_streams(void **state)
{
    (void)state;
    const struct exchange *exchange = ask(HTTP_GET, "/api/rooms", "");
    assert_int_equal(exchange->status, 200);
    assert_string_equal(exchange->type, "application/json");
    json_t *answer = json_loads(exchange->text, 0, NULL);
    const json_t *room = json_array_get(json_object_get(answer, "rooms"), 0);
    assert_string_equal(json_string_value(json_object_get(room, "room")), "a b");
    assert_true(json_is_true(json_object_get(room, "live")));
    const json_t *stream = json_array_get(json_object_get(room, "streams"), 0);
    assert_string_equal(json_string_value(json_object_get(stream, "stream")), "main");
    json_decref(answer);
}

/* What the API says of the stream's sound. */
static void expect_sound(const struct sound *sound, const char *text)
{
    stage.events.on_sound(stage.events.context, fake_media.published.stream_id, sound);
    assert_non_null(strstr(ask(HTTP_GET, "/api/rooms/a%20b", "")->text, text));
}

static void api_tells_how_a_stream_sounds(void **state)
{
    (void)state;
    assert_non_null(strstr(ask(HTTP_GET, "/api/rooms", "")->text,
                           "\"sound\":{\"state\":\"unknown\",\"level_db\":null}"));
    expect_sound(&(struct sound){SOUND_OK, -23}, "{\"state\":\"ok\",\"level_db\":-23}");
    expect_sound(&(struct sound){SOUND_SILENT, -127}, "{\"state\":\"silent\",\"level_db\":-127}");
    expect_sound(&(struct sound){SOUND_UNKNOWN, -127}, "{\"state\":\"unknown\",\"level_db\":null}");
}

static void api_describes_a_room_without_secrets(void **state)
{
    (void)state;
    const struct exchange *exchange = ask(HTTP_GET, "/api/rooms/a%20b", "");
    assert_int_equal(exchange->status, 200);
    assert_null(strstr(exchange->text, location + strlen("/session/")));
    json_t *answer = json_loads(exchange->text, 0, NULL);
    const json_t *session = json_array_get(json_object_get(answer, "sessions"), 0);
    assert_int_equal(json_integer_value(json_object_get(session, "session")),
                     fake_media.published.session);
    json_decref(answer);
}

static void api_names_the_ice_servers(void **state)
{
    (void)state;
    strcpy(stage.config.ice_servers, "stun:a.example:3478,turn:a.example:3478");
    strcpy(stage.config.ice_username, "u");
    strcpy(stage.config.ice_credential, "p");
    const struct exchange *exchange = ask(HTTP_GET, "/api/ice-servers", "");
    assert_int_equal(exchange->status, 200);
    assert_string_equal(exchange->text, "{\"iceServers\":[{\"urls\":\"stun:a.example:3478\"},"
                                        "{\"urls\":\"turn:a.example:3478\",\"username\":\"u\","
                                        "\"credential\":\"p\"}]}");
}

static void api_statuses_follow_the_rules(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        unsigned status;
    } cases[] = {
        {HTTP_GET, "/api/rooms/", 200},
        {HTTP_HEAD, "/api/rooms", 200},
        {HTTP_OPTIONS, "/api/rooms", 200},
        {HTTP_POST, "/api/rooms", 405},
        {HTTP_DELETE, "/api/rooms/a%20b", 405},
        {HTTP_GET, "/api/rooms/nobody", 404},
        {HTTP_GET, "/api/rooms/%ff", 404},
        {HTTP_GET, "/api/roomsx", 404},
        {HTTP_GET, "/api/", 404},
        {HTTP_GET, "/api/rooms/a%20b/mute", 405},
        {HTTP_OPTIONS, "/api/rooms/a%20b/mute", 200},
        {HTTP_POST, "/api/rooms/a%20b/mute", 403}, /* nobody is the operator here */
        {HTTP_GET, "/api/rooms/a%20b/x", 404},
        {HTTP_GET, "/api/drain/", 404},
        {HTTP_GET, "/api/server", 403},
        {HTTP_POST, "/api/server", 405},
        {HTTP_GET, "/api/sessions/1", 405},
        {HTTP_DELETE, "/api/sessions/1", 403}, /* no key is set: by the secret alone */
        {HTTP_DELETE, "/api/sessions/x", 404},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (ask(cases[i].method, cases[i].path, "")->status != cases[i].status)
            fail_msg("%s", cases[i].path);
    assert_int_equal(fake_media.ends, 0);
}

static void api_ends_a_session_for_who_has_the_key(void **state)
{
    char path[64];

    (void)state;
    strcpy(stage.config.auth_publish_key, "key");
    snprintf(path, sizeof path, "/api/sessions/%u", (unsigned)fake_media.published.session);
    assert_int_equal(ask(HTTP_DELETE, path, "")->status, 401);
    assert_int_equal(ask(HTTP_DELETE, path, "Bearer wrong")->status, 403);
    assert_int_equal(fake_media.ends, 0);
    assert_int_equal(ask(HTTP_DELETE, path, "Bearer key")->status, 200);
    assert_int_equal(fake_media.ends, 1);
    assert_int_equal(ask(HTTP_DELETE, path, "Bearer key")->status, 404);
}

static void api_ends_a_session_by_its_secret(void **state)
{
    char path[96];

    (void)state;
    snprintf(path, sizeof path, "/api/sessions/%s", location + strlen("/session/"));
    assert_int_equal(ask(HTTP_DELETE, path, "")->status, 200);
    assert_int_equal(fake_media.ends, 1);
}

static void api_drains_for_who_has_the_operators_key(void **state)
{
    (void)state;
    strcpy(stage.config.auth_publish_key, "stream");
    assert_int_equal(ask(HTTP_GET, "/api/drain", "")->status, 405);
    assert_int_equal(ask(HTTP_POST, "/api/drain", "")->status, 403); /* no such key is set */
    assert_int_equal(ask(HTTP_POST, "/api/drain", "Bearer stream")->status, 403);
    strcpy(stage.config.auth_admin_key, "boss");
    assert_int_equal(ask(HTTP_POST, "/api/drain", "")->status, 401);
    assert_int_equal(ask(HTTP_POST, "/api/drain", "Bearer stream")->status, 403);
    assert_false(endpoint_is_draining(stage.endpoint));
    assert_int_equal(ask(HTTP_POST, "/api/drain", "Bearer boss")->status, 200);
    assert_true(endpoint_is_draining(stage.endpoint));
}

static unsigned mute(const char *path, const char *authorization, const char *body)
{
    struct exchange *exchange = fake_exchange_make(HTTP_POST, path);

    exchange->authorization = authorization;
    exchange->body = body;
    api_handle(stage.endpoint, exchange);
    return exchange->status;
}

/* Joins the room "a b"; you gets who it is there. */
static struct socket *open_joined(char you[DIRECTORY_FROM_CHARS + 1])
{
    struct socket *socket = fake_socket_open(&message_socket_handler, "/ws");

    fake_socket_text(socket, "{\"type\":\"join\",\"room\":\"a b\"}");
    json_t *joined = fake_socket_take(socket, "joined");
    strcpy(you, json_string_value(json_object_get(joined, "you")));
    json_decref(joined);
    return socket;
}

static void api_mutes_for_who_has_the_operators_key(void **state)
{
    static const char path[] = "/api/rooms/a%20b/mute";
    static const struct {
        const char *path;
        const char *authorization;
        const char *body;
        unsigned status;
    } refused[] = {
        {path, "", "{\"from\":\"nobody\"}", 401},
        {path, "Bearer stream", "{\"from\":\"nobody\"}", 403},
        {path, "Bearer boss", "{\"from\":\"nobody\"}", 404},
        {"/api/rooms/empty/mute", "Bearer boss", "{\"from\":\"nobody\"}", 404},
        {path, "Bearer boss", "", 400},
        {path, "Bearer boss", "{", 400},
        {path, "Bearer boss", "[]", 400},
        {path, "Bearer boss", "{\"from\":1}", 400},
        {path, "Bearer boss", "{\"from\":\"nobody\",\"off\":1}", 400},
    };
    char you[DIRECTORY_FROM_CHARS + 1];
    char body[64];

    (void)state;
    assert_int_equal(message_start(stage.endpoint), STATUS_OK);
    strcpy(stage.config.auth_publish_key, "stream");
    strcpy(stage.config.auth_admin_key, "boss");
    struct socket *ann = open_joined(you);
    fake_socket_clear(ann);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(mute(refused[i].path, refused[i].authorization, refused[i].body),
                         refused[i].status);
    fake_socket_expect_silence(ann);
    snprintf(body, sizeof body, "{\"from\":\"%s\"}", you);
    assert_int_equal(mute(path, "Bearer boss", body), 200);
    json_decref(fake_socket_take(ann, "muted"));
    fake_socket_text(ann, "{\"type\":\"chat\",\"text\":\"x\"}");
    fake_socket_take_error(ann, "forbidden");
    snprintf(body, sizeof body, "{\"from\":\"%s\",\"off\":true}", you);
    assert_int_equal(mute(path, "Bearer boss", body), 200);
    json_decref(fake_socket_take(ann, "muted"));
    fake_socket_text(ann, "{\"type\":\"chat\",\"text\":\"x\"}");
    json_decref(fake_socket_take(ann, "chat"));
    fake_socket_close(ann);
    message_stop();
}

static json_t *ask_as_operator(const char *path)
{
    strcpy(stage.config.auth_admin_key, "boss");
    const struct exchange *exchange = ask(HTTP_GET, path, "Bearer boss");
    assert_int_equal(exchange->status, 200);
    json_t *answer = json_loads(exchange->text, 0, NULL);
    assert_non_null(answer);
    return answer;
}

static void api_describes_sessions_to_the_operator(void **state)
{
    static const char *const KEYS[] = {
        "session",      "role",      "stream",  "via",       "from",        "name",
        "address",      "transport", "browser", "connected", "age_seconds", "first_packet_ms",
        "loss_percent", "rtt_ms",    "nacks",   "plis",      "layer",       "bytes",
        "muted"};

    (void)state;
    json_t *answer = ask_as_operator("/api/rooms/a%20b");
    const json_t *session = json_array_get(json_object_get(answer, "sessions"), 0);
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++)
        if (json_object_get(session, KEYS[i]) == NULL)
            fail_msg("no %s", KEYS[i]);
    assert_int_equal(json_object_size(session), sizeof KEYS / sizeof KEYS[0]);
    assert_string_equal(json_string_value(json_object_get(session, "role")), "broadcaster");
    assert_string_equal(json_string_value(json_object_get(session, "via")), "whip");
    assert_int_equal(json_integer_value(json_object_get(answer, "sessions_total")), 1);
    json_decref(answer);
}

/* A viewer of the room, and what its worker would write. */
static struct viewer_quality *watch(const char *user_agent)
{
    char *offer = offer_file_read("chromium-watch.sdp");
    struct exchange *exchange = fake_exchange_make(HTTP_POST, "/whep/a%20b");

    exchange->content_type = "application/sdp";
    exchange->user_agent = user_agent;
    exchange->body = offer;
    whep_handle(stage.endpoint, exchange);
    assert_int_equal(exchange->status, 201);
    free(offer);
    stage_connect(&stage, fake_media.ticket.session);
    assert_true(fake_media.ticket.quality->answered_ns > 0);
    return fake_media.ticket.quality;
}

static void api_tells_the_worst_viewers_first(void **state)
{
    static const struct {
        const char *line; /* what is told */
        unsigned lost_of_256, round_trip_us, first_packet_us, transport;
    } viewers[] = {
        {"null null null null", 0, 0, 0, VIEWER_TRANSPORT_UNKNOWN},
        {"99.6 null 1 \"udp\"", 255 + 1, 0, 1999, VIEWER_TRANSPORT_UDP},
        {"50.0 20.0 12000 \"tcp\"", 128 + 1, 19960, 12000000, VIEWER_TRANSPORT_TCP},
        {"0.4 0.1 1 \"udp\"", 1 + 1, 100, 1000, VIEWER_TRANSPORT_UDP},
        {"0.0 250.0 0 \"udp\"", 0 + 1, 250000, 1, VIEWER_TRANSPORT_UDP},
        {"0.0 249.9 0 \"udp\"", 0 + 1, 249900, 1, VIEWER_TRANSPORT_UDP},
        {"null null 0 \"udp\"", 0, 0, 1, VIEWER_TRANSPORT_UDP},
    };
    static const char *const TOLD[] = {"loss_percent", "rtt_ms", "first_packet_ms", "transport"};
    const size_t count = sizeof viewers / sizeof viewers[0];

    (void)state;
    for (size_t i = count; i-- > 0;) {
        struct viewer_quality *quality = watch("Mozilla/5.0 Chrome/119.0.0.0 Safari/537.36");
        quality->lost_of_256 = (uint16_t)viewers[i].lost_of_256;
        quality->round_trip_us = viewers[i].round_trip_us;
        quality->first_packet_us = viewers[i].first_packet_us;
        quality->transport = (uint8_t)viewers[i].transport;
        quality->nacks = 3;
        quality->bytes = UINT64_C(1) << 40;
    }
    stage_wait_ms(&stage, 6000);
    json_t *answer = ask_as_operator("/api/rooms/a%20b");
    const json_t *sessions = json_object_get(answer, "sessions");
    assert_int_equal(json_integer_value(json_object_get(answer, "sessions_total")), 1 + count);
    for (size_t i = 0; i < count; i++) {
        const json_t *session = json_array_get(sessions, 1 + i);
        char line[128] = "";

        for (size_t k = 0; k < sizeof TOLD / sizeof TOLD[0]; k++) {
            char *text = json_dumps(json_object_get(session, TOLD[k]),
                                    JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
            snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", k > 0 ? " " : "",
                     text);
            free(text);
        }
        assert_string_equal(line, viewers[i].line);
        assert_string_equal(json_string_value(json_object_get(session, "browser")), "Chrome 119");
        assert_string_equal(json_string_value(json_object_get(session, "via")), "whep");
        assert_int_equal(json_integer_value(json_object_get(session, "nacks")), 3);
        assert_int_equal(json_integer_value(json_object_get(session, "bytes")), 1LL << 40);
    }
    json_decref(answer);
}

static void assert_sessions_are_limited(const char *who)
{
    static const struct {
        const char *query;
        size_t count;
    } cases[] = {{"", 4},         {"limit=2", 2}, {"x=1&limit=3", 3},
                 {"limit=0", 4},  {"limit=x", 4}, {"limit=99999999999999999999", 4},
                 {"nolimit=2", 4}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange *exchange = fake_exchange_make(HTTP_GET, "/api/rooms/a%20b");
        exchange->authorization = who;
        exchange->query = cases[i].query;
        api_handle(stage.endpoint, exchange);
        json_t *answer = json_loads(exchange->text, 0, NULL);
        assert_int_equal(json_array_size(json_object_get(answer, "sessions")), cases[i].count);
        assert_int_equal(json_integer_value(json_object_get(answer, "sessions_total")), 4);
        json_decref(answer);
    }
}

static void api_limits_the_sessions_that_it_tells(void **state)
{
    (void)state;
    strcpy(stage.config.auth_admin_key, "boss");
    for (unsigned i = 0; i < 3; i++)
        (void)watch("");
    assert_sessions_are_limited("Bearer boss");
    assert_sessions_are_limited("");
}

static void api_describes_the_server_to_the_operator(void **state)
{
    (void)state;
    STATS_ADD(&fake_media.stats, packets_out, 1000);
    STATS_ADD(&fake_media.stats, bytes_out, 250000);
    STATS_ADD(&fake_media.stats, bytes_in, 125000);
    STATS_ADD(&fake_media.stats, sessions_opened, 3);
    STATS_ADD(&fake_media.stats, sessions_closed, 1);
    STATS_ADD(&fake_media.stats, drop_send_again, 7);
    fake_media.cpu_ns = MONO_SECOND / 2;
    stage_wait_ms(&stage, 1000);
    json_t *answer = ask_as_operator("/api/server");
    json_t *worker = json_array_get(json_object_get(answer, "workers"), 0);
    json_t *drops = json_object_get(worker, "drops");
    assert_int_equal(json_integer_value(json_object_get(drops, "send_again")), 7);
    assert_int_equal(json_integer_value(json_object_get(drops, "ring_full")), 0);
    assert_non_null(json_object_get(drops, "ring_full"));
    json_object_del(worker, "drops");
    assert_string_equal(json_string_value(json_object_get(answer, "version")), MANYCAST_VERSION);
    json_object_del(answer, "version");
    char *text = json_dumps(answer, JSON_COMPACT);
    assert_string_equal(text, "{\"uptime_seconds\":1,\"draining\":false,\"rooms\":1,"
                              "\"sessions\":1,\"viewers\":0,\"kbps_in\":1000,"
                              "\"kbps_out\":2000,\"workers\":[{\"worker\":0,"
                              "\"cpu_percent\":50.0,\"viewers\":2,"
                              "\"packets_per_second\":1000,\"kbps\":2000}]}");
    free(text);
    json_decref(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(api_lists_rooms_and_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(api_tells_how_a_stream_sounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(api_names_the_ice_servers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(api_describes_a_room_without_secrets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(api_statuses_follow_the_rules, set_up, tear_down),
        cmocka_unit_test_setup_teardown(api_ends_a_session_for_who_has_the_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(api_ends_a_session_by_its_secret, set_up, tear_down),
        cmocka_unit_test_setup_teardown(api_mutes_for_who_has_the_operators_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(api_drains_for_who_has_the_operators_key, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(api_describes_sessions_to_the_operator, set_up, tear_down),
        cmocka_unit_test_setup_teardown(api_tells_the_worst_viewers_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(api_limits_the_sessions_that_it_tells, set_up, tear_down),
        cmocka_unit_test_setup_teardown(api_describes_the_server_to_the_operator, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
