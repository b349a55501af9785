#include "core/ring.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum { CACHE_LINE_BYTES = 64, RING_CAPACITY_MAX = 1 << 20 };

/* tail and head only grow; their difference is the number of items. Each side keeps a copy of the
 * other's index on its own line and reads the other's line only when the copy says full or empty.
 */
struct ring {
    alignas(CACHE_LINE_BYTES) _Atomic size_t tail; /* the producer's */
    size_t head_seen;
    alignas(CACHE_LINE_BYTES) _Atomic size_t head; /* the consumer's */
    size_t tail_seen;
    alignas(CACHE_LINE_BYTES) size_t mask; /* constant from here on */
    void *items[];
};

enum status ring_create(unsigned capacity, struct ring **ring)
{
    size_t slots = 2;

    if (capacity > RING_CAPACITY_MAX)
        return STATUS_FULL;
    while (slots < capacity)
        slots *= 2;
    size_t bytes = sizeof(struct ring) + slots * sizeof(void *);
    bytes = (bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES;
    struct ring *made = aligned_alloc(CACHE_LINE_BYTES, bytes);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    atomic_init(&made->tail, 0);
    atomic_init(&made->head, 0);
    made->head_seen = 0;
    made->tail_seen = 0;
    made->mask = slots - 1;
    *ring = made;
    return STATUS_OK;
}

void ring_destroy(struct ring *ring)
{
    assert(ring == NULL || ring_is_empty(ring));
    free(ring);
}

bool ring_push(struct ring *ring, void *item)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    if (tail - ring->head_seen > ring->mask) {
        ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
        if (tail - ring->head_seen > ring->mask)
            return false;
    }
    ring->items[tail & ring->mask] = item;
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

unsigned ring_pop(struct ring *ring, void **items, unsigned most)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    unsigned count = 0;

    if (ring->tail_seen - head < most)
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
    while (count < most && head != ring->tail_seen)
        items[count++] = ring->items[head++ & ring->mask];
    atomic_store_explicit(&ring->head, head, memory_order_release);
    return count;
}

bool ring_is_empty(const struct ring *ring)
{
    return atomic_load_explicit(&ring->tail, memory_order_acquire) ==
           atomic_load_explicit(&ring->head, memory_order_relaxed);
}
