#include "signaling/content_coding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void content_coding_takes_gzip_where_it_is_named_and_not_refused(void **state)
{
    static const struct {
        const char *accept_encoding;
        bool takes;
    } cases[] = {
        {"gzip", true},
        {"gzip, deflate, br, zstd", true},
        {"br;q=1.0, GZIP;q=0.8, *;q=0.1", true},
        {"deflate,\tgzip ; q=0.001", true},
        {"gzip;q=1", true},
        {"", false},
        {"*", false},
        {"identity", false},
        {"x-gzip", false},
        {"gzipped", false},
        {"gzip;q=0", false},
        {"gzip ; q=0.000, br", false},
        {" ,, ,", false},
        {"br;note=gzip", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (content_coding_takes_gzip(cases[i].accept_encoding) != cases[i].takes)
            fail_msg("Accept-Encoding: %s", cases[i].accept_encoding);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_coding_takes_gzip_where_it_is_named_and_not_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
