#include "transport/udp_sender.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

enum { CONTROL_BYTES = 64 }; /* packet information, and the segment size */

_Static_assert(CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)) <=
                   CONTROL_BYTES,
               "the control buffer holds both messages");

/* What stands beside a message's header: one or more datagrams for one path. */
struct parcel {
    struct sockaddr_storage name;
    struct iovec data;
    uint16_t
        segment_bytes; /* of the first datagram; later ones are as long, the last may be less */
    uint16_t segments;
    bool closed; /* a shorter one went in: it must be the last */
    _Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
};

struct udp_sender {
    int descriptor;
    int family;
    enum media_send mode;
    unsigned refusals; /* GSO messages refused in a row while their datagrams went */
    udp_sender_call *call;
    void (*before_send)(void); /* NULL: nothing */
    struct stats *stats;
    const struct path *path;
    bool open; /* the newest parcel may take more */
    unsigned count;
    size_t used_bytes;
    struct mmsghdr messages[UDP_SENDER_MESSAGES_MAX];
    struct parcel parcels[UDP_SENDER_MESSAGES_MAX];
    uint8_t arena[UDP_SENDER_ARENA_BYTES];
};

static int system_sendmmsg(int descriptor, struct mmsghdr *messages, unsigned count, int flags)
{
    return sendmmsg(descriptor, messages, count, flags);
}

enum status udp_sender_create(int descriptor, int family, enum media_send send, struct stats *stats,
                              struct udp_sender **sender)
{
    struct udp_sender *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->descriptor = descriptor;
    made->family = family;
    made->mode = send;
    made->stats = stats;
    made->call = system_sendmmsg;
    *sender = made;
    return STATUS_OK;
}

void udp_sender_destroy(struct udp_sender *sender)
{
    free(sender);
}

void udp_sender_set_call(struct udp_sender *sender, udp_sender_call *call)
{
    sender->call = call;
}

void udp_sender_set_before_send(struct udp_sender *sender, void (*before_send)(void))
{
    sender->before_send = before_send;
}

enum media_send udp_sender_mode(const struct udp_sender *sender)
{
    return sender->mode;
}

/* Appends the control message that makes the datagram leave from the address it answers. */
static size_t put_source(int family, const struct path *path, struct cmsghdr *header)
{
    if (family == AF_INET) {
        struct in_pktinfo information = {.ipi_ifindex = 0};
        memcpy(&information.ipi_spec_dst, path->local.ip + 12, 4);
        header->cmsg_level = IPPROTO_IP;
        header->cmsg_type = IP_PKTINFO;
        header->cmsg_len = CMSG_LEN(sizeof information);
        memcpy(CMSG_DATA(header), &information, sizeof information);
        return CMSG_SPACE(sizeof information);
    }
    struct in6_pktinfo information = {.ipi6_ifindex = path->local.scope};
    memcpy(&information.ipi6_addr, path->local.ip, sizeof path->local.ip);
    header->cmsg_level = IPPROTO_IPV6;
    header->cmsg_type = IPV6_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof information);
    memcpy(CMSG_DATA(header), &information, sizeof information);
    return CMSG_SPACE(sizeof information);
}

/* Appends the segment size behind what msg_controllen says is there. */
static void put_segment_size(struct msghdr *message, struct parcel *parcel)
{
    struct cmsghdr header = {.cmsg_level = IPPROTO_UDP,
                             .cmsg_type = UDP_SEGMENT,
                             .cmsg_len = CMSG_LEN(sizeof(uint16_t))};
    uint8_t *at = parcel->control + message->msg_controllen;

    memcpy(at, &header, sizeof header);
    memcpy(at + CMSG_LEN(0), &parcel->segment_bytes, sizeof parcel->segment_bytes);
    message->msg_control = parcel->control;
    message->msg_controllen += CMSG_SPACE(sizeof(uint16_t));
}

static void open_parcel(struct udp_sender *sender, size_t length_bytes)
{
    struct parcel *parcel = &sender->parcels[sender->count];
    struct msghdr *message = &sender->messages[sender->count].msg_hdr;
    const struct path *path = sender->path;

    memset(message, 0, sizeof *message);
    message->msg_name = &parcel->name;
    message->msg_namelen = address_to_socket(&path->remote, sender->family, &parcel->name);
    message->msg_iov = &parcel->data;
    message->msg_iovlen = 1;
    if (address_is_known(&path->local)) {
        message->msg_control = parcel->control;
        message->msg_controllen =
            put_source(sender->family, path, (struct cmsghdr *)(void *)parcel->control);
    }
    parcel->data.iov_base = sender->arena + sender->used_bytes;
    parcel->data.iov_len = length_bytes;
    parcel->segment_bytes = (uint16_t)length_bytes;
    parcel->segments = 1;
    parcel->closed = false;
    sender->count++;
    sender->open = sender->mode == MEDIA_SEND_GSO;
}

static bool extend_parcel(struct udp_sender *sender, size_t length_bytes)
{
    if (!sender->open)
        return false;
    struct parcel *parcel = &sender->parcels[sender->count - 1];
    if (parcel->closed || parcel->segments == UDP_SENDER_SEGMENTS_MAX ||
        length_bytes > parcel->segment_bytes ||
        parcel->data.iov_len + length_bytes > UDP_SENDER_GSO_BYTES_MAX)
        return false;
    parcel->data.iov_len += length_bytes;
    parcel->segments++;
    parcel->closed = length_bytes < parcel->segment_bytes;
    return true;
}

void udp_sender_begin(struct udp_sender *sender, const struct path *path)
{
    sender->path = path;
    sender->open = false;
}

uint8_t *udp_sender_reserve(struct udp_sender *sender, size_t most_bytes)
{
    if (sender->used_bytes + most_bytes > UDP_SENDER_ARENA_BYTES ||
        sender->count == UDP_SENDER_MESSAGES_MAX)
        udp_sender_flush(sender);
    return sender->arena + sender->used_bytes;
}

void udp_sender_commit(struct udp_sender *sender, size_t length_bytes)
{
    if (!extend_parcel(sender, length_bytes))
        open_parcel(sender, length_bytes);
    sender->used_bytes += length_bytes;
}

void udp_sender_put(struct udp_sender *sender, const struct path *path, const void *datagram,
                    size_t length_bytes)
{
    udp_sender_begin(sender, path);
    memcpy(udp_sender_reserve(sender, length_bytes), datagram, length_bytes);
    udp_sender_commit(sender, length_bytes);
    sender->open = false;
}

static void count_sent(struct udp_sender *sender, const struct parcel *parcel)
{
    if (parcel->segments > 1) {
        STATS_ADD(sender->stats, sends_gso, 1);
        sender->refusals = 0;
    } else {
        STATS_ADD(sender->stats, sends_plain, 1);
    }
}

static void count_dropped(struct udp_sender *sender, int error, unsigned datagrams)
{
    if (error == EAGAIN || error == ENOBUFS)
        STATS_ADD(sender->stats, drop_send_again, datagrams);
    else
        STATS_ADD(sender->stats, drop_send_error, datagrams);
}

/* Sends the datagrams of one parcel one by one; true when the first of them went. */
static bool send_split(struct udp_sender *sender, unsigned number)
{
    struct parcel *parcel = &sender->parcels[number];
    struct mmsghdr single = sender->messages[number];
    struct iovec data = {.iov_base = parcel->data.iov_base};
    size_t left_bytes = parcel->data.iov_len;
    bool first_went = false;

    single.msg_hdr.msg_iov = &data;
    for (unsigned i = 0; i < parcel->segments; i++) {
        data.iov_len = left_bytes < parcel->segment_bytes ? left_bytes : parcel->segment_bytes;
        if (sender->call(sender->descriptor, &single, 1, MSG_DONTWAIT) == 1) {
            STATS_ADD(sender->stats, sends_plain, 1);
            first_went = first_went || i == 0;
        } else {
            count_dropped(sender, errno, 1);
        }
        data.iov_base = (uint8_t *)data.iov_base + data.iov_len;
        left_bytes -= data.iov_len;
    }
    return first_went;
}

static bool refuses_segmentation(int error)
{
    return error == EINVAL || error == EIO || error == ENOPROTOOPT || error == EOPNOTSUPP;
}

/* A GSO message was refused, for its size on that path or because the device or kernel cannot do
 * it. Its datagrams go one by one; only refusals in a row say that segmentation is no good here. */
static void fall_back(struct udp_sender *sender, unsigned number, size_t source_control_bytes)
{
    sender->messages[number].msg_hdr.msg_controllen = source_control_bytes;
    if (source_control_bytes == 0)
        sender->messages[number].msg_hdr.msg_control = NULL;
    if (send_split(sender, number) && ++sender->refusals == UDP_SENDER_REFUSALS_MAX) {
        sender->mode = MEDIA_SEND_MMSG;
        STATS_ADD(sender->stats, send_fallbacks, 1);
        LOG_WARNING("udp", "UDP segmentation offload is refused here: sending without it");
    }
}

/* What went wrong with message number; the ones behind it are not touched. */
static void handle_refusal(struct udp_sender *sender, unsigned number, int error)
{
    const struct parcel *parcel = &sender->parcels[number];

    if (parcel->segments > 1 && refuses_segmentation(error)) {
        const size_t with_segment = sender->messages[number].msg_hdr.msg_controllen;
        fall_back(sender, number, with_segment - CMSG_SPACE(sizeof(uint16_t)));
    } else {
        count_dropped(sender, error, parcel->segments);
    }
}

void udp_sender_flush(struct udp_sender *sender)
{
    if (sender->count > 0 && sender->before_send != NULL)
        sender->before_send();
    for (unsigned i = 0; i < sender->count; i++)
        if (sender->parcels[i].segments > 1)
            put_segment_size(&sender->messages[i].msg_hdr, &sender->parcels[i]);
    for (unsigned done = 0; done < sender->count;) {
        const unsigned most = sender->mode == MEDIA_SEND_PLAIN ? 1 : sender->count - done;
        const int sent =
            sender->call(sender->descriptor, sender->messages + done, most, MSG_DONTWAIT);

        if (sent > 0) {
            for (int i = 0; i < sent; i++)
                count_sent(sender, &sender->parcels[done++]);
        } else if (errno != EINTR) {
            handle_refusal(sender, done, errno);
            done++;
        }
    }
    sender->count = 0;
    sender->used_bytes = 0;
    sender->open = false;
}
