#include "signaling/journal_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

static const struct timespec noon = {.tv_sec = 1767225600, .tv_nsec = 7000000}; /* 2026-01-01 */

/* Terminated; borrowed until the next call. */
static const char *write_line(enum journal_format format, const char *message)
{
    static char out[JOURNAL_LINE_BYTES_MAX + 1];
    const struct journal_line line = {
        .time = noon, .level = LOG_LEVEL_INFO, .area = "endpoint", .message = message};
    const size_t bytes = journal_line_write(format, &line, out);

    assert_in_range(bytes, 1, JOURNAL_LINE_BYTES_MAX);
    out[bytes] = '\0';
    assert_int_equal(strlen(out), bytes);
    return out;
}

static void journal_line_writes_text_as_ever(void **state)
{
    (void)state;
    assert_string_equal(write_line(JOURNAL_TEXT, "viewer ended session=3"),
                        "2026-01-01T00:00:00.007Z info endpoint viewer ended session=3\n");
}

static void journal_line_writes_one_object_of_json(void **state)
{
    static const struct {
        const char *message;
        const char *json; /* between its quotation marks */
    } cases[] = {
        {"plain session=3", "plain session=3"},
        {"", ""},
        {"room=\"a\" \\ b", "room=\\\"a\\\" \\\\ b"},
        {"a\nb\tc\x01\x7f", "a\\u000ab\\u0009c\\u0001\\u007f"},
        {"\xe7\x9b\xb4\xf0\x9f\x98\x80", "\xe7\x9b\xb4\xf0\x9f\x98\x80"},
        {"\xe7\x9b|\xc0\xaf", "\\ufffd\\ufffd|\\ufffd\\ufffd"}, /* cut short; overlong */
        {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},              /* surrogate */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char wanted[256];
        snprintf(wanted, sizeof wanted,
                 "{\"time\":\"2026-01-01T00:00:00.007Z\",\"level\":\"info\",\"area\":\"endpoint\","
                 "\"message\":\"%s\"}\n",
                 cases[i].json);
        assert_string_equal(write_line(JOURNAL_JSON, cases[i].message), wanted);
    }
}

/* Two bytes of every kind, so that each stands before each. */
static void journal_line_makes_json_of_any_bytes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 0x10000; i++) {
        const char message[] = {(char)(i >> 8), (char)i, 'x', '\0'};
        const char *line = write_line(JOURNAL_JSON, message);
        json_error_t error;
        json_t *object = json_loads(line, 0, &error);
        if (object == NULL || strchr(line, '\n') != line + strlen(line) - 1)
            fail_msg("%04x: %s", i, error.text);
        json_decref(object);
    }
}

static void journal_line_cuts_what_is_too_long_between_characters(void **state)
{
    static const char *const FILLS[] = {"\x01", "x", "\xe7\x9b\xb4", "\"", "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof FILLS / sizeof FILLS[0]; i++) {
        char message[2 * JOURNAL_LINE_BYTES_MAX] = "";
        const size_t bytes = strlen(FILLS[i]);
        for (size_t at = 0; at + bytes < sizeof message; at += bytes)
            memcpy(&message[at], FILLS[i], bytes);
        const char *line = write_line(JOURNAL_JSON, message);
        assert_true(strlen(line) > JOURNAL_LINE_BYTES_MAX - 8);
        json_t *object = json_loads(line, 0, NULL);
        assert_non_null(object);
        json_decref(object);
        line = write_line(JOURNAL_TEXT, message);
        assert_int_equal(strlen(line), JOURNAL_LINE_BYTES_MAX);
        assert_int_equal(line[JOURNAL_LINE_BYTES_MAX - 1], '\n');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(journal_line_writes_text_as_ever),
        cmocka_unit_test(journal_line_writes_one_object_of_json),
        cmocka_unit_test(journal_line_makes_json_of_any_bytes),
        cmocka_unit_test(journal_line_cuts_what_is_too_long_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
