/* signaling/whep_events.h - what happens to a WHEP session, as server-sent events (WHEP core
 * extensions draft, "Server Sent Events extension"): active, inactive, viewercount and, when the
 * server drains, reconnect. A session has one event stream at most; a player that asks anew
 * replaces it. Events are states: who reads late is told what holds now, and nothing queues up.
 * Thread: main. */
#ifndef SIGNALING_WHEP_EVENTS_H
#define SIGNALING_WHEP_EVENTS_H

#include "signaling/endpoint.h"
#include "signaling/exchange.h"

/* endpoint is borrowed until whep_events_stop. */
void whep_events_start(struct endpoint *endpoint);
void whep_events_stop(void);
/* After endpoint_tick: writes what is to be told. */
void whep_events_tick(int64_t now_ns);

/* Adds the Link header that announces the extension to the answer that makes session. */
void whep_events_link(struct exchange *exchange, const struct session *session);
/* Serves /session/ID/events and what is below; rest is the path after /session/ID/. session is the
 * one of that ID, or NULL: there is none. */
void whep_events_handle(struct exchange *exchange, const struct session *session, const char *rest);

#endif
