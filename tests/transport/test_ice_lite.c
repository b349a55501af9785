#include "transport/ice_lite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct ice_credentials local = {.ufrag = "ours", .password = "secret"};

static struct ice_lite make(void)
{
    struct ice_lite ice;

    assert_int_equal(ice_lite_init(&ice, &local, "theirs"), STATUS_OK);
    return ice;
}

static struct path path_of(uint16_t port)
{
    struct path path = {.remote = {.ip = {[15] = 1}, .port = port}};
    return path;
}

static bool check(struct ice_lite *ice, uint16_t port, bool use_candidate, int64_t now_ns)
{
    const struct path path = path_of(port);
    struct path evicted;

    return ice_lite_on_check(ice, &path, use_candidate, now_ns, &evicted);
}

static void ice_lite_sends_where_checks_say(void **state)
{
    (void)state;
    enum { T = 1000 };
    static const struct {
        struct {
            uint16_t port;
            bool use_candidate;
            int64_t at_ns;
        } checks[4];
        uint16_t expected;
    } cases[] = {
        {{{1, false, T}}, 1},                            /* better than nothing */
        {{{1, false, T}, {2, false, T}}, 1},             /* not nominated: stay */
        {{{1, false, T}, {2, true, T}}, 2},              /* nominated */
        {{{1, true, T}, {2, true, T}, {1, true, T}}, 1}, /* the latest nomination counts */
        {{{1, true, T}, {2, false, T + 1}}, 1},          /* a spare pair is only checked */
        {{{1, true, T}, {2, false, T + ICE_LITE_SILENCE_NS}}, 1},
        {{{1, true, T}, {2, false, T + ICE_LITE_SILENCE_NS + 1}}, 2}, /* the NAT forgot 1 */
        {{{1, true, T},
          {1, false, T + ICE_LITE_SILENCE_NS},
          {2, false, T + ICE_LITE_SILENCE_NS + 1}},
         1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ice_lite ice = make();
        assert_null(ice_lite_path(&ice));
        for (size_t k = 0; k < 4 && cases[i].checks[k].port != 0; k++)
            check(&ice, cases[i].checks[k].port, cases[i].checks[k].use_candidate,
                  cases[i].checks[k].at_ns);
        assert_int_equal(ice_lite_path(&ice)->remote.port, cases[i].expected);
        ice_lite_close(&ice);
    }
}

static void ice_lite_keeps_four_tuples_and_evicts_the_oldest_spare(void **state)
{
    (void)state;
    struct ice_lite ice = make();
    struct path evicted = path_of(9);
    const struct path fifth = path_of(5);
    const struct path sixth = path_of(6);

    assert_true(check(&ice, 1, true, 1)); /* oldest, but in use */
    assert_false(check(&ice, 1, true, 1));
    for (uint16_t port = 2; port <= 4; port++)
        assert_true(check(&ice, port, false, port));
    assert_false(check(&ice, 2, false, 5));
    assert_true(ice_lite_on_check(&ice, &fifth, false, 6, &evicted));
    assert_int_equal(evicted.remote.port, 3);
    assert_true(ice_lite_on_check(&ice, &sixth, false, 7, &evicted));
    assert_int_equal(evicted.remote.port, 4);
    assert_int_equal(ice_lite_path(&ice)->remote.port, 1);
    ice_lite_close(&ice);
}

static void ice_lite_expires_silent_tuples_and_moves_on(void **state)
{
    (void)state;
    struct ice_lite ice = make();
    struct path expired;

    check(&ice, 1, true, 10);
    check(&ice, 2, false, 20);
    check(&ice, 3, false, 30);
    assert_false(ice_lite_expire_one(&ice, 10, &expired));
    assert_true(ice_lite_expire_one(&ice, 11, &expired));
    assert_int_equal(expired.remote.port, 1);
    assert_int_equal(ice_lite_path(&ice)->remote.port, 3);
    const struct path third = path_of(3);
    ice_lite_forget(&ice, &third);
    assert_int_equal(ice_lite_path(&ice)->remote.port, 2);
    assert_true(ice_lite_expire_one(&ice, 100, &expired));
    assert_false(ice_lite_expire_one(&ice, 100, &expired));
    assert_true(ice_lite_is_empty(&ice));
    assert_null(ice_lite_path(&ice));
    ice_lite_close(&ice);
}

static void ice_lite_restart_changes_the_user_and_keeps_the_path(void **state)
{
    (void)state;
    static const struct ice_credentials fresh = {.ufrag = "new", .password = "other"};
    struct ice_lite ice = make();

    check(&ice, 1, true, 10);
    assert_true(ice_lite_has_user(&ice, "ours:theirs", 11));
    assert_false(ice_lite_has_user(&ice, "ours:theirs2", 12));
    assert_false(ice_lite_has_user(&ice, "ours:their", 10));
    assert_int_equal(ice_lite_restart(&ice, &fresh, "them"), STATUS_OK);
    assert_true(ice_lite_has_user(&ice, "new:them", 8));
    assert_string_equal(ice.password, "other");
    assert_int_equal(ice_lite_path(&ice)->remote.port, 1);
    ice_lite_close(&ice);
}

static void ice_lite_tells_tcp_and_udp_of_one_address_apart(void **state)
{
    (void)state;
    struct ice_lite ice = make();
    uint64_t connection = 0;
    struct path tcp = path_of(1);
    struct path evicted;

    tcp.tcp = (struct tcp_connection *)(void *)&connection;
    assert_true(check(&ice, 1, true, 1));
    assert_true(ice_lite_on_check(&ice, &tcp, true, 2, &evicted));
    assert_int_equal(evicted.remote.port, 0);
    assert_ptr_equal(ice_lite_path(&ice)->tcp, tcp.tcp);
    ice_lite_close(&ice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ice_lite_sends_where_checks_say),
        cmocka_unit_test(ice_lite_keeps_four_tuples_and_evicts_the_oldest_spare),
        cmocka_unit_test(ice_lite_expires_silent_tuples_and_moves_on),
        cmocka_unit_test(ice_lite_restart_changes_the_user_and_keeps_the_path),
        cmocka_unit_test(ice_lite_tells_tcp_and_udp_of_one_address_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
