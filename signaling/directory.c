#include "signaling/directory.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/mono.h"
#include "signaling/chat_room.h"
#include "signaling/identifier.h"

struct directory_room {
    char name[NAME_BYTES_MAX + 1];
    struct directory_stream *streams;
    struct directory_member *members;
    unsigned member_count;
    unsigned viewers;
    unsigned viewers_told;
    int64_t viewers_told_ns;
    struct chat_room *chat; /* NULL until something is said */
};

struct directory {
    struct directory_settings settings;
    struct directory_listener listener;
    GHashTable *rooms;   /* room->name: struct directory_room, owned */
    GHashTable *streams; /* id as pointer: struct directory_stream, owned by its room */
    uint32_t last_stream_id;
};

/* Names of rooms are chosen by strangers: seeded, so that they cannot choose them to collide. */
static uint32_t hash_seed;

static guint hash_name(gconstpointer name)
{
    uint32_t hash = hash_seed;

    for (const unsigned char *byte = name; *byte != 0; byte++) {
        hash = (hash ^ *byte) * UINT32_C(0x9e3779b1);
        hash ^= hash >> 15;
    }
    return hash;
}

static void room_free(void *context)
{
    struct directory_room *room = context;

    for (struct directory_stream *stream = room->streams; stream != NULL;) {
        struct directory_stream *next = stream->next;
        free(stream);
        stream = next;
    }
    chat_room_free(room->chat);
    free(room);
}

void directory_set(struct directory *directory, const struct directory_settings *settings)
{
    directory->settings = *settings;
}

enum status directory_create(const struct directory_settings *settings,
                             struct directory **directory)
{
    struct directory *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    hash_seed = identifier_random();
    made->settings = *settings;
    made->rooms = g_hash_table_new_full(hash_name, g_str_equal, NULL, room_free);
    made->streams = g_hash_table_new(g_direct_hash, g_direct_equal);
    *directory = made;
    return STATUS_OK;
}

void directory_destroy(struct directory *directory)
{
    if (directory == NULL)
        return;
    g_hash_table_destroy(directory->streams);
    g_hash_table_destroy(directory->rooms);
    free(directory);
}

void directory_listen(struct directory *directory, const struct directory_listener *listener)
{
    directory->listener = listener != NULL ? *listener : (struct directory_listener){0};
}

struct directory_room *directory_find(const struct directory *directory, const char *name)
{
    return g_hash_table_lookup(directory->rooms, name);
}

const char *directory_room_name(const struct directory_room *room)
{
    return room->name;
}

struct directory_stream *directory_streams(const struct directory_room *room)
{
    return room->streams;
}

struct directory_member *directory_members(const struct directory_room *room)
{
    return room->members;
}

unsigned directory_viewers(const struct directory_room *room)
{
    return room->viewers;
}

unsigned directory_member_count(const struct directory_room *room)
{
    return room->member_count;
}

struct chat_room *directory_chat(const struct directory_room *room)
{
    return room->chat;
}

void directory_set_chat(struct directory_room *room, struct chat_room *chat)
{
    room->chat = chat;
}

unsigned directory_room_count(const struct directory *directory)
{
    return g_hash_table_size(directory->rooms);
}

unsigned directory_live_count(const struct directory *directory)
{
    GHashTableIter iterator;
    gpointer stream;
    unsigned count = 0;

    g_hash_table_iter_init(&iterator, directory->streams);
    while (g_hash_table_iter_next(&iterator, NULL, &stream))
        count += directory_stream_is_live(stream);
    return count;
}

void directory_each(const struct directory *directory,
                    bool (*visit)(void *context, struct directory_room *room), void *context)
{
    GHashTableIter iterator;
    gpointer room;

    g_hash_table_iter_init(&iterator, directory->rooms);
    while (g_hash_table_iter_next(&iterator, NULL, &room))
        if (!visit(context, room))
            return;
}

/* Finds the room or makes it. */
static enum status room_open(struct directory *directory, const char *name,
                             struct directory_room **room)
{
    struct directory_room *found = directory_find(directory, name);

    if (found == NULL) {
        if (g_hash_table_size(directory->rooms) >= directory->settings.rooms_max)
            return STATUS_FULL;
        found = calloc(1, sizeof *found);
        if (found == NULL)
            return STATUS_NO_MEMORY;
        g_strlcpy(found->name, name, sizeof found->name);
        g_hash_table_insert(directory->rooms, found->name, found);
    }
    *room = found;
    return STATUS_OK;
}

static void room_free_if_empty(struct directory *directory, struct directory_room *room)
{
    if (room->streams == NULL && room->members == NULL)
        g_hash_table_remove(directory->rooms, room->name);
}

static void recount(struct directory_member *member, bool counted)
{
    if (member->counted != counted) {
        member->room->viewers += counted ? 1u : -1u;
        member->counted = counted;
    }
}

enum status directory_join(struct directory *directory, const char *room,
                           struct directory_member *member)
{
    struct directory_room *joined;
    enum status status = room_open(directory, room, &joined);
    if (status != STATUS_OK)
        return status;
    *member = (struct directory_member){.room = joined, .next = joined->members, .present = true};
    if (joined->members != NULL)
        joined->members->previous = member;
    joined->members = member;
    joined->member_count++;
    recount(member, true);
    return STATUS_OK;
}

void directory_leave(struct directory *directory, struct directory_member *member)
{
    struct directory_room *room = member->room;
    if (room == NULL)
        return;
    recount(member, false);
    room->member_count--;
    if (member->previous != NULL)
        member->previous->next = member->next;
    else
        room->members = member->next;
    if (member->next != NULL)
        member->next->previous = member->previous;
    *member = (struct directory_member){0};
    room_free_if_empty(directory, room);
}

void directory_member_set(struct directory *directory, struct directory_member *member,
                          bool present, bool publishes)
{
    (void)directory;
    member->present = present;
    member->publishes = publishes;
    if (member->room != NULL)
        recount(member, present && !publishes);
}

struct directory_stream *directory_stream_find(const struct directory *directory, const char *room,
                                               const char *stream)
{
    const struct directory_room *found = directory_find(directory, room);
    struct directory_stream *at = found != NULL ? found->streams : NULL;

    while (at != NULL && strcmp(at->name, stream) != 0)
        at = at->next;
    return at;
}

struct directory_stream *directory_stream_by_id(const struct directory *directory, uint32_t id)
{
    return g_hash_table_lookup(directory->streams, GUINT_TO_POINTER(id));
}

static struct directory_stream *stream_make(struct directory *directory,
                                            struct directory_room *room, const char *name)
{
    struct directory_stream **link = &room->streams;
    unsigned count = 0;

    for (; *link != NULL; link = &(*link)->next)
        count++;
    if (count >= directory->settings.streams_per_room_max)
        return NULL;
    struct directory_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->room = room;
    stream->id = ++directory->last_stream_id;
    g_strlcpy(stream->name, name, sizeof stream->name);
    g_hash_table_insert(directory->streams, GUINT_TO_POINTER(stream->id), stream);
    *link = stream;
    return stream;
}

enum status directory_stream_open(struct directory *directory, const char *room, const char *name,
                                  struct directory_stream **stream, bool *made)
{
    struct directory_room *opened;
    struct directory_stream *found = directory_stream_find(directory, room, name);
    const bool is_new = found == NULL;

    if (is_new) {
        enum status status = room_open(directory, room, &opened);
        if (status != STATUS_OK)
            return status;
        found = stream_make(directory, opened, name);
        if (found == NULL) {
            room_free_if_empty(directory, opened);
            return STATUS_FULL;
        }
    }
    *stream = found;
    *made = is_new;
    return STATUS_OK;
}

static void describe(const struct directory_stream *stream, int64_t now_ns,
                     struct directory_told *told)
{
    *told = (struct directory_told){.live = directory_stream_is_live(stream)};
    g_strlcpy(told->publisher_name, stream->publisher_name, sizeof told->publisher_name);
    for (unsigned track = 0; track < TRACK_COUNT; track++) {
        told->has[track] = directory_stream_has(stream, (enum track_kind)track, now_ns);
        told->codec[track] = stream->report.has[track] ? stream->report.format[track].codec : 0;
    }
}

static bool is_same(const struct directory_told *a, const struct directory_told *b)
{
    for (unsigned track = 0; track < TRACK_COUNT; track++)
        if (a->has[track] != b->has[track] || a->codec[track] != b->codec[track])
            return false;
    return a->live == b->live && strcmp(a->publisher_name, b->publisher_name) == 0;
}

/* Tells members what changed since they were told; a stream is announced when it is live first. */
static void tell(struct directory *directory, struct directory_stream *stream, int64_t now_ns)
{
    struct directory_told told;

    describe(stream, now_ns, &told);
    if (stream->announced ? is_same(&told, &stream->told) : !told.live)
        return;
    const enum directory_change change = stream->announced ? DIRECTORY_CHANGED : DIRECTORY_ADDED;
    stream->announced = true;
    stream->told = told;
    if (directory->listener.on_stream != NULL)
        directory->listener.on_stream(directory->listener.context, stream, change);
}

void directory_stream_begin(struct directory *directory, struct directory_stream *stream,
                            uint64_t session, const char *publisher_name,
                            const bool offered[TRACK_COUNT], int64_t now_ns)
{
    stream->publisher = session;
    stream->connected = false;
    stream->stalled = false;
    if (stream->announced) {
        /* Until the new one is connected, what is told is the old one's, no longer live. */
        tell(directory, stream, now_ns);
    }
    g_strlcpy(stream->publisher_name, publisher_name, sizeof stream->publisher_name);
    memcpy(stream->offered, offered, sizeof stream->offered);
}

void directory_stream_offer(struct directory *directory, struct directory_stream *stream,
                            const bool offered[TRACK_COUNT], int64_t now_ns)
{
    memcpy(stream->offered, offered, sizeof stream->offered);
    if (stream->connected) {
        stream->connected_ns = now_ns;
        for (unsigned track = 0; track < TRACK_COUNT; track++)
            stream->report.has[track] = stream->report.has[track] && offered[track];
        tell(directory, stream, now_ns);
    }
}

void directory_stream_connected(struct directory *directory, struct directory_stream *stream,
                                int64_t now_ns)
{
    stream->connected = true;
    stream->connected_ns = now_ns;
    stream->report = (struct stream_report){0};
    tell(directory, stream, now_ns);
}

void directory_stream_report(struct directory *directory, struct directory_stream *stream,
                             const struct stream_report *report, int64_t now_ns)
{
    if (!stream->connected || !report->live)
        return;
    stream->report = *report;
    stream->stalled = now_ns - report->last_packet_ns > mono_from_ms(DIRECTORY_STALL_MS);
    tell(directory, stream, now_ns);
}

void directory_stream_sound(struct directory *directory, struct directory_stream *stream,
                            const struct sound *sound)
{
    const bool changed = sound->state != stream->sound.state;

    stream->sound = *sound;
    if (changed && directory->listener.on_sound != NULL)
        directory->listener.on_sound(directory->listener.context, stream);
}

void directory_stream_gone(struct directory *directory, struct directory_stream *stream,
                           int64_t now_ns)
{
    stream->publisher = 0;
    stream->connected = false;
    stream->gone_ns = now_ns;
    if (stream->announced)
        tell(directory, stream, now_ns);
}

void directory_stream_forgo(const struct directory *directory, struct directory_stream *stream)
{
    stream->gone_ns = -directory->settings.grace_ns;
}

void directory_stream_remove(struct directory *directory, struct directory_stream *stream)
{
    struct directory_room *room = stream->room;
    struct directory_stream **link = &room->streams;

    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    g_hash_table_remove(directory->streams, GUINT_TO_POINTER(stream->id));
    if (stream->announced && directory->listener.on_stream != NULL)
        directory->listener.on_stream(directory->listener.context, stream, DIRECTORY_REMOVED);
    free(stream);
    room_free_if_empty(directory, room);
}

bool directory_stream_is_live(const struct directory_stream *stream)
{
    return stream->connected && !stream->stalled;
}

bool directory_stream_has(const struct directory_stream *stream, enum track_kind track,
                          int64_t now_ns)
{
    const int64_t patience_ns = mono_from_ms(DIRECTORY_TRACK_PATIENCE_MS);

    return stream->report.has[track] || (stream->connected && stream->offered[track] &&
                                         now_ns - stream->connected_ns < patience_ns);
}

static void tick_room(struct directory *directory, struct directory_room *room, int64_t now_ns)
{
    for (struct directory_stream *stream = room->streams; stream != NULL; stream = stream->next) {
        if (stream->connected) {
            stream->stalled = stream->report.live && now_ns - stream->report.last_packet_ns >
                                                         mono_from_ms(DIRECTORY_STALL_MS);
            tell(directory, stream, now_ns);
        }
    }
}

/* Returns whether there was something to tell. */
static bool tell_viewers(struct directory *directory, struct directory_room *room, int64_t now_ns)
{
    const int64_t interval_ns = mono_from_ms(DIRECTORY_VIEWERS_INTERVAL_MS);

    if (room->viewers == room->viewers_told || now_ns - room->viewers_told_ns < interval_ns)
        return false;
    room->viewers_told = room->viewers;
    room->viewers_told_ns = now_ns;
    if (directory->listener.on_viewers != NULL)
        directory->listener.on_viewers(directory->listener.context, room, room->viewers);
    return true;
}

unsigned directory_tick(struct directory *directory, int64_t now_ns, uint32_t *expired,
                        unsigned most)
{
    GHashTableIter iterator;
    gpointer value;
    unsigned count = 0;
    unsigned told = 0;

    g_hash_table_iter_init(&iterator, directory->rooms);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        tick_room(directory, value, now_ns);
        if (told < DIRECTORY_VIEWERS_A_TICK)
            told += tell_viewers(directory, value, now_ns);
    }
    g_hash_table_iter_init(&iterator, directory->streams);
    while (count < most && g_hash_table_iter_next(&iterator, NULL, &value)) {
        const struct directory_stream *stream = value;
        if (stream->publisher == 0 && now_ns - stream->gone_ns >= directory->settings.grace_ns)
            expired[count++] = stream->id;
    }
    return count;
}
