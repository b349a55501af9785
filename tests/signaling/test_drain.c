#include "signaling/drain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "signaling/message.h"
#include "tests/signaling/fake_socket.h"
#include "tests/signaling/offer_file.h"
#include "tests/signaling/stage.h"

static struct stage stage;
static struct drain drain;

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    stage.config.drain_ns = 20 * MONO_SECOND;
    drain = (struct drain){.endpoint = stage.endpoint};
    return message_start(stage.endpoint) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    message_stop();
    stage_close(&stage);
    return 0;
}

static struct socket *join(const char *name)
{
    struct socket *socket = fake_socket_open(&message_socket_handler, "/ws");

    fake_socket_json(socket,
                     json_pack("{s:s, s:s, s:s}", "type", "join", "room", "room", "name", name));
    return socket;
}

static enum drain_state tick(void)
{
    stage_wait_ms(&stage, 100);
    return drain_tick(&drain, stage.now_ns);
}

static void drain_is_over_at_once_when_nobody_is_there(void **state)
{
    (void)state;
    assert_int_equal(tick(), DRAIN_NOT);
    drain_signal(&drain);
    assert_int_equal(tick(), DRAIN_BEGUN);
    assert_int_equal(tick(), DRAIN_OVER);
}

static void drain_waits_for_those_who_are_there(void **state)
{
    (void)state;
    struct socket *ann = join("Ann");
    struct socket *bob = join("Bob");
    drain_signal(&drain);
    assert_int_equal(tick(), DRAIN_BEGUN);
    assert_int_equal(tick(), DRAIN_GOING);
    fake_socket_text(ann, "{\"type\":\"leave\"}");
    assert_int_equal(tick(), DRAIN_GOING);
    fake_socket_text(bob, "{\"type\":\"leave\"}");
    assert_int_equal(tick(), DRAIN_OVER);
    fake_socket_close(ann);
    fake_socket_close(bob);
}

static void drain_ends_when_its_time_is_over(void **state)
{
    (void)state;
    struct socket *ann = join("Ann");
    drain_signal(&drain);
    assert_int_equal(tick(), DRAIN_BEGUN);
    stage_wait_ms(&stage, 19700);
    assert_int_equal(tick(), DRAIN_GOING);
    stage_wait_ms(&stage, 200);
    assert_int_equal(tick(), DRAIN_OVER);
    fake_socket_close(ann);
}

static void drain_of_no_time_still_says_farewell(void **state)
{
    (void)state;
    struct socket *ann = join("Ann");
    stage.config.drain_ns = 0;
    drain_signal(&drain);
    assert_int_equal(tick(), DRAIN_BEGUN);
    assert_int_equal(tick(), DRAIN_GOING);
    stage_wait_ms(&stage, 1000);
    assert_int_equal(tick(), DRAIN_OVER);
    fake_socket_close(ann);
}

static void drain_ends_at_once_at_the_second_signal(void **state)
{
    (void)state;
    struct socket *ann = join("Ann");
    endpoint_drain(stage.endpoint); /* by the API: no signal yet */
    assert_int_equal(tick(), DRAIN_BEGUN);
    drain_signal(&drain);
    assert_int_equal(tick(), DRAIN_GOING);
    drain_signal(&drain);
    assert_int_equal(tick(), DRAIN_OVER);
    fake_socket_close(ann);
}

static json_int_t told_after_ms(struct socket *socket)
{
    json_t *message = fake_socket_seek(socket, "reconnect");
    const json_int_t after_ms = json_integer_value(json_object_get(message, "after_ms"));

    json_decref(message);
    return after_ms;
}

static void drain_tells_viewers_over_its_time_and_broadcasters_first(void **state)
{
    enum { VIEWERS = 100 };
    struct socket *viewers[VIEWERS];
    unsigned late = 0;

    (void)state;
    struct socket *ann = join("Ann");
    char *offer = offer_file_read("chromium-publish.sdp");
    fake_socket_json(ann, json_pack("{s:s, s:s, s:s, s:s}", "type", "offer", "id", "up", "publish",
                                    "main", "sdp", offer));
    free(offer);
    stage_give_local(&stage);
    for (unsigned i = 0; i < VIEWERS; i++)
        viewers[i] = join("Viewer");
    drain_signal(&drain);
    assert_in_range(told_after_ms(ann), 0, 999);
    for (unsigned i = 0; i < VIEWERS; i++) {
        const json_int_t after_ms = told_after_ms(viewers[i]);
        assert_in_range(after_ms, 1000, 16000);
        late += after_ms > 8500;
    }
    assert_in_range(late, 20, 80); /* all but certain with fair dice */
    for (unsigned i = 0; i < VIEWERS; i++)
        fake_socket_close(viewers[i]);
    fake_socket_close(ann);
}

static void drain_lets_those_back_in_who_were_there(void **state)
{
    char resume[64];

    (void)state;
    struct socket *ann = fake_socket_open(&message_socket_handler, "/ws");
    fake_socket_text(ann, "{\"type\":\"join\",\"room\":\"room\"}");
    json_t *joined = fake_socket_take(ann, "joined");
    (void)snprintf(resume, sizeof resume, "%s",
                   json_string_value(json_object_get(joined, "resume")));
    json_decref(joined);
    drain_signal(&drain);
    fake_socket_close(ann);
    stage_wait_ms(&stage, 31000); /* longer than a lost socket is waited for */
    struct socket *again = fake_socket_open(&message_socket_handler, "/ws");
    fake_socket_json(
        again, json_pack("{s:s, s:s, s:s}", "type", "join", "room", "room", "resume", resume));
    json_decref(fake_socket_take(again, "joined"));
    fake_socket_close(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(drain_is_over_at_once_when_nobody_is_there, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(drain_waits_for_those_who_are_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drain_ends_when_its_time_is_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drain_of_no_time_still_says_farewell, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drain_ends_at_once_at_the_second_signal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drain_tells_viewers_over_its_time_and_broadcasters_first,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(drain_lets_those_back_in_who_were_there, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
