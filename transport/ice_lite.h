/* transport/ice_lite.h - one viewer's ICE as the lite side sees it (RFC 8445 sections 2.5 and 8.2):
 * the pairs that passed an authenticated check, the one that media goes to, consent to send
 * (RFC 7675). It never sends a check. Thread: the worker that owns the viewer. */
#ifndef TRANSPORT_ICE_LITE_H
#define TRANSPORT_ICE_LITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mono.h"
#include "core/status.h"
#include "transport/address.h"
#include "transport/ice.h"

enum { ICE_LITE_TUPLES_MAX = 4, ICE_LITE_NONE = -1 };

/* Browsers check the pair in use every 2.5 s (Chromium) to 6 s (Firefox, which does not repeat
 * USE-CANDIDATE): when it has been silent for longer than this and another pair is checked, the
 * viewer's address has changed and media follows. */
#define ICE_LITE_SILENCE_NS (3 * MONO_SECOND)

struct ice_tuple {
    struct path path;
    int64_t checked_ns; /* last authenticated check; 0: no such tuple */
};

/* Held by value in the viewer's record. */
struct ice_lite {
    struct ice_tuple tuples[ICE_LITE_TUPLES_MAX];
    int8_t selected; /* of tuples, or ICE_LITE_NONE */
    bool nominated;
    char *username; /* "ours:theirs" */
    char *password; /* in the same allocation */
};

MUST_CHECK enum status ice_lite_init(struct ice_lite *ice, const struct ice_credentials *local,
                                     const char *remote_ufrag);
void ice_lite_close(struct ice_lite *ice);
/* ICE restart: new credentials, media goes on over the old pair until another is nominated. The old
 * credentials stay on STATUS_NO_MEMORY. */
MUST_CHECK enum status ice_lite_restart(struct ice_lite *ice, const struct ice_credentials *local,
                                        const char *remote_ufrag);
/* username is not terminated. */
bool ice_lite_has_user(const struct ice_lite *ice, const char *username, size_t username_chars);

/* An authenticated check came over path. Returns true when the path is new to this viewer; *evicted
 * is then the oldest one that made room, its tcp and port 0 when none had to. */
bool ice_lite_on_check(struct ice_lite *ice, const struct path *path, bool use_candidate,
                       int64_t now_ns, struct path *evicted);
/* Where media goes; borrowed. NULL: nowhere. */
const struct path *ice_lite_path(const struct ice_lite *ice);
/* The path is no more (another viewer has it, or its connection closed). */
void ice_lite_forget(struct ice_lite *ice, const struct path *path);
/* Removes one tuple without a check since before_ns; false when there is none. */
bool ice_lite_expire_one(struct ice_lite *ice, int64_t before_ns, struct path *expired);
bool ice_lite_is_empty(const struct ice_lite *ice);

#endif
