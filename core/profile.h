/* core/profile.h - egress profile: what a viewer negotiated, interned, so that viewers with the
 * same browser share one and a packet's header is rendered once a profile instead of once a viewer.
 * Made and released on main, read on any thread; immutable as long as somebody uses it. */
#ifndef CORE_PROFILE_H
#define CORE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/codec.h"
#include "core/status.h"

enum {
    PROFILE_FORMATS_MAX = 24, /* media formats a viewer's answer keeps */
    PROFILE_MAX = 1024,       /* different profiles in use at a time */
    PROFILE_NO_PAYLOAD_TYPE = -1
};

/* RTP header extensions that are carried from the broadcaster to viewers, and those that each side
 * ends itself. */
enum extension {
    EXTENSION_MID,                /* urn:ietf:params:rtp-hdrext:sdes:mid; upstream only */
    EXTENSION_RID,                /* urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id; upstream only */
    EXTENSION_REPAIRED_RID,       /* upstream only */
    EXTENSION_TRANSPORT_WIDE,     /* transport-wide-cc-01; upstream only */
    EXTENSION_ABSOLUTE_SEND_TIME, /* upstream only */
    EXTENSION_AUDIO_LEVEL,        /* RFC 6464; carried */
    EXTENSION_VIDEO_ORIENTATION,  /* urn:3gpp:video-orientation; carried */
    EXTENSION_PLAYOUT_DELAY,      /* carried */
    EXTENSION_ABSOLUTE_CAPTURE_TIME, /* carried */
    EXTENSION_DEPENDENCY_DESCRIPTOR, /* AV1; carried */
    EXTENSION_COUNT
};

struct profile_format {
    struct codec_format format;
    uint8_t payload_type;
    int16_t rtx_payload_type; /* RFC 4588; PROFILE_NO_PAYLOAD_TYPE: resend on the original SSRC */
};

struct profile {
    struct profile_format formats[PROFILE_FORMATS_MAX];
    uint8_t format_count;
    uint8_t extension_id[EXTENSION_COUNT]; /* 1-14 (one-byte form), 0: not negotiated */
    bool nack[TRACK_COUNT];                /* generic NACK negotiated */
    uint16_t index;                        /* set by profile_intern: 0..PROFILE_MAX-1 */
};

/* Returns the URI of extension, static. */
const char *profile_extension_uri(enum extension extension);

/* Returns in *interned the process's one copy of wanted, with one use of it that profile_release
 * gives back. STATUS_FULL when PROFILE_MAX are in use. Main only. */
MUST_CHECK enum status profile_intern(const struct profile *wanted,
                                      const struct profile **interned);
/* Once nobody reads profile on behalf of that use any more. Main only. */
void profile_release(const struct profile *profile);

/* Returns the format of profile that accepts format best, or NULL. */
const struct profile_format *profile_find(const struct profile *profile,
                                          const struct codec_format *format);

#endif
