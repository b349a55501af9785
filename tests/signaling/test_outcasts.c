#include "signaling/outcasts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void outcasts_are_kept_out_of_one_room_for_a_time(void **state)
{
    static const struct {
        enum outcast_kind kind;
        const char *room;
        const char *mark;
        int64_t now_ns;
        bool out;
    } cases[] = {
        {OUTCAST_KICKED, "a", "192.0.2.1", 99, true},
        {OUTCAST_KICKED, "a", "192.0.2.1", 100, false},
        {OUTCAST_MUTED, "a", "192.0.2.1", 99, false},
        {OUTCAST_KICKED, "b", "192.0.2.1", 99, false},
        {OUTCAST_KICKED, "a", "192.0.2.2", 99, false},
        {OUTCAST_KICKED, "a", "", 99, false},
        {OUTCAST_MUTED, "a", "192.0.2.3", 99, false}, /* forgiven */
    };
    struct outcasts *outcasts;

    (void)state;
    assert_int_equal(outcasts_create(&outcasts), STATUS_OK);
    outcasts_add(outcasts, OUTCAST_KICKED, "a", "192.0.2.1", 100);
    outcasts_add(outcasts, OUTCAST_KICKED, "a", "", 100);
    outcasts_add(outcasts, OUTCAST_MUTED, "a", "192.0.2.3", 100);
    outcasts_forgive(outcasts, OUTCAST_MUTED, "a", "192.0.2.3");
    outcasts_forgive(outcasts, OUTCAST_MUTED, "a", "192.0.2.4");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(
            outcasts_has(outcasts, cases[i].kind, cases[i].room, cases[i].mark, cases[i].now_ns),
            cases[i].out);
    outcasts_destroy(outcasts);
}

static void outcasts_forget_the_soonest_when_they_are_many(void **state)
{
    struct outcasts *outcasts;
    char mark[16];

    (void)state;
    assert_int_equal(outcasts_create(&outcasts), STATUS_OK);
    for (int i = 0; i <= OUTCASTS_MAX; i++) {
        snprintf(mark, sizeof mark, "m%d", i);
        outcasts_add(outcasts, OUTCAST_KICKED, "a", mark, 100 + i);
    }
    assert_false(outcasts_has(outcasts, OUTCAST_KICKED, "a", "m0", 1));
    assert_true(outcasts_has(outcasts, OUTCAST_KICKED, "a", "m1", 1));
    assert_true(outcasts_has(outcasts, OUTCAST_KICKED, "a", mark, 1));
    outcasts_destroy(outcasts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcasts_are_kept_out_of_one_room_for_a_time),
        cmocka_unit_test(outcasts_forget_the_soonest_when_they_are_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
