#include "signaling/name_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { THINGS = 5000, NAME_CHARS = 24 };

static struct thing {
    struct name_entry entry;
    char name[NAME_CHARS];
} things[THINGS];

static void expect(const struct name_table *table, unsigned from, unsigned to)
{
    assert_int_equal(table->count, to - from);
    for (unsigned i = 0; i < THINGS; i++) {
        const struct name_entry *found = name_table_find(table, things[i].name);
        assert_ptr_equal(found, i >= from && i < to ? &things[i].entry : NULL);
    }
}

static unsigned longest_chain(const struct name_slots *slots)
{
    unsigned longest = 0;

    for (size_t i = 0; i < slots->count; i++) {
        unsigned length = 0;
        for (const struct name_entry *entry = slots->first[i]; entry != NULL; entry = entry->next)
            length++;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Through every size up and down again, also in the middle of a move. */
static void name_table_finds_while_it_grows_and_shrinks(void **state)
{
    struct name_table table;

    (void)state;
    assert_int_equal(name_table_init(&table), STATUS_OK);
    for (unsigned i = 0; i < THINGS; i++) {
        (void)snprintf(things[i].name, NAME_CHARS, "%.*s%u", (int)(i % 9), "roomroom", i);
        things[i].entry.name = things[i].name;
    }
    for (unsigned i = 0; i < THINGS; i++) {
        name_table_add(&table, &things[i].entry);
        if (i % 500 == 17)
            expect(&table, 0, i + 1);
    }
    expect(&table, 0, THINGS);
    assert_in_range(table.slots.count, THINGS / 2, 4 * THINGS);
    assert_in_range(longest_chain(&table.slots), 1, 16);
    for (unsigned i = 0; i < THINGS; i++) {
        name_table_remove(&table, &things[i].entry);
        if (i % 500 == 17)
            expect(&table, i + 1, THINGS);
    }
    expect(&table, 0, 0);
    assert_in_range(table.slots.count, 1, 64);
    name_table_close(&table);
}

static void name_table_hashes_differently_each_time(void **state)
{
    struct name_table one;
    struct name_table two;

    (void)state;
    assert_int_equal(name_table_init(&one), STATUS_OK);
    assert_int_equal(name_table_init(&two), STATUS_OK);
    struct name_entry a = {.name = "room"};
    struct name_entry b = {.name = "room"};
    name_table_add(&one, &a);
    name_table_add(&two, &b);
    assert_true(a.hash != b.hash);
    name_table_close(&one);
    name_table_close(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_table_finds_while_it_grows_and_shrinks),
        cmocka_unit_test(name_table_hashes_differently_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
