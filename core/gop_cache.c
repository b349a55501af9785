#include "core/gop_cache.h"

#include <stdlib.h>

enum { SLOTS_FIRST = 256 };

void gop_cache_init(struct gop_cache *cache, const struct gop_cache_limits *limits)
{
    *cache = (struct gop_cache){.limits = *limits, .mask = -1};
}

static struct packet **slot_of(const struct gop_cache *cache, int64_t sequence_number)
{
    return &cache->slots[sequence_number & cache->mask];
}

static void forget(struct gop_cache *cache, int64_t sequence_number)
{
    struct packet **slot = slot_of(cache, sequence_number);

    if (*slot != NULL) {
        cache->bytes -= (*slot)->payload_bytes;
        packet_unref(*slot);
        *slot = NULL;
    }
}

/* Lets go what is kept with numbers below first; newest may be below first then: nothing is left.
 */
static void forget_before(struct gop_cache *cache, int64_t first)
{
    for (int64_t i = cache->first; i < first && i <= cache->newest; i++)
        forget(cache, i);
    cache->first = first;
}

void gop_cache_clear(struct gop_cache *cache)
{
    if (cache->holds)
        forget_before(cache, cache->newest + 1);
    cache->holds = false;
}

void gop_cache_close(struct gop_cache *cache)
{
    gop_cache_clear(cache);
    free(cache->slots);
    cache->slots = NULL;
    cache->mask = -1;
}

/* Makes room for the packets first..newest; false when there is no memory for it. */
static bool grow(struct gop_cache *cache, int64_t newest)
{
    int64_t slots = cache->mask >= 0 ? cache->mask + 1 : SLOTS_FIRST;

    while (slots <= newest - cache->first)
        slots *= 2;
    if (slots == cache->mask + 1)
        return true;
    struct packet **grown = calloc((size_t)slots, sizeof(struct packet *));
    if (grown == NULL)
        return false;
    for (int64_t i = cache->first; cache->mask >= 0 && i <= cache->newest; i++)
        grown[i & (slots - 1)] = *slot_of(cache, i);
    free(cache->slots);
    cache->slots = grown;
    cache->mask = slots - 1;
    return true;
}

static bool is_within_limits(const struct gop_cache *cache, const struct packet *packet)
{
    const struct gop_cache_limits *limits = &cache->limits;
    const struct packet *first = gop_cache_find(cache, cache->first);

    if (packet->sequence_number - cache->first >= GOP_CACHE_PACKETS_MAX)
        return false;
    if (limits->bytes_max > 0 && cache->bytes + packet->payload_bytes > limits->bytes_max)
        return false;
    return limits->age_max_ns == 0 || first == NULL ||
           packet->arrival_ns - first->arrival_ns <= limits->age_max_ns;
}

bool gop_cache_push(struct gop_cache *cache, struct packet *packet)
{
    int64_t number = packet->sequence_number;

    if (packet->key_frame_start && !cache->holds) {
        cache->holds = true;
        cache->first = number;
        cache->newest = number - 1;
    } else if (packet->key_frame_start && number > cache->first) {
        forget_before(cache, number); /* what overtook it stays */
    } else if (!cache->holds || number < cache->first) {
        return false;
    }
    if (!is_within_limits(cache, packet) || !grow(cache, number)) {
        gop_cache_clear(cache);
        return false;
    }
    forget(cache, number); /* there is none, but for a duplicate */
    *slot_of(cache, number) = packet_ref(packet);
    cache->bytes += packet->payload_bytes;
    if (number > cache->newest)
        cache->newest = number;
    return true;
}

bool gop_cache_holds(const struct gop_cache *cache)
{
    return cache->holds;
}

struct packet *gop_cache_next(const struct gop_cache *cache, int64_t sequence_number)
{
    if (!cache->holds)
        return NULL;
    if (sequence_number < cache->first)
        sequence_number = cache->first;
    for (; sequence_number <= cache->newest; sequence_number++) {
        struct packet *packet = *slot_of(cache, sequence_number);
        if (packet != NULL)
            return packet;
    }
    return NULL;
}

struct packet *gop_cache_find(const struct gop_cache *cache, int64_t sequence_number)
{
    if (!cache->holds || sequence_number < cache->first || sequence_number > cache->newest)
        return NULL;
    return *slot_of(cache, sequence_number);
}
