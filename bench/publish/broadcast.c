#include "bench/publish/broadcast.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/publish/camera.h"
#include "bench/publish/microphone.h"
#include "bench/publish/offer.h"
#include "bench/publish/tone.h"
#include "bench/publish/uplink.h"
#include "bench/publish/wake.h"
#include "bench/publish/whip.h"
#include "core/mono.h"
#include "core/rtcp.h"

enum {
    RETRY_FIRST_MS = 250,
    RETRY_LONGEST_MS = 2000,
    CONNECT_S = 10,
    SILENCE_S = 5, /* the server reports each second */
    COMPOUND_BYTES_MAX = 1200,
    NO_RTX = -1
};

#define NTP_OF_UNIX_EPOCH UINT64_C(2208988800) /* seconds from 1900 to 1970 */

static const char cname[] = "manycast-publish";

enum phase {
    IDLE,       /* nothing begun; next_ns says when to */
    GATHERING,  /* the uplink gathers candidates */
    ASKING,     /* next_ns says when to POST (again) */
    CONNECTING, /* until next_ns */
    SENDING,
    LOST,  /* to be torn down */
    ENDED, /* on_end was called */
};

struct broadcast {
    const struct options *options;
    void (*on_end)(void *context, bool refused);
    void *context;
    struct certificate *certificate;
    struct dtls_context *dtls_context;
    struct camera *camera;         /* NULL: no video */
    struct microphone *microphone; /* NULL: no audio */
    struct wake *wake;             /* runs step */
    struct wake *second;           /* once a second while SENDING */
    enum phase phase;
    int64_t next_ns;
    int64_t end_ns; /* of --duration; MONO_NEVER until the first media */
    unsigned retry_ms;
    struct uplink *uplink;
    struct offer offer;
    struct answer answer;
    struct whip_session session; /* location empty: none */
    char said[WHIP_WHY_BYTES_MAX];
    struct rtp_source *video; /* NULL: not taken, or not SENDING */
    struct rtp_source *audio;
    unsigned plis;
    unsigned seconds;
    uint32_t last_octets;
    unsigned last_frames;
    uint8_t fraction_lost; /* of the newest report, 1/256 */
    unsigned round_trip_ms;
};

/* One line an event, and none that only repeats the last. */
static void say(struct broadcast *broadcast, const char *text)
{
    if (strcmp(broadcast->said, text) != 0) {
        g_strlcpy(broadcast->said, text, sizeof broadcast->said);
        fprintf(stderr, "manycast-publish: %s\n", text);
    }
}

static void enter(struct broadcast *broadcast, enum phase phase, int64_t next_ns)
{
    broadcast->phase = phase;
    broadcast->next_ns = next_ns;
    wake_at(broadcast->wake, next_ns);
}

static int64_t retry_ns(struct broadcast *broadcast)
{
    int64_t wait_ns = mono_from_ms(broadcast->retry_ms);
    broadcast->retry_ms *= 2;
    if (broadcast->retry_ms > RETRY_LONGEST_MS)
        broadcast->retry_ms = RETRY_LONGEST_MS;
    return wake_now_ns() + wait_ns;
}

static void end(struct broadcast *broadcast, bool refused)
{
    if (broadcast->phase != ENDED) {
        enter(broadcast, ENDED, MONO_NEVER);
        broadcast->on_end(broadcast->context, refused);
    }
}

static uint64_t ntp_now(void)
{
    uint64_t us = (uint64_t)g_get_real_time();
    uint64_t fraction = (us % 1000000 << 32) / 1000000;
    return (us / 1000000 + NTP_OF_UNIX_EPOCH) << 32 | fraction;
}

static void send_packet(void *context, const uint8_t *packet, size_t packet_bytes)
{
    const struct broadcast *broadcast = context;
    if (g_random_double_range(0, 100) < broadcast->options->loss_percent)
        return; /* as a bad path would, resent packets too */
    uplink_send_rtp(broadcast->uplink, packet, packet_bytes);
}

/* What the server's RTCP makes us do. */

static void on_report(struct broadcast *broadcast, const struct rtcp_report *report)
{
    const struct rtp_source *shown = broadcast->video != NULL ? broadcast->video : broadcast->audio;
    if (report->ssrc != rtp_source_ssrc(shown))
        return;
    broadcast->fraction_lost = report->fraction_lost;
    if (report->last_sender_report != 0) {
        uint32_t units = (uint32_t)(ntp_now() >> 16) - report->last_sender_report -
                         report->delay_since_sender_report;
        broadcast->round_trip_ms = (unsigned)((uint64_t)units * 1000 >> 16);
    }
}

static void on_nack(struct broadcast *broadcast, struct rtcp_part *part)
{
    struct rtcp_feedback feedback;
    if (rtcp_read_feedback(part, &feedback) != STATUS_OK)
        return;
    struct rtp_source *const sources[] = {broadcast->video, broadcast->audio};
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++)
        if (sources[i] != NULL && rtp_source_ssrc(sources[i]) == feedback.media_ssrc)
            rtp_source_on_nack(sources[i], &part->body);
}

/* PLI names the source in its header, FIR in its entries (RFC 5104 section 4.3.1.1). */
static void on_key_frame_request(struct broadcast *broadcast, struct rtcp_part *part)
{
    struct rtcp_feedback feedback;
    if (broadcast->video == NULL || rtcp_read_feedback(part, &feedback) != STATUS_OK)
        return;
    uint32_t ssrc = part->count == RTCP_FORMAT_FIR ? bytes_u32(&part->body) : feedback.media_ssrc;
    if (ssrc == rtp_source_ssrc(broadcast->video)) {
        broadcast->plis++;
        if (!broadcast->options->ignore_pli)
            camera_want_key_frame(broadcast->camera);
    }
}

static void on_reports(struct broadcast *broadcast, struct rtcp_part *part)
{
    struct rtcp_sender_info info;
    struct rtcp_report report;
    if (part->type == RTCP_SENDER_REPORT) {
        if (rtcp_read_sender_info(part, &info) != STATUS_OK)
            return;
    } else {
        bytes_skip(&part->body, sizeof(uint32_t)); /* who reports */
    }
    for (unsigned i = 0; i < part->count; i++) {
        if (rtcp_read_report(part, &report) != STATUS_OK)
            return;
        on_report(broadcast, &report);
    }
}

static void on_rtcp(void *context, const uint8_t *compound, size_t compound_bytes)
{
    struct broadcast *broadcast = context;
    struct bytes reader = bytes_of(compound, compound_bytes);
    struct rtcp_part part;
    if (broadcast->phase != SENDING)
        return;
    while (rtcp_next(&reader, &part) == STATUS_OK)
        if (part.type == RTCP_TRANSPORT_FEEDBACK && part.count == RTCP_FORMAT_NACK)
            on_nack(broadcast, &part);
        else if (part.type == RTCP_PAYLOAD_FEEDBACK &&
                 (part.count == RTCP_FORMAT_PLI || part.count == RTCP_FORMAT_FIR))
            on_key_frame_request(broadcast, &part);
        else if (part.type == RTCP_RECEIVER_REPORT || part.type == RTCP_SENDER_REPORT)
            on_reports(broadcast, &part);
}

/* Once a second. */

static void send_report(struct broadcast *broadcast, const struct rtp_source *source)
{
    uint8_t compound[COMPOUND_BYTES_MAX];
    struct bytes_writer writer = bytes_writer_of(compound, sizeof compound);
    if (source != NULL)
        rtp_source_put_report(source, wake_now_ns(), ntp_now(), cname, &writer);
    if (bytes_written(&writer) > 0 && bytes_writer_ok(&writer))
        uplink_send_rtcp(broadcast->uplink, compound, bytes_written(&writer));
}

static void print_status(struct broadcast *broadcast)
{
    struct camera_counts frames = {0};
    struct rtp_source_counts video = {0};
    if (broadcast->video != NULL) {
        frames = camera_counts(broadcast->camera);
        video = rtp_source_counts(broadcast->video);
    }
    printf("%4u s  %3u fps  %5u kbit/s  key frames %u  asked %u  skipped %u  nack %u/%u"
           "  lost %.1f %%  rtt %u ms\n",
           broadcast->seconds, frames.frames - broadcast->last_frames,
           (video.octets - broadcast->last_octets) / 125, frames.key_frames, broadcast->plis,
           frames.skipped, video.resent, video.asked, broadcast->fraction_lost * 100 / 256.0,
           broadcast->round_trip_ms);
    fflush(stdout);
    broadcast->last_frames = frames.frames;
    broadcast->last_octets = video.octets;
}

static void lose(struct broadcast *broadcast, const char *why)
{
    char text[WHIP_WHY_BYTES_MAX];
    snprintf(text, sizeof text, "connection lost: %s", why);
    say(broadcast, text);
    enter(broadcast, LOST, wake_now_ns()); /* torn down from the main loop: we are in an event */
}

static void on_second(void *context)
{
    struct broadcast *broadcast = context;
    int64_t now_ns = wake_now_ns();
    if (broadcast->phase != SENDING)
        return;
    broadcast->seconds++;
    send_report(broadcast, broadcast->audio);
    send_report(broadcast, broadcast->video);
    if (broadcast->options->verbose)
        print_status(broadcast);
    if (now_ns >= broadcast->end_ns)
        end(broadcast, false);
    else if (now_ns - uplink_heard_ns(broadcast->uplink) > SILENCE_S * MONO_SECOND)
        lose(broadcast, "the server is silent");
    else
        wake_at(broadcast->second, mono_earlier(now_ns + MONO_SECOND, broadcast->end_ns));
}

/* From nothing to SENDING and back. */

static void on_lost(void *context, const char *why)
{
    lose(context, why);
}

static struct rtp_source *open_source(struct broadcast *broadcast, bool video)
{
    struct rtp_source *source = NULL;
    const struct rtp_source_settings settings = {
        .ssrc = video ? broadcast->offer.video_ssrc : broadcast->offer.audio_ssrc,
        .rtx_ssrc = broadcast->offer.rtx_ssrc,
        .clock_hz = video ? CAMERA_CLOCK_HZ : TONE_HZ,
        .payload_type = video ? OFFER_VP8 : OFFER_OPUS,
        .rtx_payload_type = video && broadcast->answer.rtx ? OFFER_RTX : NO_RTX,
        .context = broadcast,
        .send = send_packet,
    };
    return rtp_source_create(&settings, &source) == STATUS_OK ? source : NULL;
}

static void on_connected(void *context)
{
    struct broadcast *broadcast = context;
    int64_t now_ns = wake_now_ns();
    enter(broadcast, SENDING, MONO_NEVER);
    say(broadcast, "live");
    broadcast->retry_ms = RETRY_FIRST_MS;
    if (broadcast->microphone != NULL && broadcast->answer.audio &&
        (broadcast->audio = open_source(broadcast, false)) != NULL)
        microphone_start(broadcast->microphone, broadcast->audio);
    if (broadcast->camera != NULL && broadcast->answer.video &&
        (broadcast->video = open_source(broadcast, true)) != NULL)
        camera_start(broadcast->camera, broadcast->video);
    if (broadcast->end_ns == MONO_NEVER && broadcast->options->duration_s > 0)
        broadcast->end_ns = now_ns + broadcast->options->duration_s * MONO_SECOND;
    broadcast->last_octets = 0;
    wake_at(broadcast->second, mono_earlier(now_ns + MONO_SECOND, broadcast->end_ns));
}

static void on_gathered(void *context)
{
    struct broadcast *broadcast = context;
    if (broadcast->phase == GATHERING)
        enter(broadcast, ASKING, wake_now_ns());
}

static void begin(struct broadcast *broadcast)
{
    const struct uplink_events events = {broadcast, on_gathered, on_connected, on_rtcp, on_lost};
    enter(broadcast, GATHERING, MONO_NEVER);
    if (uplink_create(broadcast->dtls_context, &events, &broadcast->uplink) != STATUS_OK) {
        say(broadcast, "no network address to send from");
        enter(broadcast, IDLE, retry_ns(broadcast));
    }
}

/* A fresh SSRC each time: the server must not take the new stream for the old one's rest. */
static void fill_offer(struct broadcast *broadcast)
{
    broadcast->offer = (struct offer){
        .fingerprint = certificate_fingerprint(broadcast->certificate),
        .cname = cname,
        .audio = broadcast->microphone != NULL,
        .video = broadcast->camera != NULL,
        .audio_ssrc = g_random_int(),
        .video_ssrc = g_random_int(),
        .rtx_ssrc = g_random_int(),
    };
}

static enum whip_result post_offer(struct broadcast *broadcast, char *why, unsigned *retry_after_s)
{
    char *ufrag = NULL;
    char *password = NULL;
    char *candidates = NULL;
    uplink_read_local(broadcast->uplink, &ufrag, &password, &candidates);
    fill_offer(broadcast);
    broadcast->offer.ufrag = ufrag;
    broadcast->offer.password = password;
    broadcast->offer.candidates = candidates;
    char *sdp = offer_write(&broadcast->offer);
    enum whip_result result = whip_post(broadcast->options->url, broadcast->options->token, sdp,
                                        &broadcast->session, why, retry_after_s);
    g_free(sdp);
    g_free(ufrag);
    g_free(password);
    g_free(candidates);
    return result;
}

static void connect_uplink(struct broadcast *broadcast)
{
    enter(broadcast, CONNECTING, wake_now_ns() + CONNECT_S * MONO_SECOND);
    if (answer_read(broadcast->session.answer, &broadcast->answer) != STATUS_OK)
        lose(broadcast, "the answer has no credentials or fingerprint");
    else if (uplink_connect(broadcast->uplink, &broadcast->answer) != STATUS_OK)
        lose(broadcast, "the answer has no usable candidate");
}

static void ask(struct broadcast *broadcast)
{
    char why[WHIP_WHY_BYTES_MAX];
    unsigned retry_after_s = 0;
    switch (post_offer(broadcast, why, &retry_after_s)) {
    case WHIP_ACCEPTED:
        connect_uplink(broadcast);
        break;
    case WHIP_REFUSED:
        say(broadcast, why);
        end(broadcast, true);
        break;
    case WHIP_LATER: {
        char text[WHIP_WHY_BYTES_MAX];
        snprintf(text, sizeof text, "waiting: %.200s", why);
        say(broadcast, text);
        int64_t at_ns = retry_ns(broadcast);
        int64_t asked_ns = wake_now_ns() + retry_after_s * MONO_SECOND;
        enter(broadcast, ASKING, at_ns > asked_ns ? at_ns : asked_ns);
        break;
    }
    }
}

static void tear_down(struct broadcast *broadcast)
{
    if (broadcast->camera != NULL)
        camera_stop(broadcast->camera);
    if (broadcast->microphone != NULL)
        microphone_stop(broadcast->microphone);
    if (broadcast->session.location[0] != '\0') {
        whip_delete(broadcast->session.location, broadcast->options->token);
        broadcast->session.location[0] = '\0';
    }
    uplink_destroy(broadcast->uplink);
    broadcast->uplink = NULL;
    rtp_source_destroy(broadcast->video);
    rtp_source_destroy(broadcast->audio);
    broadcast->video = NULL;
    broadcast->audio = NULL;
}

static void step(void *context)
{
    struct broadcast *broadcast = context;
    switch (broadcast->phase) {
    case IDLE:
        begin(broadcast);
        break;
    case ASKING:
        ask(broadcast);
        break;
    case CONNECTING:
        lose(broadcast, "no connection within 10 s");
        break;
    case LOST:
        tear_down(broadcast);
        enter(broadcast, IDLE, retry_ns(broadcast));
        break;
    case GATHERING:
    case SENDING:
    case ENDED:
        break;
    }
}

static enum status open_parts(struct broadcast *broadcast)
{
    const int both_suites = -1;
    enum status status = certificate_create(&broadcast->certificate);
    if (status == STATUS_OK)
        status = dtls_context_create(broadcast->certificate, both_suites, &broadcast->dtls_context);
    if (status == STATUS_OK && broadcast->options->video)
        status = camera_create(broadcast->options, &broadcast->camera);
    if (status == STATUS_OK && broadcast->options->audio)
        status = microphone_create(&broadcast->microphone);
    return status;
}

enum status broadcast_create(const struct options *options,
                             void (*on_end)(void *context, bool refused), void *context,
                             struct broadcast **broadcast)
{
    struct broadcast *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->options = options;
    made->on_end = on_end;
    made->context = context;
    made->retry_ms = RETRY_FIRST_MS;
    made->end_ns = MONO_NEVER;
    made->wake = wake_create(step, made);
    made->second = wake_create(on_second, made);
    enum status status = open_parts(made);
    if (status != STATUS_OK) {
        broadcast_destroy(made);
        return status;
    }
    enter(made, IDLE, wake_now_ns());
    *broadcast = made;
    return STATUS_OK;
}

void broadcast_destroy(struct broadcast *broadcast)
{
    if (broadcast == NULL)
        return;
    tear_down(broadcast);
    wake_destroy(broadcast->wake);
    wake_destroy(broadcast->second);
    camera_destroy(broadcast->camera);
    microphone_destroy(broadcast->microphone);
    dtls_context_destroy(broadcast->dtls_context);
    certificate_destroy(broadcast->certificate);
    free(broadcast);
}
