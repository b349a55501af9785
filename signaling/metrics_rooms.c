#include "signaling/metrics_rooms.h"

#include <glib.h>
#include <string.h>

/* What is told of a room, or of several together. */
struct figures {
    const char *name;
    uint64_t viewers;
    uint64_t live; /* streams */
    uint64_t bps[TRACK_COUNT];
    uint64_t lost[TRACK_COUNT];
    uint64_t silent; /* streams */
    uint64_t clipping;
    bool heard;   /* some are; then: */
    int level_db; /* of the loudest */
};

static const char *const TRACK_NAMES[TRACK_COUNT] = {
    [TRACK_AUDIO] = "audio", [TRACK_VIDEO] = "video"};

static void add_level(struct figures *figures, int level_db)
{
    if (!figures->heard || figures->level_db < level_db)
        figures->level_db = level_db;
    figures->heard = true;
}

static bool add_room(void *context, struct directory_room *room)
{
    struct figures figures = {.name = directory_room_name(room)};

    for (const struct directory_stream *stream = directory_streams(room); stream != NULL;
         stream = stream->next) {
        const bool live = directory_stream_is_live(stream);

        figures.viewers += stream->viewers;
        figures.live += live;
        figures.silent += stream->sound.state == SOUND_SILENT;
        figures.clipping += stream->sound.state == SOUND_CLIPPING;
        if (stream->sound.state != SOUND_UNKNOWN)
            add_level(&figures, stream->sound.level_db);
        for (unsigned i = 0; i < TRACK_COUNT; i++) {
            figures.bps[i] += live ? stream->report.bitrate_bps[i] : 0;
            figures.lost[i] += stream->report.packets_lost[i];
        }
    }
    g_array_append_val((GArray *)context, figures);
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct figures *left = a;
    const struct figures *right = b;

    if (left->viewers != right->viewers)
        return left->viewers < right->viewers ? 1 : -1;
    return strcmp(left->name, right->name);
}

/* Sums what is beyond most into one more. Returns how many were summed. */
static unsigned sum_others(GArray *rooms, unsigned most)
{
    struct figures others = {.name = METRICS_ROOMS_OTHERS};
    const unsigned count = rooms->len > most ? rooms->len - most : 0;

    for (unsigned i = most; i < rooms->len; i++) {
        const struct figures *room = &g_array_index(rooms, struct figures, i);

        others.viewers += room->viewers;
        others.live += room->live;
        others.silent += room->silent;
        others.clipping += room->clipping;
        if (room->heard)
            add_level(&others, room->level_db);
        for (unsigned track = 0; track < TRACK_COUNT; track++) {
            others.bps[track] += room->bps[track];
            others.lost[track] += room->lost[track];
        }
    }
    if (count > 0) {
        g_array_set_size(rooms, most);
        g_array_append_val(rooms, others);
    }
    return count;
}

static void put_counts(struct metrics_writer *writer, const GArray *rooms, const char *name,
                       const char *help, size_t offset)
{
    metrics_family(writer, name, "gauge", help);
    for (guint i = 0; i < rooms->len; i++) {
        const struct figures *room = &g_array_index(rooms, struct figures, i);
        const struct metrics_label labels[METRICS_LABELS_MAX] = {{"room", room->name}};
        uint64_t value;

        memcpy(&value, (const char *)room + offset, sizeof value);
        metrics_count(writer, name, labels, value);
    }
}

/* Only of rooms where the audio monitor hears something. */
static void put_levels(struct metrics_writer *writer, const GArray *rooms)
{
    static const char name[] = "manycast_room_sound_level_db";

    metrics_family(writer, name, "gauge", "Level of a room's loudest stream, dBFS");
    for (guint i = 0; i < rooms->len; i++) {
        const struct figures *room = &g_array_index(rooms, struct figures, i);
        const struct metrics_label labels[METRICS_LABELS_MAX] = {{"room", room->name}};

        if (room->heard)
            metrics_real(writer, name, labels, room->level_db);
    }
}

/* The value of each track, that of the first at offset. */
static void put_tracks(struct metrics_writer *writer, const GArray *rooms, const char *name,
                       const char *help, size_t offset)
{
    metrics_family(writer, name, "gauge", help);
    for (guint i = 0; i < rooms->len; i++) {
        const struct figures *room = &g_array_index(rooms, struct figures, i);
        uint64_t values[TRACK_COUNT];

        memcpy(values, (const char *)room + offset, sizeof values);
        for (unsigned track = 0; track < TRACK_COUNT; track++) {
            const struct metrics_label labels[METRICS_LABELS_MAX] = {{"room", room->name},
                                                                     {"track", TRACK_NAMES[track]}};
            metrics_count(writer, name, labels, values[track]);
        }
    }
}

void metrics_rooms_put(struct metrics_writer *writer, const struct directory *directory,
                       unsigned most)
{
    GArray *rooms = g_array_new(FALSE, FALSE, sizeof(struct figures));

    directory_each(directory, add_room, rooms);
    g_array_sort(rooms, compare);
    const unsigned others = sum_others(rooms, most);
    put_counts(writer, rooms, "manycast_room_viewers", "Viewers' sessions in a room",
               offsetof(struct figures, viewers));
    put_counts(writer, rooms, "manycast_room_streams", "Streams of a room that are live",
               offsetof(struct figures, live));
    put_tracks(writer, rooms, "manycast_room_bits_per_second", "What a room's broadcasters send",
               offsetof(struct figures, bps));
    put_tracks(writer, rooms, "manycast_room_packets_lost",
               "Packets lost on the way from a room's present broadcasters",
               offsetof(struct figures, lost));
    put_counts(writer, rooms, "manycast_room_silent_streams", "Streams of a room without a sound",
               offsetof(struct figures, silent));
    put_counts(writer, rooms, "manycast_room_clipping_streams", "Streams of a room that clip",
               offsetof(struct figures, clipping));
    put_levels(writer, rooms);
    metrics_put_count(writer, "manycast_rooms_unlisted", "gauge",
                      "Rooms beyond metrics.rooms, told together as " METRICS_ROOMS_OTHERS, others);
    g_array_free(rooms, TRUE);
}
