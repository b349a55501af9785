#include "signaling/guests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signaling/message.h"
#include "signaling/whip.h"
#include "tests/signaling/fake_exchange.h"
#include "tests/signaling/fake_media.h"
#include "tests/signaling/fake_socket.h"
#include "tests/signaling/offer_file.h"
#include "tests/signaling/stage.h"

static struct stage stage;
static char *publish_sdp;
static struct socket *host;

static const char *text_of(const json_t *message, const char *key)
{
    const char *text = json_string_value(json_object_get(message, key));

    return text != NULL ? text : "";
}

/* The client's resume or id, as joined gave it: copied. */
struct client {
    struct socket *socket;
    char you[64];
    char resume[64];
};

static void join(struct client *client, const char *name, const char *token)
{
    if (client->socket == NULL)
        client->socket = fake_socket_open(&message_socket_handler, "/ws");
    assert_non_null(client->socket);
    fake_socket_json(client->socket,
                     json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "type", "join", "room", "room",
                               "name", name, "token", token, "resume",
                               client->resume[0] != '\0' ? client->resume : NULL));
    json_t *joined = fake_socket_seek(client->socket, "joined");
    strcpy(client->you, text_of(joined, "you"));
    strcpy(client->resume, text_of(joined, "resume"));
    json_decref(joined);
}

static struct client open_client(const char *name)
{
    struct client client = {.socket = NULL};

    join(&client, name, NULL);
    return client;
}

static void say(struct socket *socket, const char *type, const char *to)
{
    fake_socket_json(socket, json_pack("{s:s, s:s?}", "type", type, "to", to));
}

static void ask(struct socket *socket)
{
    say(socket, "ask", NULL);
    json_decref(fake_socket_seek(socket, "asking"));
}

static void offer(struct socket *socket, const char *id, const char *stream)
{
    fake_socket_json(socket, json_pack("{s:s, s:s, s:s, s:s}", "type", "offer", "id", id, "publish",
                                       stream, "sdp", publish_sdp));
}

/* Publishes until it is live; returns the session. */
static uint64_t publish(struct socket *socket, const char *id, const char *stream)
{
    offer(socket, id, stream);
    stage_give_local(&stage);
    json_decref(fake_socket_seek(socket, "answer"));
    stage_connect(&stage, fake_media.published.session);
    return fake_media.published.session;
}

/* What the host is told: how many ask and how many were let in. The first one's stream is compared.
 */
static void expect_list(struct socket *socket, size_t asking, size_t seated)
{
    stage_wait_ms(&stage, 100);
    json_t *list = fake_socket_seek(socket, "guests");
    assert_int_equal(json_array_size(json_object_get(list, "asking")), asking);
    assert_int_equal(json_array_size(json_object_get(list, "seated")), seated);
    json_decref(list);
}

static void expect_declined(struct socket *socket, const char *reason)
{
    json_t *declined = fake_socket_seek(socket, "declined");

    assert_string_equal(text_of(declined, "reason"), reason);
    json_decref(declined);
}

/* Lets client in and returns when it knows. */
static void seat(const struct client *client)
{
    ask(client->socket);
    say(host, "accept", client->you);
    json_t *accepted = fake_socket_seek(client->socket, "accepted");
    assert_string_equal(text_of(accepted, "stream"), "guest-1");
    json_decref(accepted);
    expect_list(host, 0, 1);
}

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    strcpy(stage.config.auth_publish_key, "key");
    publish_sdp = offer_file_read("chromium-publish.sdp");
    if (message_start(stage.endpoint) != STATUS_OK)
        return -1;
    struct client client = {.socket = NULL};
    join(&client, "Ann", "key");
    host = client.socket;
    publish(host, "up", "main");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_socket_close(host);
    message_stop();
    stage_close(&stage);
    free(publish_sdp);
    return 0;
}

static void guests_publish_the_granted_stream_and_nothing_else(void **state)
{
    static const struct {
        const char *stream;
        bool seated;
        bool allowed;
    } cases[] = {
        {"main", false, false},   {"guest-1", false, false}, {"main", true, false},
        {"guest-2", true, false}, {"guest-1", true, true},
    };

    (void)state;
    struct client bob = open_client("Bob");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].seated && (i == 0 || !cases[i - 1].seated))
            seat(&bob);
        fake_socket_clear(bob.socket);
        offer(bob.socket, "up", cases[i].stream);
        if (cases[i].allowed)
            fake_socket_expect_silence(bob.socket);
        else
            fake_socket_take_error(bob.socket, "forbidden");
    }
    fake_socket_close(bob.socket);
}

static void guests_messages_of_no_use_name_their_cause(void **state)
{
    static const struct {
        bool from_host;
        const char *text;
        const char *code;
    } cases[] = {
        {false, "{\"type\":\"accept\",\"to\":\"x\"}", "forbidden"},
        {false, "{\"type\":\"decline\",\"to\":\"x\"}", "forbidden"},
        {false, "{\"type\":\"accept\"}", "bad-message"},
        {false, "{\"type\":\"ask\",\"name\":1}", "bad-message"},
        {false, "{\"type\":\"ask\",\"name\":\"\"}", "bad-message"},
        {true, "{\"type\":\"ask\"}", "bad-message"},
        {true, "{\"type\":\"accept\",\"to\":\"nobody\"}", "bad-message"},
        {true, "{\"type\":\"accept\",\"to\":5}", "bad-message"},
        {true, "{\"type\":\"decline\",\"to\":\"\"}", "bad-message"},
    };

    (void)state;
    struct client bob = open_client("Bob");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct socket *socket = cases[i].from_host ? host : bob.socket;
        fake_socket_clear(socket);
        fake_socket_text(socket, cases[i].text);
        fake_socket_take_error(socket, cases[i].code);
    }
    fake_socket_close(bob.socket);
}

static void guests_ask_needs_a_host_and_room(void **state)
{
    (void)state;
    struct client bob = open_client("Bob");
    struct client cat = open_client("Cat");
    struct client dan = open_client("Dan");
    struct client eve = open_client("Eve");
    ask(bob.socket);
    ask(bob.socket); /* changes nothing */
    ask(cat.socket);
    say(dan.socket, "ask", NULL);
    fake_socket_clear(dan.socket); /* two are asking already */
    expect_list(host, 2, 0);
    say(host, "accept", bob.you);
    expect_list(host, 1, 1);
    say(host, "accept", cat.you); /* one guest is all there may be */
    json_t *error = fake_socket_seek(host, "error");
    assert_string_equal(text_of(error, "code"), "full");
    json_decref(error);
    say(host, "accept", bob.you); /* is one already */
    fake_socket_clear(eve.socket);
    say(eve.socket, "ask", NULL);
    fake_socket_take_error(eve.socket, "full");
    /* The host leaves the stage: all is over. */
    fake_socket_text(host, "{\"type\":\"bye\",\"id\":\"up\",\"end\":true}");
    stage_wait_ms(&stage, 100);
    expect_declined(bob.socket, "ended");
    expect_declined(cat.socket, "ended");
    fake_socket_clear(eve.socket);
    say(eve.socket, "ask", NULL);
    fake_socket_take_error(eve.socket, "no-stream");
    fake_socket_close(bob.socket);
    fake_socket_close(cat.socket);
    fake_socket_close(dan.socket);
    fake_socket_close(eve.socket);
}

static void guests_refused_may_ask_again_after_a_while(void **state)
{
    (void)state;
    struct client bob = open_client("Bob");
    ask(bob.socket);
    expect_list(host, 1, 0);
    say(host, "decline", bob.you);
    expect_declined(bob.socket, "refused");
    expect_list(host, 0, 0);
    fake_socket_clear(bob.socket);
    say(bob.socket, "ask", NULL);
    fake_socket_take_error(bob.socket, "too-fast");
    stage_wait_ms(&stage, 5000);
    ask(bob.socket);
    say(bob.socket, "withdraw", NULL);
    json_decref(fake_socket_seek(bob.socket, "withdrawn"));
    expect_list(host, 0, 0);
    fake_socket_close(bob.socket);
}

static void guests_who_are_dismissed_are_gone_for_all_at_once(void **state)
{
    (void)state;
    struct client bob = open_client("Bob");
    seat(&bob);
    publish(bob.socket, "up", "guest-1");
    json_t *added = fake_socket_seek(host, "stream-added");
    assert_string_equal(text_of(added, "name"), "Bob");
    json_decref(added);
    say(host, "decline", bob.you);
    json_t *bye = fake_socket_seek(bob.socket, "bye");
    assert_string_equal(text_of(bye, "reason"), "dismissed");
    json_decref(bye);
    expect_declined(bob.socket, "dismissed");
    json_decref(fake_socket_seek(host, "stream-removed"));
    expect_list(host, 0, 0);
    offer(bob.socket, "again", "guest-1");
    fake_socket_clear(host);
    json_t *error = fake_socket_seek(bob.socket, "error");
    assert_string_equal(text_of(error, "code"), "forbidden");
    json_decref(error);
    fake_socket_close(bob.socket);
}

static void guests_who_drop_come_back_to_their_stream(void **state)
{
    (void)state;
    struct client bob = open_client("Bob");
    seat(&bob);
    const uint64_t session = publish(bob.socket, "up", "guest-1");
    fake_socket_close(bob.socket);
    stage_closed(&stage, session, MEDIA_CLOSED_CONSENT);
    stage_wait_ms(&stage, 10000);
    bob.socket = NULL;
    join(&bob, "Bob", NULL);
    say(bob.socket, "ask", NULL);
    json_t *accepted = fake_socket_seek(bob.socket, "accepted");
    assert_string_equal(text_of(accepted, "stream"), "guest-1");
    json_decref(accepted);
    fake_socket_clear(host);
    publish(bob.socket, "again", "guest-1");
    json_decref(fake_socket_seek(host, "stream-changed")); /* and not added anew */
    fake_socket_close(bob.socket);
}

static void guests_who_stay_away_or_send_nothing_lose_their_place(void **state)
{
    (void)state;
    struct client bob = open_client("Bob");
    seat(&bob);
    stage_wait_ms(&stage, 29000);
    fake_socket_clear(bob.socket);
    fake_socket_expect_silence(bob.socket);
    stage_wait_ms(&stage, 1100);
    expect_declined(bob.socket, "expired");
    expect_list(host, 0, 0);
    stage_wait_ms(&stage, 5000);
    seat(&bob);
    publish(bob.socket, "up", "guest-1");
    stage_wait_ms(&stage, 60000); /* is on stage: stays */
    fake_socket_clear(host);
    fake_socket_close(bob.socket);
    stage_wait_ms(&stage, 30200);
    json_decref(fake_socket_seek(host, "stream-removed"));
    expect_list(host, 0, 0);
}

static void guests_who_ask_and_leave_are_forgotten(void **state)
{
    static const char *const ways[] = {"leave", "withdraw", NULL}; /* NULL: the socket is lost */

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct client bob = open_client("Bob");
        ask(bob.socket);
        expect_list(host, 1, 0);
        if (ways[i] != NULL)
            say(bob.socket, ways[i], NULL);
        fake_socket_close(bob.socket);
        expect_list(host, 0, 0);
    }
}

static void guests_host_who_comes_back_is_told_all(void **state)
{
    (void)state;
    struct client bob = open_client("Bob");
    seat(&bob);
    fake_socket_clear(host);
    publish(host, "up again", "main"); /* a page that was loaded anew */
    expect_list(host, 0, 1);
    stage_wait_ms(&stage, 1000);
    fake_socket_clear(host);
    stage_wait_ms(&stage, 1000);
    fake_socket_expect_silence(host); /* nothing changed */
    fake_socket_close(bob.socket);
}

/* OBS takes the place of the host's browser, who stays in the room. Returns its session. */
static uint64_t publish_by_program(void)
{
    fake_socket_text(host, "{\"type\":\"bye\",\"id\":\"up\",\"end\":true}");
    struct exchange *exchange = fake_exchange_make(HTTP_POST, "/whip/room");
    exchange->content_type = "application/sdp";
    exchange->authorization = "Bearer key";
    exchange->body = publish_sdp;
    whip_handle(stage.endpoint, exchange);
    stage_give_local(&stage);
    assert_int_equal(exchange->status, 201);
    stage_connect(&stage, fake_media.published.session);
    fake_socket_clear(host);
    return fake_media.published.session;
}

static void guests_of_a_program_are_let_in_by_who_may_publish(void **state)
{
    const uint64_t session = publish_by_program();
    struct client bob = open_client("Bob");
    struct client cat = {.socket = NULL};

    (void)state;
    ask(bob.socket);
    expect_list(host, 1, 0);
    join(&cat, "Cat", "key"); /* another one of the house */
    expect_list(cat.socket, 1, 0);
    fake_socket_clear(bob.socket);
    say(bob.socket, "accept", bob.you);
    fake_socket_take_error(bob.socket, "forbidden");
    fake_socket_clear(host);
    say(cat.socket, "accept", bob.you);
    json_decref(fake_socket_seek(bob.socket, "accepted"));
    expect_list(host, 0, 1);
    expect_list(cat.socket, 0, 1);
    publish(bob.socket, "up", "guest-1");
    /* The program is away for a moment: the guest stays, and may be sent away. */
    stage_closed(&stage, session, MEDIA_CLOSED_CONSENT);
    stage_wait_ms(&stage, 1000);
    fake_socket_clear(host);
    say(host, "decline", bob.you);
    expect_declined(bob.socket, "dismissed");
    expect_list(host, 0, 0);
    fake_socket_close(bob.socket);
    fake_socket_close(cat.socket);
}

static void guests_of_a_program_need_somebody_to_let_them_in(void **state)
{
    (void)publish_by_program();
    struct client bob = open_client("Bob");

    (void)state;
    say(host, "leave", NULL);
    say(bob.socket, "ask", NULL);
    fake_socket_take_error(bob.socket, "no-stream");
    strcpy(stage.config.auth_publish_key, ""); /* anybody may publish: that tells nothing */
    struct client ann = {.socket = host};
    join(&ann, "Ann", NULL);
    say(bob.socket, "ask", NULL);
    fake_socket_take_error(bob.socket, "no-stream");
    say(host, "accept", bob.you);
    json_t *error = fake_socket_seek(host, "error");
    assert_string_equal(text_of(error, "code"), "forbidden");
    json_decref(error);
    fake_socket_close(bob.socket);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(guests_publish_the_granted_stream_and_nothing_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(guests_messages_of_no_use_name_their_cause, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(guests_ask_needs_a_host_and_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(guests_refused_may_ask_again_after_a_while, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(guests_who_are_dismissed_are_gone_for_all_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(guests_who_drop_come_back_to_their_stream, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(guests_who_stay_away_or_send_nothing_lose_their_place,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(guests_who_ask_and_leave_are_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(guests_host_who_comes_back_is_told_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(guests_of_a_program_are_let_in_by_who_may_publish, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(guests_of_a_program_need_somebody_to_let_them_in, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
