#include "signaling/outcasts.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "signaling/config.h"
#include "signaling/name.h"

enum { KEY_BYTES_MAX = NAME_BYTES_MAX + CONFIG_TEXT_BYTES_MAX + 8 };

struct outcasts {
    GHashTable *until; /* kind, room and mark as one text: int64_t, both owned */
};

/* No room's name holds a control character: no two of ours make one key. */
static void write_key(char key[KEY_BYTES_MAX], enum outcast_kind kind, const char *room,
                      const char *mark)
{
    (void)snprintf(key, KEY_BYTES_MAX, "%d\n%s\n%s", (int)kind, room, mark);
}

enum status outcasts_create(struct outcasts **outcasts)
{
    struct outcasts *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->until = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    *outcasts = made;
    return STATUS_OK;
}

void outcasts_destroy(struct outcasts *outcasts)
{
    if (outcasts == NULL)
        return;
    g_hash_table_destroy(outcasts->until);
    free(outcasts);
}

static void forget_soonest(struct outcasts *outcasts)
{
    GHashTableIter iterator;
    gpointer key;
    gpointer value;
    gpointer soonest = NULL;
    int64_t soonest_ns = INT64_MAX;

    g_hash_table_iter_init(&iterator, outcasts->until);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        if (*(int64_t *)value < soonest_ns) {
            soonest_ns = *(int64_t *)value;
            soonest = key;
        }
    }
    g_hash_table_remove(outcasts->until, soonest);
}

void outcasts_add(struct outcasts *outcasts, enum outcast_kind kind, const char *room,
                  const char *mark, int64_t until_ns)
{
    char key[KEY_BYTES_MAX];

    if (mark[0] == '\0')
        return;
    if (g_hash_table_size(outcasts->until) >= OUTCASTS_MAX)
        forget_soonest(outcasts);
    write_key(key, kind, room, mark);
    int64_t *value = g_new(int64_t, 1);
    *value = until_ns;
    g_hash_table_replace(outcasts->until, g_strdup(key), value);
}

void outcasts_forgive(struct outcasts *outcasts, enum outcast_kind kind, const char *room,
                      const char *mark)
{
    char key[KEY_BYTES_MAX];

    write_key(key, kind, room, mark);
    g_hash_table_remove(outcasts->until, key);
}

bool outcasts_has(const struct outcasts *outcasts, enum outcast_kind kind, const char *room,
                  const char *mark, int64_t now_ns)
{
    char key[KEY_BYTES_MAX];

    if (g_hash_table_size(outcasts->until) == 0)
        return false;
    write_key(key, kind, room, mark);
    const int64_t *until_ns = g_hash_table_lookup(outcasts->until, key);
    return until_ns != NULL && now_ns < *until_ns;
}
