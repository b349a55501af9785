/* signaling/room_report.h - the sessions of a room as its operator sees them (GET /api/rooms/ROOM):
 * broadcasters first, then viewers, worst first. What a viewer's worker knows of it lies beside its
 * session (transport/viewer_quality.h), so a room is read without asking any worker: all sessions
 * are looked over and put in order (10,000 in some 3 ms), and only the worst become JSON.
 * Thread: main. */
#ifndef SIGNALING_ROOM_REPORT_H
#define SIGNALING_ROOM_REPORT_H

#include <jansson.h>

#include "signaling/directory.h"

enum { ROOM_REPORT_SESSIONS = 100, ROOM_REPORT_SESSIONS_MAX = 1000 };

/* Puts `sessions`, at most most of them, and `sessions_total` into report. */
void room_report_add_sessions(json_t *report, const struct directory_room *room, unsigned most,
                              int64_t now_ns);

#endif
