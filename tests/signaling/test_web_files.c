#include "signaling/web_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CRITICAL_MODULES_MAX = 12 };

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

/* Counts the modules that the module at `path` needs, each once; all have a preload in `page`. */
static size_t count_preloaded(const char *page, const char *path, const char **seen, size_t count)
{
    static const char before[] = "from './";
    const struct web_file *file = web_files_find(path);
    char address[128];

    assert_non_null(file);
    for (size_t i = 0; i < count; i++)
        if (strcmp(seen[i], file->path) == 0)
            return count;
    (void)snprintf(address, sizeof address, "rel=\"modulepreload\" href=\"/v/%s%s\"",
                   web_files_version, file->path);
    if (strstr(page, address) == NULL)
        fail_msg("watch.html does not preload %s", file->path);
    assert_true(count < CRITICAL_MODULES_MAX);
    seen[count++] = file->path;
    for (const char *at = (const char *)file->plain.bytes; (at = strstr(at, before)) != NULL;) {
        at += strlen(before);
        (void)snprintf(address, sizeof address, "/js/%.*s", (int)strcspn(at, "'"), at);
        count = count_preloaded(page, address, seen, count);
    }
    return count;
}

/* What is missing costs a round trip before the first picture, what is too much takes its place. */
static void web_files_watch_preloads_what_the_first_picture_needs(void **state)
{
    const struct web_file *file = web_files_find("/watch.html");
    const char *page = (const char *)file->plain.bytes;
    const char *seen[CRITICAL_MODULES_MAX];
    size_t preloads = 0;

    (void)state;
    for (const char *at = page; (at = strstr(at, "modulepreload")) != NULL; at++)
        preloads++;
    assert_int_equal(preloads, count_preloaded(page, "/js/viewer.js", seen, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(web_files_table_is_sorted_and_complete),
        cmocka_unit_test(web_files_find_finds_each_file_by_its_path),
        cmocka_unit_test(web_files_find_returns_null_when_no_such_file),
        cmocka_unit_test(web_files_watch_preloads_what_the_first_picture_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
