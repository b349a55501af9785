/* signaling/health.h - asks a running server how it is, as a container's health check does, so that
 * an image needs no HTTP client. Blocks for a few seconds at most. Thread: main, of a process of
 * its own. */
#ifndef SIGNALING_HEALTH_H
#define SIGNALING_HEALTH_H

#include "signaling/config.h"

/* GET /healthz at the place where a server with this config listens; over TLS when it has a
 * certificate, which is not verified: it is this machine. Returns the exit status: 0 alive, 1 not,
 * with one line on standard error. */
int health_ask(const struct config *config);

#endif
