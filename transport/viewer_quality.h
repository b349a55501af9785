/* transport/viewer_quality.h - what a viewer's worker lets main know of it, one a viewer, beside
 * main's own record of the session. The worker writes it with relaxed stores when the viewer's RTCP
 * came, so about once a second and not all at a time, and main reads it when it is asked: no lock,
 * no message, and a room of 10,000 is read in a few milliseconds of main without any worker
 * noticing. Fields may be of two reports. It outlives the worker's session: main frees it after
 * on_closed (transport/media.h). Thread: the worker writes, any reads. */
#ifndef TRANSPORT_VIEWER_QUALITY_H
#define TRANSPORT_VIEWER_QUALITY_H

#include <stdatomic.h>
#include <stdint.h>

enum viewer_transport { VIEWER_TRANSPORT_UNKNOWN, VIEWER_TRANSPORT_UDP, VIEWER_TRANSPORT_TCP };

struct viewer_quality {
    int64_t answered_ns; /* main's, before the worker can know of the viewer */
    _Atomic uint64_t bytes;
    _Atomic uint32_t round_trip_us;   /* 0: not known yet */
    _Atomic uint32_t first_packet_us; /* from the answer to the first media sent; 0: none yet */
    _Atomic uint32_t nacks;
    _Atomic uint32_t plis;
    _Atomic uint16_t lost_of_256; /* fraction lost of the worse track, plus 1; 0: none reported */
    _Atomic uint8_t transport;    /* enum viewer_transport, of the path in use */
};

#define VIEWER_QUALITY_GET(quality, field)                                                         \
    atomic_load_explicit(&(quality)->field, memory_order_relaxed)
#define VIEWER_QUALITY_SET(quality, field, value)                                                  \
    atomic_store_explicit(&(quality)->field, value, memory_order_relaxed)

#endif
