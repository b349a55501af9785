#include "signaling/identifier.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

/* Up to 256 bytes come whole and uninterrupted once the kernel's generator is seeded
 * (getrandom(2)). Without randomness there are no secrets: nothing sensible is left to do. */
static void fill(void *out, size_t out_bytes)
{
    if (getrandom(out, out_bytes, 0) != (ssize_t)out_bytes)
        abort();
}

void identifier_make(char *out, unsigned chars)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[IDENTIFIER_CHARS_MAX / 2];

    fill(random, chars / 2);
    for (unsigned i = 0; i < chars / 2; i++) {
        out[2 * i] = digits[random[i] >> 4];
        out[2 * i + 1] = digits[random[i] & 15];
    }
    out[chars] = '\0';
}

uint32_t identifier_random(void)
{
    uint32_t random;

    fill(&random, sizeof random);
    return random;
}
