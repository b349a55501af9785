#include "bench/load/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/checks.h"
#include "core/bytes.h"
#include "core/codec.h"
#include "core/mono.h"
#include "core/rtcp.h"
#include "core/rtp.h"
#include "transport/mux.h"

enum {
    RECEIVE_BYTES_MAX = 65536, /* one coalesced UDP read */
    REPORT_BYTES_MAX = 256
};

static const int64_t ntp_to_unix_s = 2208988800;
static const int64_t check_first_ns = 250 * MONO_MS; /* doubled while no answer comes, up to */
static const int64_t check_unanswered_ns = 2 * MONO_SECOND;
static const int64_t check_ns = 4 * MONO_SECOND;
static const int64_t report_ns = 2 * MONO_SECOND;
static const int64_t give_up_ns = 15 * MONO_SECOND;

static void send_datagram(void *context, const uint8_t *datagram, size_t bytes)
{
    struct client *client = context;
    uint8_t header[TCP_FRAMING_HEADER_BYTES];
    struct iovec parts[2] = {{header, sizeof header}, {NULL, bytes}};
    struct msghdr message = {.msg_iov = client->tcp ? parts : parts + 1,
                             .msg_iovlen = client->tcp ? 2 : 1};

    /* sendmsg does not write: the cast drops what struct iovec cannot say. */
    memcpy(&parts[1].iov_base, &datagram, sizeof datagram);
    tcp_framing_write_header(header, bytes);
    if (sendmsg(client->descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
        errno == ECONNREFUSED)
        client->state = CLIENT_FAILED;
}

static void send_check(struct client *client)
{
    uint8_t datagram[CHECKS_BYTES_MAX];
    const size_t bytes = checks_write(client->username, client->password, datagram);

    if (bytes > 0)
        send_datagram(client, datagram, bytes);
}

/* A full agent checks its side too. */
static void answer_check(struct client *client, const uint8_t *datagram, size_t bytes)
{
    uint8_t answer[CHECKS_BYTES_MAX];
    struct sockaddr_storage from;
    socklen_t from_bytes = sizeof from;

    if (getpeername(client->descriptor, (struct sockaddr *)&from, &from_bytes) != 0)
        return;
    const size_t answer_bytes =
        checks_answer(datagram, bytes, client->own_password, &from, from_bytes, answer);
    if (answer_bytes > 0)
        send_datagram(client, answer, answer_bytes);
}

static int open_socket(const struct ice_candidate *candidate, bool tcp, bool coalesced)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(candidate->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(candidate->port)};
    const bool ipv4 = inet_pton(AF_INET, candidate->address, &in.sin_addr) == 1;
    const int one = 1;

    if (!ipv4 && inet_pton(AF_INET6, candidate->address, &in6.sin6_addr) != 1)
        return -1;
    const int descriptor = socket(ipv4 ? AF_INET : AF_INET6, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    const int connected = descriptor < 0 ? -1
                          : ipv4 ? connect(descriptor, (const struct sockaddr *)&in, sizeof in)
                                 : connect(descriptor, (const struct sockaddr *)&in6, sizeof in6);
    if (connected != 0) {
        if (descriptor >= 0)
            close(descriptor);
        return -1;
    }
    if (tcp)
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    else if (coalesced)
        setsockopt(descriptor, IPPROTO_UDP, UDP_GRO, &one, sizeof one);
    return descriptor;
}

static bool write_credentials(struct client *client, const struct whep_session *session,
                              const struct ice_credentials *local)
{
    const size_t chars = strlen(session->remote.ufrag) + 1 + strlen(local->ufrag) + 1;

    client->username = malloc(chars);
    client->password = strdup(session->remote.password);
    client->own_password = strdup(local->password);
    if (client->username == NULL || client->password == NULL || client->own_password == NULL)
        return false;
    snprintf(client->username, chars, "%s:%s", session->remote.ufrag, local->ufrag);
    return true;
}

enum status client_open(struct client *client, const struct whep_session *session,
                        const struct ice_credentials *local, struct dtls_context *context,
                        bool sampled, struct client_totals *totals, int64_t joined_ns)
{
    const struct dtls_output output = {.context = client, .send = send_datagram};

    memset(client, 0, sizeof *client);
    client->tcp = session->candidate.transport != ICE_UDP;
    client->sampled = sampled;
    client->totals = totals;
    client->joined_ns = joined_ns;
    client->deadline_ns = joined_ns + give_up_ns;
    client->check_wait_ns = check_first_ns;
    client->descriptor = open_socket(&session->candidate, client->tcp, !totals->plain);
    memcpy(&client->ssrc, &client, sizeof client->ssrc); /* differs from client to client */
    if (client->tcp)
        client->framing = calloc(1, sizeof *client->framing);
    if (client->descriptor < 0 || (client->tcp && client->framing == NULL) ||
        !write_credentials(client, session, local) ||
        dtls_create(context, DTLS_CLIENT, &session->fingerprint, &output, &client->dtls) !=
            STATUS_OK) {
        client_close(client);
        return STATUS_SYSTEM;
    }
    return STATUS_OK;
}

void client_close(struct client *client)
{
    dtls_destroy(client->dtls);
    seal_destroy(client->seal);
    rtpsec_destroy(client->rtpsec);
    free(client->framing);
    free(client->username);
    free(client->password);
    free(client->own_password);
    if (client->descriptor >= 0)
        close(client->descriptor);
    memset(client, 0, sizeof *client);
    client->descriptor = -1;
    client->state = CLIENT_FAILED;
}

static void take_keys(struct client *client, int64_t now_ns)
{
    struct srtp_keys keys;

    if (dtls_read_keys(client->dtls, &keys) != STATUS_OK ||
        seal_create(&keys, &client->seal) != STATUS_OK ||
        (client->sampled && rtpsec_create(&keys, &client->rtpsec) != STATUS_OK)) {
        client->state = CLIENT_FAILED;
        return;
    }
    client->state = CLIENT_CONNECTED;
    client->connected_ns = now_ns;
    client->next_report_ns = now_ns;
    tally_times_add(&client->totals->connected, now_ns - client->joined_ns);
}

static void take_dtls(struct client *client, const uint8_t *datagram, size_t bytes, int64_t now_ns)
{
    if (client->dtls == NULL)
        return;
    const enum status status = dtls_receive(client->dtls, datagram, bytes, now_ns);
    if (status != STATUS_OK)
        client->state = CLIENT_FAILED;
    else if (client->state == CLIENT_HANDSHAKING && dtls_is_connected(client->dtls))
        take_keys(client, now_ns);
}

static struct client_clock *find_clock(struct client *client, uint32_t ssrc)
{
    for (unsigned i = 0; i < CLIENT_STREAMS_MAX; i++)
        if (client->clocks[i].ssrc == ssrc || client->clocks[i].wall_ns == 0)
            return &client->clocks[i];
    return NULL;
}

static void take_rtcp(struct client *client, uint8_t *packet, size_t bytes)
{
    struct rtcp_part part;
    struct rtcp_sender_info info;

    if (client->rtpsec == NULL || rtpsec_open_rtcp(client->rtpsec, packet, &bytes) != STATUS_OK)
        return;
    struct bytes compound = bytes_of(packet, bytes);
    while (rtcp_next(&compound, &part) == STATUS_OK) {
        if (part.type != RTCP_SENDER_REPORT || rtcp_read_sender_info(&part, &info) != STATUS_OK)
            continue;
        struct client_clock *clock = find_clock(client, info.ssrc);
        if (clock == NULL)
            return;
        clock->ssrc = info.ssrc;
        clock->timestamp = info.timestamp;
        clock->wall_ns = ((int64_t)(info.ntp_timestamp >> 32) - ntp_to_unix_s) * MONO_SECOND +
                         (int64_t)(((info.ntp_timestamp & 0xffffffff) * MONO_SECOND) >> 32);
    }
}

/* Video only: the age of a frame whose last packet came, if its broadcaster has our wall clock. */
static void measure_latency(struct client *client, const struct rtp *rtp)
{
    const struct client_clock *clock = find_clock(client, rtp->ssrc);
    struct timespec now;

    if (clock == NULL || clock->wall_ns == 0 || clock->ssrc != rtp->ssrc || !rtp->marker ||
        rtp->payload_type == 111)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t since_report_ns =
        (int64_t)(int32_t)(rtp->timestamp - clock->timestamp) * MONO_SECOND / CODEC_CLOCK_VIDEO_HZ;
    const int64_t age_ns =
        (int64_t)now.tv_sec * MONO_SECOND + now.tv_nsec - clock->wall_ns - since_report_ns;
    if (age_ns > -MONO_SECOND && age_ns < 10 * MONO_SECOND)
        tally_times_add(&client->totals->latency, age_ns);
}

static void decrypt(struct client *client, uint8_t *packet, size_t bytes)
{
    struct rtp rtp;

    if (rtpsec_open_rtp(client->rtpsec, packet, &bytes) != STATUS_OK ||
        rtp_parse(packet, bytes, &rtp) != STATUS_OK) {
        client->totals->undecryptable++;
        return;
    }
    client->totals->decrypted++;
    if (client->totals->measuring)
        measure_latency(client, &rtp);
}

/* The header is in the clear: counting needs no key. */
static void take_rtp(struct client *client, uint8_t *packet, size_t bytes, int64_t now_ns)
{
    struct bytes header = bytes_of(packet, bytes);

    bytes_skip(&header, 2);
    const uint16_t sequence_number = bytes_u16(&header);
    bytes_skip(&header, 4);
    const uint32_t ssrc = bytes_u32(&header);
    if (!bytes_ok(&header))
        return;
    if (client->streams[0].received == 0)
        tally_times_add(&client->totals->first_packet, now_ns - client->joined_ns);
    for (unsigned i = 0; i < CLIENT_STREAMS_MAX; i++) {
        struct tally_stream *stream = &client->streams[i];
        if (stream->ssrc == ssrc || stream->received == 0) {
            stream->ssrc = ssrc;
            tally_stream_add(stream, sequence_number);
            break;
        }
    }
    client->totals->packets++;
    client->totals->bytes += bytes;
    if (client->rtpsec != NULL)
        decrypt(client, packet, bytes);
}

static void take(struct client *client, uint8_t *datagram, size_t bytes, int64_t now_ns)
{
    switch (mux_kind_of(datagram, bytes)) {
    case MUX_STUN:
        if (datagram[0] == 0) {
            answer_check(client, datagram, bytes);
        } else if (client->state == CLIENT_CHECKING && datagram[0] == 1 && datagram[1] == 1) {
            client->state = CLIENT_HANDSHAKING;
            client->next_check_ns = now_ns + check_ns;
            if (dtls_begin(client->dtls, now_ns) != STATUS_OK)
                client->state = CLIENT_FAILED;
        }
        break;
    case MUX_DTLS:
        take_dtls(client, datagram, bytes, now_ns);
        break;
    case MUX_RTP:
        take_rtp(client, datagram, bytes, now_ns);
        break;
    case MUX_RTCP:
        take_rtcp(client, datagram, bytes);
        break;
    case MUX_OTHER:
        break;
    }
}

static void read_frames(struct client *client, int64_t now_ns)
{
    uint8_t *frame = NULL;
    size_t frame_bytes = 0;

    for (unsigned i = 0; i < 16; i++) {
        size_t room_bytes = 0;
        uint8_t *room = tcp_framing_room(client->framing, &room_bytes);
        const ssize_t received = recv(client->descriptor, room, room_bytes, MSG_DONTWAIT);
        if (received == 0 || (received < 0 && errno != EAGAIN))
            client->state = CLIENT_FAILED;
        if (received <= 0)
            return;
        tcp_framing_filled(client->framing, (size_t)received);
        while (tcp_framing_next(client->framing, &frame, &frame_bytes) == STATUS_OK)
            take(client, frame, frame_bytes, now_ns);
        if ((size_t)received < room_bytes)
            return;
    }
}

/* The kernel hands over a run of datagrams of one size as one (UDP_GRO). */
static size_t segment_bytes(struct msghdr *message, size_t received)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        int bytes = 0;
        if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO) {
            memcpy(&bytes, CMSG_DATA(header), sizeof bytes);
            return bytes > 0 ? (size_t)bytes : received;
        }
    }
    return received;
}

void client_read(struct client *client, int64_t now_ns)
{
    static uint8_t buffer[RECEIVE_BYTES_MAX];
    _Alignas(struct cmsghdr) uint8_t control[64];
    struct iovec data = {buffer, sizeof buffer};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};

    if (client->tcp) {
        read_frames(client, now_ns);
        return;
    }
    const ssize_t received = recvmsg(client->descriptor, &message, MSG_DONTWAIT);
    if (received < 0 && errno == ECONNREFUSED)
        client->state = CLIENT_FAILED;
    if (received <= 0)
        return;
    const size_t total = (size_t)received;
    const size_t segment = segment_bytes(&message, total);
    for (size_t at = 0; at < total; at += segment)
        take(client, buffer + at, total - at < segment ? total - at : segment, now_ns);
}

/* What keeps the server's view of us fresh; the first one also ends its DTLS state. */
static void send_report(struct client *client)
{
    uint8_t compound[REPORT_BYTES_MAX];
    uint8_t sealed[REPORT_BYTES_MAX + SEAL_RTCP_OVERHEAD_BYTES_MAX];
    struct rtcp_report reports[CLIENT_STREAMS_MAX];
    struct bytes_writer writer = bytes_writer_of(compound, sizeof compound);
    unsigned count = 0;

    for (unsigned i = 0; i < CLIENT_STREAMS_MAX; i++) {
        const struct tally_stream *stream = &client->streams[i];
        if (stream->received > 0)
            reports[count++] = (struct rtcp_report){
                .ssrc = stream->ssrc, .highest_sequence_number = (uint32_t)stream->highest};
    }
    rtcp_put_receiver_report(&writer, client->ssrc, reports, count);
    if (!bytes_writer_ok(&writer))
        return;
    const size_t bytes = seal_rtcp(client->seal, compound, bytes_written(&writer), sealed);
    if (bytes > 0)
        send_datagram(client, sealed, bytes);
}

void client_turn(struct client *client, int64_t now_ns)
{
    if (client->state >= CLIENT_FAILED)
        return;
    if (client->state != CLIENT_CONNECTED && now_ns > client->deadline_ns) {
        client->state = CLIENT_FAILED;
        return;
    }
    if (now_ns >= client->next_check_ns) {
        send_check(client);
        client->next_check_ns =
            now_ns + (client->state == CLIENT_CHECKING ? client->check_wait_ns : check_ns);
        client->check_wait_ns *= client->check_wait_ns < check_unanswered_ns ? 2 : 1;
    }
    if (client->dtls != NULL && now_ns >= dtls_timer_ns(client->dtls) &&
        dtls_on_timer(client->dtls, now_ns) != STATUS_OK)
        client->state = CLIENT_FAILED;
    if (client->state == CLIENT_CONNECTED && now_ns >= client->next_report_ns) {
        send_report(client);
        client->next_report_ns = now_ns + report_ns;
        if (client->streams[0].received > 0) {
            dtls_destroy(client->dtls); /* media comes: the handshake is over at both ends */
            client->dtls = NULL;
        }
    }
}

bool client_has_stayed(const struct client *client, int64_t stay_ns, int64_t now_ns)
{
    return client->state == CLIENT_CONNECTED && client->streams[0].received > 0 &&
           now_ns - client->connected_ns >= stay_ns;
}

void client_leave(struct client *client)
{
    client->state = CLIENT_LEFT;
}
