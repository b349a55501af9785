#include "fake_viewer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/rtp.h"
#include "stun_client.h"
#include "transport/mono_clock.h"
#include "transport/mux.h"

static const char password[] = "password-of-24-chars....";

static int open_socket(uint16_t port, bool tcp)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const int descriptor = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);

    assert_true(descriptor >= 0);
    assert_int_equal(connect(descriptor, (const struct sockaddr *)&to, sizeof to), 0);
    return descriptor;
}

void fake_viewer_send(struct fake_viewer *viewer, const void *datagram, size_t bytes)
{
    uint8_t frame[TCP_FRAMING_HEADER_BYTES + 2048];

    if (!viewer->tcp) {
        assert_int_equal(send(viewer->descriptor, datagram, bytes, MSG_NOSIGNAL), bytes);
        return;
    }
    tcp_framing_write_header(frame, bytes);
    memcpy(frame + TCP_FRAMING_HEADER_BYTES, datagram, bytes);
    bytes += TCP_FRAMING_HEADER_BYTES;
    assert_int_equal(send(viewer->descriptor, frame, bytes, MSG_NOSIGNAL), bytes);
}

static void send_dtls(void *context, const uint8_t *datagram, size_t bytes)
{
    fake_viewer_send(context, datagram, bytes);
}

void fake_viewer_open(struct fake_viewer *viewer, uint16_t port, bool tcp,
                      const struct certificate *server)
{
    const struct dtls_output output = {.context = viewer, .send = send_dtls};

    memset(viewer, 0, sizeof *viewer);
    viewer->port = port;
    viewer->tcp = tcp;
    viewer->descriptor = open_socket(port, tcp);
    strcpy(viewer->remote.password, password);
    strcpy(viewer->ufrag, "viewer");
    assert_int_equal(certificate_create(&viewer->certificate), STATUS_OK);
    assert_int_equal(dtls_context_create(viewer->certificate, -1, &viewer->context), STATUS_OK);
    assert_int_equal(dtls_create(viewer->context, DTLS_CLIENT, certificate_fingerprint(server),
                                 &output, &viewer->dtls),
                     STATUS_OK);
}

void fake_viewer_close(struct fake_viewer *viewer)
{
    dtls_destroy(viewer->dtls);
    dtls_context_destroy(viewer->context);
    certificate_destroy(viewer->certificate);
    rtpsec_destroy(viewer->rtpsec);
    close(viewer->descriptor);
}

static const struct profile profile = {
    .formats = {{{CODEC_OPUS, 0, 0, 0, 0}, 111, PROFILE_NO_PAYLOAD_TYPE},
                {{CODEC_VP8, 0, 0, 0, 0}, 96, 97}},
    .format_count = 2,
    .nack = {[TRACK_VIDEO] = true},
};

struct ticket fake_viewer_ticket(struct fake_viewer *viewer, uint64_t session, uint32_t stream_id)
{
    struct ticket ticket = {.session = session,
                            .stream_id = stream_id,
                            .fingerprint = *certificate_fingerprint(viewer->certificate),
                            .profile = &profile,
                            .start = {.ssrc = {FAKE_VIEWER_AUDIO_SSRC, FAKE_VIEWER_VIDEO_SSRC},
                                      .rtx_ssrc = {[TRACK_VIDEO] = FAKE_VIEWER_RTX_SSRC},
                                      .first_sequence_number = {100, 200},
                                      .wanted = {true, true}},
                            .deadline_ns = MONO_NEVER};

    snprintf(viewer->remote.ufrag, sizeof viewer->remote.ufrag, "srv%llu",
             (unsigned long long)session);
    ticket.local = viewer->remote;
    strcpy(ticket.remote_ufrag, viewer->ufrag);
    return ticket;
}

void fake_viewer_rebind(struct fake_viewer *viewer)
{
    const int before = viewer->descriptor;

    viewer->descriptor = open_socket(viewer->port, viewer->tcp);
    close(before);
}

static void send_check(struct fake_viewer *viewer, bool use_candidate, const char *secret)
{
    char username[ICE_UFRAG_CHARS_MAX * 2 + 2];
    uint8_t datagram[STUN_CLIENT_BYTES_MAX];

    snprintf(username, sizeof username, "%s:%s", viewer->remote.ufrag, viewer->ufrag);
    const struct stun_client_request request = {
        .username = username, .password = secret, .use_candidate = use_candidate};
    fake_viewer_send(viewer, datagram, stun_client_write(&request, datagram));
}

void fake_viewer_check(struct fake_viewer *viewer, bool use_candidate)
{
    send_check(viewer, use_candidate, viewer->remote.password);
}

void fake_viewer_check_with(struct fake_viewer *viewer, const char *secret)
{
    send_check(viewer, true, secret);
}

void fake_viewer_begin_dtls(struct fake_viewer *viewer)
{
    assert_int_equal(dtls_begin(viewer->dtls, mono_clock_ns()), STATUS_OK);
}

void fake_viewer_send_rtcp(struct fake_viewer *viewer, const uint8_t *compound, size_t bytes)
{
    uint8_t packet[1500];

    memcpy(packet, compound, bytes);
    assert_int_equal(rtpsec_protect_rtcp(viewer->rtpsec, packet, &bytes), STATUS_OK);
    fake_viewer_send(viewer, packet, bytes);
}

static struct address own_address(const struct fake_viewer *viewer)
{
    struct sockaddr_storage name;
    socklen_t name_bytes = sizeof name;
    struct address address = {.port = 0};

    assert_int_equal(getsockname(viewer->descriptor, (struct sockaddr *)&name, &name_bytes), 0);
    assert_int_equal(address_from_socket(&name, &address), STATUS_OK);
    return address;
}

static void take_rtp(struct fake_viewer *viewer, uint8_t *packet, size_t bytes)
{
    struct rtp header;

    if (viewer->rtpsec == NULL || rtpsec_open_rtp(viewer->rtpsec, packet, &bytes) != STATUS_OK ||
        rtp_parse(packet, bytes, &header) != STATUS_OK) {
        viewer->undecryptable++;
        return;
    }
    assert_true(viewer->count < FAKE_VIEWER_PACKETS_MAX);
    struct fake_viewer_packet *kept = &viewer->packets[viewer->count++];
    kept->ssrc = header.ssrc;
    kept->sequence_number = header.sequence_number;
    kept->payload_type = header.payload_type;
    kept->original_sequence_number =
        (uint16_t)(packet[header.payload_offset] << 8 | packet[header.payload_offset + 1]);
}

static void take_dtls(struct fake_viewer *viewer, const uint8_t *datagram, size_t bytes)
{
    const enum status status = dtls_receive(viewer->dtls, datagram, bytes, mono_clock_ns());
    struct srtp_keys keys;

    viewer->closed = viewer->closed || status != STATUS_OK;
    if (viewer->rtpsec == NULL && dtls_is_connected(viewer->dtls)) {
        assert_int_equal(dtls_read_keys(viewer->dtls, &keys), STATUS_OK);
        assert_int_equal(rtpsec_create(&keys, &viewer->rtpsec), STATUS_OK);
    }
}

static void take(struct fake_viewer *viewer, uint8_t *datagram, size_t bytes)
{
    const struct address own = own_address(viewer);

    viewer->datagrams++;
    switch (mux_kind_of(datagram, bytes)) {
    case MUX_STUN:
        viewer->answers += stun_client_answer_holds(datagram, bytes, viewer->remote.password, &own);
        break;
    case MUX_DTLS:
        take_dtls(viewer, datagram, bytes);
        break;
    case MUX_RTP:
        take_rtp(viewer, datagram, bytes);
        break;
    case MUX_RTCP:
        viewer->rtcp += viewer->rtpsec != NULL &&
                        rtpsec_open_rtcp(viewer->rtpsec, datagram, &bytes) == STATUS_OK;
        break;
    case MUX_OTHER:
        viewer->undecryptable++;
        break;
    }
}

void fake_viewer_read(struct fake_viewer *viewer)
{
    uint8_t datagram[2048];
    ssize_t received = 0;

    if (!viewer->tcp) {
        while ((received = recv(viewer->descriptor, datagram, sizeof datagram, MSG_DONTWAIT)) > 0)
            take(viewer, datagram, (size_t)received);
        return;
    }
    size_t room_bytes = 0;
    uint8_t *room = tcp_framing_room(&viewer->framing, &room_bytes);
    received = recv(viewer->descriptor, room, room_bytes, MSG_DONTWAIT);
    if (received == 0)
        viewer->closed = true;
    if (received <= 0)
        return;
    tcp_framing_filled(&viewer->framing, (size_t)received);
    uint8_t *frame = NULL;
    size_t frame_bytes = 0;
    while (tcp_framing_next(&viewer->framing, &frame, &frame_bytes) == STATUS_OK)
        take(viewer, frame, frame_bytes);
}

/* One poll and what it brought, retransmissions of the handshake too; false when it is too late. */
static bool step(struct fake_viewer *viewer, int64_t until_ns)
{
    struct pollfd waiting = {.fd = viewer->descriptor, .events = POLLIN};
    const int64_t now_ns = mono_clock_ns();
    const int64_t timer_ns = dtls_timer_ns(viewer->dtls);
    const int64_t next_ns = mono_earlier(until_ns, timer_ns);

    if (now_ns >= until_ns)
        return false;
    poll(&waiting, 1, next_ns > now_ns ? (int)mono_to_ms(next_ns - now_ns) + 1 : 0);
    fake_viewer_read(viewer);
    return mono_clock_ns() < timer_ns || dtls_on_timer(viewer->dtls, mono_clock_ns()) == STATUS_OK;
}

bool fake_viewer_step(struct fake_viewer *viewer)
{
    return step(viewer, mono_clock_ns() + mono_from_ms(FAKE_VIEWER_WAIT_MS));
}

bool fake_viewer_wait(struct fake_viewer *viewer, const unsigned *number, unsigned wanted)
{
    const int64_t until_ns = mono_clock_ns() + mono_from_ms(FAKE_VIEWER_WAIT_MS);

    while (*number < wanted)
        if (!step(viewer, until_ns))
            return false;
    return true;
}

bool fake_viewer_wait_connected(struct fake_viewer *viewer)
{
    const int64_t until_ns = mono_clock_ns() + mono_from_ms(FAKE_VIEWER_WAIT_MS);

    while (viewer->rtpsec == NULL)
        if (!step(viewer, until_ns))
            return false;
    return true;
}

bool fake_viewer_wait_closed(struct fake_viewer *viewer)
{
    const int64_t until_ns = mono_clock_ns() + mono_from_ms(FAKE_VIEWER_WAIT_MS);

    while (!viewer->closed)
        if (!step(viewer, until_ns))
            return false;
    return true;
}

unsigned fake_viewer_count(const struct fake_viewer *viewer, uint32_t ssrc)
{
    unsigned count = 0;

    for (unsigned i = 0; i < viewer->count; i++)
        count += viewer->packets[i].ssrc == ssrc;
    return count;
}
