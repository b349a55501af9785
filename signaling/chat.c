#include "signaling/chat.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/mono.h"
#include "signaling/chat_room.h"
#include "signaling/chat_words.h"
#include "signaling/name.h"

enum { LIKES_PER_SECOND = 2, LIKES_BURST = 10 }; /* messages of a person */

struct chat {
    const struct config *config;
    struct chat_outlet outlet;
    struct chat_words *words;
    struct chat_room *waiting; /* rooms with something to send */
};

enum status chat_create(const struct config *config, const struct chat_outlet *outlet,
                        struct chat **chat)
{
    struct chat *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    const enum status status = chat_words_read(config->chat_words, &made->words);
    if (status != STATUS_OK) {
        LOG_ERROR("chat", "cannot use the words of %s (chat.words): %s", config->chat_words,
                  status == STATUS_MALFORMED ? "too large, or not UTF-8" : status_text(status));
        free(made);
        return status;
    }
    made->config = config;
    made->outlet = *outlet;
    *chat = made;
    return STATUS_OK;
}

void chat_destroy(struct chat *chat)
{
    if (chat == NULL)
        return;
    while (chat->waiting != NULL)
        chat_room_unlist(chat->waiting);
    chat_words_destroy(chat->words);
    free(chat);
}

void chat_person_init(const struct chat *chat, struct chat_person *person, int64_t now_ns)
{
    const struct config *config = chat->config;

    rate_init(&person->lines, config->chat_lines_per_second, config->chat_burst, now_ns);
    rate_init(&person->likes, LIKES_PER_SECOND, LIKES_BURST, now_ns);
    person->muted = false;
}

void chat_mask_name(const struct chat *chat, char *name)
{
    chat_words_mask(chat->words, name);
}

/* The room's chat, made with the first thing said; NULL: out of memory. */
static struct chat_room *open_room(const struct chat *chat, struct directory_room *room,
                                   int64_t now_ns)
{
    struct chat_room *found = directory_chat(room);
    const unsigned per_second = chat->config->chat_room_lines_per_second;

    if (found == NULL) {
        found = chat_room_create(room, chat->config->room_chat_lines);
        if (found == NULL)
            return NULL;
        rate_init(&found->rate, per_second, per_second, now_ns);
        directory_set_chat(room, found);
    }
    return found;
}

static int64_t wall_ms(void)
{
    struct timespec now;

    timespec_get(&now, TIME_UTC);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void flush(struct chat *chat, struct chat_room *room)
{
    json_t *lines = room->waiting;

    room->waiting = NULL;
    if (lines != NULL)
        chat->outlet.say(chat->outlet.context, room->room, lines);
}

/* Sends text, which is masked in place, and keeps it. */
static enum status publish(struct chat *chat, struct chat_room *room,
                           const struct chat_speaker *speaker, char *text)
{
    const int64_t at_ms = wall_ms();

    chat_words_mask(chat->words, text);
    json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:I}", "type", "chat", "from", speaker->from,
                             "name", speaker->name, "text", text, "at", (json_int_t)at_ms);
    if (room->waiting == NULL)
        room->waiting = json_array();
    if (json_array_append_new(room->waiting, line) != 0)
        return STATUS_NO_MEMORY;
    chat_room_keep(room, speaker->from, speaker->name, text, at_ms);
    if (directory_member_count(speaker->room) > chat->config->chat_crowd)
        chat_room_list(room, &chat->waiting);
    else
        flush(chat, room);
    return STATUS_OK;
}

enum status chat_say(struct chat *chat, const struct chat_speaker *speaker, const char *text,
                     int64_t now_ns)
{
    const long points = name_count_points(text, strlen(text));

    if (points < 1 || points > CHAT_TEXT_POINTS_MAX)
        return STATUS_MALFORMED;
    if (speaker->person->muted)
        return STATUS_DENIED;
    if (rate_take(&speaker->person->lines, now_ns) != RATE_PASS)
        return STATUS_AGAIN;
    struct chat_room *room = open_room(chat, speaker->room, now_ns);
    char *copy = room != NULL ? strdup(text) : NULL;
    if (copy == NULL)
        return STATUS_NO_MEMORY;
    const enum status status = rate_take(&room->rate, now_ns) == RATE_PASS
                                   ? publish(chat, room, speaker, copy)
                                   : STATUS_FULL;
    free(copy);
    return status;
}

json_t *chat_on_line(struct chat *chat, const struct chat_speaker *speaker,
                     const struct request *request, int64_t now_ns)
{
    const char *text = "";

    if (request_text(request, "text", 1, CHAT_TEXT_POINTS_MAX, &text) != STATUS_OK)
        return request_error(request, "bad-message", "text must be 1 to 500 characters.");
    switch (chat_say(chat, speaker, text, now_ns)) {
    case STATUS_OK:
        return NULL;
    case STATUS_DENIED:
        return request_error(request, "forbidden", "You are muted in this room.");
    case STATUS_AGAIN:
        return request_error(request, "too-fast", "You talk too fast; wait a moment.");
    case STATUS_FULL:
        return request_error(request, "too-fast", "Too many talk at once; wait a moment.");
    default:
        return request_error(request, "full", "The server is out of memory.");
    }
}

json_t *chat_on_like(struct chat *chat, const struct chat_speaker *speaker,
                     const struct request *request, int64_t now_ns)
{
    const json_t *count = json_object_get(request->object, "count");
    const json_int_t likes = json_integer_value(count);

    if (count != NULL && (likes < 1 || likes > CHAT_LIKES_MAX))
        return request_error(request, "bad-message", "count must be 1 to 100.");
    if (rate_take(&speaker->person->likes, now_ns) != RATE_PASS)
        return request_error(request, "too-fast", "Gather likes, and send them once a second.");
    struct chat_room *room = open_room(chat, speaker->room, now_ns);
    if (room == NULL)
        return request_error(request, "full", "The server is out of memory.");
    room->likes_waiting += count != NULL ? (unsigned)likes : 1;
    chat_room_list(room, &chat->waiting);
    return NULL;
}

static void flush_likes(struct chat *chat, struct chat_room *room, int64_t now_ns)
{
    if (room->likes_waiting == 0 ||
        now_ns - room->likes_told_ns < mono_from_ms(CHAT_LIKES_INTERVAL_MS))
        return;
    room->likes += room->likes_waiting;
    json_t *message = json_pack("{s:s, s:I, s:I}", "type", "likes", "count",
                                (json_int_t)room->likes_waiting, "total", (json_int_t)room->likes);
    room->likes_waiting = 0;
    room->likes_told_ns = now_ns;
    chat->outlet.like(chat->outlet.context, room->room, message);
}

void chat_tick(struct chat *chat, int64_t now_ns)
{
    for (struct chat_room *room = chat->waiting; room != NULL;) {
        struct chat_room *next = room->next;
        flush(chat, room);
        flush_likes(chat, room, now_ns);
        if (room->likes_waiting == 0)
            chat_room_unlist(room);
        room = next;
    }
}
