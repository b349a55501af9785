/* One broadcaster's ICE, on a loop of the test's own. Whole broadcasters: test_smoke_ingest.c. */
#include "transport/ice_agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>

#include "broadcaster.h"

enum {
    FLOOD_DATAGRAMS = 5000,
    A_TURN_MAX = 512,
    WAIT_TURNS_MAX = 20000, /* of about 2 ms: only a hanging test gets there */
};

static GMainContext *loop;
static struct ice_agent *agent;
static struct broadcaster *broadcaster;
static bool selected;
static unsigned received;

static void send_one(void)
{
    static const uint8_t junk[100] = {0x80};

    broadcaster_send_raw(broadcaster, junk, sizeof junk);
}

static void on_selected(void *context)
{
    (void)context;
    selected = true;
}

/* The next one is there as soon as one was read: the socket is never empty. */
static void on_datagram(void *context, uint8_t *datagram, size_t datagram_bytes)
{
    (void)context;
    (void)datagram;
    (void)datagram_bytes;
    if (++received < FLOOD_DATAGRAMS)
        send_one();
}

static int set_up(void **state)
{
    const struct media_settings settings = {.ingest_port_first = 20000, .ingest_port_last = 29999};
    const struct ice_agent_events events = {.on_selected = on_selected, .on_datagram = on_datagram};
    struct media_local local;
    struct media_publish publish;

    (void)state;
    loop = g_main_context_new();
    assert_int_equal(ice_agent_create(&settings, loop, &events, &agent), STATUS_OK);
    broadcaster = broadcaster_create(DTLS_SERVER); /* it waits for a handshake that never begins */
    broadcaster_read_offer(broadcaster, 1, 1, &publish);
    ice_agent_set_remote(agent, &publish.remote);
    ice_agent_read_local(agent, &local);
    broadcaster_take_answer(broadcaster, &local, &publish.fingerprint);
    for (unsigned i = 0; !selected || !broadcaster_is_selected(broadcaster); i++) {
        assert_true(i < WAIT_TURNS_MAX);
        broadcaster_turn(broadcaster);
        (void)g_main_context_iteration(loop, FALSE);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ice_agent_destroy(agent);
    broadcaster_destroy(broadcaster);
    while (g_main_context_iteration(loop, FALSE))
        continue;
    g_main_context_unref(loop);
    return 0;
}

static void ice_agent_reads_a_flood_in_turns(void **state)
{
    (void)state;
    send_one();
    for (unsigned i = 0; received < FLOOD_DATAGRAMS; i++) {
        const unsigned before = received;
        assert_true(i < WAIT_TURNS_MAX);
        (void)g_main_context_iteration(loop, FALSE);
        assert_true(received - before <= A_TURN_MAX);
        ice_agent_turn(agent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ice_agent_reads_a_flood_in_turns, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
