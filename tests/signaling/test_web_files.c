#include "signaling/web_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void web_files_table_is_sorted_and_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < web_files_table_length; i++) {
        const struct web_file *file = &web_files_table[i];
        assert_int_equal(file->path[0], '/');
        assert_non_null(strchr(file->content_type, '/'));
        assert_int_equal(strlen(file->entity_tag), 34);
        assert_int_equal(file->entity_tag[0], '"');
        assert_int_equal(file->bytes[file->bytes_length], 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(web_files_table_is_sorted_and_complete),
        cmocka_unit_test(web_files_find_finds_each_file_by_its_path),
        cmocka_unit_test(web_files_find_returns_null_when_no_such_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
