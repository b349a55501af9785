/* tests/signaling/fake_media.h - the media plane as the tests of signaling see it: it remembers
 * what it was asked; a test plays its answers through endpoint's events. Linked in its place. */
#ifndef TESTS_SIGNALING_FAKE_MEDIA_H
#define TESTS_SIGNALING_FAKE_MEDIA_H

#include "transport/media.h"

struct fake_media {
    enum status subscribe_status;
    unsigned publishes;
    unsigned subscribes;
    unsigned candidates;
    unsigned ends_of_candidates;
    unsigned publisher_restarts;
    unsigned publisher_updates;
    unsigned viewer_restarts;
    unsigned viewer_updates;
    unsigned ends;
    unsigned streams_opened;
    unsigned streams_closed;
    uint64_t ended;                 /* the last session */
    uint32_t bandwidth_bps;         /* that broadcasters are told */
    struct media_publish published; /* and what a later offer changed of it */
    bool has_data;                  /* what media_has_data says */
    struct ticket ticket;
    struct stats stats; /* of all, and of the one worker */
    int64_t cpu_ns;
};

extern struct fake_media fake_media;

/* What endpoint_attach is given; never looked into. */
struct media *fake_media_reset(void);
/* A publisher's side of the transport: one candidate. */
const struct media_local *fake_media_local(void);

#endif
