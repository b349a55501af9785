#include "signaling/hooks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mono.h"
#include "tests/signaling/fake_hook_calls.h"

static struct config config;
static struct hooks *hooks;
static int64_t now_ns;

/* One who waits. */
struct waiting {
    unsigned verdicts;
    enum status status;
    char why[256];
    struct hooks_visit *visit;
};

static void on_verdict(void *context, const struct hooks_verdict *verdict)
{
    struct waiting *waiting = context;

    waiting->verdicts++;
    waiting->status = verdict->status;
    waiting->visit = verdict->visit;
    strcpy(waiting->why, verdict->why);
}

static int set_up(void **state)
{
    (void)state;
    fake_hook_calls_reset();
    config = (struct config){
        .hooks_url = {"http://h/publish", "http://h/unpublish", "http://h/play", "http://h/stop"},
        .hooks_timeout_ns = 2 * MONO_SECOND,
        .hooks_calls_max = 2,
        .hooks_queue_max = 3,
        .hooks_farewell_ns = MONO_SECOND,
    };
    now_ns = MONO_SECOND;
    assert_int_equal(hooks_create(&config, NULL, NULL, now_ns, &hooks), STATUS_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_hook_calls.farewell = "0";
    hooks_destroy(hooks);
    fake_hook_calls_reset();
    return 0;
}

static enum status ask(uint64_t session, struct waiting *waiting, struct hooks_ask **asked)
{
    const struct hooks_visitor visitor = {
        .kind = SESSION_VIEWER,
        .via = SESSION_VIA_WHEP,
        .session = session,
        .room = "直播间",
        .stream = "main",
        .name = "",
        .subject = "s",
        .address = "192.0.2.1",
        .user_agent = "bad \xff bytes",
    };
    const struct hooks_waiter waiter = {waiting, on_verdict};

    *waiting = (struct waiting){0};
    return hooks_ask(hooks, &visitor, &waiter, &waiting->visit, asked);
}

static void wait_ms(unsigned ms)
{
    for (unsigned step = 0; step < ms; step += 100) {
        now_ns += 100 * MONO_MS;
        hooks_tick(hooks, now_ns);
    }
}

static uint64_t counted(enum hook hook, enum hook_result result)
{
    struct hooks_counts counts;

    hooks_count(hooks, &counts);
    return counts.calls[hook][result];
}

static void hooks_let_in_and_tell_the_end_once(void **state)
{
    struct waiting waiting;
    struct hooks_ask *asked;

    (void)state;
    assert_int_equal(ask(7, &waiting, &asked), STATUS_AGAIN);
    assert_int_equal(waiting.verdicts, 0);
    const struct fake_hook_call *call = fake_hook_calls_oldest();
    assert_string_equal(call->url, "http://h/play");
    assert_string_equal(json_string_value(json_object_get(call->body, "room")), "直播间");
    assert_int_equal(fake_hook_calls_expect("on_play"), 7);
    fake_hook_calls_answer("0");
    assert_int_equal(waiting.verdicts, 1);
    assert_int_equal(waiting.status, STATUS_OK);
    assert_int_equal(fake_hook_calls_open(), 0);
    hooks_leave(waiting.visit, "bye");
    assert_int_equal(fake_hook_calls_expect("on_stop"), 7);
    call = fake_hook_calls_oldest();
    assert_string_equal(call->url, "http://h/stop");
    assert_string_equal(json_string_value(json_object_get(call->body, "reason")), "bye");
    fake_hook_calls_answer("1"); /* its answer changes nothing */
    assert_int_equal(fake_hook_calls.posted, 2);
    assert_int_equal(counted(HOOK_ON_PLAY, HOOK_OK), 1);
    assert_int_equal(counted(HOOK_ON_STOP, HOOK_REFUSED), 1);
}

static void hooks_refuse_and_tell_nothing(void **state)
{
    struct waiting waiting;
    struct hooks_ask *asked;

    (void)state;
    assert_int_equal(ask(7, &waiting, &asked), STATUS_AGAIN);
    fake_hook_calls_answer("{\"code\":1,\"reason\":\"no\"}");
    assert_int_equal(waiting.status, STATUS_DENIED);
    assert_string_equal(waiting.why, "no");
    assert_null(waiting.visit);
    assert_int_equal(fake_hook_calls.posted, 1);
}

static void hooks_that_are_down_close_the_door_or_leave_it_open(void **state)
{
    static const struct {
        bool open;
        bool timed_out;
        enum status status;
        enum hook_result result;
    } cases[] = {
        {false, true, STATUS_SYSTEM, HOOK_TIMEOUT},
        {false, false, STATUS_SYSTEM, HOOK_UNREACHABLE},
        {true, true, STATUS_OK, HOOK_TIMEOUT},
        {true, false, STATUS_OK, HOOK_UNREACHABLE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct waiting waiting;
        struct hooks_ask *asked;
        const uint64_t before = counted(HOOK_ON_PLAY, cases[i].result);

        config.hooks_open_when_down = cases[i].open;
        assert_int_equal(ask(i, &waiting, &asked), STATUS_AGAIN);
        fake_hook_calls_fail(cases[i].timed_out);
        assert_int_equal(waiting.status, cases[i].status);
        assert_int_equal(counted(HOOK_ON_PLAY, cases[i].result), before + 1);
        assert_int_equal(waiting.visit != NULL, cases[i].open);
        hooks_leave(waiting.visit, "bye");
        if (cases[i].open) {
            assert_int_equal(fake_hook_calls_expect("on_stop"), i);
            fake_hook_calls_answer("0");
        }
    }
}

static void hooks_ask_nobody_where_none_is_set(void **state)
{
    struct waiting waiting;
    struct hooks_ask *asked;

    (void)state;
    config.hooks_url[HOOK_ON_PLAY][0] = '\0';
    assert_int_equal(ask(1, &waiting, &asked), STATUS_OK);
    assert_int_equal(fake_hook_calls.posted, 0);
    hooks_leave(waiting.visit, "bye"); /* but on_stop is */
    assert_int_equal(fake_hook_calls_expect("on_stop"), 1);
    fake_hook_calls_answer("0");
    config.hooks_url[HOOK_ON_STOP][0] = '\0';
    assert_int_equal(ask(2, &waiting, &asked), STATUS_OK);
    assert_null(waiting.visit);
    hooks_leave(waiting.visit, "bye");
    assert_int_equal(fake_hook_calls.posted, 1);
    strcpy(config.hooks_url[HOOK_ON_PLAY], "http://h/play");
    assert_int_equal(ask(3, &waiting, &asked), STATUS_AGAIN);
    fake_hook_calls_answer("0");
    assert_int_equal(waiting.status, STATUS_OK);
    assert_null(waiting.visit);
}

static void hooks_follow_a_late_yes_by_the_end(void **state)
{
    struct waiting waiting;
    struct hooks_ask *asked;

    (void)state;
    assert_int_equal(ask(1, &waiting, &asked), STATUS_AGAIN);
    hooks_forget(asked);
    fake_hook_calls_answer("0");
    assert_int_equal(waiting.verdicts, 0);
    assert_int_equal(fake_hook_calls_expect("on_stop"), 1);
    fake_hook_calls_answer("0");
    assert_int_equal(ask(2, &waiting, &asked), STATUS_AGAIN);
    hooks_forget(asked);
    fake_hook_calls_answer("1");
    assert_int_equal(fake_hook_calls_open(), 0);
    assert_int_equal(waiting.verdicts, 0);
}

/* The thread that calls is stuck: main gives up by itself. */
static void hooks_do_not_wait_for_ever(void **state)
{
    struct waiting waiting;
    struct hooks_ask *asked;

    (void)state;
    assert_int_equal(ask(1, &waiting, &asked), STATUS_AGAIN);
    wait_ms(2200);
    assert_int_equal(waiting.verdicts, 0);
    wait_ms(200);
    assert_int_equal(waiting.verdicts, 1);
    assert_int_equal(waiting.status, STATUS_SYSTEM);
    wait_ms(2000);
    fake_hook_calls_answer("0"); /* after all */
    assert_int_equal(waiting.verdicts, 1);
    assert_int_equal(fake_hook_calls_expect("on_stop"), 1);
    fake_hook_calls_answer("0");
}

static void hooks_bound_what_is_under_way_and_what_waits(void **state)
{
    struct waiting waiting[6];
    struct hooks_ask *asked[6];
    struct hooks_counts counts;

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(ask(i, &waiting[i], &asked[i]), STATUS_AGAIN);
    assert_int_equal(fake_hook_calls_open(), 2);
    hooks_count(hooks, &counts);
    assert_int_equal(counts.under_way, 2);
    assert_int_equal(counts.queued, 3);
    assert_int_equal(ask(5, &waiting[5], &asked[5]), STATUS_SYSTEM);
    assert_int_equal(counted(HOOK_ON_PLAY, HOOK_SHED), 1);
    config.hooks_open_when_down = true;
    assert_int_equal(ask(6, &waiting[5], &asked[5]), STATUS_OK);
    assert_non_null(waiting[5].visit);
    hooks_forget(asked[3]); /* is never called */
    wait_ms(1000);
    fake_hook_calls_answer("0");
    hooks_poll(hooks);
    assert_int_equal(waiting[0].verdicts, 1);
    assert_int_equal(fake_hook_calls.posted, 3);
    assert_int_equal(fake_hook_calls.calls[2].post.timeout_ns, MONO_SECOND);
    wait_ms(1000); /* the last one was never posted */
    assert_int_equal(waiting[4].verdicts, 1);
    assert_int_equal(waiting[4].status, STATUS_OK);
    assert_int_equal(waiting[3].verdicts, 0);
    assert_int_equal(fake_hook_calls.posted, 3);
    config.hooks_calls_max = 10;
    hooks_leave(waiting[0].visit, "bye");
    hooks_leave(waiting[4].visit, "bye");
    hooks_leave(waiting[5].visit, "bye");
    while (fake_hook_calls_open() > 0)
        fake_hook_calls_answer("0");
    assert_int_equal(waiting[1].verdicts, 1);
    hooks_leave(waiting[1].visit, "bye");
    hooks_leave(waiting[2].visit, "bye");
}

static void hooks_close_gives_up_and_destroy_tells_what_is_left(void **state)
{
    struct waiting waiting[4];
    struct hooks_ask *asked[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ask(i, &waiting[i], &asked[i]), STATUS_AGAIN);
    fake_hook_calls_answer("0");
    hooks_poll(hooks); /* 1 and 2 are posted, 3 waits */
    hooks_close(hooks);
    assert_true(fake_hook_calls.hushed);
    for (unsigned i = 1; i < 4; i++) {
        assert_int_equal(waiting[i].verdicts, 1);
        assert_int_equal(waiting[i].status, STATUS_CLOSED);
    }
    assert_int_equal(ask(9, &waiting[3], &asked[3]), STATUS_CLOSED);
    hooks_leave(waiting[0].visit, "server-stopped");
    fake_hook_calls.farewell = "0";
    hooks_destroy(hooks);
    hooks = NULL;
    /* on_play of 0, 1, 2; on_stop of the same */
    assert_int_equal(fake_hook_calls.posted, 6);
    assert_int_equal(fake_hook_calls_open(), 0);
}

static void hooks_destroy_gives_up_in_time(void **state)
{
    struct waiting waiting;
    struct hooks_ask *asked;

    (void)state;
    config.hooks_farewell_ns = 0;
    assert_int_equal(ask(1, &waiting, &asked), STATUS_AGAIN);
    hooks_destroy(hooks);
    hooks = NULL;
    assert_int_equal(waiting.status, STATUS_CLOSED);
}

static void hooks_take_http_addresses_only(void **state)
{
    static const struct {
        const char *url;
        bool valid;
    } cases[] = {
        {"http://127.0.0.1:8085/api/v1/streams", true},
        {"https://user:password@hooks.example/?key=1", true},
        {"http://[::1]:80/", true},
        {"ftp://hooks.example/", false},
        {"file:///etc/passwd", false},
        {"hooks.example", false},
        {"http://", false},
        {"http:///path", false},
        {"http://hooks.example/a b", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(hooks_url_is_valid(cases[i].url), cases[i].valid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hooks_let_in_and_tell_the_end_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hooks_refuse_and_tell_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hooks_that_are_down_close_the_door_or_leave_it_open, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(hooks_ask_nobody_where_none_is_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hooks_follow_a_late_yes_by_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hooks_do_not_wait_for_ever, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hooks_bound_what_is_under_way_and_what_waits, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(hooks_close_gives_up_and_destroy_tells_what_is_left, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(hooks_destroy_gives_up_in_time, set_up, tear_down),
        cmocka_unit_test(hooks_take_http_addresses_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
