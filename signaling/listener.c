#include "signaling/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"

enum { BACKLOG_CONNECTIONS = 4096 };

/* Where to listen: a literal address, an interface, or everywhere. */
struct place {
    int family;
    struct sockaddr_storage name;
    socklen_t name_bytes;
    const char *interface; /* NULL: any */
};

static struct place place_of(int family, const char *address, uint16_t port)
{
    struct place place = {.family = family};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    const bool literal =
        inet_pton(family, address,
                  family == AF_INET6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr) == 1;

    if (family == AF_INET6) {
        memcpy(&place.name, &in6, sizeof in6);
        place.name_bytes = sizeof in6;
    } else {
        memcpy(&place.name, &in, sizeof in);
        place.name_bytes = sizeof in;
    }
    if (!literal && address[0] != '\0')
        place.interface = address;
    return place;
}

static int set_on(int descriptor, int level, int option)
{
    const int on = 1;

    return setsockopt(descriptor, level, option, &on, sizeof on);
}

static bool prepare(int descriptor, const struct place *place, bool share)
{
    const int off = 0;

    if (place->family == AF_INET6 &&
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
        return false;
    if (place->interface != NULL &&
        setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, place->interface,
                   (socklen_t)strlen(place->interface)) != 0)
        return false;
    return set_on(descriptor, SOL_SOCKET, SO_REUSEADDR) == 0 &&
           (!share || set_on(descriptor, SOL_SOCKET, SO_REUSEPORT) == 0) &&
           bind(descriptor, (const struct sockaddr *)&place->name, place->name_bytes) == 0 &&
           listen(descriptor, BACKLOG_CONNECTIONS) == 0;
}

/* -1 with errno. */
static int open_at(const struct place *place, bool share)
{
    const int descriptor = socket(place->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int why;

    if (descriptor < 0 || prepare(descriptor, place, share))
        return descriptor;
    why = errno;
    close(descriptor);
    errno = why;
    return -1;
}

static bool is_ipv4(const char *address)
{
    struct in_addr ignored;

    return inet_pton(AF_INET, address, &ignored) == 1;
}

enum status listener_open(const char *bind_address, bool share, uint16_t *port, int *descriptor)
{
    const struct place place6 = place_of(AF_INET6, bind_address, *port);
    const struct place place4 = place_of(AF_INET, bind_address, *port);
    struct sockaddr_in6 name = {.sin6_family = AF_UNSPEC};
    socklen_t name_bytes = sizeof name;
    int made = -1;

    if (!is_ipv4(bind_address))
        made = open_at(&place6, share);
    /* A machine without IPv6 is fine; a port in use there would not be free here. */
    if (made < 0 && (is_ipv4(bind_address) || errno != EADDRINUSE))
        made = open_at(&place4, share);
    if (made < 0) {
        if (errno == EADDRINUSE)
            return STATUS_EXISTS;
        LOG_ERROR("http", "cannot listen on port %u: %s (http.bind, http.port)", *port,
                  strerrordesc_np(errno));
        return STATUS_SYSTEM;
    }
    if (getsockname(made, (struct sockaddr *)&name, &name_bytes) == 0)
        *port = ntohs(name.sin6_port); /* at the same place in an IPv4 address */
    *descriptor = made;
    return STATUS_OK;
}

int listener_accept(int descriptor, bool *exhausted)
{
    const int accepted = accept4(descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    *exhausted =
        accepted < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
    if (accepted >= 0)
        (void)set_on(accepted, IPPROTO_TCP, TCP_NODELAY);
    return accepted;
}
