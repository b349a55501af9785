#include "signaling/web_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void web_files_table_is_sorted_and_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < web_files_table_length; i++) {
        const struct web_file *file = &web_files_table[i];
        assert_int_equal(file->path[0], '/');
        assert_non_null(strchr(file->content_type, '/'));
        assert_int_equal(strlen(file->plain.entity_tag), 34);
        assert_int_equal(file->plain.entity_tag[0], '"');
        assert_int_equal(file->plain.bytes[file->plain.length], 0);
        assert_true(file->gzip.bytes == NULL || file->gzip.length < file->plain.length);
        if (i > 0)
            assert_true(strcmp(web_files_table[i - 1].path, file->path) < 0);
    }
    assert_null(web_files_table[web_files_table_length].path);
}

static void web_files_find_finds_each_file_by_its_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < web_files_table_length; i++)
        assert_ptr_equal(web_files_find(web_files_table[i].path), &web_files_table[i]);
}

static void web_files_find_returns_null_when_no_such_file(void **state)
{
    static const char *const paths[] = {"", "/", "/no/such.file", "/../core/status.c", "~"};

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_null(web_files_find(paths[i]));
}

/* What it had to fetch first would cost a round trip before the first picture. */
static void web_files_watch_carries_what_the_first_picture_needs(void **state)
{
    const struct web_file *file = web_files_find("/watch.html");
    const char *script = strstr((const char *)file->plain.bytes, "<script>");
    const char *fetched = strstr((const char *)file->plain.bytes, "<link rel=\"stylesheet\"");
    char later[64];

    (void)state;
    assert_non_null(script);
    assert_true(script < fetched);
    assert_non_null(strstr(script, "RTCPeerConnection"));
    /* In a script of that kind esbuild turns what it left out of the bundle into calls of this. */
    assert_null(strstr(script, "__require"));
    /* The rest comes from where pages keep it for good. */
    (void)snprintf(later, sizeof later, "import(\"/v/%s/js/watch.js\")", web_files_version);
    assert_non_null(strstr(script, later));
    assert_null(web_files_find("/js/first.js"));
}

static void web_files_policy_allows_the_script_of_the_page_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < web_files_table_length; i++) {
        const struct web_file *file = &web_files_table[i];
        const bool carries = strcmp(file->path, "/watch.html") == 0;

        assert_int_equal(file->script_source != NULL, carries);
        if (carries) {
            assert_int_equal(strncmp(file->script_source, "'sha256-", 8), 0);
            assert_int_equal(strlen(file->script_source), strlen("'sha256-'") + 44);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(web_files_table_is_sorted_and_complete),
        cmocka_unit_test(web_files_find_finds_each_file_by_its_path),
        cmocka_unit_test(web_files_find_returns_null_when_no_such_file),
        cmocka_unit_test(web_files_watch_carries_what_the_first_picture_needs),
        cmocka_unit_test(web_files_policy_allows_the_script_of_the_page_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
