#include "core/fanout_parts.h"

#define UNANSWERED_NS (500 * MONO_MS)     /* then the broadcaster ignores a viewer's request */
#define REPLAY_AGAIN_NS (3 * MONO_SECOND) /* least time between two replays to one viewer */
/* A request so soon after a replay began says that its key frame came before the viewer's player
 * was ready for it, if reports tell that what followed did arrive. Else it may have been made
 * before anything could arrive. */
#define RESTART_BEFORE_NS (2 * MONO_SECOND)
#define RESTART_UNHEARD_NS (400 * MONO_MS)

enum {
    RESTARTS_MAX = 4,
    PATIENCE_LOOKS = 32, /* at viewers for whom the budget did not suffice */
};

void fanout_adopt(struct fanout *fanout, struct packet *const *packets, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        replay_keep(&fanout->replay, packets[i]);
        packet_unref(packets[i]);
    }
    for (unsigned i = 0; i < fanout->viewer_count; i++) {
        struct viewer *viewer = fanout->viewers[i];
        if (!viewer->track[TRACK_VIDEO].started && replay_can_serve(&fanout->replay, viewer))
            replay_join(&fanout->replay, viewer, fanout->run_ns);
    }
}

bool fanout_is_replaying(const struct fanout *fanout)
{
    return fanout->replay.first != NULL;
}

/* Begins what can be begun; false when the viewer is not in line any more. */
static bool begin_replay(struct fanout *fanout, struct viewer *viewer, const struct egress *egress,
                         int64_t now_ns)
{
    static const bool both[TRACK_COUNT] = {true, true};

    if (viewer->replay.state == REPLAY_RUNS)
        return true;
    if (!replay_can_serve(&fanout->replay, viewer)) {
        replay_leave(&fanout->replay, viewer);
        fanout->key_frame_wanted = true;
        return false;
    }
    replay_begin(&fanout->replay, viewer, now_ns);
    if (viewer->first_sent_ns == 0)
        viewer->first_sent_ns = now_ns;
    STATS_ADD(fanout->stats, replays, 1);
    fanout_send_reports(fanout, viewer, both, egress, now_ns);
    return true;
}

/* More stand in line than the budget allows: one key frame would serve them all. */
static void mind_patience(struct fanout *fanout, const struct viewer *unserved, int64_t now_ns)
{
    for (unsigned i = 0; i < PATIENCE_LOOKS && unserved != NULL; i++) {
        if (replay_is_late(&fanout->replay, unserved, now_ns)) {
            fanout->key_frame_wanted = true;
            return;
        }
        unserved = unserved->replay.next;
    }
}

int64_t fanout_replay(struct fanout *fanout, struct replay_headers *headers,
                      const struct egress *egress, int64_t now_ns)
{
    int64_t due_ns = MONO_NEVER;
    struct viewer *next = NULL;

    for (struct viewer *viewer = fanout->replay.first; viewer != NULL; viewer = next) {
        if (headers->used == REPLAY_BUDGET_PACKETS) {
            mind_patience(fanout, viewer, now_ns);
            return now_ns + REPLAY_TURN_NS;
        }
        next = viewer->replay.next;
        if (begin_replay(fanout, viewer, egress, now_ns)) {
            unsigned before = headers->used;
            const int64_t cut_ns = viewer->cut_ns;
            due_ns =
                mono_earlier(due_ns, replay_send(&fanout->replay, viewer, headers, egress, now_ns));
            STATS_ADD(fanout->stats, replayed_packets, headers->used - before);
            STATS_ADD(fanout->stats, viewers_cut, viewer->cut_ns != cut_ns);
        }
    }
    return due_ns;
}

void fanout_sweep(struct fanout *fanout, int64_t now_ns)
{
    if (!fanout->viewers_asked)
        return;
    fanout->viewers_asked = false;
    for (unsigned i = 0; i < fanout->viewer_count; i++) {
        struct viewer *viewer = fanout->viewers[i];
        struct viewer_replay *place = &viewer->replay;
        if (place->asked_ns == 0)
            continue;
        if (viewer->cut_ns != 0) { /* a burst is the last thing that it can take */
            place->asked_ns = 0;
            continue;
        }
        if (now_ns - place->asked_ns >= UNANSWERED_NS &&
            now_ns - place->begun_ns >= REPLAY_AGAIN_NS &&
            replay_can_serve(&fanout->replay, viewer)) {
            place->asked_ns = 0;
            replay_join(&fanout->replay, viewer, now_ns);
        } else {
            fanout->viewers_asked = true;
        }
    }
}

/* Answers a request with what was kept, if the viewer was just given that; false: it was not. */
static bool restart_replay(struct fanout *fanout, struct viewer *viewer, int64_t now_ns)
{
    struct viewer_replay *place = &viewer->replay;
    int64_t since_ns = now_ns - place->begun_ns;

    if (place->state == REPLAY_WAITS)
        return true;
    if (place->begun_ns == 0 || since_ns >= RESTART_BEFORE_NS || place->restarts == RESTARTS_MAX ||
        !replay_can_serve(&fanout->replay, viewer))
        return place->state == REPLAY_RUNS;
    if (since_ns >= (place->heard ? REPLAY_TURN_NS : RESTART_UNHEARD_NS)) {
        place->restarts++;
        replay_leave(&fanout->replay, viewer);
        replay_join(&fanout->replay, viewer, now_ns);
    }
    return true;
}

void fanout_want_key_frame(struct fanout *fanout, struct viewer *viewer, int64_t now_ns)
{
    if (viewer->cut_ns != 0 || restart_replay(fanout, viewer, now_ns))
        return; /* who was cut waits: serve asks for it when that takes too long */
    fanout->key_frame_wanted = true;
    fanout->viewers_asked = true;
    if (viewer->replay.asked_ns == 0)
        viewer->replay.asked_ns = now_ns;
}
