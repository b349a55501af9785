#include "transport/data_relay.h"

#include <stdlib.h>

#include <glib.h>

#include "core/log.h"
#include "transport/association.h"
#include "transport/data_group.h"

enum {
    ROOM_BYTES_MIN = 8192, /* what SCTP tells fits too */
    READS_A_TURN_MAX = 256 /* of one peer, before the next has its turn */
};

#define QUIET_NS                                                                                   \
    (2 * MONO_SECOND) /* after so long without a packet timers may be late, by this:               \
                       */
#define QUIET_TURN_NS (100 * MONO_MS)

static const char chat_label[] = "chat";

struct data_relay {
    struct data_limits limits;
    struct data_events events;
    struct stats *stats;
    GHashTable *peers;  /* by session */
    GHashTable *groups; /* by stream id */
    struct data_peer *ready;
    struct data_peer *reading; /* of the ready ones, those whose turn is to come */
    bool hurry;                /* somebody became ready */
    uint32_t last_tag;
    int64_t moved_ns; /* when the last packet came or was asked for */
    uint8_t *room;    /* what is being read */
    size_t room_bytes;
};

/* A viewer's own channel is chat's or nobody's. */
enum { TAG_UNWANTED = 0, TAG_CHAT = 1, TAG_FIRST_SHARED = 2 };

enum status data_relay_create(const struct data_limits *limits, const struct data_events *events,
                              struct stats *stats, struct data_relay **relay)
{
    const size_t room_bytes =
        limits->message_bytes_max > ROOM_BYTES_MIN ? limits->message_bytes_max : ROOM_BYTES_MIN;
    struct data_relay *made = calloc(1, sizeof *made);
    uint8_t *room = malloc(room_bytes);
    enum status status = made != NULL && room != NULL ? association_start() : STATUS_NO_MEMORY;

    if (status != STATUS_OK) {
        free(room);
        free(made);
        return status;
    }
    made->limits = *limits;
    made->events = *events;
    made->stats = stats;
    made->room = room;
    made->room_bytes = room_bytes;
    made->last_tag = TAG_FIRST_SHARED - 1;
    made->peers = g_hash_table_new(g_int64_hash, g_int64_equal);
    made->groups = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free);
    *relay = made;
    return STATUS_OK;
}

static struct data_peer *find_peer(const struct data_relay *relay, uint64_t session)
{
    return g_hash_table_lookup(relay->peers, &session);
}

static struct data_group *find_group(const struct data_relay *relay, uint32_t stream_id)
{
    return g_hash_table_lookup(relay->groups, GUINT_TO_POINTER(stream_id));
}

static struct data_group *find_or_make_group(struct data_relay *relay, uint32_t stream_id)
{
    struct data_group *group = find_group(relay, stream_id);

    if (group != NULL)
        return group;
    group = data_group_make(stream_id, relay->limits.channels_max);
    if (group == NULL)
        return NULL;
    g_hash_table_insert(relay->groups, GUINT_TO_POINTER(stream_id), group);
    return group;
}

static void mark_ready(void *context)
{
    struct data_peer *peer = context;

    if (peer->ready || peer->relay == NULL)
        return;
    peer->ready = true;
    peer->ready_next = peer->relay->ready;
    peer->relay->ready = peer;
    peer->relay->hurry = true;
}

/* --- channels --- */

/* A viewer whose queue is full, or that has not closed its side of as many old channels, gets it
 * later. */
static void share_with(struct data_peer *viewer, const struct data_group_channel *channel)
{
    if (viewer->up && !viewer->over &&
        data_peer_open(viewer, &channel->terms, channel->tag) != STATUS_OK)
        viewer->lacks = true;
}

static void share_missing(const struct data_group *group, struct data_peer *viewer)
{
    uint16_t stream = 0;

    viewer->lacks = false;
    for (unsigned i = 0; i < group->channels_max; i++) {
        const struct data_group_channel *channel = &group->channels[i];
        if (channel->tag != 0 && data_peer_find(viewer, channel->tag, &stream) == NULL)
            share_with(viewer, channel);
    }
}

static void on_publisher_opened(struct data_relay *relay, struct data_group *group,
                                struct data_peer *publisher, const struct data_news *news)
{
    struct data_group_channel *channel = data_group_channel_free(group);

    if (channel == NULL) {
        data_peer_refuse(publisher, news->stream);
        return;
    }
    relay->last_tag = relay->last_tag < UINT32_MAX ? relay->last_tag + 1 : TAG_FIRST_SHARED;
    channel->tag = relay->last_tag;
    channel->stream = news->stream;
    channel->terms = news->channel;
    data_peer_accept(publisher, news->stream, channel->tag);
    STATS_ADD(relay->stats, data_channels, 1);
    for (struct data_peer *viewer = group->viewers; viewer != NULL; viewer = viewer->next)
        share_with(viewer, channel);
}

static void withdraw(struct data_group *group, struct data_group_channel *channel)
{
    uint16_t stream = 0;

    for (struct data_peer *viewer = group->viewers; viewer != NULL; viewer = viewer->next)
        if (data_peer_find(viewer, channel->tag, &stream) != NULL)
            data_peer_close_channel(viewer, stream);
    channel->tag = 0;
}

static void on_publisher_message(struct data_relay *relay, struct data_group *group,
                                 const struct data_news *news)
{
    const struct data_group_channel *channel = data_group_channel_at(group, news->stream);
    uint16_t stream = 0;

    for (struct data_peer *viewer = group->viewers; viewer != NULL && channel != NULL;
         viewer = viewer->next) {
        if (data_peer_find(viewer, channel->tag, &stream) == NULL)
            continue;
        data_peer_send(viewer, stream, &channel->terms, news->payload_protocol, relay->room,
                       news->bytes);
        if (viewer->over)
            mark_ready(viewer);
    }
}

static void on_viewer_opened(struct data_peer *viewer, const struct data_news *news)
{
    const bool is_chat = datachannel_is_named(&news->channel, chat_label);

    data_peer_accept(viewer, news->stream, is_chat ? TAG_CHAT : TAG_UNWANTED);
}

static bool is_chat(const struct data_group *group, uint32_t tag)
{
    if (tag == TAG_CHAT)
        return true;
    const struct data_group_channel *channel =
        tag != TAG_UNWANTED ? data_group_channel_of(group, tag) : NULL;
    return channel != NULL && datachannel_is_named(&channel->terms, chat_label);
}

static void on_viewer_message(struct data_relay *relay, const struct data_group *group,
                              const struct data_peer *viewer, const struct data_news *news)
{
    if (news->payload_protocol != DATACHANNEL_TEXT ||
        !is_chat(group, viewer->channels[news->stream].tag)) {
        STATS_ADD(relay->stats, data_drop_unwanted, 1);
        return;
    }
    if (news->bytes > DATA_VIEWER_MESSAGE_BYTES_MAX) {
        STATS_ADD(relay->stats, data_drop_too_long, 1);
        return;
    }
    STATS_ADD(relay->stats, data_chat, 1);
    relay->events.on_chat(relay->events.context, viewer->session.session, (const char *)relay->room,
                          news->bytes);
}

/* --- peers --- */

static void unlink_ready(struct data_peer **list, const struct data_peer *peer)
{
    for (; *list != NULL; list = &(*list)->ready_next) {
        if (*list == peer) {
            *list = peer->ready_next;
            return;
        }
    }
}

static void remove_if_empty(const struct data_relay *relay, const struct data_group *group)
{
    if (group->publisher == NULL && group->viewers == NULL)
        g_hash_table_remove(relay->groups, GUINT_TO_POINTER(group->stream_id));
}

static void remove_peer(struct data_relay *relay, struct data_peer *peer)
{
    struct data_group *group = find_group(relay, peer->session.stream_id);

    g_hash_table_remove(relay->peers, &peer->session.session);
    if (peer->ready) {
        unlink_ready(&relay->ready, peer);
        unlink_ready(&relay->reading, peer);
    }
    if (peer->session.publishes) {
        for (unsigned i = 0; i < group->channels_max; i++)
            if (group->channels[i].tag != 0)
                withdraw(group, &group->channels[i]);
    }
    data_group_remove(group, peer);
    remove_if_empty(relay, group);
    peer->relay = NULL; /* nobody is told that it is ready any more */
    data_peer_destroy(peer);
    STATS_ADD(relay->stats, data_closed, 1);
}

static void end_peer(struct data_relay *relay, struct data_peer *peer)
{
    const struct data_owner owner = peer->session.owner;
    const uint64_t session = peer->session.session;
    const bool left = peer->left;

    LOG_DEBUG("data", "session %llu: data channels are over", (unsigned long long)session);
    remove_peer(relay, peer);
    owner.on_over(owner.context, session, left);
}

static void handle(struct data_relay *relay, struct data_peer *peer, enum data_peer_event event,
                   const struct data_news *news)
{
    struct data_group *group = find_group(relay, peer->session.stream_id);
    struct data_group_channel *channel;

    switch (event) {
    case DATA_PEER_UP:
        if (!peer->session.publishes)
            share_missing(group, peer);
        break;
    case DATA_PEER_OPENED:
        if (peer->session.publishes)
            on_publisher_opened(relay, group, peer, news);
        else
            on_viewer_opened(peer, news);
        break;
    case DATA_PEER_MESSAGE:
        if (peer->session.publishes)
            on_publisher_message(relay, group, news);
        else
            on_viewer_message(relay, group, peer, news);
        break;
    case DATA_PEER_CLOSED:
        channel = peer->session.publishes ? data_group_channel_at(group, news->stream) : NULL;
        if (channel != NULL)
            withdraw(group, channel);
        break;
    case DATA_PEER_NOTHING:
    case DATA_PEER_OVER:
        break;
    }
}

/* Returns when to come again for more of what it said; MONO_NEVER. */
static int64_t read_peer(struct data_relay *relay, struct data_peer *peer, int64_t now_ns)
{
    struct data_news news;

    for (unsigned i = 0; i < READS_A_TURN_MAX; i++) {
        const enum data_peer_event event =
            data_peer_read(peer, relay->room, relay->room_bytes, now_ns, &news);
        if (event == DATA_PEER_OVER) {
            end_peer(relay, peer);
            return MONO_NEVER;
        }
        if (event == DATA_PEER_NOTHING) {
            if (peer->lacks)
                share_missing(find_group(relay, peer->session.stream_id), peer);
            const bool hurry = relay->hurry;
            const int64_t due_ns = data_peer_due_ns(peer, now_ns);
            if (due_ns != MONO_NEVER)
                mark_ready(peer);
            relay->hurry = hurry; /* it has time until then */
            return due_ns;
        }
        handle(relay, peer, event, &news);
    }
    mark_ready(peer);
    return now_ns;
}

static int64_t read_ready(struct data_relay *relay, int64_t now_ns)
{
    int64_t due_ns = MONO_NEVER;

    relay->hurry = false;
    relay->reading = relay->ready;
    relay->ready = NULL;
    while (relay->reading != NULL) {
        struct data_peer *peer = relay->reading;
        relay->reading = peer->ready_next;
        peer->ready = false;
        due_ns = mono_earlier(due_ns, read_peer(relay, peer, now_ns));
    }
    return relay->hurry ? now_ns : due_ns;
}

/* Who publishes a stream takes over from whoever did. */
static void end_publisher_before(struct data_relay *relay, uint32_t stream_id)
{
    const struct data_group *group = find_group(relay, stream_id);

    if (group != NULL && group->publisher != NULL)
        end_peer(relay, group->publisher);
}

static enum status open_peer(struct data_relay *relay, const struct data_session *session,
                             int64_t now_ns)
{
    struct data_group *group = NULL;
    struct data_peer *peer = NULL;

    if (find_peer(relay, session->session) == NULL &&
        data_relay_sessions(relay) < relay->limits.sessions_max)
        group = find_or_make_group(relay, session->stream_id);
    if (group == NULL) {
        dtls_destroy(session->dtls);
        return STATUS_FULL;
    }
    association_turn(now_ns);
    const enum status status =
        data_peer_create(session, &relay->limits, relay->stats, mark_ready, &peer);
    if (status != STATUS_OK) {
        remove_if_empty(relay, group);
        return status;
    }
    peer->relay = relay;
    g_hash_table_insert(relay->peers, &peer->session.session, peer);
    data_group_add(group, peer);
    return STATUS_OK;
}

void data_relay_open(struct data_relay *relay, const struct data_session *session, int64_t now_ns)
{
    const struct data_owner owner = session->owner;

    if (session->publishes)
        end_publisher_before(relay, session->stream_id);
    const enum status status = open_peer(relay, session, now_ns);
    if (status == STATUS_OK) {
        relay->moved_ns = now_ns;
        STATS_ADD(relay->stats, data_opened, 1);
        return;
    }
    LOG_DEBUG("data", "session %llu: no data channels: %s", (unsigned long long)session->session,
              status_text(status));
    STATS_ADD(relay->stats, data_refused, 1);
    owner.on_over(owner.context, session->session, false);
}

void data_relay_receive(struct data_relay *relay, uint64_t session, const uint8_t *datagram,
                        size_t datagram_bytes, int64_t now_ns)
{
    struct data_peer *peer = find_peer(relay, session);

    if (peer == NULL)
        return;
    relay->moved_ns = now_ns;
    data_peer_receive(peer, datagram, datagram_bytes, now_ns);
    if (peer->over)
        mark_ready(peer);
}

void data_relay_close(struct data_relay *relay, uint64_t session)
{
    struct data_peer *peer = find_peer(relay, session);

    if (peer == NULL)
        return;
    peer->silent = true;
    remove_peer(relay, peer);
}

int64_t data_relay_turn(struct data_relay *relay, int64_t now_ns)
{
    association_turn(now_ns);
    const int64_t due_ns = read_ready(relay, now_ns);
    const bool is_quiet = now_ns - relay->moved_ns >= QUIET_NS;

    if (data_relay_sessions(relay) == 0)
        return MONO_NEVER;
    return mono_earlier(due_ns, now_ns + (is_quiet ? QUIET_TURN_NS : ASSOCIATION_TURN_NS));
}

unsigned data_relay_sessions(const struct data_relay *relay)
{
    return g_hash_table_size(relay->peers);
}

void data_relay_destroy(struct data_relay *relay)
{
    GHashTableIter peers;
    gpointer peer;

    if (relay == NULL)
        return;
    g_hash_table_iter_init(&peers, relay->peers);
    while (g_hash_table_iter_next(&peers, NULL, &peer)) {
        ((struct data_peer *)peer)->silent = true;
        ((struct data_peer *)peer)->relay = NULL;
        g_hash_table_iter_remove(&peers);
        data_peer_destroy(peer);
    }
    g_hash_table_unref(relay->peers);
    g_hash_table_unref(relay->groups);
    association_stop();
    free(relay->room);
    free(relay);
}
