/* transport/rtpsec.h - SRTP by libsrtp2: the broadcaster's side, and the oracle of seal's tests.
 * Both directions. Thread: the one that owns it. rtpsec_start on main, before all;
 * again is nothing. */
#ifndef TRANSPORT_RTPSEC_H
#define TRANSPORT_RTPSEC_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "transport/srtp_keys.h"

enum {
    RTPSEC_OVERHEAD_BYTES_MAX = 16 + 4,
    RTPSEC_SOURCES_MAX = 64 /* SSRCs that one peer may send from in a session's life */
};

struct rtpsec;

MUST_CHECK enum status rtpsec_start(void);
MUST_CHECK enum status rtpsec_create(const struct srtp_keys *keys, struct rtpsec **rtpsec);
void rtpsec_destroy(struct rtpsec *rtpsec);
/* In place; *bytes changes. protect needs RTPSEC_OVERHEAD_BYTES_MAX of room behind. STATUS_DENIED:
 * authentication, replay, unusable input or one SSRC too many; nothing is ended by it. The first
 * RTPSEC_SOURCES_MAX SSRCs are accepted, whatever they are (window of at least 128). */
MUST_CHECK enum status rtpsec_protect_rtp(struct rtpsec *rtpsec, uint8_t *packet, size_t *bytes);
MUST_CHECK enum status rtpsec_protect_rtcp(struct rtpsec *rtpsec, uint8_t *packet, size_t *bytes);
MUST_CHECK enum status rtpsec_open_rtp(struct rtpsec *rtpsec, uint8_t *packet, size_t *bytes);
MUST_CHECK enum status rtpsec_open_rtcp(struct rtpsec *rtpsec, uint8_t *packet, size_t *bytes);

#endif
