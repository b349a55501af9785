#include "signaling/drain.h"

#include "core/log.h"
#include "core/mono.h"
#include "signaling/identifier.h"

enum {
    MOVE_PUBLISHER_WITHIN_MS = 1000,
    MOVE_VIEWER_AFTER_MS = 1000,
    MOVE_VIEWER_SPREAD_MS = 2000, /* at least */
    MOVE_VIEWER_SHARE = 75,       /* per cent of the drain's time */
    RETURN_AFTER_END_MS = 500,
    RETURN_SPREAD_MS = 2000,
};

/* What is told to clients at the beginning has this long to go out. */
static const int64_t FAREWELL_NS = MONO_SECOND;

void drain_signal(struct drain *drain)
{
    drain->at_once = drain->signalled;
    drain->signalled = true;
    endpoint_drain(drain->endpoint);
}

static enum drain_state begin(struct drain *drain, const struct endpoint_counts *counts,
                              int64_t now_ns)
{
    drain->began_ns = now_ns;
    LOG_INFO("drain", "begun publishers=%u viewers=%u participants=%u ends_in_ms=%d",
             counts->publishers, counts->viewers, counts->participants,
             (int)mono_to_ms(endpoint_drain_left_ns(drain->endpoint)));
    return DRAIN_BEGUN;
}

enum drain_state drain_tick(struct drain *drain, int64_t now_ns)
{
    struct endpoint_counts counts;

    if (!endpoint_is_draining(drain->endpoint))
        return DRAIN_NOT;
    endpoint_count(drain->endpoint, &counts);
    if (drain->began_ns == 0)
        return begin(drain, &counts, now_ns);
    const bool empty = counts.publishers + counts.viewers + counts.participants == 0;
    const bool late =
        endpoint_drain_left_ns(drain->endpoint) == 0 && now_ns - drain->began_ns >= FAREWELL_NS;
    if (!drain->at_once && !empty && !late)
        return DRAIN_GOING;
    LOG_INFO("drain", "over after_ms=%d publishers=%u viewers=%u participants=%u",
             (int)mono_to_ms(now_ns - drain->began_ns), counts.publishers, counts.viewers,
             counts.participants);
    return DRAIN_OVER;
}

unsigned drain_move_after_ms(const struct endpoint *endpoint, bool publishes)
{
    const unsigned drain_ms = (unsigned)mono_to_ms(endpoint_drain_left_ns(endpoint));
    const unsigned share_ms = drain_ms / 100 * MOVE_VIEWER_SHARE;
    const unsigned spread_ms = share_ms > MOVE_VIEWER_SPREAD_MS ? share_ms : MOVE_VIEWER_SPREAD_MS;

    return publishes ? identifier_random() % MOVE_PUBLISHER_WITHIN_MS
                     : MOVE_VIEWER_AFTER_MS + identifier_random() % spread_ms;
}

unsigned drain_return_after_ms(const struct endpoint *endpoint)
{
    return (unsigned)mono_to_ms(endpoint_drain_left_ns(endpoint)) + RETURN_AFTER_END_MS +
           identifier_random() % RETURN_SPREAD_MS;
}
