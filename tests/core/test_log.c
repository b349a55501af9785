#include "core/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
    unsigned lines;
    enum log_level level;
    char area[32];
    char line[LOG_LINE_BYTES_MAX];
} seen;

static void remember(void *context, enum log_level level, const char *area, const char *line)
{
    assert_ptr_equal(context, &seen);
    seen.lines++;
    seen.level = level;
    strncpy(seen.area, area, sizeof seen.area - 1);
    strncpy(seen.line, line, sizeof seen.line - 1);
}

static void log_gives_one_line_to_the_sink(void **state)
{
    (void)state;
    log_set_sink(remember, &seen);
    log_set_level(LOG_LEVEL_INFO);
    seen.lines = 0;
    LOG_INFO("room", "%s has %d", "abc", 3);
    assert_int_equal(seen.lines, 1);
    assert_int_equal(seen.level, LOG_LEVEL_INFO);
    assert_string_equal(seen.area, "room");
    assert_string_equal(seen.line, "abc has 3");
    log_set_sink(NULL, NULL);
}

static void log_is_silent_below_the_level(void **state)
{
    (void)state;
    log_set_sink(remember, &seen);
    log_set_level(LOG_LEVEL_WARNING);
    seen.lines = 0;
    LOG_INFO("room", "no");
    LOG_DEBUG("room", "no");
    assert_int_equal(seen.lines, 0);
    LOG_WARNING("room", "yes");
    assert_int_equal(seen.lines, 1);
    log_set_sink(NULL, NULL);
}

static void log_cuts_a_line_that_is_too_long(void **state)
{
    (void)state;
    log_set_sink(remember, &seen);
    log_set_level(LOG_LEVEL_INFO);
    LOG_INFO("room", "%*d", 3 * LOG_LINE_BYTES_MAX, 1);
    assert_int_equal(strlen(seen.line), LOG_LINE_BYTES_MAX - 1);
    log_set_sink(NULL, NULL);
}

static void log_quote_replaces_what_is_not_printable(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned capacity_bytes;
        const char *quoted;
    } cases[] = {
        {"plain", 64, "plain"},
        {"", 64, ""},
        {"a\nb\x1b[0m\x7f", 64, "a?b?[0m?"},
        {"\xe7\x9b\xb4\xe6\x92\xad", 64, "\xe7\x9b\xb4\xe6\x92\xad"},
        {"\xe7\x9b", 64, "??"},           /* cut short */
        {"\xc0\xaf", 64, "??"},           /* overlong */
        {"\xed\xa0\x80", 64, "???"},      /* surrogate */
        {"\xc2\x85", 64, "??"},           /* C1 control */
        {"\xf4\x90\x80\x80", 64, "????"}, /* beyond Unicode */
        {"\xf0\x9f\x98\x80", 64, "\xf0\x9f\x98\x80"},
        {"abcdef", 4, "abc"},
        {"ab\xe7\x9b\xb4", 5, "ab"}, /* no half characters */
        {"ab", 1, ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[64];
        assert_string_equal(log_quote(out, cases[i].capacity_bytes, cases[i].text),
                            cases[i].quoted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_gives_one_line_to_the_sink),
        cmocka_unit_test(log_is_silent_below_the_level),
        cmocka_unit_test(log_cuts_a_line_that_is_too_long),
        cmocka_unit_test(log_quote_replaces_what_is_not_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
