#include "core/viewer.h"

#include <string.h>

/* The indexes of a viewer's RTX stream begin elsewhere than those of its media, and below 2^15 too.
 */
enum { RTX_FIRST_MASK = 0x1555 };

void viewer_init(struct viewer *viewer, const struct profile *profile,
                 const struct viewer_start *start)
{
    memset(viewer, 0, sizeof *viewer);
    viewer->profile = profile;
    for (unsigned i = 0; i < TRACK_COUNT; i++) {
        struct viewer_track *track = &viewer->track[i];
        uint16_t first = start->first_sequence_number[i];
        track->highest_index = (int64_t)first - 1;
        track->run_index = first;
        track->ssrc = start->ssrc[i];
        track->rtx_ssrc = start->rtx_ssrc[i];
        track->rtx_index = (first ^ RTX_FIRST_MASK) & 0x7fff;
        track->wanted = start->wanted[i];
        track->squeeze = 1;
    }
    for (unsigned i = 0; i < VIEWER_RESENT_KEPT; i++)
        viewer->resent[i].track = TRACK_COUNT;
}

void viewer_renegotiate(struct viewer *viewer, const struct profile *profile,
                        const struct viewer_start *start)
{
    for (unsigned i = 0; i < TRACK_COUNT; i++) {
        struct viewer_track *track = &viewer->track[i];
        if (profile != viewer->profile)
            track->run_index = track->highest_index + 1;
        track->rtx_ssrc = start->rtx_ssrc[i];
        track->wanted = start->wanted[i];
        track->started = track->started && track->wanted;
    }
    viewer->profile = profile;
}

void viewer_begin_run(struct viewer_track *track, const struct packet *packet)
{
    track->run_index = track->highest_index + 1;
    track->sequence_offset = track->run_index - packet->sequence_number;
    track->squeezed_index = track->run_index;
    track->started = true;
    track->replaying = false;
}

void viewer_cut(struct viewer *viewer, int64_t now_ns)
{
    viewer->track[TRACK_VIDEO].started = false;
    viewer->cut_ns = now_ns;
}
