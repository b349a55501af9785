/* transport/port.h - whether a port is anybody's. The workers share theirs by SO_REUSEPORT, so that
 * the kernel would let a second server of the same user in beside them, and give each half of the
 * viewers' datagrams. Thread: main, at start. */
#ifndef TRANSPORT_PORT_H
#define TRANSPORT_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

/* STATUS_OK: nobody has port on any address, UDP or (with tcp) TCP. STATUS_EXISTS: taken.
 * STATUS_SYSTEM: logged. */
MUST_CHECK enum status port_check(uint16_t port, bool tcp);

#endif
