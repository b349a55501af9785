/* signaling/name_table.h - things by name, a million as fast as a thousand: an intrusive hash table
 * that grows and shrinks a few entries at each change, never all at once, and whose hash is keyed,
 * so that nobody can choose names that collide. Thread: one, the owner's. */
#ifndef SIGNALING_NAME_TABLE_H
#define SIGNALING_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/* Embedded in the thing; name is borrowed while the entry is in a table. */
struct name_entry {
    struct name_entry *next;
    const char *name;
    uint64_t hash;
};

struct name_slots {
    struct name_entry **first;
    size_t count; /* a power of two, or 0 */
};

struct name_table {
    struct name_slots slots;
    struct name_slots old; /* being emptied from its beginning; count 0: none */
    size_t old_moved;      /* slots of old that are empty */
    size_t count;
    uint64_t key[2];
};

MUST_CHECK enum status name_table_init(struct name_table *table);
/* Entries still there are not touched. */
void name_table_close(struct name_table *table);
/* NULL: there is none. */
struct name_entry *name_table_find(const struct name_table *table, const char *name);
/* entry->name is set, and not in the table. */
void name_table_add(struct name_table *table, struct name_entry *entry);
/* entry is in the table. */
void name_table_remove(struct name_table *table, struct name_entry *entry);

#endif
