#include "transport/publisher.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/mono.h"
#include "transport/ice_agent.h"
#include "transport/mono_clock.h"
#include "transport/rtpsec.h"

enum {
    RTP_BYTES_MIN = 12,
    RTCP_BYTES_MIN = 8,
    FEEDBACKS_A_TURN_MAX = 8, /* compounds upstream, whatever the feed says */
    EARLY_DATAGRAMS_MAX = 4,  /* a ClientHello in fragments */
    EARLY_DATAGRAM_BYTES_MAX = 1500,
};

#define CONSENT_RECHECK_NS MONO_SECOND /* while only consent answers keep a silent peer alive */

struct early_datagram {
    size_t bytes;
    uint8_t data[EARLY_DATAGRAM_BYTES_MAX];
};

struct publisher {
    struct publisher_environment environment;
    uint64_t session;
    struct feed *feed;
    struct ice_agent *ice;
    struct dtls *dtls; /* made when the handshake begins */
    struct rtpsec *rtpsec;
    struct publication publication;
    struct fingerprint fingerprint;
    struct datachannel_terms data;
    bool has_data; /* the data thread was given it */
    bool dtls_client;
    bool selected; /* ICE has a pair */
    bool connected;
    bool connected_untold;
    bool over;
    enum media_close_reason reason;
    int64_t deadline_ns; /* until connected: for the first check, then for the handshake */
    int64_t consent_ns;  /* connected: when silence has lasted too long */
    struct early_datagram early[EARLY_DATAGRAMS_MAX]; /* until selected */
    unsigned early_count;
};

static void fail(struct publisher *publisher, enum media_close_reason reason, int64_t now_ns)
{
    if (!publisher->connected && publisher->dtls != NULL)
        STATS_ADD(publisher->environment.stats, handshakes_failed, 1);
    publisher_end(publisher, reason, now_ns);
}

static void send_datagram(struct publisher *publisher, const uint8_t *datagram,
                          size_t datagram_bytes)
{
    const enum status status = ice_agent_send(publisher->ice, datagram, datagram_bytes);

    if (status == STATUS_AGAIN)
        STATS_ADD(publisher->environment.stats, drop_send_again, 1);
    else if (status != STATUS_OK)
        STATS_ADD(publisher->environment.stats, drop_send_error, 1);
}

static void on_dtls_send(void *context, const uint8_t *datagram, size_t datagram_bytes)
{
    send_datagram(context, datagram, datagram_bytes);
}

static void on_dtls_data(void *context, const uint8_t *data, size_t data_bytes)
{
    const struct publisher *publisher = context;

    if (publisher->has_data &&
        !data_receive(publisher->environment.data, publisher->session, true, data, data_bytes))
        STATS_ADD(publisher->environment.stats, data_drop_handover, 1);
}

/* DTLS stays here, since it is to say goodbye: one broadcaster's cost, not thousands of viewers'.
 */
static void open_data(struct publisher *publisher)
{
    const struct data_session opened = {.session = publisher->session,
                                        .stream_id = feed_stream_id(publisher->feed),
                                        .publishes = true,
                                        .terms = publisher->data,
                                        .owner = publisher->environment.data_owner};

    if (publisher->data.port == 0 || publisher->environment.data == NULL)
        return;
    publisher->has_data = true;
    data_open(publisher->environment.data, &opened);
}

static void close_data(struct publisher *publisher)
{
    if (publisher->has_data)
        data_close(publisher->environment.data, publisher->session);
    publisher->has_data = false;
}

static void note_alive(struct publisher *publisher, int64_t now_ns)
{
    publisher->consent_ns = now_ns + publisher->environment.settings->consent_ns;
}

static enum status start_srtp(struct publisher *publisher)
{
    struct srtp_keys keys;
    enum status status = dtls_read_keys(publisher->dtls, &keys);

    if (status == STATUS_OK)
        status = rtpsec_create(&keys, &publisher->rtpsec);
    explicit_bzero(&keys, sizeof keys);
    return status;
}

static void connect_when_ready(struct publisher *publisher, int64_t now_ns)
{
    if (publisher->over || publisher->connected || !dtls_is_connected(publisher->dtls))
        return;
    if (start_srtp(publisher) != STATUS_OK) {
        fail(publisher, MEDIA_CLOSED_HANDSHAKE, now_ns);
        return;
    }
    publisher->connected = true;
    publisher->connected_untold = true;
    note_alive(publisher, now_ns);
    STATS_ADD(publisher->environment.stats, handshakes_done, 1);
    STATS_ADD(publisher->environment.stats, sessions_opened, 1);
    feed_begin(publisher->feed, &publisher->publication, now_ns);
    open_data(publisher);
}

static enum status start_dtls(struct publisher *publisher, int64_t now_ns)
{
    const struct dtls_output output = {
        .context = publisher, .send = on_dtls_send, .on_data = on_dtls_data};
    const enum dtls_role role = publisher->dtls_client ? DTLS_CLIENT : DTLS_SERVER;
    const enum status status = dtls_create(publisher->environment.dtls_context, role,
                                           &publisher->fingerprint, &output, &publisher->dtls);

    if (status != STATUS_OK)
        return status;
    STATS_ADD(publisher->environment.stats, handshakes_started, 1);
    return dtls_begin(publisher->dtls, now_ns);
}

static void receive_dtls(struct publisher *publisher, const uint8_t *datagram,
                         size_t datagram_bytes, int64_t now_ns)
{
    if (publisher->dtls == NULL && start_dtls(publisher, now_ns) != STATUS_OK) {
        fail(publisher, MEDIA_CLOSED_RESOURCE, now_ns);
        return;
    }
    switch (dtls_receive(publisher->dtls, datagram, datagram_bytes, now_ns)) {
    case STATUS_OK:
        connect_when_ready(publisher, now_ns);
        break;
    case STATUS_FULL:
        STATS_ADD(publisher->environment.stats, drop_handshake_limit, 1);
        break;
    case STATUS_DENIED:
        fail(publisher, MEDIA_CLOSED_FINGERPRINT, now_ns);
        break;
    case STATUS_CLOSED:
        fail(publisher, MEDIA_CLOSED_BY_PEER, now_ns);
        break;
    case STATUS_SHORT:
    case STATUS_MALFORMED:
    case STATUS_UNSUPPORTED:
    case STATUS_NOT_FOUND:
    case STATUS_EXISTS:
    case STATUS_AGAIN:
    case STATUS_NO_MEMORY:
    case STATUS_SYSTEM:
        fail(publisher, MEDIA_CLOSED_HANDSHAKE, now_ns);
        break;
    }
}

/* A browser begins its handshake as soon as its own check is answered, which is before ours is, and
 * we have no pair to answer over. Dropping that flight would cost the second until it is sent
 * again. */
static void keep_early(struct publisher *publisher, const uint8_t *datagram, size_t datagram_bytes)
{
    if (publisher->early_count == EARLY_DATAGRAMS_MAX ||
        datagram_bytes > sizeof publisher->early[0].data) {
        STATS_ADD(publisher->environment.stats, drop_handshake_limit, 1);
        return;
    }
    struct early_datagram *early = &publisher->early[publisher->early_count++];
    memcpy(early->data, datagram, datagram_bytes);
    early->bytes = datagram_bytes;
}

static void flush_feedback(struct publisher *publisher, int64_t now_ns)
{
    uint8_t compound[STREAM_FEEDBACK_BYTES_MAX + RTPSEC_OVERHEAD_BYTES_MAX];

    if (!publisher->connected || publisher->over)
        return;
    for (unsigned i = 0; i < FEEDBACKS_A_TURN_MAX; i++) {
        size_t bytes = feed_write_feedback(publisher->feed, compound, now_ns);

        if (bytes == 0)
            return;
        if (rtpsec_protect_rtcp(publisher->rtpsec, compound, &bytes) != STATUS_OK)
            continue;
        STATS_ADD(publisher->environment.stats, rtcp_out, 1);
        send_datagram(publisher, compound, bytes);
    }
}

static void receive_rtcp(struct publisher *publisher, uint8_t *datagram, size_t bytes,
                         int64_t now_ns)
{
    if (rtpsec_open_rtcp(publisher->rtpsec, datagram, &bytes) != STATUS_OK) {
        STATS_ADD(publisher->environment.stats, drop_srtp, 1);
        return;
    }
    note_alive(publisher, now_ns);
    feed_receive_rtcp(publisher->feed, datagram, bytes, now_ns);
}

static void receive_rtp(struct publisher *publisher, uint8_t *datagram, size_t bytes,
                        int64_t now_ns)
{
    if (rtpsec_open_rtp(publisher->rtpsec, datagram, &bytes) != STATUS_OK) {
        STATS_ADD(publisher->environment.stats, drop_srtp, 1);
        return;
    }
    note_alive(publisher, now_ns);
    feed_receive_rtp(publisher->feed, datagram, bytes, now_ns);
}

static void receive_srtp(struct publisher *publisher, uint8_t *datagram, size_t bytes,
                         int64_t now_ns)
{
    if (!publisher->connected) { /* media overtook the end of the handshake */
        STATS_ADD(publisher->environment.stats, drop_srtp, 1);
        return;
    }
    if (bytes < RTCP_BYTES_MIN) {
        STATS_ADD(publisher->environment.stats, drop_not_for_us, 1);
        return;
    }
    /* RFC 5761 section 4: RTCP packet types 192 to 223 are RTP payload types 64 to 95 with marker.
     */
    if (datagram[1] >= 192 && datagram[1] <= 223)
        receive_rtcp(publisher, datagram, bytes, now_ns);
    else if (bytes >= RTP_BYTES_MIN)
        receive_rtp(publisher, datagram, bytes, now_ns);
    else
        STATS_ADD(publisher->environment.stats, drop_not_for_us, 1);
    if (feed_due_ns(publisher->feed) <= now_ns)
        flush_feedback(publisher, now_ns);
}

/* RFC 7983 section 7; STUN never gets here. */
static void on_datagram(void *context, uint8_t *datagram, size_t datagram_bytes)
{
    struct publisher *publisher = context;
    const int64_t now_ns = mono_clock_ns();

    if (publisher->over || datagram_bytes == 0)
        return;
    if (datagram[0] >= 20 && datagram[0] <= 63 && !publisher->selected)
        keep_early(publisher, datagram, datagram_bytes);
    else if (datagram[0] >= 20 && datagram[0] <= 63)
        receive_dtls(publisher, datagram, datagram_bytes, now_ns);
    else if (datagram[0] >= 128 && datagram[0] <= 191)
        receive_srtp(publisher, datagram, datagram_bytes, now_ns);
    else
        STATS_ADD(publisher->environment.stats, drop_not_for_us, 1);
}

static void on_selected(void *context)
{
    struct publisher *publisher = context;
    const int64_t now_ns = mono_clock_ns();

    if (publisher->over || publisher->selected)
        return;
    publisher->selected = true;
    publisher->deadline_ns = now_ns + publisher->environment.settings->handshake_deadline_ns;
    if (publisher->dtls_client && start_dtls(publisher, now_ns) != STATUS_OK)
        fail(publisher, MEDIA_CLOSED_RESOURCE, now_ns);
    for (unsigned i = 0; i < publisher->early_count && !publisher->over; i++)
        receive_dtls(publisher, publisher->early[i].data, publisher->early[i].bytes, now_ns);
    publisher->early_count = 0;
}

enum status publisher_create(const struct publisher_environment *environment,
                             const struct media_publish *publish, struct feed *feed, int64_t now_ns,
                             struct publisher **publisher)
{
    struct publisher *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->environment = *environment;
    made->session = publish->session;
    made->feed = feed;
    made->publication = publish->publication;
    made->fingerprint = publish->fingerprint;
    made->dtls_client = publish->dtls_client;
    made->data = publish->data;
    made->deadline_ns = now_ns + environment->settings->ticket_deadline_ns;
    const struct ice_agent_events events = {
        .context = made, .on_selected = on_selected, .on_datagram = on_datagram};
    const enum status status =
        ice_agent_create(environment->settings, environment->main_context, &events, &made->ice);
    if (status != STATUS_OK) {
        free(made);
        return status;
    }
    ice_agent_set_remote(made->ice, &publish->remote);
    ice_agent_add_remote(made->ice, publish->candidates, publish->candidate_count);
    *publisher = made;
    return STATUS_OK;
}

void publisher_destroy(struct publisher *publisher)
{
    if (publisher == NULL)
        return;
    rtpsec_destroy(publisher->rtpsec);
    dtls_destroy(publisher->dtls);
    ice_agent_destroy(publisher->ice);
    free(publisher);
}

uint64_t publisher_session(const struct publisher *publisher)
{
    return publisher->session;
}

struct feed *publisher_feed(const struct publisher *publisher)
{
    return publisher->feed;
}

void publisher_read_local(const struct publisher *publisher, struct media_local *local)
{
    ice_agent_read_local(publisher->ice, local);
}

void publisher_add_candidates(struct publisher *publisher, const struct ice_candidate *candidates,
                              unsigned count)
{
    ice_agent_add_remote(publisher->ice, candidates, count);
}

enum status publisher_restart(struct publisher *publisher, const struct ice_credentials *remote,
                              const struct ice_candidate *candidates, unsigned count)
{
    const enum status status = ice_agent_restart(publisher->ice);

    if (status != STATUS_OK)
        return status;
    ice_agent_set_remote(publisher->ice, remote);
    ice_agent_add_remote(publisher->ice, candidates, count);
    return STATUS_OK;
}

void publisher_update(struct publisher *publisher, const struct publication *publication,
                      const struct datachannel_terms *data, int64_t now_ns)
{
    publisher->publication = *publication;
    publisher->data = *data;
    if (!publisher->connected || publisher->over)
        return; /* it begins with them */
    feed_update(publisher->feed, &publisher->publication, now_ns);
    if (data->port == 0)
        close_data(publisher);
    else if (!publisher->has_data)
        open_data(publisher);
}

void publisher_send_data(struct publisher *publisher, const uint8_t *packet, size_t packet_bytes)
{
    if (!publisher->over && publisher->has_data &&
        dtls_send(publisher->dtls, packet, packet_bytes) != STATUS_OK)
        STATS_ADD(publisher->environment.stats, drop_send_error, 1);
}

void publisher_end(struct publisher *publisher, enum media_close_reason reason, int64_t now_ns)
{
    if (publisher->over)
        return;
    publisher->over = true;
    publisher->reason = reason;
    if (publisher->has_data)
        data_close(publisher->environment.data, publisher->session);
    if (publisher->dtls != NULL)
        dtls_close(publisher->dtls);
    if (!publisher->connected)
        return;
    STATS_ADD(publisher->environment.stats, sessions_closed, 1);
    feed_end(publisher->feed, now_ns);
}

/* RFC 7675 section 5.1, by what is authenticated either way: SRTP of the peer, or its answers. */
static void check_consent(struct publisher *publisher, int64_t now_ns)
{
    if (now_ns < publisher->consent_ns)
        return;
    if (ice_agent_is_answered(publisher->ice))
        publisher->consent_ns = now_ns + CONSENT_RECHECK_NS;
    else
        publisher_end(publisher, MEDIA_CLOSED_CONSENT, now_ns);
}

static void check_deadline(struct publisher *publisher, int64_t now_ns)
{
    if (now_ns >= publisher->deadline_ns)
        fail(publisher, publisher->selected ? MEDIA_CLOSED_HANDSHAKE : MEDIA_CLOSED_NO_CHECK,
             now_ns);
}

void publisher_turn(struct publisher *publisher, int64_t now_ns)
{
    ice_agent_turn(publisher->ice);
    if (!publisher->over && publisher->dtls != NULL && dtls_timer_ns(publisher->dtls) <= now_ns) {
        if (dtls_on_timer(publisher->dtls, now_ns) != STATUS_OK)
            fail(publisher, MEDIA_CLOSED_HANDSHAKE, now_ns);
    }
    if (publisher->over)
        return;
    if (publisher->connected)
        check_consent(publisher, now_ns);
    else
        check_deadline(publisher, now_ns);
    if (publisher->over || !publisher->connected)
        return;
    flush_feedback(publisher, now_ns);
    feed_report(publisher->feed, now_ns);
}

int64_t publisher_due_ns(const struct publisher *publisher)
{
    if (publisher->over)
        return 0;
    int64_t due_ns = publisher->connected ? publisher->consent_ns : publisher->deadline_ns;
    if (publisher->dtls != NULL)
        due_ns = mono_earlier(due_ns, dtls_timer_ns(publisher->dtls));
    if (publisher->connected)
        due_ns = mono_earlier(due_ns, feed_due_ns(publisher->feed));
    return due_ns;
}

bool publisher_take_connected(struct publisher *publisher)
{
    const bool untold = publisher->connected_untold;

    publisher->connected_untold = false;
    return untold;
}

bool publisher_is_over(const struct publisher *publisher, enum media_close_reason *reason)
{
    if (publisher->over)
        *reason = publisher->reason;
    return publisher->over;
}
