/* signaling/identifier.h - random identifiers that nobody guesses, from the kernel's generator. Any
 * thread. */
#ifndef SIGNALING_IDENTIFIER_H
#define SIGNALING_IDENTIFIER_H

#include <stdint.h>

enum { IDENTIFIER_CHARS_MAX = 64 };

/* Writes chars (even, up to IDENTIFIER_CHARS_MAX) random hexadecimal digits and the terminator: 4
 * random bits each. */
void identifier_make(char *out, unsigned chars);
uint32_t identifier_random(void);

#endif
