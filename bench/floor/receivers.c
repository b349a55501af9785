#include "bench/floor/receivers.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RECEIVE_BYTES_MAX = 65536, LOOK_NS = 500000 };

void receivers_fail(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

void receivers_pin(int processor)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

static unsigned datagrams_in(struct msghdr *message, size_t bytes)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        int segment = 0;
        if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO) {
            memcpy(&segment, CMSG_DATA(header), sizeof segment);
            return segment > 0 ? (unsigned)((bytes + (size_t)segment - 1) / (size_t)segment) : 1;
        }
    }
    return 1;
}

static unsigned receive(int descriptor)
{
    static uint8_t buffer[RECEIVE_BYTES_MAX];
    _Alignas(struct cmsghdr) uint8_t control[64];
    struct iovec data = {buffer, sizeof buffer};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    const ssize_t bytes = recvmsg(descriptor, &message, MSG_DONTWAIT);

    return bytes > 0 ? datagrams_in(&message, (size_t)bytes) : 0;
}

static in_port_t open_receiver(int poll, bool gro)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_bytes = sizeof address;
    const int one = 1;
    const int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};

    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(descriptor, (struct sockaddr *)&address, &address_bytes) != 0 ||
        (gro && setsockopt(descriptor, IPPROTO_UDP, UDP_GRO, &one, sizeof one) != 0) ||
        epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0)
        receivers_fail("a receiver's socket");
    return address.sin_port;
}

/* Tells the ports, reads until the pipe of the parent closes, tells how many datagrams came. */
static void play_receivers(unsigned count, bool gro, int in, int out)
{
    struct epoll_event events[256];
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = in}};
    const struct timespec look = {.tv_nsec = LOOK_NS}; /* as manycast-load does */
    const int poll = epoll_create1(0);
    uint64_t received = 0;
    bool open = true;

    for (unsigned i = 0; i < count; i++) {
        const in_port_t port = open_receiver(poll, gro);
        if (write(out, &port, sizeof port) != sizeof port)
            receivers_fail("telling a port");
    }
    if (epoll_ctl(poll, EPOLL_CTL_ADD, in, &event) != 0)
        receivers_fail("epoll");
    while (open) {
        const int ready = epoll_wait(poll, events, 256, 0);
        if (ready <= 0)
            clock_nanosleep(CLOCK_MONOTONIC, 0, &look, NULL);
        for (int i = 0; i < ready; i++)
            if (events[i].data.fd == in)
                open = false;
            else
                received += receive(events[i].data.fd);
    }
    if (write(out, &received, sizeof received) != sizeof received)
        receivers_fail("telling what came");
}

pid_t receivers_start(unsigned count, bool gro, int *to, int *from)
{
    int down[2];
    int up[2];

    if (pipe(down) != 0 || pipe(up) != 0)
        receivers_fail("pipe");
    const pid_t child = fork();
    if (child < 0)
        receivers_fail("fork");
    if (child == 0) {
        close(down[1]);
        close(up[0]);
        receivers_pin((int)sysconf(_SC_NPROCESSORS_ONLN) - 1);
        play_receivers(count, gro, down[0], up[1]);
        exit(EXIT_SUCCESS);
    }
    close(down[0]);
    close(up[1]);
    *to = down[1];
    *from = up[0];
    return child;
}
