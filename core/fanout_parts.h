/* core/fanout_parts.h - what fanout.c, fanout_viewers.c and fanout_replay.c share; nobody else
 * includes it. Thread:
 * the worker that owns the fanout. */
#ifndef CORE_FANOUT_PARTS_H
#define CORE_FANOUT_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bitrate.h"
#include "core/egress.h"
#include "core/fanout.h"
#include "core/history.h"
#include "core/render.h"
#include "core/replay.h"
#include "core/resend.h"
#include "core/sender_clock.h"

struct fanout {
    uint32_t stream_id;
    struct stats *stats;     /* borrowed */
    struct viewer **viewers; /* dense: viewers[viewer->fanout_slot] == viewer */
    unsigned viewer_count;
    unsigned viewer_capacity;
    struct history *history[TRACK_COUNT];
    struct packet *batch[EGRESS_BATCH_MAX]; /* as they came */
    unsigned batch_count;
    unsigned joined_at[EGRESS_BATCH_MAX]; /* viewer that the walk had come to; 0: before it began */
    uint8_t order[EGRESS_BATCH_MAX];      /* of what the walk carries now, into batch */
    unsigned order_count;
    bool walking;
    bool frame_ended; /* by the batch */
    bool has_audio;   /* the batch */
    bool urgent;      /* the batch: something began or ended */
    bool live;
    bool key_frame_wanted; /* since the last request was taken */
    unsigned waiting;      /* viewers that wait for one and can take the video */
    int64_t key_frame_asked_ns;
    int64_t cut_asked_ns; /* for the sake of viewers that were cut */
    bool viewers_asked;   /* at least one has asked_ns set */
    int64_t run_ns;       /* of the last run */
    struct replay replay;
    struct codec_format video_format; /* of the newest video packet; CODEC_NONE: none came */
    struct sender_clock clocks[TRACK_COUNT];
    uint32_t clock_hz[TRACK_COUNT];
    bool report_due[TRACK_COUNT]; /* a sender report is in the batch */
    struct bitrate bitrate;
    struct resend resend;
    struct render render;
};

/* Sends one compound with a sender report for each of the tracks given that runs. */
void fanout_send_reports(struct fanout *fanout, struct viewer *viewer, const bool *tracks,
                         const struct egress *egress, int64_t now_ns);

#endif
