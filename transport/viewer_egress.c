#include "transport/viewer_egress.h"

#include <string.h>

#include "transport/seal.h"
#include "transport/viewer_session.h"

static size_t room_for(const struct outgoing *packet)
{
    return (size_t)packet->header_bytes + packet->payload_bytes + SEAL_RTP_OVERHEAD_BYTES_MAX;
}

static void count_packet(struct viewer_egress *out, size_t bytes)
{
    STATS_ADD(out->stats, packets_out, 1);
    STATS_ADD(out->stats, bytes_out, bytes);
}

/* What is begun here is finished before it is sent. */
static void seal_to_udp(struct viewer_egress *out, struct seal *seal, const struct path *path,
                        const struct outgoing *packets, unsigned count)
{
    udp_sender_begin(out->udp, path);
    for (unsigned i = 0; i < count; i++) {
        uint8_t *room = udp_sender_reserve(out->udp, room_for(&packets[i]));
        const size_t bytes = seal_rtp_begin(seal, &packets[i], room);
        if (bytes == 0)
            continue;
        udp_sender_commit(out->udp, bytes);
        count_packet(out, bytes);
    }
}

static bool seal_to_tcp(struct viewer_egress *out, struct seal *seal, const struct path *path,
                        const struct outgoing *packets, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t *room = tcp_reserve(out->tcp, room_for(&packets[i]));
        const size_t bytes = seal_rtp_begin(seal, &packets[i], room);
        if (bytes == 0)
            continue;
        tcp_commit(out->tcp, bytes);
        count_packet(out, bytes);
    }
    seal_finish();
    return tcp_send(out->tcp, path->tcp);
}

static bool send_packets(void *context, struct viewer *viewer, const struct outgoing *packets,
                         unsigned count)
{
    struct viewer_egress *out = context;
    const struct viewer_session *session = viewer_session_of(viewer);
    const struct path *path = ice_lite_path(&session->ice);

    if (path == NULL)
        return true;
    if (path->tcp != NULL)
        return seal_to_tcp(out, session->seal, path, packets, count);
    seal_to_udp(out, session->seal, path, packets, count);
    return true;
}

static void send_rtcp(void *context, struct viewer *viewer, const uint8_t *compound,
                      size_t compound_bytes)
{
    struct viewer_egress *out = context;
    const struct viewer_session *session = viewer_session_of(viewer);
    const struct path *path = ice_lite_path(&session->ice);
    uint8_t sealed[EGRESS_RTCP_BYTES_MAX + SEAL_RTCP_OVERHEAD_BYTES_MAX];

    if (path == NULL || compound_bytes > EGRESS_RTCP_BYTES_MAX)
        return;
    const size_t bytes = seal_rtcp(session->seal, compound, compound_bytes, sealed);
    if (bytes == 0)
        return;
    viewer_egress_datagram(out, path, sealed, bytes);
    STATS_ADD(out->stats, rtcp_out, 1);
}

static void flush(void *context)
{
    viewer_egress_flush(context);
}

void viewer_egress_init(struct viewer_egress *out, struct udp_sender *udp, struct tcp *tcp,
                        struct stats *stats)
{
    *out = (struct viewer_egress){
        .egress = {.context = out, .send = send_packets, .send_rtcp = send_rtcp, .flush = flush},
        .udp = udp,
        .tcp = tcp,
        .stats = stats};
    udp_sender_set_before_send(udp, seal_finish);
}

void viewer_egress_datagram(struct viewer_egress *out, const struct path *path,
                            const uint8_t *datagram, size_t datagram_bytes)
{
    if (path->tcp == NULL) {
        udp_sender_put(out->udp, path, datagram, datagram_bytes);
        return;
    }
    memcpy(tcp_reserve(out->tcp, datagram_bytes), datagram, datagram_bytes);
    tcp_commit(out->tcp, datagram_bytes);
    (void)tcp_send(out->tcp, path->tcp);
}

void viewer_egress_flush(struct viewer_egress *out)
{
    udp_sender_flush(out->udp);
}
