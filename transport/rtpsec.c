#include "transport/rtpsec.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/log.h"

enum {
    REPLAY_WINDOW_PACKETS = 1024, /* resent packets come late; RFC 3711 section 3.3.2: >= 64 */
    RTP_HEADER_BYTES = 12,
    RTP_SSRC_OFFSET = 8,
    RTCP_SSRC_OFFSET = 4,
    RTCP_HEADER_BYTES = 8,
    PACKET_BYTES_MAX_IN = 65535
};

/* The SSRCs of one peer that a packet was authentic from. libsrtp2 keeps a stream for each, for
 * ever, and looks for it in a list. */
struct sources {
    unsigned count;
    uint32_t ssrcs[RTPSEC_SOURCES_MAX];
};

struct rtpsec {
    srtp_t inbound;
    srtp_t outbound;
    struct sources sources;
};

enum status rtpsec_start(void)
{
    static bool started; /* libsrtp2 refuses a second time */
    if (started)
        return STATUS_OK;
    srtp_err_status_t error = srtp_init();
    if (error != srtp_err_status_ok) {
        LOG_ERROR("rtpsec", "srtp_init failed with %d", (int)error);
        return STATUS_SYSTEM;
    }
    started = true;
    return STATUS_OK;
}

static enum status create_session(enum srtp_suite suite, srtp_ssrc_type_t direction,
                                  const uint8_t *key, const uint8_t *salt, srtp_t *session)
{
    srtp_profile_t profile = suite == SRTP_SUITE_AEAD_AES_128_GCM ? srtp_profile_aead_aes_128_gcm
                                                                  : srtp_profile_aes128_cm_sha1_80;
    srtp_policy_t policy = {.window_size = REPLAY_WINDOW_PACKETS, .allow_repeat_tx = 1};
    if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile) != srtp_err_status_ok ||
        srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile) != srtp_err_status_ok)
        return STATUS_UNSUPPORTED;
    uint8_t master[SRTP_KEY_BYTES + SRTP_SALT_BYTES_MAX];
    memcpy(master, key, SRTP_KEY_BYTES);
    memcpy(master + SRTP_KEY_BYTES, salt, SRTP_SALT_BYTES_MAX);
    policy.ssrc.type = direction;
    policy.key = master;
    srtp_err_status_t error = srtp_create(session, &policy);
    OPENSSL_cleanse(master, sizeof master);
    return error == srtp_err_status_ok ? STATUS_OK : STATUS_SYSTEM;
}

enum status rtpsec_create(const struct srtp_keys *keys, struct rtpsec **rtpsec)
{
    struct rtpsec *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    enum status status = create_session(keys->suite, ssrc_any_inbound, keys->remote_key,
                                        keys->remote_salt, &made->inbound);
    if (status == STATUS_OK) {
        status = create_session(keys->suite, ssrc_any_outbound, keys->local_key, keys->local_salt,
                                &made->outbound);
    }
    if (status != STATUS_OK) {
        LOG_ERROR("rtpsec", "libsrtp2 refused a session: %s", status_text(status));
        rtpsec_destroy(made);
        return status;
    }
    *rtpsec = made;
    return STATUS_OK;
}

void rtpsec_destroy(struct rtpsec *rtpsec)
{
    if (rtpsec == NULL)
        return;
    if (rtpsec->inbound != NULL)
        srtp_dealloc(rtpsec->inbound);
    if (rtpsec->outbound != NULL)
        srtp_dealloc(rtpsec->outbound);
    free(rtpsec);
}

/* libsrtp2 trusts the header's own lengths in places (CVE-2015-6360): they are checked first. */
static bool is_usable_rtp(const uint8_t *packet, size_t bytes)
{
    struct bytes reader = bytes_of(packet, bytes);
    uint8_t first = bytes_u8(&reader);
    bytes_skip(&reader, RTP_HEADER_BYTES - 1);
    bytes_skip(&reader, 4 * (size_t)(first & 0x0F)); /* CSRC */
    if ((first & 0x10) != 0) {                       /* extension */
        bytes_skip(&reader, 2);
        bytes_skip(&reader, 4 * (size_t)bytes_u16(&reader));
    }
    return bytes_ok(&reader) && first >> 6 == 2 && bytes <= PACKET_BYTES_MAX_IN;
}

static bool is_usable_rtcp(const uint8_t *packet, size_t bytes)
{
    return bytes >= RTCP_HEADER_BYTES && bytes <= PACKET_BYTES_MAX_IN && packet[0] >> 6 == 2;
}

typedef srtp_err_status_t srtp_call(srtp_t session, void *packet, int *bytes);

static enum status run(srtp_call *call, srtp_t session, uint8_t *packet, size_t *bytes)
{
    int changed = (int)*bytes;
    if (call(session, packet, &changed) != srtp_err_status_ok || changed < 0)
        return STATUS_DENIED;
    *bytes = (size_t)changed;
    return STATUS_OK;
}

static bool is_known(const struct sources *sources, uint32_t ssrc)
{
    for (unsigned i = 0; i < sources->count; i++)
        if (sources->ssrcs[i] == ssrc)
            return true;
    return false;
}

static enum status open_packet(struct rtpsec *rtpsec, srtp_call *call, size_t ssrc_offset,
                               uint8_t *packet, size_t *bytes)
{
    struct sources *sources = &rtpsec->sources;
    struct bytes reader = bytes_of(packet + ssrc_offset, sizeof(uint32_t));
    const uint32_t ssrc = bytes_u32(&reader);
    const bool known = is_known(sources, ssrc);

    if (!known && sources->count == RTPSEC_SOURCES_MAX)
        return STATUS_DENIED;
    const enum status status = run(call, rtpsec->inbound, packet, bytes);
    if (status == STATUS_OK && !known)
        sources->ssrcs[sources->count++] = ssrc;
    return status;
}

enum status rtpsec_protect_rtp(struct rtpsec *rtpsec, uint8_t *packet, size_t *bytes)
{
    return is_usable_rtp(packet, *bytes) ? run(srtp_protect, rtpsec->outbound, packet, bytes)
                                         : STATUS_DENIED;
}

enum status rtpsec_protect_rtcp(struct rtpsec *rtpsec, uint8_t *packet, size_t *bytes)
{
    return is_usable_rtcp(packet, *bytes) ? run(srtp_protect_rtcp, rtpsec->outbound, packet, bytes)
                                          : STATUS_DENIED;
}

enum status rtpsec_open_rtp(struct rtpsec *rtpsec, uint8_t *packet, size_t *bytes)
{
    return is_usable_rtp(packet, *bytes)
               ? open_packet(rtpsec, srtp_unprotect, RTP_SSRC_OFFSET, packet, bytes)
               : STATUS_DENIED;
}

enum status rtpsec_open_rtcp(struct rtpsec *rtpsec, uint8_t *packet, size_t *bytes)
{
    return is_usable_rtcp(packet, *bytes)
               ? open_packet(rtpsec, srtp_unprotect_rtcp, RTCP_SSRC_OFFSET, packet, bytes)
               : STATUS_DENIED;
}
