#include "signaling/address_rates.h"

#include <arpa/inet.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mono.h"

enum { ADDRESS_CHARS_MAX = 63, NETWORK_BYTES = 8 /* of an IPv6 address */ };

static const int64_t SWEEP_EVERY_NS = 5 * MONO_SECOND;

struct bucket {
    char address[ADDRESS_CHARS_MAX + 1];
    double tokens;
    int64_t filled_ns;
    int64_t full_ns; /* when it will be, if nothing is taken */
};

struct address_rates {
    GHashTable *buckets; /* by address; owned */
    struct bucket others;
    int64_t swept_ns;
    uint64_t refused;
};

enum status address_rates_create(struct address_rates **rates)
{
    struct address_rates *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free);
    *rates = made;
    return STATUS_OK;
}

void address_rates_destroy(struct address_rates *rates)
{
    if (rates == NULL)
        return;
    g_hash_table_destroy(rates->buckets);
    free(rates);
}

/* What an address counts as. */
static void make_key(const char *address, char key[ADDRESS_CHARS_MAX + 1])
{
    unsigned char bytes[sizeof(struct in6_addr)];

    (void)snprintf(key, ADDRESS_CHARS_MAX + 1, "%s", address);
    key[strcspn(key, "%")] = '\0'; /* a zone */
    if (inet_pton(AF_INET6, key, bytes) != 1)
        return;
    if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)bytes)) {
        (void)inet_ntop(AF_INET, bytes + sizeof bytes - sizeof(struct in_addr), key,
                        ADDRESS_CHARS_MAX + 1);
        return;
    }
    memset(bytes + NETWORK_BYTES, 0, sizeof bytes - NETWORK_BYTES);
    (void)inet_ntop(AF_INET6, bytes, key, ADDRESS_CHARS_MAX + 1);
}

static struct bucket *find(struct address_rates *rates, const char *address, unsigned burst,
                           int64_t now_ns)
{
    char key[ADDRESS_CHARS_MAX + 1];
    struct bucket *bucket;

    make_key(address, key);
    bucket = g_hash_table_lookup(rates->buckets, key);
    if (bucket != NULL)
        return bucket;
    if (g_hash_table_size(rates->buckets) >= ADDRESS_RATES_MAX)
        return &rates->others;
    bucket = calloc(1, sizeof *bucket);
    if (bucket == NULL)
        return &rates->others;
    memcpy(bucket->address, key, sizeof key);
    bucket->tokens = burst;
    bucket->filled_ns = now_ns;
    g_hash_table_insert(rates->buckets, bucket->address, bucket);
    return bucket;
}

bool address_rates_take(struct address_rates *rates, const char *address, unsigned per_second,
                        unsigned burst, int64_t now_ns)
{
    if (per_second == 0)
        return true;
    struct bucket *bucket = find(rates, address, burst, now_ns);
    const double elapsed_s = (double)(now_ns - bucket->filled_ns) / (double)MONO_SECOND;

    bucket->filled_ns = now_ns;
    bucket->tokens += elapsed_s * per_second;
    if (bucket->tokens > burst)
        bucket->tokens = burst;
    const bool passes = bucket->tokens >= 1;
    if (passes)
        bucket->tokens -= 1;
    else
        rates->refused++;
    bucket->full_ns =
        now_ns + (int64_t)((burst - bucket->tokens) / per_second * (double)MONO_SECOND);
    return passes;
}

static gboolean is_full(gpointer key, gpointer value, gpointer now_ns)
{
    const struct bucket *bucket = value;

    (void)key;
    return bucket->full_ns <= *(const int64_t *)now_ns;
}

void address_rates_tick(struct address_rates *rates, int64_t now_ns)
{
    if (now_ns - rates->swept_ns < SWEEP_EVERY_NS)
        return;
    rates->swept_ns = now_ns;
    (void)g_hash_table_foreach_remove(rates->buckets, is_full, &now_ns);
}

uint64_t address_rates_refused(const struct address_rates *rates)
{
    return rates->refused;
}

unsigned address_rates_count(const struct address_rates *rates)
{
    return g_hash_table_size(rates->buckets);
}
