/* signaling/listener.h - the HTTP port: the socket that listens, made here and not by libwebsockets
 * because that can neither share a port between processes nor stop listening. Thread: main. */
#ifndef SIGNALING_LISTENER_H
#define SIGNALING_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

/* Listens on bind_address (literal address or interface; "": all) at port (0: any free one), for
 * both families where the machine and the address allow it. share: SO_REUSEPORT, so that another
 * process that says so too may listen there. *port becomes the port bound. STATUS_EXISTS: it is in
 * use; STATUS_SYSTEM; both logged. */
MUST_CHECK enum status listener_open(const char *bind_address, bool share, uint16_t *port,
                                     int *descriptor);
/* The next connection, not blocking; -1: none, or with *exhausted no descriptor is left for it. */
int listener_accept(int descriptor, bool *exhausted);

#endif
