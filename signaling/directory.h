/* signaling/directory.h - rooms by name, their streams by name, and who is there (PROTOCOL.md
 * sections 1 and 3). It knows no media and no JSON: endpoint tells it what happens to streams,
 * members come and go, and one listener hears of changes. A room exists while it has a stream or a
 * member, and keeps what chat hangs on it. Names are valid (name.h) when they come here. Thread:
 * main. */
#ifndef SIGNALING_DIRECTORY_H
#define SIGNALING_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec.h"
#include "core/status.h"
#include "core/stream.h"
#include "signaling/name.h"
#include "transport/sound_meter.h"

enum {
    DIRECTORY_FROM_CHARS = 16,
    /* A track that was offered and sent nothing for so long is taken as missing. */
    DIRECTORY_TRACK_PATIENCE_MS = 3000,
    /* A broadcaster that sent nothing for so long is away, though its transport stands. */
    DIRECTORY_STALL_MS = 5000,
    DIRECTORY_VIEWERS_INTERVAL_MS = 1000,
    /* Rooms told of their viewers in a tick, the others in the next ones: thousands that fill at
     * once would make everybody wait. */
    DIRECTORY_VIEWERS_A_TICK = 1000,
};

struct directory;
struct directory_room;
struct chat_room;
struct session;

/* What members were told of a stream. */
struct directory_told {
    bool live;
    bool has[TRACK_COUNT];
    uint8_t codec[TRACK_COUNT]; /* enum codec; CODEC_NONE: not known yet */
    char publisher_name[NAME_BYTES_MAX + 1];
};

struct directory_stream {
    struct directory_room *room;
    struct directory_stream *next; /* in the room */
    char name[NAME_BYTES_MAX + 1];
    char publisher_name[NAME_BYTES_MAX + 1]; /* "" for none */
    uint32_t id;                             /* the media plane's */
    uint64_t publisher;                      /* session number; 0: gone since gone_ns */
    struct session *sessions;                /* list, endpoint's */
    unsigned viewers;                        /* sessions, endpoint's */
    bool connected;
    bool stalled;
    bool offered[TRACK_COUNT]; /* by the present broadcaster */
    int64_t connected_ns;
    int64_t gone_ns;
    struct stream_report report;
    struct sound sound;
    bool announced; /* members know it */
    struct directory_told told;
};

/* Embedded in the one who joined. */
struct directory_member {
    struct directory_room *room; /* NULL: in none */
    struct directory_member *next;
    struct directory_member *previous;
    bool present; /* counted as a viewer, unless it publishes */
    bool publishes;
    bool counted; /* directory's own */
};

enum directory_change { DIRECTORY_ADDED, DIRECTORY_CHANGED, DIRECTORY_REMOVED };

struct directory_listener {
    void *context;
    /* Called for streams that are announced. stream is valid during the call. */
    void (*on_stream)(void *context, const struct directory_stream *stream,
                      enum directory_change change);
    /* Its state changed. */
    void (*on_sound)(void *context, const struct directory_stream *stream);
    void (*on_viewers)(void *context, struct directory_room *room, unsigned count);
};

struct directory_settings {
    unsigned rooms_max;
    unsigned streams_per_room_max;
    int64_t grace_ns;
};

/* From here on; what is there stays. */
void directory_set(struct directory *directory, const struct directory_settings *settings);
MUST_CHECK enum status directory_create(const struct directory_settings *settings,
                                        struct directory **directory);
/* Members are not touched any more. NULL is allowed. */
void directory_destroy(struct directory *directory);
/* Copied; NULL removes it. */
void directory_listen(struct directory *directory, const struct directory_listener *listener);

/* NULL when there is no such room. */
struct directory_room *directory_find(const struct directory *directory, const char *name);
const char *directory_room_name(const struct directory_room *room);
/* First of the room's streams; follow next. */
struct directory_stream *directory_streams(const struct directory_room *room);
struct directory_member *directory_members(const struct directory_room *room);
/* Members that are present and do not publish. */
unsigned directory_viewers(const struct directory_room *room);
unsigned directory_member_count(const struct directory_room *room);
unsigned directory_room_count(const struct directory *directory);
unsigned directory_live_count(const struct directory *directory);
/* Calls visit for each room, until it returns false. */
void directory_each(const struct directory *directory,
                    bool (*visit)(void *context, struct directory_room *room), void *context);

/* Members. STATUS_FULL: too many rooms. */
MUST_CHECK enum status directory_join(struct directory *directory, const char *room,
                                      struct directory_member *member);
/* NULL room is allowed. */
void directory_leave(struct directory *directory, struct directory_member *member);
/* Changes what the member counts as. */
void directory_member_set(struct directory *directory, struct directory_member *member,
                          bool present, bool publishes);
/* What chat keeps of the room; NULL: nothing was said yet. */
struct chat_room *directory_chat(const struct directory_room *room);
/* Takes chat: it is freed with the room. Once a room. */
void directory_set_chat(struct directory_room *room, struct chat_room *chat);

/* Streams. */
struct directory_stream *directory_stream_find(const struct directory *directory, const char *room,
                                               const char *stream);
struct directory_stream *directory_stream_by_id(const struct directory *directory, uint32_t id);
/* Finds or makes it. STATUS_FULL: too many rooms or streams. *made: it is new. */
MUST_CHECK enum status directory_stream_open(struct directory *directory, const char *room,
                                             const char *name, struct directory_stream **stream,
                                             bool *made);
/* A broadcaster was accepted; one before it is no longer the publisher. */
void directory_stream_begin(struct directory *directory, struct directory_stream *stream,
                            uint64_t session, const char *publisher_name,
                            const bool offered[TRACK_COUNT], int64_t now_ns);
/* The present broadcaster changed what it offers. */
void directory_stream_offer(struct directory *directory, struct directory_stream *stream,
                            const bool offered[TRACK_COUNT], int64_t now_ns);
void directory_stream_connected(struct directory *directory, struct directory_stream *stream,
                                int64_t now_ns);
void directory_stream_report(struct directory *directory, struct directory_stream *stream,
                             const struct stream_report *report, int64_t now_ns);
/* As the audio monitor hears it. */
void directory_stream_sound(struct directory *directory, struct directory_stream *stream,
                            const struct sound *sound);
/* The broadcaster is gone; the grace time begins. */
void directory_stream_gone(struct directory *directory, struct directory_stream *stream,
                           int64_t now_ns);
/* Nobody will come back to it: the next tick counts it as expired, if its broadcaster is gone. */
void directory_stream_forgo(const struct directory *directory, struct directory_stream *stream);
/* Tells members and frees it, and the room if nothing is left in it. */
void directory_stream_remove(struct directory *directory, struct directory_stream *stream);

/* Connected, and media flows as far as we know. */
bool directory_stream_is_live(const struct directory_stream *stream);
/* The broadcaster sends this track, or may begin to in a moment. */
bool directory_stream_has(const struct directory_stream *stream, enum track_kind track,
                          int64_t now_ns);

/* Counts of viewers that changed, stalls. Streams whose grace time is over: their ids are written,
 * up to most; the number is returned; endpoint removes them. */
unsigned directory_tick(struct directory *directory, int64_t now_ns, uint32_t *expired,
                        unsigned most);

#endif
