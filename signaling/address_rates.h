/* signaling/address_rates.h - how often each address may ask: a token bucket an address, an IPv6
 * address standing for its /64, which one machine has to itself. An address that has been quiet
 * until its bucket is full again is forgotten; more addresses at a time than a bound share one
 * bucket. Pure; time comes in. Thread: main. */
#ifndef SIGNALING_ADDRESS_RATES_H
#define SIGNALING_ADDRESS_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

enum { ADDRESS_RATES_MAX = 65536 /* addresses at a time */ };

struct address_rates;

MUST_CHECK enum status address_rates_create(struct address_rates **rates);
void address_rates_destroy(struct address_rates *rates); /* NULL is allowed */
/* One request from a literal address: true if it may pass. per_second 0: no limit. now_ns > 0,
 * never goes back. */
bool address_rates_take(struct address_rates *rates, const char *address, unsigned per_second,
                        unsigned burst, int64_t now_ns);
/* Forgets those who have been quiet. */
void address_rates_tick(struct address_rates *rates, int64_t now_ns);
/* Requests that might not pass, so far. */
uint64_t address_rates_refused(const struct address_rates *rates);
unsigned address_rates_count(const struct address_rates *rates);

#endif
