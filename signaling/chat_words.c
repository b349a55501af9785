#include "signaling/chat_words.h"

#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/name.h"

enum { FULL_WIDTH_FIRST = 0xFF01, FULL_WIDTH_LAST = 0xFF5E, FULL_WIDTH_TO_ASCII = 0xFEE0 };

struct word {
    struct word *next; /* begins alike */
    unsigned points_count;
    gunichar points[]; /* folded */
};

struct chat_words {
    GHashTable *by_first; /* first code point: struct word, a list */
};

static gunichar fold(gunichar point)
{
    if (point >= FULL_WIDTH_FIRST && point <= FULL_WIDTH_LAST)
        point -= FULL_WIDTH_TO_ASCII;
    return g_unichar_tolower(point);
}

static const char *next_point(const char *at)
{
    return at + g_utf8_skip[(unsigned char)*at];
}

/* Folds text, at most most code points; returns how many. */
static unsigned fold_text(const char *text, size_t text_bytes, unsigned most, gunichar *points)
{
    const char *at = text;
    unsigned count = 0;

    while (at < text + text_bytes && count < most) {
        points[count++] = fold(g_utf8_get_char(at));
        at = next_point(at);
    }
    return count;
}

static enum status add(struct chat_words *words, const char *text, size_t text_bytes)
{
    const long points_count = name_count_points(text, text_bytes);
    if (points_count < 0)
        return STATUS_MALFORMED;
    struct word *word = malloc(sizeof *word + (size_t)points_count * sizeof word->points[0]);
    if (word == NULL)
        return STATUS_NO_MEMORY;
    word->points_count = fold_text(text, text_bytes, (unsigned)points_count, word->points);
    gpointer key = GUINT_TO_POINTER(word->points[0]);
    word->next = g_hash_table_lookup(words->by_first, key);
    g_hash_table_insert(words->by_first, key, word);
    return STATUS_OK;
}

enum status chat_words_parse(const char *text, size_t text_bytes, struct chat_words **words)
{
    struct chat_words *made = calloc(1, sizeof *made);
    enum status status = STATUS_OK;
    const char *const end = text + text_bytes;

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->by_first = g_hash_table_new(g_direct_hash, g_direct_equal);
    while (text < end && status == STATUS_OK) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        const char *first = text;
        const char *last = line_end != NULL ? line_end : end;
        while (first < last && g_ascii_isspace(*first))
            first++;
        while (first < last && g_ascii_isspace(last[-1]))
            last--;
        if (first < last && *first != '#')
            status = add(made, first, (size_t)(last - first));
        text = line_end != NULL ? line_end + 1 : end;
    }
    if (status != STATUS_OK) {
        chat_words_destroy(made);
        return status;
    }
    *words = made;
    return STATUS_OK;
}

enum status chat_words_read(const char *path, struct chat_words **words)
{
    gchar *text = NULL;
    gsize text_bytes = 0;

    if (path[0] == '\0')
        return chat_words_parse("", 0, words);
    if (!g_file_get_contents(path, &text, &text_bytes, NULL))
        return STATUS_NOT_FOUND;
    const enum status status = text_bytes <= CHAT_WORDS_FILE_BYTES_MAX
                                   ? chat_words_parse(text, text_bytes, words)
                                   : STATUS_MALFORMED;
    g_free(text);
    return status;
}

void chat_words_destroy(struct chat_words *words)
{
    GHashTableIter iterator;
    gpointer value;

    if (words == NULL)
        return;
    g_hash_table_iter_init(&iterator, words->by_first);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        for (struct word *word = value; word != NULL;) {
            struct word *next = word->next;
            free(word);
            word = next;
        }
    }
    g_hash_table_destroy(words->by_first);
    free(words);
}

/* How many code points the longest word has that stands here; 0: none does. */
static unsigned longest_at(const struct chat_words *words, const gunichar *points, unsigned count)
{
    const struct word *word = g_hash_table_lookup(words->by_first, GUINT_TO_POINTER(points[0]));
    unsigned longest = 0;

    for (; word != NULL; word = word->next)
        if (word->points_count <= count && word->points_count > longest &&
            memcmp(word->points, points, word->points_count * sizeof points[0]) == 0)
            longest = word->points_count;
    return longest;
}

void chat_words_mask(const struct chat_words *words, char *text)
{
    gunichar points[CHAT_WORDS_TEXT_POINTS_MAX];
    const char *from = text;
    char *to = text;
    unsigned masked = 0; /* code points from here on */

    if (g_hash_table_size(words->by_first) == 0)
        return;
    const unsigned count = fold_text(text, strlen(text), CHAT_WORDS_TEXT_POINTS_MAX, points);
    for (unsigned i = 0; i < count; i++) {
        const unsigned here = longest_at(words, points + i, count - i);
        const char *next = next_point(from);
        masked = here > masked ? here : masked;
        if (masked > 0) {
            *to++ = '*';
            masked--;
        } else {
            memmove(to, from, (size_t)(next - from));
            to += next - from;
        }
        from = next;
    }
    memmove(to, from, strlen(from) + 1);
}
