/* tests/scenario/sim_viewer.h - a browser that watches: holds what arrives against the rules of
 * RTP, asks for what is missing, and counts the frames that it can show. */
#ifndef TESTS_SCENARIO_SIM_VIEWER_H
#define TESTS_SCENARIO_SIM_VIEWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec.h"
#include "core/viewer.h"

enum { SIM_VIEWER_WINDOW = 1024, SIM_VIEWER_MISSING_MAX = 128, SIM_VIEWER_FRAMES = 512 };

struct sim_missing {
    int64_t number;
    int64_t due_ns;
    uint8_t tries;
};

struct sim_frame {
    bool used;
    uint8_t broadcast;
    bool key_frame;
    uint8_t parts;
    uint32_t number;
    uint64_t have[2]; /* parts that arrived */
};

struct sim_viewer_track {
    uint32_t ssrc;
    bool begun;
    int64_t highest; /* extended sequence number */
    uint32_t highest_timestamp;
    uint64_t window[SIM_VIEWER_WINDOW / 64];
    struct sim_missing missing[SIM_VIEWER_MISSING_MAX];
    unsigned missing_count;
    unsigned lost; /* given up */
    unsigned received;
    unsigned duplicates;
    unsigned nacked;
    unsigned sender_reports;
    uint64_t ntp_timestamp; /* of the last sender report */
    uint32_t report_timestamp;
    /* What the core gave out, by index: the index plus 1, and a hash of the bytes. */
    uint64_t out_index[SIM_VIEWER_WINDOW];
    uint32_t out_hash[SIM_VIEWER_WINDOW];
};

struct sim_viewer {
    struct viewer core; /* first, as transport embeds it */
    bool joined;
    int64_t joined_ns;
    int64_t deaf_until_ns;  /* what arrives before is lost; it may begin in the middle then */
    bool missed_beginning;  /* no key frame came first: asks for one at once, as browsers do */
    int64_t first_frame_ns; /* 0: none yet */
    struct sim_viewer_track track[TRACK_COUNT];
    struct sim_frame frames[SIM_VIEWER_FRAMES];
    bool decoding; /* a key frame was shown, and next_frame follows */
    uint8_t broadcast;
    uint32_t next_frame;
    int64_t last_shown_ns;
    int64_t longest_freeze_ns;
    int64_t pli_ns;
    unsigned shown;
    unsigned key_frames;
    unsigned plis;
    unsigned violations; /* of RTP, or of what was promised */
    uint64_t rtx_next_index;
    /* Hands one compound to the network. */
    void (*send)(void *context, struct sim_viewer *viewer, const uint8_t *data, size_t bytes);
    void *send_context;
};

void sim_viewer_join(struct sim_viewer *viewer, const struct profile *profile,
                     const struct viewer_start *start, int64_t now_ns);
/* A packet leaves the core for this viewer: no index may be used twice for different bytes. */
void sim_viewer_on_egress(struct sim_viewer *viewer, uint32_t ssrc, uint64_t index, uint32_t hash);
void sim_viewer_receive(struct sim_viewer *viewer, const uint8_t *data, size_t bytes,
                        int64_t now_ns);
/* Sends what is due: NACKs, a PLI when the picture stands. */
void sim_viewer_tick(struct sim_viewer *viewer, int64_t now_ns);

#endif
