#include "transport/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"

enum { CONTROL_BYTES = 128 };

/* Where recvmmsg puts one datagram. */
struct slot {
    struct sockaddr_storage name;
    struct iovec data;
    _Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
    uint8_t bytes[UDP_DATAGRAM_BYTES_MAX];
};

struct udp {
    int descriptor;
    int family;
    uint16_t port;
    struct stats *stats;
    struct udp_sender *sender;
    struct mmsghdr messages[UDP_RECEIVE_BATCH];
    struct slot slots[UDP_RECEIVE_BATCH];
};

static void set_option(int descriptor, int level, int option, int value)
{
    if (setsockopt(descriptor, level, option, &value, sizeof value) != 0)
        LOG_DEBUG("udp", "socket option %d/%d: %s", level, option, strerrordesc_np(errno));
}

/* Dual-stack where the machine has IPv6, else IPv4. */
static int open_socket(int *family)
{
    *family = AF_INET6;
    int descriptor = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (descriptor >= 0) {
        set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0);
        set_option(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else if (errno == EAFNOSUPPORT) {
        *family = AF_INET;
        descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (descriptor >= 0)
            set_option(descriptor, IPPROTO_IP, IP_PKTINFO, 1);
    }
    return descriptor;
}

static enum status bind_socket(struct udp *udp, uint16_t port)
{
    const struct address any = {.port = port};
    struct sockaddr_storage name;
    socklen_t name_bytes = address_to_socket(&any, udp->family, &name);

    set_option(udp->descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
    set_option(udp->descriptor, SOL_SOCKET, SO_RCVBUF, UDP_SOCKET_BUFFER_BYTES);
    set_option(udp->descriptor, SOL_SOCKET, SO_SNDBUF, UDP_SOCKET_BUFFER_BYTES);
    if (bind(udp->descriptor, (const struct sockaddr *)&name, name_bytes) != 0) {
        LOG_ERROR("udp", "cannot listen on UDP port %u: %s", port, strerrordesc_np(errno));
        return STATUS_SYSTEM;
    }

    struct address bound;
    name_bytes = sizeof name;
    if (getsockname(udp->descriptor, (struct sockaddr *)&name, &name_bytes) != 0 ||
        address_from_socket(&name, &bound) != STATUS_OK)
        return STATUS_SYSTEM;
    udp->port = bound.port;
    return STATUS_OK;
}

enum status udp_open(uint16_t port, enum media_send send, struct stats *stats, struct udp **udp)
{
    struct udp *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;

    made->stats = stats;
    made->descriptor = open_socket(&made->family);
    if (made->descriptor < 0) {
        LOG_ERROR("udp", "socket: %s", strerrordesc_np(errno));
        free(made);
        return STATUS_SYSTEM;
    }
    enum status status = bind_socket(made, port);
    if (status == STATUS_OK)
        status = udp_sender_create(made->descriptor, made->family, send, stats, &made->sender);
    if (status != STATUS_OK) {
        udp_close(made);
        return status;
    }
    for (unsigned i = 0; i < UDP_RECEIVE_BATCH; i++) {
        struct slot *slot = &made->slots[i];
        slot->data = (struct iovec){.iov_base = slot->bytes, .iov_len = sizeof slot->bytes};
    }
    *udp = made;
    return STATUS_OK;
}

void udp_close(struct udp *udp)
{
    if (udp == NULL)
        return;
    udp_sender_destroy(udp->sender);
    close(udp->descriptor);
    free(udp);
}

uint16_t udp_port(const struct udp *udp)
{
    return udp->port;
}

int udp_descriptor(const struct udp *udp)
{
    return udp->descriptor;
}

struct udp_sender *udp_out(struct udp *udp)
{
    return udp->sender;
}

static void read_local(struct msghdr *message, struct address *local)
{
    memset(local, 0, sizeof *local);
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        struct sockaddr_storage name = {.ss_family = AF_UNSPEC};

        if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo information;
            memcpy(&information, CMSG_DATA(header), sizeof information);
            const struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                                             .sin6_addr = information.ipi6_addr,
                                             .sin6_scope_id = information.ipi6_ifindex};
            memcpy(&name, &in6, sizeof in6);
        } else if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo information;
            memcpy(&information, CMSG_DATA(header), sizeof information);
            const struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = information.ipi_addr};
            memcpy(&name, &in, sizeof in);
        } else {
            continue;
        }
        if (address_from_socket(&name, local) == STATUS_OK)
            return;
    }
}

static bool read_datagram(struct udp *udp, unsigned number, struct udp_datagram *datagram)
{
    struct msghdr *message = &udp->messages[number].msg_hdr;
    struct slot *slot = &udp->slots[number];

    if (message->msg_flags & MSG_TRUNC) {
        STATS_ADD(udp->stats, drop_too_large, 1);
        return false;
    }
    if (udp->messages[number].msg_len == 0 ||
        address_from_socket(&slot->name, &datagram->path.remote) != STATUS_OK)
        return false;
    read_local(message, &datagram->path.local);
    datagram->path.tcp = NULL;
    datagram->bytes = slot->bytes;
    datagram->length_bytes = udp->messages[number].msg_len;
    return true;
}

unsigned udp_receive(struct udp *udp, struct udp_datagram datagrams[UDP_RECEIVE_BATCH], bool *more)
{
    for (unsigned i = 0; i < UDP_RECEIVE_BATCH; i++) {
        struct slot *slot = &udp->slots[i];
        udp->messages[i].msg_hdr = (struct msghdr){.msg_name = &slot->name,
                                                   .msg_namelen = sizeof slot->name,
                                                   .msg_iov = &slot->data,
                                                   .msg_iovlen = 1,
                                                   .msg_control = slot->control,
                                                   .msg_controllen = sizeof slot->control};
    }
    const int received =
        recvmmsg(udp->descriptor, udp->messages, UDP_RECEIVE_BATCH, MSG_DONTWAIT, NULL);

    unsigned count = 0;
    for (int i = 0; i < received; i++)
        if (read_datagram(udp, (unsigned)i, &datagrams[count]))
            count++;
    *more = received == UDP_RECEIVE_BATCH;
    return count;
}
