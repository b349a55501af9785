/* signaling/socketio_rooms.h - what Socket.IO clients do in rooms (PROTOCOL.md section 4): joins
 * their connections to participant (the media rooms) and to relay_rooms. Thread: main. */
#ifndef SIGNALING_SOCKETIO_ROOMS_H
#define SIGNALING_SOCKETIO_ROOMS_H

#include "signaling/participant.h"
#include "signaling/socketio.h"

/* The mount path, and what a request's body may have there. */
extern const char SOCKETIO_ROOMS_PATH[];
size_t socketio_rooms_body_bytes_max(void);

/* endpoint (its settings and time) and participants are borrowed, clock is copied. */
MUST_CHECK enum status socketio_rooms_start(struct endpoint *endpoint,
                                            struct participants *participants,
                                            const struct engineio_clock *clock);
/* After the server is gone, before the participants are. */
void socketio_rooms_stop(void);
int64_t socketio_rooms_tick(int64_t now_ns);
/* For requests and WebSockets at the mount path. */
struct engineio *socketio_rooms_engine(void);
/* Connections, those of them whose long poll waits, and relay rooms with somebody in them. */
unsigned socketio_rooms_connections(void);
unsigned socketio_rooms_waiting_polls(void);
size_t socketio_rooms_relayed(void);

#endif
