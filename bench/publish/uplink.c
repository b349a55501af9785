#include "bench/publish/uplink.h"

#include <nice/agent.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "bench/publish/wake.h"
#include "core/mono.h"
#include "transport/host_addresses.h"
#include "transport/rtpsec.h"

enum {
    COMPONENT = NICE_COMPONENT_TYPE_RTP,
    SEND_BYTES_MAX = 1300,
    RECEIVE_BYTES_MAX = 2048,
    DTLS_FIRST_BYTE = 20, /* RFC 7983 */
    DTLS_LAST_BYTE = 63,
    RTP_FIRST_BYTE = 128,
    RTP_LAST_BYTE = 191,
    RTCP_FIRST_TYPE = 192, /* RFC 5761 section 4 */
    RTCP_LAST_TYPE = 223
};

struct uplink {
    NiceAgent *agent;
    guint stream;
    struct dtls_context *dtls_context;
    struct dtls *dtls;
    struct rtpsec *rtpsec;
    struct wake *dtls_timer;
    struct uplink_events events;
    int64_t heard_ns;
    bool begun; /* the DTLS handshake */
    bool lost;
};

static void lose(struct uplink *uplink, const char *why)
{
    if (!uplink->lost) {
        uplink->lost = true;
        uplink->events.on_lost(uplink->events.context, why);
    }
}

static void send_datagram(void *context, const uint8_t *datagram, size_t datagram_bytes)
{
    struct uplink *uplink = context;
    nice_agent_send(uplink->agent, uplink->stream, COMPONENT, (guint)datagram_bytes,
                    (const gchar *)datagram);
}

static void become_connected(struct uplink *uplink)
{
    struct srtp_keys keys;
    enum status status = dtls_read_keys(uplink->dtls, &keys);
    if (status == STATUS_OK) {
        status = rtpsec_create(&keys, &uplink->rtpsec);
        OPENSSL_cleanse(&keys, sizeof keys);
    }
    if (status == STATUS_OK)
        uplink->events.on_connected(uplink->events.context);
    else
        lose(uplink, "no SRTP profile in common");
}

static void after_dtls(struct uplink *uplink, enum status status)
{
    if (status != STATUS_OK) {
        lose(uplink, status == STATUS_CLOSED   ? "closed by the server"
                     : status == STATUS_DENIED ? "the server's certificate is another"
                                               : "DTLS failed");
        return;
    }
    wake_at(uplink->dtls_timer, dtls_timer_ns(uplink->dtls));
    if (dtls_is_connected(uplink->dtls) && uplink->rtpsec == NULL)
        become_connected(uplink);
}

static void on_dtls_timer(void *context)
{
    struct uplink *uplink = context;
    if (!uplink->lost)
        after_dtls(uplink, dtls_on_timer(uplink->dtls, wake_now_ns()));
}

static void on_receive(NiceAgent *agent, guint stream, guint component, guint bytes, gchar *data,
                       gpointer context)
{
    (void)agent;
    (void)stream;
    (void)component;
    struct uplink *uplink = context;
    uint8_t packet[RECEIVE_BYTES_MAX];
    size_t packet_bytes = bytes;
    if (bytes < 2 || bytes > sizeof packet || uplink->dtls == NULL || uplink->lost)
        return;
    memcpy(packet, data, bytes);
    uplink->heard_ns = wake_now_ns();
    if (packet[0] >= DTLS_FIRST_BYTE && packet[0] <= DTLS_LAST_BYTE)
        after_dtls(uplink, dtls_receive(uplink->dtls, packet, bytes, uplink->heard_ns));
    else if (packet[0] >= RTP_FIRST_BYTE && packet[0] <= RTP_LAST_BYTE &&
             packet[1] >= RTCP_FIRST_TYPE && packet[1] <= RTCP_LAST_TYPE &&
             uplink->rtpsec != NULL &&
             rtpsec_open_rtcp(uplink->rtpsec, packet, &packet_bytes) == STATUS_OK)
        uplink->events.on_rtcp(uplink->events.context, packet, packet_bytes);
}

static void on_gathered(NiceAgent *agent, guint stream, gpointer context)
{
    (void)agent;
    (void)stream;
    struct uplink *uplink = context;
    uplink->events.on_gathered(uplink->events.context);
}

static void on_state(NiceAgent *agent, guint stream, guint component, guint state, gpointer context)
{
    (void)agent;
    (void)stream;
    (void)component;
    struct uplink *uplink = context;
    if (state == NICE_COMPONENT_STATE_FAILED)
        lose(uplink, "ICE failed");
    bool usable = state == NICE_COMPONENT_STATE_CONNECTED || state == NICE_COMPONENT_STATE_READY;
    if (usable && uplink->dtls != NULL && !uplink->begun && !uplink->lost) {
        uplink->begun = true;
        after_dtls(uplink, dtls_begin(uplink->dtls, wake_now_ns()));
    }
}

/* All of the machine's addresses; libnice alone would leave out loopback, and interfaces named like
 * veth0 or docker0. */
static void add_addresses(NiceAgent *agent)
{
    struct host_addresses own = {.count = 0};
    host_addresses_read(&own);
    for (unsigned i = 0; i < own.count; i++) {
        NiceAddress address;
        nice_address_init(&address);
        if (nice_address_set_from_string(&address, own.address[i].text))
            nice_agent_add_local_address(agent, &address);
    }
}

enum status uplink_create(struct dtls_context *dtls, const struct uplink_events *events,
                          struct uplink **uplink)
{
    struct uplink *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->dtls_context = dtls;
    made->events = *events;
    made->dtls_timer = wake_create(on_dtls_timer, made);
    made->agent = nice_agent_new(g_main_context_default(), NICE_COMPATIBILITY_RFC5245);
    g_object_set(made->agent, "controlling-mode", TRUE, "upnp", FALSE, "ice-tcp", FALSE,
                 "keepalive-conncheck", TRUE, NULL);
    made->stream = nice_agent_add_stream(made->agent, 1);
    add_addresses(made->agent);
    g_signal_connect(made->agent, "candidate-gathering-done", G_CALLBACK(on_gathered), made);
    g_signal_connect(made->agent, "component-state-changed", G_CALLBACK(on_state), made);
    bool receiving = nice_agent_attach_recv(made->agent, made->stream, COMPONENT,
                                            g_main_context_default(), on_receive, made);
    /* Gathering may end within the call: on_gathered must find the uplink. */
    *uplink = made;
    if (!receiving || !nice_agent_gather_candidates(made->agent, made->stream)) {
        *uplink = NULL;
        uplink_destroy(made);
        return STATUS_SYSTEM;
    }
    return STATUS_OK;
}

void uplink_destroy(struct uplink *uplink)
{
    if (uplink == NULL)
        return;
    uplink->lost = true; /* nothing is to be told any more */
    if (uplink->dtls != NULL)
        dtls_close(uplink->dtls);
    g_signal_handlers_disconnect_by_data(uplink->agent, uplink);
    nice_agent_attach_recv(uplink->agent, uplink->stream, COMPONENT, g_main_context_default(), NULL,
                           NULL);
    nice_agent_remove_stream(uplink->agent, uplink->stream);
    g_object_unref(uplink->agent);
    wake_destroy(uplink->dtls_timer);
    dtls_destroy(uplink->dtls);
    rtpsec_destroy(uplink->rtpsec);
    free(uplink);
}

void uplink_read_local(const struct uplink *uplink, char **ufrag, char **password,
                       char **candidates)
{
    nice_agent_get_local_credentials(uplink->agent, uplink->stream, ufrag, password);
    GString *lines = g_string_new(NULL);
    GSList *all = nice_agent_get_local_candidates(uplink->agent, uplink->stream, COMPONENT);
    for (GSList *at = all; at != NULL; at = at->next) {
        char *line = nice_agent_generate_local_candidate_sdp(uplink->agent, at->data);
        g_string_append_printf(lines, "%s\r\n", line);
        g_free(line);
    }
    g_slist_free_full(all, (GDestroyNotify)nice_candidate_free);
    *candidates = g_string_free(lines, FALSE);
}

static GSList *parse_candidates(const struct uplink *uplink, const struct answer *answer)
{
    GSList *candidates = NULL;
    for (unsigned i = 0; i < answer->candidate_count; i++) {
        char line[ANSWER_CANDIDATE_CHARS_MAX + 3];
        g_snprintf(line, sizeof line, "a=%s", answer->candidates[i]);
        NiceCandidate *candidate =
            nice_agent_parse_remote_candidate_sdp(uplink->agent, uplink->stream, line);
        if (candidate != NULL)
            candidates = g_slist_prepend(candidates, candidate);
    }
    return g_slist_reverse(candidates);
}

enum status uplink_connect(struct uplink *uplink, const struct answer *answer)
{
    const struct dtls_output output = {.context = uplink, .send = send_datagram};
    enum status status =
        dtls_create(uplink->dtls_context, answer->active ? DTLS_SERVER : DTLS_CLIENT,
                    &answer->fingerprint, &output, &uplink->dtls);
    if (status != STATUS_OK)
        return status;
    uplink->heard_ns = wake_now_ns();
    GSList *candidates = parse_candidates(uplink, answer);
    bool set =
        nice_agent_set_remote_credentials(uplink->agent, uplink->stream, answer->credentials.ufrag,
                                          answer->credentials.password) &&
        candidates != NULL &&
        nice_agent_set_remote_candidates(uplink->agent, uplink->stream, COMPONENT, candidates) > 0;
    g_slist_free_full(candidates, (GDestroyNotify)nice_candidate_free);
    return set ? STATUS_OK : STATUS_UNSUPPORTED;
}

int64_t uplink_heard_ns(const struct uplink *uplink)
{
    return uplink->heard_ns;
}

typedef enum status protect_call(struct rtpsec *rtpsec, uint8_t *packet, size_t *bytes);

static void send_protected(struct uplink *uplink, protect_call *protect, const uint8_t *plain,
                           size_t plain_bytes)
{
    uint8_t packet[SEND_BYTES_MAX];
    size_t bytes = plain_bytes;
    if (uplink->rtpsec == NULL || uplink->lost ||
        plain_bytes > sizeof packet - RTPSEC_OVERHEAD_BYTES_MAX)
        return;
    memcpy(packet, plain, plain_bytes);
    if (protect(uplink->rtpsec, packet, &bytes) == STATUS_OK)
        send_datagram(uplink, packet, bytes);
}

void uplink_send_rtp(struct uplink *uplink, const uint8_t *packet, size_t packet_bytes)
{
    send_protected(uplink, rtpsec_protect_rtp, packet, packet_bytes);
}

void uplink_send_rtcp(struct uplink *uplink, const uint8_t *compound, size_t compound_bytes)
{
    send_protected(uplink, rtpsec_protect_rtcp, compound, compound_bytes);
}
