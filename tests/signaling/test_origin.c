/* Which origins http.origins admits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signaling/origin.h"

static void origin_is_allowed_by_the_list(void **state)
{
    static const struct {
        const char *origins;
        const char *origin;
        bool allowed;
    } CASES[] = {
        {"*", "https://a.example", true},
        {"*", "null", true},
        {"https://a.example", "https://a.example", true},
        {"https://a.example", "HTTPS://A.example", true},
        {"https://a.example", "http://a.example", false},
        {"https://a.example", "https://a.example:8443", false},
        {"https://a.example", "https://a.example.evil.example", false},
        {"https://a.example", "https://b.a.example", false},
        {"https://a.example, https://b.example", "https://b.example", true},
        {"https://a.example https://b.example", "https://b.example", true},
        {"https://a.example", "null", false},
        {"https://a.example", "", true}, /* no browser */
        {"", "https://a.example", false},
        {"", "", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        if (origin_is_allowed(CASES[i].origins, CASES[i].origin) != CASES[i].allowed)
            fail_msg("\"%s\" by \"%s\"", CASES[i].origin, CASES[i].origins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(origin_is_allowed_by_the_list)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
