/* A taken port is told from a free one, also when its holder shares it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/port.h"

/* A socket that shares its port, as a worker of another server has; returns it and its port. */
static int hold(int type, uint16_t *port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t name_bytes = sizeof name;
    const int on = 1;
    const int descriptor = socket(AF_INET, type, 0);

    assert_true(descriptor >= 0);
    assert_int_equal(setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&name, sizeof name), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(descriptor, 1), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&name, &name_bytes), 0);
    *port = ntohs(name.sin_port);
    return descriptor;
}

static void port_check_tells_taken_from_free(void **state)
{
    static const struct {
        int type;
        bool tcp;
        enum status status;
    } CASES[] = {
        {SOCK_DGRAM, true, STATUS_EXISTS},
        {SOCK_DGRAM, false, STATUS_EXISTS},
        {SOCK_STREAM, true, STATUS_EXISTS},
        {SOCK_STREAM, false, STATUS_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint16_t port;
        const int descriptor = hold(CASES[i].type, &port);

        assert_int_equal(port_check(port, CASES[i].tcp), CASES[i].status);
        close(descriptor);
        assert_int_equal(port_check(port, CASES[i].tcp), STATUS_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(port_check_tells_taken_from_free)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
