#include "transport/broadcasts.h"

#include <inttypes.h>
#include <string.h>

#include <glib.h>

#include "core/log.h"
#include "core/mono.h"
#include "transport/mono_clock.h"

struct broadcasts {
    struct publisher_environment environment;
    struct feed_settings feed_settings;
    struct ingest_events events;
    GHashTable *feeds;     /* by stream id; owns */
    GPtrArray *publishers; /* of struct publisher; owns */
};

static struct publisher *find_publisher_or_null(const struct broadcasts *broadcasts,
                                                uint64_t session)
{
    for (guint i = 0; i < broadcasts->publishers->len; i++) {
        struct publisher *publisher = g_ptr_array_index(broadcasts->publishers, i);

        if (publisher_session(publisher) == session)
            return publisher;
    }
    return NULL;
}

static struct publisher *find_publisher_of_or_null(const struct broadcasts *broadcasts,
                                                   const struct feed *feed)
{
    for (guint i = 0; i < broadcasts->publishers->len; i++) {
        struct publisher *publisher = g_ptr_array_index(broadcasts->publishers, i);

        if (publisher_feed(publisher) == feed)
            return publisher;
    }
    return NULL;
}

static void close_session(struct broadcasts *broadcasts, uint64_t session,
                          enum media_close_reason reason)
{
    LOG_DEBUG("ingest", "session %" PRIu64 " closed: %s", session, media_close_reason_text(reason));
    broadcasts->events.on_closed(broadcasts->events.context, session, reason);
}

/* Destroys those that are over, and says so. Outside of the main context's dispatch. */
static void reap(struct broadcasts *broadcasts)
{
    for (guint i = broadcasts->publishers->len; i-- > 0;) {
        struct publisher *publisher = g_ptr_array_index(broadcasts->publishers, i);
        enum media_close_reason reason;

        if (!publisher_is_over(publisher, &reason))
            continue;
        const uint64_t session = publisher_session(publisher);
        g_ptr_array_remove_index_fast(broadcasts->publishers, i);
        publisher_destroy(publisher);
        close_session(broadcasts, session, reason);
    }
}

static void end_publisher(struct broadcasts *broadcasts, struct publisher *publisher)
{
    if (publisher == NULL)
        return;
    publisher_end(publisher, MEDIA_CLOSED_BY_US, mono_clock_ns());
    reap(broadcasts);
}

static void free_feed(gpointer feed)
{
    feed_destroy(feed);
}

struct broadcasts *broadcasts_create(const struct publisher_environment *environment,
                                     const struct feed_settings *feed_settings,
                                     const struct ingest_events *events)
{
    struct broadcasts *made = g_new0(struct broadcasts, 1);

    made->environment = *environment;
    made->feed_settings = *feed_settings;
    made->events = *events;
    made->feeds = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_feed);
    made->publishers = g_ptr_array_new();
    return made;
}

void broadcasts_destroy(struct broadcasts *broadcasts)
{
    if (broadcasts == NULL)
        return;
    g_ptr_array_unref(broadcasts->publishers);
    g_hash_table_unref(broadcasts->feeds);
    g_free(broadcasts);
}

struct feed *broadcasts_find_stream(const struct broadcasts *broadcasts, uint32_t stream_id)
{
    return g_hash_table_lookup(broadcasts->feeds, GUINT_TO_POINTER(stream_id));
}

void broadcasts_open_stream(struct broadcasts *broadcasts, uint32_t stream_id)
{
    struct feed *feed = NULL;

    if (broadcasts_find_stream(broadcasts, stream_id) != NULL)
        return;
    if (g_hash_table_size(broadcasts->feeds) >= INGEST_STREAMS_MAX) {
        LOG_WARNING("ingest", "stream %u not opened: %d are", stream_id, INGEST_STREAMS_MAX);
        return;
    }
    broadcasts->feed_settings.random_seed = g_random_int();
    const enum status status = feed_create(stream_id, &broadcasts->feed_settings, &feed);
    if (status != STATUS_OK) {
        LOG_ERROR("ingest", "stream %u not opened: %s", stream_id, status_text(status));
        return;
    }
    g_hash_table_insert(broadcasts->feeds, GUINT_TO_POINTER(stream_id), feed);
}

void broadcasts_close_stream(struct broadcasts *broadcasts, uint32_t stream_id)
{
    const struct feed *feed = broadcasts_find_stream(broadcasts, stream_id);

    if (feed == NULL)
        return;
    end_publisher(broadcasts, find_publisher_of_or_null(broadcasts, feed));
    g_hash_table_remove(broadcasts->feeds, GUINT_TO_POINTER(stream_id));
}

void broadcasts_set_bandwidth(struct broadcasts *broadcasts, uint32_t bandwidth_bps)
{
    GHashTableIter each;
    gpointer feed;

    broadcasts->feed_settings.bandwidth_bps = bandwidth_bps;
    g_hash_table_iter_init(&each, broadcasts->feeds);
    while (g_hash_table_iter_next(&each, NULL, &feed))
        feed_set_bandwidth(feed, bandwidth_bps);
}

static enum status start_publisher(struct broadcasts *broadcasts,
                                   const struct media_publish *publish,
                                   struct publisher **publisher)
{
    struct feed *feed = broadcasts_find_stream(broadcasts, publish->stream_id);

    if (feed == NULL)
        return STATUS_NOT_FOUND;
    if (find_publisher_or_null(broadcasts, publish->session) != NULL)
        return STATUS_EXISTS;
    end_publisher(broadcasts, find_publisher_of_or_null(broadcasts, feed));
    if (broadcasts->publishers->len >= INGEST_PUBLISHERS_MAX)
        return STATUS_FULL;
    return publisher_create(&broadcasts->environment, publish, feed, mono_clock_ns(), publisher);
}

static void tell_local(struct broadcasts *broadcasts, const struct publisher *publisher)
{
    struct media_local local;

    publisher_read_local(publisher, &local);
    broadcasts->events.on_publisher_local(broadcasts->events.context, publisher_session(publisher),
                                          &local);
    explicit_bzero(&local, sizeof local);
}

void broadcasts_refuse(struct broadcasts *broadcasts, uint64_t session, enum status why)
{
    LOG_WARNING("ingest", "session %" PRIu64 " not started: %s", session, status_text(why));
    broadcasts->events.on_publisher_local(broadcasts->events.context, session, NULL);
    close_session(broadcasts, session, MEDIA_CLOSED_RESOURCE);
}

void broadcasts_publish(struct broadcasts *broadcasts, const struct media_publish *publish)
{
    struct publisher *publisher = NULL;
    const enum status status = start_publisher(broadcasts, publish, &publisher);

    if (status == STATUS_EXISTS)
        return; /* posted twice: the first one lives */
    if (status != STATUS_OK) {
        broadcasts_refuse(broadcasts, publish->session, status);
        return;
    }
    g_ptr_array_add(broadcasts->publishers, publisher);
    tell_local(broadcasts, publisher);
}

void broadcasts_add_candidate(struct broadcasts *broadcasts, uint64_t session,
                              const struct ice_candidate *candidate)
{
    struct publisher *publisher = find_publisher_or_null(broadcasts, session);

    if (publisher != NULL)
        publisher_add_candidates(publisher, candidate, 1);
}

void broadcasts_restart(struct broadcasts *broadcasts, uint64_t session,
                        const struct ice_credentials *remote,
                        const struct ice_candidate *candidates, unsigned candidate_count)
{
    struct publisher *publisher = find_publisher_or_null(broadcasts, session);

    if (publisher == NULL)
        return;
    const enum status status = publisher_restart(publisher, remote, candidates, candidate_count);
    if (status == STATUS_OK) {
        tell_local(broadcasts, publisher);
        return;
    }
    LOG_ERROR("ingest", "session %" PRIu64 ": no ICE restart: %s", session, status_text(status));
    broadcasts->events.on_publisher_local(broadcasts->events.context, session, NULL);
}

void broadcasts_update(struct broadcasts *broadcasts, uint64_t session,
                       const struct publication *publication, const struct datachannel_terms *data)
{
    struct publisher *publisher = find_publisher_or_null(broadcasts, session);

    if (publisher != NULL)
        publisher_update(publisher, publication, data, mono_clock_ns());
}

void broadcasts_send_data(struct broadcasts *broadcasts, uint64_t session, const uint8_t *packet,
                          size_t packet_bytes)
{
    struct publisher *publisher = find_publisher_or_null(broadcasts, session);

    if (publisher != NULL)
        publisher_send_data(publisher, packet, packet_bytes);
}

void broadcasts_end(struct broadcasts *broadcasts, uint64_t session)
{
    end_publisher(broadcasts, find_publisher_or_null(broadcasts, session));
}

void broadcasts_end_all(struct broadcasts *broadcasts)
{
    const int64_t now_ns = mono_clock_ns();

    for (guint i = 0; i < broadcasts->publishers->len; i++)
        publisher_end(g_ptr_array_index(broadcasts->publishers, i), MEDIA_CLOSED_BY_US, now_ns);
    reap(broadcasts);
}

int64_t broadcasts_turn(struct broadcasts *broadcasts, int64_t now_ns)
{
    int64_t due_ns = MONO_NEVER;

    for (guint i = 0; i < broadcasts->publishers->len; i++) {
        struct publisher *publisher = g_ptr_array_index(broadcasts->publishers, i);

        publisher_turn(publisher, now_ns);
        if (publisher_take_connected(publisher))
            broadcasts->events.on_connected(broadcasts->events.context,
                                            publisher_session(publisher));
        due_ns = mono_earlier(due_ns, publisher_due_ns(publisher));
    }
    reap(broadcasts);
    return due_ns;
}
