/* Who is in a fanout: viewers come, change what they take, and go. */
#include "core/fanout_parts.h"

#include <assert.h>
#include <stdlib.h>

enum { VIEWERS_FIRST = 16 };

/* The picture is to begin: with what is kept, or with a key frame. */
static void begin_video(struct fanout *fanout, struct viewer *viewer)
{
    if (replay_can_serve(&fanout->replay, viewer))
        replay_join(&fanout->replay, viewer, fanout->run_ns);
    else if (viewer->track[TRACK_VIDEO].wanted && fanout->video_format.codec != CODEC_NONE)
        fanout->key_frame_wanted = true; /* before the first packet it is the subscription's care */
}

enum status fanout_add(struct fanout *fanout, struct viewer *viewer)
{
    if (fanout->viewer_count == fanout->viewer_capacity) {
        unsigned capacity =
            fanout->viewer_capacity > 0 ? 2 * fanout->viewer_capacity : VIEWERS_FIRST;
        struct viewer **viewers = realloc(fanout->viewers, capacity * sizeof(struct viewer *));
        if (viewers == NULL)
            return STATUS_NO_MEMORY;
        fanout->viewers = viewers;
        fanout->viewer_capacity = capacity;
    }
    viewer->fanout_slot = fanout->viewer_count;
    fanout->viewers[fanout->viewer_count++] = viewer;
    begin_video(fanout, viewer);
    return STATUS_OK;
}

void fanout_renegotiate(struct fanout *fanout, struct viewer *viewer, const struct profile *profile,
                        const struct viewer_start *start)
{
    const bool had_video = viewer->track[TRACK_VIDEO].wanted;

    assert(!fanout->walking);
    viewer_renegotiate(viewer, profile, start);
    if (!viewer->track[TRACK_VIDEO].wanted) {
        replay_leave(&fanout->replay, viewer);
        viewer->cut_ns = 0;
    } else if (!had_video) {
        begin_video(fanout, viewer);
    }
}

void fanout_remove(struct fanout *fanout, struct viewer *viewer)
{
    unsigned slot = viewer->fanout_slot;

    assert(slot < fanout->viewer_count && fanout->viewers[slot] == viewer);
    replay_leave(&fanout->replay, viewer);
    struct viewer *last = fanout->viewers[--fanout->viewer_count];
    fanout->viewers[slot] = last;
    last->fanout_slot = slot;
    if (fanout->viewer_count == 0) {
        fanout->waiting = 0;
        fanout->key_frame_wanted = false;
    }
}
