#include "signaling/peer_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void peer_address_unmap_writes_ipv4_as_people_do(void **state)
{
    static const struct {
        const char *told;
        const char *written;
    } cases[] = {
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"192.0.2.1", "192.0.2.1"},
        {"2001:db8::1", "2001:db8::1"},
        {"::ffff:c000:201", "::ffff:c000:201"},
        {"::1", "::1"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char address[64];

        (void)snprintf(address, sizeof address, "%s", cases[i].told);
        peer_address_unmap(address);
        assert_string_equal(address, cases[i].written);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peer_address_unmap_writes_ipv4_as_people_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
