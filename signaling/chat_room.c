#include "signaling/chat_room.h"

#include <stdlib.h>
#include <string.h>

#include "signaling/directory.h"

/* Of text and names: as JSON six times that at worst, which a socket's queue must hold. */
enum { HISTORY_BYTES_MAX = 32 * 1024 };

struct chat_line {
    int64_t at_ms;
    char from[DIRECTORY_FROM_CHARS + 1];
    size_t name_bytes;
    size_t text_bytes;
    char strings[]; /* name, text: both terminated */
};

struct chat_room *chat_room_create(const struct directory_room *room, unsigned lines_max)
{
    struct chat_room *chat = calloc(1, sizeof *chat);

    if (chat == NULL)
        return NULL;
    chat->lines = calloc(lines_max, sizeof(struct chat_line *));
    if (chat->lines == NULL && lines_max > 0) {
        free(chat);
        return NULL;
    }
    chat->room = room;
    chat->lines_max = lines_max;
    return chat;
}

void chat_room_free(struct chat_room *chat)
{
    if (chat == NULL)
        return;
    chat_room_unlist(chat);
    for (unsigned i = 0; i < chat->count; i++)
        free(chat->lines[i]);
    free(chat->lines);
    json_decref(chat->waiting);
    free(chat);
}

static struct chat_line *line_make(const char *from, const char *name, const char *text,
                                   int64_t at_ms)
{
    const size_t name_bytes = strlen(name);
    const size_t text_bytes = strlen(text);
    struct chat_line *line = malloc(sizeof *line + name_bytes + text_bytes + 2);

    if (line == NULL)
        return NULL;
    line->at_ms = at_ms;
    strncpy(line->from, from, DIRECTORY_FROM_CHARS);
    line->from[DIRECTORY_FROM_CHARS] = '\0';
    line->name_bytes = name_bytes;
    line->text_bytes = text_bytes;
    memcpy(line->strings, name, name_bytes + 1);
    memcpy(line->strings + name_bytes + 1, text, text_bytes + 1);
    return line;
}

void chat_room_keep(struct chat_room *chat, const char *from, const char *name, const char *text,
                    int64_t at_ms)
{
    unsigned at = chat->count;

    if (chat->lines_max == 0)
        return;
    struct chat_line *line = line_make(from, name, text, at_ms);
    if (line == NULL)
        return;
    if (chat->count == chat->lines_max) {
        at = chat->first;
        chat->first = (chat->first + 1) % chat->lines_max;
        free(chat->lines[at]);
    } else {
        chat->count++;
    }
    chat->lines[at] = line;
}

/* Line i, oldest first. */
static const struct chat_line *line_at(const struct chat_room *chat, unsigned i)
{
    /* first moves only once the ring is full: then count is its size. */
    return chat->lines[(chat->first + i) % chat->count];
}

json_t *chat_room_history(const struct chat_room *chat)
{
    json_t *lines = json_array();
    size_t bytes = 0;
    unsigned first = chat != NULL ? chat->count : 0;

    while (first > 0) {
        const struct chat_line *line = line_at(chat, first - 1);
        bytes += line->name_bytes + line->text_bytes;
        if (bytes > HISTORY_BYTES_MAX)
            break;
        first--;
    }
    for (unsigned i = first; chat != NULL && i < chat->count; i++) {
        const struct chat_line *line = line_at(chat, i);
        json_array_append_new(lines,
                              json_pack("{s:s, s:s, s:s, s:I}", "from", line->from, "name",
                                        line->strings, "text", line->strings + line->name_bytes + 1,
                                        "at", (json_int_t)line->at_ms));
    }
    return lines;
}

void chat_room_list(struct chat_room *chat, struct chat_room **list)
{
    if (chat->link != NULL)
        return;
    chat->next = *list;
    chat->link = list;
    if (chat->next != NULL)
        chat->next->link = &chat->next;
    *list = chat;
}

void chat_room_unlist(struct chat_room *chat)
{
    if (chat->link == NULL)
        return;
    *chat->link = chat->next;
    if (chat->next != NULL)
        chat->next->link = chat->link;
    chat->link = NULL;
}
