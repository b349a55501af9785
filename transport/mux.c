#include "transport/mux.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/random.h>

enum { SLOTS_FIRST = 256 }; /* a power of two; doubled when three quarters are taken */

/* Open addressing, linear probing; a slot with port 0 is empty (nobody sends from port 0). */
struct mux {
    struct mux_entry *slots;
    uint32_t mask;
    unsigned entries;
    unsigned foreign;
    uint64_t seed;
};

enum mux_kind mux_kind_of(const uint8_t *datagram, size_t datagram_bytes)
{
    if (datagram_bytes < 2)
        return MUX_OTHER;
    const uint8_t first = datagram[0];
    if (first <= 3)
        return MUX_STUN;
    if (first >= 20 && first <= 63)
        return MUX_DTLS;
    if (first >= 128 && first <= 191)
        return datagram[1] >= 192 && datagram[1] <= 223 ? MUX_RTCP : MUX_RTP;
    return MUX_OTHER;
}

enum status mux_create(struct mux **mux)
{
    struct mux *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->slots = calloc(SLOTS_FIRST, sizeof *made->slots);
    made->mask = SLOTS_FIRST - 1;
    if (made->slots == NULL) {
        free(made);
        return STATUS_NO_MEMORY;
    }
    if (getrandom(&made->seed, sizeof made->seed, 0) != sizeof made->seed)
        made->seed = (uint64_t)(uintptr_t)made->slots;
    *mux = made;
    return STATUS_OK;
}

void mux_destroy(struct mux *mux)
{
    if (mux == NULL)
        return;
    free(mux->slots);
    free(mux);
}

static bool is_empty(const struct mux_entry *entry)
{
    return entry->address.port == 0;
}

static bool is_foreign(const struct mux_entry *entry)
{
    return !is_empty(entry) && entry->session == NULL;
}

/* The entry of address, or the empty slot where it would be. */
static struct mux_entry *probe(const struct mux *mux, const struct address *address)
{
    uint32_t slot = address_hash(address, mux->seed) & mux->mask;

    while (!is_empty(&mux->slots[slot]) && !address_equal(&mux->slots[slot].address, address))
        slot = (slot + 1) & mux->mask;
    return &mux->slots[slot];
}

const struct mux_entry *mux_find(const struct mux *mux, const struct address *address)
{
    if (address->port == 0)
        return NULL;
    const struct mux_entry *entry = probe(mux, address);
    return is_empty(entry) ? NULL : entry;
}

static enum status grow(struct mux *mux)
{
    struct mux_entry *old = mux->slots;
    const uint32_t old_slots = mux->mask + 1;
    struct mux_entry *slots = calloc((size_t)old_slots * 2, sizeof *slots);

    if (slots == NULL)
        return STATUS_NO_MEMORY;
    mux->slots = slots;
    mux->mask = old_slots * 2 - 1;
    for (uint32_t i = 0; i < old_slots; i++)
        if (!is_empty(&old[i]))
            *probe(mux, &old[i].address) = old[i];
    free(old);
    return STATUS_OK;
}

static enum status put(struct mux *mux, const struct mux_entry *entry)
{
    if (entry->address.port == 0)
        return STATUS_MALFORMED;
    if ((mux->entries + 1) * 4 > (mux->mask + 1) * 3 && grow(mux) != STATUS_OK)
        return STATUS_NO_MEMORY;

    struct mux_entry *slot = probe(mux, &entry->address);
    const bool was_foreign = is_foreign(slot);
    mux->entries += is_empty(slot);
    *slot = *entry;
    mux->foreign += is_foreign(slot);
    mux->foreign -= was_foreign;
    return STATUS_OK;
}

enum status mux_put(struct mux *mux, const struct address *address, struct viewer_session *session)
{
    const struct mux_entry entry = {.address = *address, .session = session};
    return put(mux, &entry);
}

enum status mux_put_foreign(struct mux *mux, const struct address *address, int worker,
                            int64_t now_ns)
{
    const struct mux_entry entry = {.address = *address, .worker = worker, .checked_ns = now_ns};

    if (mux->foreign >= MUX_FOREIGN_MAX && !is_foreign(probe(mux, address)))
        return STATUS_FULL;
    return put(mux, &entry);
}

/* Empties a slot; entries that had been pushed past it move up. */
static void remove_slot(struct mux *mux, uint32_t hole)
{
    mux->entries--;
    mux->foreign -= is_foreign(&mux->slots[hole]);
    mux->slots[hole].address.port = 0;
    for (uint32_t slot = (hole + 1) & mux->mask; !is_empty(&mux->slots[slot]);
         slot = (slot + 1) & mux->mask) {
        const struct mux_entry moved = mux->slots[slot];
        mux->slots[slot].address.port = 0;
        *probe(mux, &moved.address) = moved;
    }
}

void mux_remove(struct mux *mux, const struct address *address,
                const struct viewer_session *session)
{
    const struct mux_entry *entry = mux_find(mux, address);

    if (entry != NULL && entry->session == session)
        remove_slot(mux, (uint32_t)(entry - mux->slots));
}

void mux_expire_foreign(struct mux *mux, int64_t before_ns)
{
    if (mux->foreign == 0)
        return;
    for (uint32_t slot = 0; slot <= mux->mask;) {
        const struct mux_entry *entry = &mux->slots[slot];
        if (is_foreign(entry) && entry->checked_ns < before_ns)
            remove_slot(mux, slot); /* another may have moved in: look again */
        else
            slot++;
    }
}

unsigned mux_entries(const struct mux *mux)
{
    return mux->entries;
}
