#include "signaling/name_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/identifier.h"

enum {
    SLOTS_LEAST = 16,
    /* A change moves so much: done long before the table can want the next size. */
    SLOTS_A_CHANGE = 64,
    ENTRIES_A_CHANGE = 4,
    SPARSE = 8, /* slots an entry: then it shrinks */
    SIPHASH_WORD_BYTES = 8,
};

/* -- SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF") -- */

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void siphash_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void siphash_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    siphash_round(v);
    v[0] ^= word;
}

static uint64_t hash_of(const uint64_t key[2], const char *name)
{
    const size_t name_bytes = strlen(name);
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    size_t at = 0;
    uint64_t word;

    for (; at + SIPHASH_WORD_BYTES <= name_bytes; at += SIPHASH_WORD_BYTES) {
        memcpy(&word, name + at, sizeof word);
        siphash_word(v, word);
    }
    word = 0;
    memcpy(&word, name + at, name_bytes - at);
    siphash_word(v, word | (uint64_t)name_bytes << 56);
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 3; i++)
        siphash_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* -- slots -- */

static struct name_entry **slot_of(const struct name_slots *slots, uint64_t hash)
{
    return &slots->first[hash & (slots->count - 1)];
}

static void put(const struct name_slots *slots, struct name_entry *entry)
{
    struct name_entry **slot = slot_of(slots, entry->hash);

    entry->next = *slot;
    *slot = entry;
}

static struct name_entry *find_in(const struct name_slots *slots, uint64_t hash, const char *name)
{
    struct name_entry *entry = slots->count > 0 ? *slot_of(slots, hash) : NULL;

    while (entry != NULL && (entry->hash != hash || strcmp(entry->name, name) != 0))
        entry = entry->next;
    return entry;
}

static bool take_from(const struct name_slots *slots, const struct name_entry *entry)
{
    struct name_entry **link = slots->count > 0 ? slot_of(slots, entry->hash) : NULL;

    while (link != NULL && *link != NULL && *link != entry)
        link = &(*link)->next;
    if (link == NULL || *link == NULL)
        return false;
    *link = entry->next;
    return true;
}

/* One step from the old slots to the new ones. */
static void move_some(struct name_table *table)
{
    struct name_slots *old = &table->old;
    unsigned entries = 0;

    for (unsigned i = 0; i < SLOTS_A_CHANGE && entries < ENTRIES_A_CHANGE; i++) {
        if (table->old_moved == old->count)
            break;
        struct name_entry *entry = old->first[table->old_moved];
        old->first[table->old_moved++] = NULL;
        for (; entry != NULL; entries++) {
            struct name_entry *next = entry->next;
            put(&table->slots, entry);
            entry = next;
        }
    }
    if (old->count > 0 && table->old_moved == old->count) {
        free(old->first);
        *old = (struct name_slots){0};
        table->old_moved = 0;
    }
}

/* Begins to move to a size that fits. Without memory for it the present one goes on, slower. */
static void fit(struct name_table *table)
{
    const size_t present = table->slots.count;
    const bool full = present > 0 && table->count > present;
    const bool sparse = present > SLOTS_LEAST && table->count < present / SPARSE;

    move_some(table);
    if (table->old.count > 0 || (!full && !sparse))
        return;
    const size_t wanted = full ? present * 2 : present / 2;
    struct name_entry **first = calloc(wanted, sizeof(struct name_entry *));
    if (first == NULL)
        return;
    table->old = table->slots;
    table->old_moved = 0;
    table->slots = (struct name_slots){.first = first, .count = wanted};
}

enum status name_table_init(struct name_table *table)
{
    struct name_entry **first = calloc(SLOTS_LEAST, sizeof(struct name_entry *));

    if (first == NULL)
        return STATUS_NO_MEMORY;
    *table = (struct name_table){.slots = {.first = first, .count = SLOTS_LEAST}};
    for (unsigned i = 0; i < 2; i++)
        table->key[i] = (uint64_t)identifier_random() << 32 | identifier_random();
    return STATUS_OK;
}

void name_table_close(struct name_table *table)
{
    free(table->slots.first);
    free(table->old.first);
    *table = (struct name_table){0};
}

struct name_entry *name_table_find(const struct name_table *table, const char *name)
{
    const uint64_t hash = hash_of(table->key, name);
    struct name_entry *entry = find_in(&table->slots, hash, name);

    return entry != NULL ? entry : find_in(&table->old, hash, name);
}

void name_table_add(struct name_table *table, struct name_entry *entry)
{
    entry->hash = hash_of(table->key, entry->name);
    put(&table->slots, entry);
    table->count++;
    fit(table);
}

void name_table_remove(struct name_table *table, struct name_entry *entry)
{
    if (!take_from(&table->slots, entry) && !take_from(&table->old, entry))
        return;
    table->count--;
    fit(table);
}
