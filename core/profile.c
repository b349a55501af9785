#include "core/profile.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Memory is kept for good. What nobody uses stays for the next viewer with the same browser, until
 * its place is needed: else whoever offers enough different ones locks all other kinds out. */
static struct interned {
    struct profile *profile;
    unsigned users;
} interned_profiles[PROFILE_MAX];
static unsigned interned_count;

const char *profile_extension_uri(enum extension extension)
{
    switch (extension) {
    case EXTENSION_MID:
        return "urn:ietf:params:rtp-hdrext:sdes:mid";
    case EXTENSION_RID:
        return "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
    case EXTENSION_REPAIRED_RID:
        return "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
    case EXTENSION_TRANSPORT_WIDE:
        return "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    case EXTENSION_ABSOLUTE_SEND_TIME:
        return "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
    case EXTENSION_AUDIO_LEVEL:
        return "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
    case EXTENSION_VIDEO_ORIENTATION:
        return "urn:3gpp:video-orientation";
    case EXTENSION_PLAYOUT_DELAY:
        return "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
    case EXTENSION_ABSOLUTE_CAPTURE_TIME:
        return "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
    case EXTENSION_DEPENDENCY_DESCRIPTOR:
        return "https://aomediacodec.github.io/av1-rtp-spec/"
               "#dependency-descriptor-rtp-header-extension";
    case EXTENSION_COUNT:
        break;
    }
    return "";
}

static bool same_format(const struct codec_format *a, const struct codec_format *b)
{
    return a->codec == b->codec && a->packetization_mode == b->packetization_mode &&
           a->profile == b->profile && a->constraints == b->constraints;
}

/* Member by member, since the padding between them may differ. Formats beyond format_count do not
 * count. */
static bool same_profile(const struct profile *a, const struct profile *b)
{
    if (a->format_count != b->format_count ||
        memcmp(a->extension_id, b->extension_id, sizeof a->extension_id) != 0)
        return false;
    for (unsigned i = 0; i < TRACK_COUNT; i++)
        if (a->nack[i] != b->nack[i])
            return false;
    for (unsigned i = 0; i < a->format_count; i++) {
        const struct profile_format *one = &a->formats[i];
        const struct profile_format *other = &b->formats[i];
        if (one->payload_type != other->payload_type ||
            one->rtx_payload_type != other->rtx_payload_type ||
            one->format.level != other->format.level || !same_format(&one->format, &other->format))
            return false;
    }
    return true;
}

static struct interned *find_or_null(const struct profile *wanted)
{
    for (unsigned i = 0; i < interned_count; i++)
        if (same_profile(interned_profiles[i].profile, wanted))
            return &interned_profiles[i];
    return NULL;
}

static enum status take_place(struct interned **place)
{
    if (interned_count < PROFILE_MAX) {
        struct interned *added = &interned_profiles[interned_count];
        added->profile = malloc(sizeof *added->profile);
        if (added->profile == NULL)
            return STATUS_NO_MEMORY;
        interned_count++;
        *place = added;
        return STATUS_OK;
    }
    for (unsigned i = 0; i < PROFILE_MAX; i++) {
        if (interned_profiles[i].users == 0) {
            *place = &interned_profiles[i];
            return STATUS_OK;
        }
    }
    return STATUS_FULL;
}

enum status profile_intern(const struct profile *wanted, const struct profile **interned)
{
    if (wanted->format_count > PROFILE_FORMATS_MAX)
        return STATUS_MALFORMED;
    struct interned *place = find_or_null(wanted);
    if (place == NULL) {
        const enum status status = take_place(&place);
        if (status != STATUS_OK)
            return status;
        *place->profile = *wanted;
        place->profile->index = (uint16_t)(place - interned_profiles);
    }
    place->users++;
    *interned = place->profile;
    return STATUS_OK;
}

void profile_release(const struct profile *profile)
{
    struct interned *place = &interned_profiles[profile->index];

    assert(place->profile == profile && place->users > 0);
    place->users--;
}

const struct profile_format *profile_find(const struct profile *profile,
                                          const struct codec_format *format)
{
    const struct profile_format *found = NULL;

    for (unsigned i = 0; i < profile->format_count; i++) {
        const struct profile_format *candidate = &profile->formats[i];
        if (same_format(&candidate->format, format))
            return candidate;
        if (found == NULL && codec_format_accepts(&candidate->format, format))
            found = candidate;
    }
    return found;
}
