#include "core/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void status_text_names_every_value(void **state)
{
    (void)state;
    for (int value = STATUS_OK; value <= STATUS_SYSTEM; value++)
        assert_string_not_equal(status_text((enum status)value), "unknown");
}

static void status_text_differs_between_values(void **state)
{
    (void)state;
    for (int value = STATUS_OK + 1; value <= STATUS_SYSTEM; value++) {
        for (int other = STATUS_OK; other < value; other++) {
            assert_string_not_equal(status_text((enum status)value),
                                    status_text((enum status)other));
        }
    }
}

static void status_text_is_never_null_when_unknown(void **state)
{
    (void)state;
    assert_string_equal(status_text((enum status)(STATUS_SYSTEM + 1)), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_text_names_every_value),
        cmocka_unit_test(status_text_differs_between_values),
        cmocka_unit_test(status_text_is_never_null_when_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
