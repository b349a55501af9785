/* Paths as they were sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signaling/request_path.h"

static void request_path_encodes_what_is_not_plain(void **state)
{
    static const struct {
        const char *decoded;
        const char *path;
    } CASES[] = {
        {"/", "/"},
        {"/watch/demo", "/watch/demo"},
        {"/watch/a b", "/watch/a%20b"},
        {"/watch/100%", "/watch/100%25"},
        {"/watch/\xe7\x9b\xb4", "/watch/%E7%9B%B4"},
        {"/watch/a?b#c", "/watch/a%3Fb%23c"},
        {"/watch/\x01\x7f", "/watch/%01%7F"},
    };
    char path[64];

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_true(request_path_encode(CASES[i].decoded, path, sizeof path));
        assert_string_equal(path, CASES[i].path);
    }
}

static void request_path_refuses_what_does_not_fit(void **state)
{
    char path[8];

    (void)state;
    assert_true(request_path_encode("/abc", path, sizeof path));
    assert_false(request_path_encode("/abcdef", path, sizeof path));
    assert_false(request_path_encode("/\xff\xff\xff", path, sizeof path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_path_encodes_what_is_not_plain),
        cmocka_unit_test(request_path_refuses_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
