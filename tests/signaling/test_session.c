#include "signaling/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void session_is_found_by_number_and_id_until_it_ends(void **state)
{
    struct session_table *table;

    (void)state;
    assert_int_equal(session_table_create(&table), STATUS_OK);
    struct session *one = session_table_add(table, SESSION_PUBLISHER, "192.0.2.1", 1);
    struct session *two = session_table_add(table, SESSION_VIEWER, "192.0.2.1", 1);
    assert_non_null(one);
    assert_non_null(two);
    assert_int_not_equal(one->number, two->number);
    assert_string_not_equal(one->id, two->id);
    assert_int_equal(strlen(one->id), SESSION_ID_CHARS);
    assert_int_equal(strspn(one->id, "0123456789abcdef"), SESSION_ID_CHARS);
    assert_ptr_equal(session_table_by_number(table, two->number), two);
    assert_ptr_equal(session_table_by_id(table, two->id, SESSION_ID_CHARS), two);
    assert_null(session_table_by_id(table, two->id, SESSION_ID_CHARS - 1));
    assert_null(session_table_by_id(table, "", 0));
    assert_int_equal(session_table_count(table, SESSION_VIEWER), 1);
    assert_int_equal(session_table_count_peer(table, "192.0.2.1"), 2);

    session_table_end(table, two);
    assert_ptr_equal(session_table_by_number(table, two->number), two);
    assert_null(session_table_by_id(table, two->id, SESSION_ID_CHARS));
    assert_int_equal(session_table_count(table, SESSION_VIEWER), 0);
    assert_int_equal(session_table_count_peer(table, "192.0.2.1"), 1);

    const uint64_t number = two->number;
    session_table_remove(table, two);
    assert_null(session_table_by_number(table, number));
    session_table_destroy(table);
}

static void session_tag_is_strong_and_changes(void **state)
{
    struct session session = {0};
    char first[SESSION_TAG_CHARS + 1];

    (void)state;
    session_renew_tag(&session);
    strcpy(first, session.tag);
    assert_int_equal(strlen(first), SESSION_TAG_CHARS);
    assert_int_equal(first[0], '"');
    assert_int_equal(first[SESSION_TAG_CHARS - 1], '"');
    session_renew_tag(&session);
    assert_string_not_equal(first, session.tag);
}

static void session_matches_if_match(void **state)
{
    const struct session session = {.tag = "\"0123456789abcdef\""};
    static const struct {
        const char *if_match;
        bool matches;
    } cases[] = {
        {"\"0123456789abcdef\"", true},
        {" \"0123456789abcdef\" ", true},
        {"\"other\", \"0123456789abcdef\"", true},
        {"*", true},
        {"\"*\"", true},
        {"", false},
        {"\"other\"", false},
        {"W/\"0123456789abcdef\"", false},
        {"0123456789abcdef", false},
        {"\"0123456789abcdeg\"", false},
        {"**", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (session_matches(&session, cases[i].if_match) != cases[i].matches)
            fail_msg("%s", cases[i].if_match);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_is_found_by_number_and_id_until_it_ends),
        cmocka_unit_test(session_tag_is_strong_and_changes),
        cmocka_unit_test(session_matches_if_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
