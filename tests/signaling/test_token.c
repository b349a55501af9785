#include "signaling/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void token_bearer_reads_the_header(void **state)
{
    static const struct {
        const char *header;
        const char *token;
    } cases[] = {
        {"Bearer secret", "secret"},
        {"bearer secret", "secret"},
        {"BEARER   s", "s"},
        {"Bearer ", NULL},
        {"Bearer", NULL},
        {"", NULL},
        {"Basic c2VjcmV0", NULL},
        {"secret", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *token = token_bearer(cases[i].header);
        if (cases[i].token == NULL)
            assert_null(token);
        else
            assert_string_equal(token, cases[i].token);
    }
}

static void token_check_tells_missing_from_wrong(void **state)
{
    (void)state;
    assert_int_equal(token_check("", NULL), STATUS_OK);
    assert_int_equal(token_check("", "anything"), STATUS_OK);
    assert_int_equal(token_check("key", NULL), STATUS_NOT_FOUND);
    assert_int_equal(token_check("key", ""), STATUS_NOT_FOUND);
    assert_int_equal(token_check("key", "kez"), STATUS_DENIED);
    assert_int_equal(token_check("key", "ke"), STATUS_DENIED);
    assert_int_equal(token_check("key", "key "), STATUS_DENIED);
    assert_int_equal(token_check("key", "key"), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_bearer_reads_the_header),
        cmocka_unit_test(token_check_tells_missing_from_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
