#include "core/packet.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The owner takes from free_packets, which is its alone; other threads give back to returned, which
 * the owner empties in one exchange when it runs out. Only whole lists are ever taken from
 * returned, so the classic ABA trouble of a lock-free stack cannot happen. */
struct packet_pool {
    struct packet *packets;
    struct packet *free_packets;
    unsigned count;
    unsigned used;  /* packets [used, count) were never taken: their memory is not touched yet */
    unsigned taken; /* ever, by the owner; wraps */
    _Atomic unsigned given_back; /* ever, by anyone; wraps */
    _Atomic(struct packet *) returned;
};

enum status packet_pool_create(unsigned count, struct packet_pool **pool)
{
    struct packet_pool *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->packets = calloc(count > 0 ? count : 1, sizeof *made->packets);
    if (made->packets == NULL) {
        free(made);
        return STATUS_NO_MEMORY;
    }
    made->count = count;
    atomic_init(&made->given_back, 0);
    atomic_init(&made->returned, NULL);
    *pool = made;
    return STATUS_OK;
}

unsigned packet_pool_taken(const struct packet_pool *pool)
{
    return pool->taken - atomic_load_explicit(&pool->given_back, memory_order_acquire);
}

bool packet_pool_is_short(const struct packet_pool *pool)
{
    return packet_pool_taken(pool) > pool->count / 4 * 3;
}

void packet_pool_destroy(struct packet_pool *pool)
{
    if (pool == NULL)
        return;
    assert(packet_pool_taken(pool) == 0);
    free(pool->packets);
    free(pool);
}

struct packet *packet_take_or_null(struct packet_pool *pool)
{
    if (pool->free_packets == NULL)
        pool->free_packets = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
    struct packet *packet = pool->free_packets;
    if (packet != NULL)
        pool->free_packets = packet->next_free;
    else if (pool->used < pool->count)
        packet = &pool->packets[pool->used++];
    else
        return NULL;
    pool->taken++;
    memset(packet, 0, offsetof(struct packet, data));
    packet->pool = pool;
    atomic_init(&packet->references, 1);
    return packet;
}

struct packet *packet_ref(struct packet *packet)
{
    atomic_fetch_add_explicit(&packet->references, 1, memory_order_relaxed);
    return packet;
}

void packet_unref(struct packet *packet)
{
    if (packet == NULL)
        return;
    uint32_t before = atomic_fetch_sub_explicit(&packet->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before != 1)
        return;

    struct packet_pool *pool = packet->pool;
    struct packet *newest = atomic_load_explicit(&pool->returned, memory_order_relaxed);
    do {
        packet->next_free = newest;
    } while (!atomic_compare_exchange_weak_explicit(&pool->returned, &newest, packet,
                                                    memory_order_release, memory_order_relaxed));
    atomic_fetch_add_explicit(&pool->given_back, 1, memory_order_release);
}
