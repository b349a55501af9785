/* signaling/endpoint.h - joins a transport to a room: opens, restarts and ends publishers and
 * viewers, and turns what the media plane reports into what the directory tells (DESIGN.md section
 * 4). To change how media meets rooms, open this file. Nothing here blocks: a viewer is answered at
 * once, a publisher when the ingest thread gave its candidates. Thread: main. */
#ifndef SIGNALING_ENDPOINT_H
#define SIGNALING_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "signaling/access.h"
#include "signaling/config.h"
#include "signaling/directory.h"
#include "signaling/hooks.h"
#include "signaling/negotiate.h"
#include "signaling/session.h"
#include "signaling/vitals.h"
#include "transport/certificate.h"
#include "transport/media.h"

struct endpoint;

/* config and certificate are borrowed for endpoint's life. */
MUST_CHECK enum status endpoint_create(const struct config *config,
                                       const struct certificate *certificate,
                                       struct endpoint **endpoint);
/* Frees rooms and sessions, calls nobody back and not media, which may be destroyed before. NULL is
 * allowed. */
void endpoint_destroy(struct endpoint *endpoint);
/* config's values changed. */
void endpoint_reconfigure(struct endpoint *endpoint);
/* What media_create is given as events. */
struct media_events endpoint_media_events(struct endpoint *endpoint);
/* media is borrowed; before the first request. */
void endpoint_attach(struct endpoint *endpoint, struct media *media);

/* hooks is borrowed; NULL, as it is before: there are none. */
void endpoint_attach_hooks(struct endpoint *endpoint, struct hooks *hooks);
struct hooks *endpoint_hooks(const struct endpoint *endpoint);

/* Every 100 ms or so: grace times, viewer counts, resume times. now_ns is also the time of all that
 * happens until the next tick. */
void endpoint_tick(struct endpoint *endpoint, int64_t now_ns);
/* No new sessions from here on; participants are told to reconnect elsewhere. */
void endpoint_drain(struct endpoint *endpoint);
bool endpoint_is_draining(const struct endpoint *endpoint);
/* Until the end of the drain (drain.seconds after its beginning), never negative; 0 when there is
 * none. */
int64_t endpoint_drain_left_ns(const struct endpoint *endpoint);

/* May the bearer of token do that in room (access_ask), now? token may be NULL: none was shown;
 * room too: the whole server. */
void endpoint_ask(const struct endpoint *endpoint, enum access_right right, const char *room,
                  const char *token, struct access_answer *answer);

struct endpoint_counts {
    unsigned rooms;
    unsigned streams;      /* live ones */
    unsigned publishers;   /* sessions */
    unsigned viewers;      /* sessions */
    unsigned participants; /* joined by WebSocket */
};
void endpoint_count(const struct endpoint *endpoint, struct endpoint_counts *counts);

const struct config *endpoint_config(const struct endpoint *endpoint);
struct directory *endpoint_directory(const struct endpoint *endpoint);
const struct vitals *endpoint_vitals(const struct endpoint *endpoint);
struct session_table *endpoint_sessions(const struct endpoint *endpoint);
int64_t endpoint_now_ns(const struct endpoint *endpoint);

/* Who asks for a session. name is what viewers are told of a publisher, "" for none; peer a literal
 * address. All borrowed during the call. */
struct endpoint_request {
    const char *room; /* valid names (name_is_valid) */
    const char *stream;
    const char *name;
    const char *peer;
    enum session_via via;
    const char *user_agent; /* "": unknown */
    const char *offer;      /* not terminated */
    size_t offer_bytes;
    struct session_owner owner; /* copied */
    uint64_t credential;        /* of access_answer: the same may take a live stream over */
    const char *subject;        /* of access_answer */
    uint64_t session;           /* its number, of endpoint_admit; 0: a fresh one */
    struct hooks_visit *visit;  /* of endpoint_admit; taken by the session that begins */
};

/* May it begin? Whether there is room, then what the operator's hooks say. STATUS_OK: yes; session
 * and visit of request are filled. STATUS_AGAIN: they are asked, and request->session is what the
 * session will be; see hooks_ask. Others: as endpoint_publish and endpoint_subscribe, and
 * STATUS_SYSTEM: the hook is down. */
MUST_CHECK enum status endpoint_admit(struct endpoint *endpoint, enum session_kind kind,
                                      struct endpoint_request *request,
                                      const struct hooks_waiter *waiter, struct hooks_ask **ask);
/* Begins a publisher. Takes request's visit, whatever comes of it. STATUS_OK: *session is made, and
 * owner's on_answer follows, never inside this call. STATUS_MALFORMED, STATUS_UNSUPPORTED: refusal
 * is filled. STATUS_EXISTS: the stream is live and not to be taken over. STATUS_DENIED: too many
 * sessions from peer. STATUS_CLOSED: draining. STATUS_FULL: a limit is reached. The credential was
 * checked by the caller. */
MUST_CHECK enum status endpoint_publish(struct endpoint *endpoint,
                                        const struct endpoint_request *request,
                                        struct session **session,
                                        struct negotiate_refusal *refusal);
/* Begins a viewer; answer is malloc'd, the caller frees. As endpoint_publish; STATUS_NOT_FOUND:
 * nobody publishes that stream and no grace time runs. */
MUST_CHECK enum status endpoint_subscribe(struct endpoint *endpoint,
                                          const struct endpoint_request *request,
                                          struct session **session, char **answer,
                                          struct negotiate_refusal *refusal);

/* A later offer on the same session. A viewer's answer is written at once (malloc'd). A publisher's
 * may come later by on_answer: *answer is NULL then. STATUS_AGAIN: the last one is not answered
 * yet. */
MUST_CHECK enum status endpoint_offer_again(struct endpoint *endpoint, struct session *session,
                                            const char *offer, size_t offer_bytes, char **answer,
                                            struct negotiate_refusal *refusal);
/* candidate NULL: no more. More than the limit are dropped. A viewer's are not needed: it is heard
 * by its checks. */
void endpoint_candidate(struct endpoint *endpoint, struct session *session,
                        const struct ice_candidate *candidate);

/* Whether credentials are other ones than the session's present remote ones. */
bool endpoint_is_restart(const struct session *session, const struct ice_credentials *credentials);
/* ICE restart by a fragment (RFC 9725 section 4.3.3). *answer: an sdpfrag (malloc'd) for a viewer,
 * NULL for a publisher: on_answer gives it later. The session's entity tag changes with it. */
MUST_CHECK enum status endpoint_restart(struct endpoint *endpoint, struct session *session,
                                        const struct negotiate_fragment *fragment, char **answer);

/* What its worker tells of a viewer; NULL: it is none. Borrowed; the session's. */
const struct viewer_quality *endpoint_quality(const struct session *session);

/* Ends a session: its owner is not called again, its URL is gone at once. final: a publisher's
 * stream is removed without a grace time. */
void endpoint_end(struct endpoint *endpoint, struct session *session, bool final);
/* As endpoint_end, but the owner hears on_ended with reason. */
void endpoint_kick(struct endpoint *endpoint, struct session *session, const char *reason);

/* The one who hears ticks, the drain and what viewers say beside the rooms' events (participants).
 */
struct endpoint_listener {
    void *context;
    void (*on_tick)(void *context, int64_t now_ns);
    void (*on_drain)(void *context);
    unsigned (*participants)(const void *context);
    /* A viewer said text (terminated) on its data channel `chat`. */
    void (*on_say)(void *context, struct session *session, const char *text);
};
/* Copied; NULL removes it. */
void endpoint_listen(struct endpoint *endpoint, const struct endpoint_listener *listener);

#endif
