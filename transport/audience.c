#include "transport/audience.h"

#include <stdlib.h>

#include "core/feedback.h"
#include "transport/mono_clock.h"

enum { BUCKETS = 256 };

struct audience {
    struct audiences *all;
    struct audience *next;      /* in its bucket */
    struct audience *waiting;   /* next one with a batch */
    struct audience *replaying; /* next one that replays */
    struct fanout *fanout;
    uint32_t stream_id;
    bool is_waiting;
    bool is_replaying;
    int64_t held_since_ns;
    int64_t empty_since_ns;
};

struct audiences {
    unsigned worker;
    struct upstream upstream;
    const struct egress *egress;
    struct stats *stats;
    int64_t history_age_ns;
    uint32_t replay_bps;
    struct audience *waiting;   /* those with a batch */
    bool late;                  /* one joined them during audiences_run */
    struct audience *replaying; /* those with viewers who are being brought to the live edge */
    int64_t replayed_ns;
    struct replay_headers replay_headers;
    struct audience *buckets[BUCKETS];
};

enum status audiences_create(unsigned worker, const struct upstream *upstream,
                             const struct egress *egress, int64_t history_age_ns,
                             uint32_t replay_bps, struct stats *stats, struct audiences **audiences)
{
    struct audiences *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->worker = worker;
    made->upstream = *upstream;
    made->egress = egress;
    made->stats = stats;
    made->history_age_ns = history_age_ns;
    made->replay_bps = replay_bps;
    made->replayed_ns = INT64_MIN / 2;
    *audiences = made;
    return STATUS_OK;
}

void audiences_destroy(struct audiences *audiences)
{
    if (audiences == NULL)
        return;
    for (unsigned i = 0; i < BUCKETS; i++) {
        while (audiences->buckets[i] != NULL) {
            struct audience *audience = audiences->buckets[i];
            audiences->buckets[i] = audience->next;
            fanout_destroy(audience->fanout);
            free(audience);
        }
    }
    free(audiences);
}

static struct audience *find(const struct audiences *audiences, uint32_t stream_id)
{
    struct audience *audience = audiences->buckets[stream_id % BUCKETS];

    while (audience != NULL && audience->stream_id != stream_id)
        audience = audience->next;
    return audience;
}

static struct audience *open_audience(struct audiences *audiences, uint32_t stream_id)
{
    const struct fanout_settings settings = {
        .stream_id = stream_id,
        .history_packets = {[TRACK_AUDIO] = AUDIENCE_HISTORY_AUDIO_PACKETS,
                            [TRACK_VIDEO] = AUDIENCE_HISTORY_VIDEO_PACKETS},
        .history_age_ns = audiences->history_age_ns,
        .replay_bps = audiences->replay_bps};
    struct audience *audience = calloc(1, sizeof *audience);

    if (audience == NULL)
        return NULL;
    if (fanout_create(&settings, audiences->stats, &audience->fanout) != STATUS_OK) {
        free(audience);
        return NULL;
    }
    audience->all = audiences;
    audience->stream_id = stream_id;
    audience->next = audiences->buckets[stream_id % BUCKETS];
    audiences->buckets[stream_id % BUCKETS] = audience;
    audiences->upstream.subscribe(audiences->upstream.context, stream_id, audiences->worker);
    return audience;
}

static void ask_for_key_frame(struct audience *audience, int64_t now_ns)
{
    const struct upstream *upstream = &audience->all->upstream;

    if (fanout_take_key_frame_request(audience->fanout, now_ns))
        upstream->want_key_frame(upstream->context, audience->stream_id);
}

/* Takes note when viewers of it stand in line to be replayed to. */
static void note_replays(struct audience *audience)
{
    if (audience->is_replaying || !fanout_is_replaying(audience->fanout))
        return;
    audience->is_replaying = true;
    audience->replaying = audience->all->replaying;
    audience->all->replaying = audience;
}

enum status audiences_join(struct audiences *audiences, uint32_t stream_id, struct viewer *viewer,
                           int64_t now_ns, struct audience **audience)
{
    struct audience *joined = find(audiences, stream_id);

    if (joined == NULL)
        joined = open_audience(audiences, stream_id);
    if (joined == NULL)
        return STATUS_NO_MEMORY;
    const enum status status = fanout_add(joined->fanout, viewer);
    if (fanout_viewers(joined->fanout) == 0)
        joined->empty_since_ns = now_ns;
    if (status != STATUS_OK)
        return status;
    note_replays(joined);
    ask_for_key_frame(joined, now_ns);
    *audience = joined;
    return STATUS_OK;
}

void audience_renegotiate(struct audience *audience, struct viewer *viewer,
                          const struct profile *profile, const struct viewer_start *start,
                          int64_t now_ns)
{
    fanout_renegotiate(audience->fanout, viewer, profile, start);
    note_replays(audience);
    ask_for_key_frame(audience, now_ns);
}

void audience_leave(struct audience *audience, struct viewer *viewer, int64_t now_ns)
{
    fanout_remove(audience->fanout, viewer);
    audience->empty_since_ns = now_ns;
}

void audience_feedback(struct audience *audience, struct viewer *viewer, const uint8_t *compound,
                       size_t compound_bytes, int64_t now_ns)
{
    struct audiences *all = audience->all;

    STATS_ADD(all->stats, rtcp_in, 1);
    if (feedback_receive(audience->fanout, viewer, compound, compound_bytes, all->egress,
                         all->stats, now_ns) != STATUS_OK)
        STATS_ADD(all->stats, drop_rtcp_malformed, 1);
    note_replays(audience);
    ask_for_key_frame(audience, now_ns);
}

static void run(struct audience *audience, const struct fanout_gather *gather, int64_t now_ns)
{
    const int64_t arrived_ns = fanout_oldest_ns(audience->fanout);

    fanout_run(audience->fanout, gather, audience->all->egress, now_ns);
    const int64_t took_ns = mono_clock_ns() - arrived_ns;
    STATS_OBSERVE(audience->all->stats, forward_delay_us, took_ns > 0 ? took_ns / 1000 : 0);
    ask_for_key_frame(audience, now_ns);
}

/* packet is for audience, which can take it. */
static void push(struct audience *audience, struct packet *packet, int64_t now_ns)
{
    struct audiences *all = audience->all;

    if (!audience->is_waiting && !fanout_is_running(audience->fanout)) {
        audience->is_waiting = true;
        audience->held_since_ns = now_ns;
        audience->waiting = all->waiting;
        all->waiting = audience;
        all->late = true;
    }
    fanout_push(audience->fanout, packet);
}

void audiences_take(struct audiences *audiences, struct packet *packet, int64_t now_ns)
{
    struct audience *audience = find(audiences, packet->stream_id);

    if (audience == NULL) {
        packet_unref(packet); /* nobody here watches it any more */
        return;
    }
    if (!fanout_can_push(audience->fanout, packet))
        run(audience, NULL, now_ns);
    push(audience, packet, now_ns);
}

bool audiences_take_late(struct audiences *audiences, struct packet *packet, int64_t now_ns)
{
    struct audience *audience = find(audiences, packet->stream_id);

    if (audience == NULL)
        packet_unref(packet);
    else if (fanout_can_push(audience->fanout, packet))
        push(audience, packet, now_ns);
    else
        return false;
    return true;
}

/* A whole frame for one viewer is one message: with many viewers its end is worth a short wait, and
 * with very many that of sound too. */
static bool should_wait(const struct audience *audience, bool drained, int64_t now_ns)
{
    const unsigned viewers = fanout_viewers(audience->fanout);

    return drained && viewers >= AUDIENCE_LARGE && !fanout_is_full(audience->fanout) &&
           !fanout_is_due(audience->fanout, viewers >= AUDIENCE_HUGE) &&
           now_ns - audience->held_since_ns < AUDIENCE_HOLD_NS;
}

int64_t audiences_run(struct audiences *audiences, bool drained, const struct fanout_gather *gather,
                      int64_t now_ns)
{
    struct audience **link = &audiences->waiting;
    int64_t due_ns = MONO_NEVER;

    audiences->late = false;
    while (*link != NULL) {
        struct audience *audience = *link;

        if (!fanout_is_empty(audience->fanout) && should_wait(audience, drained, now_ns)) {
            due_ns = mono_earlier(due_ns, audience->held_since_ns + AUDIENCE_HOLD_NS);
            link = &audience->waiting;
            continue;
        }
        *link = audience->waiting;
        audience->is_waiting = false;
        if (!fanout_is_empty(audience->fanout))
            run(audience, gather, now_ns);
    }
    return audiences->late ? now_ns : due_ns; /* late ones may stand before link */
}

void audiences_adopt(struct audiences *audiences, uint32_t stream_id, struct packet *const *packets,
                     unsigned count)
{
    struct audience *audience = find(audiences, stream_id);

    if (audience != NULL) {
        fanout_adopt(audience->fanout, packets, count);
        note_replays(audience);
        return;
    }
    for (unsigned i = 0; i < count; i++)
        packet_unref(packets[i]);
}

int64_t audiences_replay(struct audiences *audiences, int64_t now_ns)
{
    struct audience **link = &audiences->replaying;
    int64_t due_ns = MONO_NEVER;

    if (audiences->replaying == NULL)
        return MONO_NEVER;
    if (now_ns - audiences->replayed_ns < REPLAY_TURN_NS)
        return audiences->replayed_ns + REPLAY_TURN_NS;
    audiences->replayed_ns = now_ns;
    audiences->replay_headers.used = 0;
    while (*link != NULL) {
        struct audience *audience = *link;

        due_ns = mono_earlier(due_ns, fanout_replay(audience->fanout, &audiences->replay_headers,
                                                    audiences->egress, now_ns));
        if (fanout_is_replaying(audience->fanout)) {
            link = &audience->replaying;
            continue;
        }
        *link = audience->replaying;
        audience->is_replaying = false;
    }
    audiences->egress->flush(audiences->egress->context);
    const int64_t least_ns = now_ns + REPLAY_TURN_NS;
    return due_ns > least_ns ? due_ns : least_ns;
}

static bool is_over(const struct audience *audience, int64_t now_ns)
{
    return fanout_viewers(audience->fanout) == 0 && !audience->is_waiting &&
           !audience->is_replaying && now_ns - audience->empty_since_ns >= AUDIENCE_LINGER_NS;
}

void audiences_sweep(struct audiences *audiences, int64_t now_ns)
{
    const struct upstream *upstream = &audiences->upstream;

    for (unsigned i = 0; i < BUCKETS; i++) {
        struct audience **link = &audiences->buckets[i];
        while (*link != NULL) {
            struct audience *audience = *link;
            if (!is_over(audience, now_ns)) {
                fanout_sweep(audience->fanout, now_ns);
                note_replays(audience);
                ask_for_key_frame(audience, now_ns);
                link = &audience->next;
                continue;
            }
            *link = audience->next;
            upstream->unsubscribe(upstream->context, audience->stream_id, audiences->worker);
            fanout_destroy(audience->fanout);
            free(audience);
        }
    }
}
