#include "bench/publish/offer.h"

#include <glib.h>

static void put_transport(GString *sdp, const struct offer *offer, const char *mid)
{
    char fingerprint[FINGERPRINT_TEXT_MAX];
    fingerprint_format(offer->fingerprint, fingerprint);
    g_string_append(sdp, "c=IN IP4 0.0.0.0\r\n");
    g_string_append_printf(sdp, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", offer->ufrag,
                           offer->password);
    g_string_append_printf(sdp, "a=fingerprint:%s\r\na=setup:actpass\r\n", fingerprint);
    g_string_append_printf(sdp, "a=mid:%s\r\na=sendonly\r\na=rtcp-mux\r\na=rtcp-mux-only\r\n", mid);
    g_string_append_printf(sdp, "%sa=end-of-candidates\r\n", offer->candidates);
}

static void put_ssrc(GString *sdp, const struct offer *offer, uint32_t ssrc)
{
    g_string_append_printf(sdp, "a=ssrc:%u cname:%s\r\n", ssrc, offer->cname);
}

static void put_audio(GString *sdp, const struct offer *offer)
{
    g_string_append_printf(sdp, "m=audio 9 UDP/TLS/RTP/SAVPF %d\r\n", OFFER_OPUS);
    put_transport(sdp, offer, "0");
    g_string_append_printf(sdp, "a=rtpmap:%d opus/48000/2\r\n", OFFER_OPUS);
    g_string_append_printf(sdp, "a=fmtp:%d minptime=10;useinbandfec=1\r\n", OFFER_OPUS);
    g_string_append_printf(sdp, "a=msid:%s audio\r\n", offer->cname);
    put_ssrc(sdp, offer, offer->audio_ssrc);
}

static void put_video(GString *sdp, const struct offer *offer)
{
    static const char *const feedback[] = {"nack", "nack pli", "ccm fir", "goog-remb"};
    g_string_append_printf(sdp, "m=video 9 UDP/TLS/RTP/SAVPF %d %d\r\n", OFFER_VP8, OFFER_RTX);
    put_transport(sdp, offer, "1");
    g_string_append_printf(sdp, "a=rtpmap:%d VP8/90000\r\n", OFFER_VP8);
    for (size_t i = 0; i < G_N_ELEMENTS(feedback); i++)
        g_string_append_printf(sdp, "a=rtcp-fb:%d %s\r\n", OFFER_VP8, feedback[i]);
    g_string_append_printf(sdp, "a=rtpmap:%d rtx/90000\r\n", OFFER_RTX);
    g_string_append_printf(sdp, "a=fmtp:%d apt=%d\r\n", OFFER_RTX, OFFER_VP8);
    g_string_append_printf(sdp, "a=msid:%s video\r\n", offer->cname);
    g_string_append_printf(sdp, "a=ssrc-group:FID %u %u\r\n", offer->video_ssrc, offer->rtx_ssrc);
    put_ssrc(sdp, offer, offer->video_ssrc);
    put_ssrc(sdp, offer, offer->rtx_ssrc);
}

char *offer_write(const struct offer *offer)
{
    GString *sdp = g_string_new("v=0\r\n");
    g_string_append_printf(sdp, "o=- %u 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n",
                           g_random_int_range(1, G_MAXINT32));
    g_string_append_printf(sdp, "a=group:BUNDLE%s%s\r\n", offer->audio ? " 0" : "",
                           offer->video ? " 1" : "");
    if (offer->audio)
        put_audio(sdp, offer);
    if (offer->video)
        put_video(sdp, offer);
    return g_string_free(sdp, FALSE);
}
