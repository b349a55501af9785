/* signaling/refusal.h - writes why an offer was refused: a sentence for the person whose offer it
 * was. Thread: main. */
#ifndef SIGNALING_REFUSAL_H
#define SIGNALING_REFUSAL_H

#include "core/status.h"
#include "signaling/negotiate.h"

/* Fills refusal and returns status. */
enum status refusal_write(struct negotiate_refusal *refusal, enum status status, const char *format,
                          ...) __attribute__((format(printf, 3, 4)));

#endif
