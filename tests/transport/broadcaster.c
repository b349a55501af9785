#include "broadcaster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <nice/agent.h>

#include "core/bytes.h"
#include "transport/mono_clock.h"
#include "transport/rtpsec.h"

enum { COMPONENT = 1, PAYLOAD_BYTES = 200, TURN_MS = 2, RTP_HEADER_BYTES = 12 };

struct broadcaster {
    NiceAgent *nice;
    GMainContext *main_context;
    guint stream;
    enum dtls_role role;
    struct ice_credentials credentials;
    struct certificate *certificate;
    struct dtls_context *dtls_context;
    struct fingerprint expected;
    struct dtls *dtls;
    struct rtpsec *rtpsec;
    unsigned selections;
    bool connected;
    struct broadcaster_heard heard;
};

static void send_datagram(void *context, const uint8_t *datagram, size_t bytes)
{
    struct broadcaster *broadcaster = context;

    (void)nice_agent_send(broadcaster->nice, broadcaster->stream, COMPONENT, (guint)bytes,
                          (const gchar *)datagram);
}

static void start_dtls(struct broadcaster *broadcaster)
{
    const struct dtls_output output = {.context = broadcaster, .send = send_datagram};

    assert_int_equal(dtls_create(broadcaster->dtls_context, broadcaster->role,
                                 &broadcaster->expected, &output, &broadcaster->dtls),
                     STATUS_OK);
    assert_int_equal(dtls_begin(broadcaster->dtls, mono_clock_ns()), STATUS_OK);
}

static void connect_when_ready(struct broadcaster *broadcaster)
{
    struct srtp_keys keys;

    if (broadcaster->connected || !dtls_is_connected(broadcaster->dtls))
        return;
    assert_int_equal(dtls_read_keys(broadcaster->dtls, &keys), STATUS_OK);
    assert_int_equal(rtpsec_create(&keys, &broadcaster->rtpsec), STATUS_OK);
    broadcaster->connected = true;
}

static void read_rtcp(struct broadcaster *broadcaster, const uint8_t *compound, size_t size)
{
    struct bytes bytes = bytes_of(compound, size);

    while (bytes_left(&bytes) >= 4) {
        const uint8_t format = bytes_u8(&bytes) & 0x1F;
        const uint8_t type = bytes_u8(&bytes);
        struct bytes part = bytes_cut(&bytes, 4u * bytes_u16(&bytes));

        broadcaster->heard.receiver_reports += type == 201 ? 1 : 0;
        broadcaster->heard.plis += type == 206 && format == 1 ? 1 : 0;
        if (type != 205 || format != 1)
            continue;
        bytes_skip(&part, 8);
        broadcaster->heard.nacks++;
        broadcaster->heard.nacked = bytes_u16(&part);
    }
    assert_true(bytes_ok(&bytes));
}

static void receive_dtls(struct broadcaster *broadcaster, const uint8_t *datagram, size_t size)
{
    if (broadcaster->dtls == NULL)
        start_dtls(broadcaster);
    const enum status status = dtls_receive(broadcaster->dtls, datagram, size, mono_clock_ns());
    if (status == STATUS_OK)
        connect_when_ready(broadcaster);
    else
        broadcaster->heard.dtls_closed = true;
}

static void on_received(NiceAgent *nice, guint stream, guint component, guint size, gchar *data,
                        gpointer context)
{
    struct broadcaster *broadcaster = context;
    size_t bytes = size;

    (void)nice;
    (void)stream;
    (void)component;
    if ((uint8_t)data[0] >= 20 && (uint8_t)data[0] <= 63) {
        receive_dtls(broadcaster, (const uint8_t *)data, bytes);
        return;
    }
    assert_true(broadcaster->connected);
    assert_int_equal(rtpsec_open_rtcp(broadcaster->rtpsec, (uint8_t *)data, &bytes), STATUS_OK);
    read_rtcp(broadcaster, (const uint8_t *)data, bytes);
}

static void on_selected_pair(NiceAgent *nice, guint stream, guint component, NiceCandidate *local,
                             NiceCandidate *remote, gpointer context)
{
    struct broadcaster *broadcaster = context;

    (void)nice;
    (void)stream;
    (void)component;
    (void)local;
    (void)remote;
    broadcaster->selections++;
    if (broadcaster->role == DTLS_CLIENT && broadcaster->dtls == NULL)
        start_dtls(broadcaster);
}

static gboolean on_tick(gpointer context)
{
    (void)context;
    return G_SOURCE_CONTINUE;
}

static void make_credentials(struct broadcaster *broadcaster)
{
    ice_credentials_make(&broadcaster->credentials);
    assert_true(nice_agent_set_local_credentials(broadcaster->nice, broadcaster->stream,
                                                 broadcaster->credentials.ufrag,
                                                 broadcaster->credentials.password));
}

struct broadcaster *broadcaster_create(enum dtls_role role)
{
    struct broadcaster *made = calloc(1, sizeof *made);
    NiceAddress address;

    assert_non_null(made);
    made->role = role;
    assert_int_equal(certificate_create(&made->certificate), STATUS_OK);
    assert_int_equal(dtls_context_create(made->certificate, -1, &made->dtls_context), STATUS_OK);
    made->main_context = g_main_context_new();
    GSource *tick = g_timeout_source_new(TURN_MS);
    g_source_set_callback(tick, on_tick, NULL, NULL);
    g_source_attach(tick, made->main_context);
    g_source_unref(tick);
    made->nice =
        nice_agent_new_full(made->main_context, NICE_COMPATIBILITY_RFC5245,
                            NICE_AGENT_OPTION_REGULAR_NOMINATION | NICE_AGENT_OPTION_ICE_TRICKLE);
    g_object_set(made->nice, "upnp", FALSE, "ice-tcp", FALSE, "controlling-mode", TRUE, NULL);
    g_signal_connect(made->nice, "new-selected-pair-full", G_CALLBACK(on_selected_pair), made);
    nice_address_init(&address);
    assert_true(nice_address_set_from_string(&address, "127.0.0.1"));
    assert_true(nice_agent_add_local_address(made->nice, &address));
    made->stream = nice_agent_add_stream(made->nice, COMPONENT);
    assert_true(nice_agent_attach_recv(made->nice, made->stream, COMPONENT, made->main_context,
                                       on_received, made));
    make_credentials(made);
    assert_true(nice_agent_gather_candidates(made->nice, made->stream));
    return made;
}

void broadcaster_destroy(struct broadcaster *broadcaster)
{
    if (broadcaster == NULL)
        return;
    g_signal_handlers_disconnect_by_data(broadcaster->nice, broadcaster);
    g_object_unref(broadcaster->nice);
    while (g_main_context_iteration(broadcaster->main_context, FALSE))
        ;
    g_main_context_unref(broadcaster->main_context);
    rtpsec_destroy(broadcaster->rtpsec);
    dtls_destroy(broadcaster->dtls);
    dtls_context_destroy(broadcaster->dtls_context);
    certificate_destroy(broadcaster->certificate);
    free(broadcaster);
}

void broadcaster_read_offer(const struct broadcaster *broadcaster, uint64_t session,
                            uint32_t stream_id, struct media_publish *publish)
{
    *publish = (struct media_publish){
        .session = session,
        .stream_id = stream_id,
        .remote = broadcaster->credentials,
        .fingerprint = *certificate_fingerprint(broadcaster->certificate),
        .dtls_client = broadcaster->role == DTLS_SERVER,
        .publication = {.negotiated = {.formats = {{.format = {.codec = CODEC_VP8},
                                                    .payload_type = BROADCASTER_VIDEO_PAYLOAD_TYPE,
                                                    .rtx_payload_type = PROFILE_NO_PAYLOAD_TYPE}},
                                       .format_count = 1,
                                       .nack = {[TRACK_VIDEO] = true}},
                        .offered = {[TRACK_VIDEO] = true},
                        .ssrc = {[TRACK_VIDEO] = BROADCASTER_SSRC},
                        .nack_pli = true}};
}

static void set_remote(struct broadcaster *broadcaster, const struct media_local *local)
{
    GSList *list = NULL;

    for (unsigned i = 0; i < local->candidate_count; i++) {
        if (strcmp(local->candidates[i].address, "127.0.0.1") != 0)
            continue;
        NiceCandidate *candidate = nice_candidate_new(NICE_CANDIDATE_TYPE_HOST);
        candidate->transport = NICE_CANDIDATE_TRANSPORT_UDP;
        candidate->component_id = COMPONENT;
        candidate->stream_id = broadcaster->stream;
        candidate->priority = local->candidates[i].priority;
        assert_true(nice_address_set_from_string(&candidate->addr, local->candidates[i].address));
        nice_address_set_port(&candidate->addr, local->candidates[i].port);
        list = g_slist_append(list, candidate);
    }
    assert_non_null(list);
    assert_true(nice_agent_set_remote_credentials(broadcaster->nice, broadcaster->stream,
                                                  local->credentials.ufrag,
                                                  local->credentials.password));
    assert_int_not_equal(
        nice_agent_set_remote_candidates(broadcaster->nice, broadcaster->stream, COMPONENT, list),
        -1);
    g_slist_free_full(list, (GDestroyNotify)nice_candidate_free);
}

void broadcaster_take_answer(struct broadcaster *broadcaster, const struct media_local *local,
                             const struct fingerprint *expected)
{
    broadcaster->expected = *expected;
    set_remote(broadcaster, local);
}

void broadcaster_restart(struct broadcaster *broadcaster, struct ice_credentials *credentials)
{
    assert_true(nice_agent_restart_stream(broadcaster->nice, broadcaster->stream));
    make_credentials(broadcaster);
    *credentials = broadcaster->credentials;
}

void broadcaster_take_restart(struct broadcaster *broadcaster, const struct media_local *local)
{
    set_remote(broadcaster, local);
}

void broadcaster_turn(struct broadcaster *broadcaster)
{
    (void)g_main_context_iteration(broadcaster->main_context, TRUE);
    while (g_main_context_iteration(broadcaster->main_context, FALSE))
        ;
    const int64_t now_ns = mono_clock_ns();
    if (broadcaster->dtls != NULL && dtls_timer_ns(broadcaster->dtls) <= now_ns)
        (void)!dtls_on_timer(broadcaster->dtls, now_ns);
}

bool broadcaster_is_selected(const struct broadcaster *broadcaster)
{
    return broadcaster->selections > 0;
}

bool broadcaster_is_connected(const struct broadcaster *broadcaster)
{
    return broadcaster->connected;
}

unsigned broadcaster_selections(const struct broadcaster *broadcaster)
{
    return broadcaster->selections;
}

void broadcaster_send_video(struct broadcaster *broadcaster, uint16_t sequence_number,
                            bool key_frame)
{
    uint8_t packet[RTP_HEADER_BYTES + PAYLOAD_BYTES + RTPSEC_OVERHEAD_BYTES_MAX];
    struct bytes_writer writer = bytes_writer_of(packet, RTP_HEADER_BYTES + PAYLOAD_BYTES);
    /* RFC 7741: descriptor with start of partition, then the frame's own header. */
    const uint8_t start[] = {
        0x10, key_frame ? 0x10 : 0x11, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xF0, 0x00};

    bytes_put_u8(&writer, 0x80);
    bytes_put_u8(&writer, 0x80 | BROADCASTER_VIDEO_PAYLOAD_TYPE);
    bytes_put_u16(&writer, sequence_number);
    bytes_put_u32(&writer, 3000u * sequence_number);
    bytes_put_u32(&writer, BROADCASTER_SSRC);
    bytes_put(&writer, start, sizeof start);
    bytes_put_zeros(&writer, PAYLOAD_BYTES - sizeof start);
    assert_true(bytes_writer_ok(&writer));
    size_t bytes = bytes_written(&writer);
    assert_int_equal(rtpsec_protect_rtp(broadcaster->rtpsec, packet, &bytes), STATUS_OK);
    send_datagram(broadcaster, packet, bytes);
}

void broadcaster_send_raw(struct broadcaster *broadcaster, const uint8_t *datagram, unsigned bytes)
{
    send_datagram(broadcaster, datagram, bytes);
}

void broadcaster_close(struct broadcaster *broadcaster)
{
    dtls_close(broadcaster->dtls);
}

const struct broadcaster_heard *broadcaster_heard(const struct broadcaster *broadcaster)
{
    return &broadcaster->heard;
}
