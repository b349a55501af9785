#include "transport/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"

/* Binds as somebody who does not share: fails as long as another socket is bound. Returns 0 or
 * errno. */
static int try_bind(int family, int type, uint16_t port)
{
    const struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int on = 1;
    const int descriptor = socket(family, type | SOCK_CLOEXEC, 0);
    int error = 0;

    if (descriptor < 0)
        return errno;
    /* Connections of a server before us that linger do not count; listeners do. */
    if (type == SOCK_STREAM)
        (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const int bound = family == AF_INET6
                          ? bind(descriptor, (const struct sockaddr *)&any6, sizeof any6)
                          : bind(descriptor, (const struct sockaddr *)&any4, sizeof any4);
    if (bound != 0 || (type == SOCK_STREAM && listen(descriptor, 1) != 0))
        error = errno;
    close(descriptor);
    return error;
}

static enum status check(int type, const char *protocol, uint16_t port)
{
    int error = try_bind(AF_INET6, type, port);

    if (error == EAFNOSUPPORT)
        error = try_bind(AF_INET, type, port);
    if (error == 0)
        return STATUS_OK;
    if (error == EADDRINUSE)
        return STATUS_EXISTS;
    LOG_WARNING("media", "%s port %u: %s", protocol, port, strerrordesc_np(error));
    return STATUS_SYSTEM;
}

enum status port_check(uint16_t port, bool tcp)
{
    const enum status status = check(SOCK_DGRAM, "UDP", port);

    return status == STATUS_OK && tcp ? check(SOCK_STREAM, "TCP", port) : status;
}
