/* signaling/endpoint_parts.h - what the files of endpoint share: endpoint.c (its life, what the
 * media plane reports), endpoint_begin.c and endpoint_end.c (of sessions), endpoint_again.c
 * (changes to running ones); nobody else includes it. Thread: main. */
#ifndef SIGNALING_ENDPOINT_PARTS_H
#define SIGNALING_ENDPOINT_PARTS_H

#include "signaling/endpoint.h"
#include "transport/ticket_record.h"

/* What the ingest thread was asked and will answer. */
enum asked { ASKED_NOTHING, ASKED_FOR_ANSWER, ASKED_FOR_FRAGMENT };

struct publishing {
    enum asked asked_for;
    struct negotiation *negotiation; /* of the offer to be answered */
    struct ice_credentials remote;   /* in use */
    struct ice_credentials asked;    /* when ours are there, remote */
    struct fingerprint fingerprint;
    struct publication publication;
    struct negotiate_past past; /* the last answer's, as the next */
    struct media_local local;
    unsigned candidates;
    struct datachannel_terms data; /* as the media plane knows them */
    uint64_t credential;           /* endpoint_request */
    int64_t excess_ns;             /* since when it sends more than it may; 0: it does not */
};

enum { VIEWING_PROFILES_MAX = 8 }; /* different ones that a session may have in its life */

struct viewing {
    const struct profile *profiles[VIEWING_PROFILES_MAX]; /* one use of each */
    unsigned profile_count;
    struct ticket_record *ticket; /* as it was last answered */
    struct negotiate_past past;
    struct viewer_quality quality;
};

struct endpoint {
    const struct config *config;
    const struct certificate *certificate;
    struct access *access;
    struct hooks *hooks; /* NULL: none */
    struct media *media;
    struct directory *directory;
    struct session_table *sessions;
    struct endpoint_listener listener;
    struct vitals vitals;
    int64_t now_ns;
    bool draining;
    int64_t drain_ends_ns; /* while draining */
};

/* What an answer to a viewer depends on. candidates (ICE_CANDIDATES_MAX) are filled; stream may be
 * NULL; all borrowed by the result. */
struct negotiate_source endpoint_source(const struct endpoint *endpoint,
                                        const struct directory_stream *stream,
                                        const struct ice_credentials *local,
                                        struct ice_candidate *candidates);

/* A track that the answer holds back for now may flow after a renegotiation: the worker is given
 * whatever the viewer can take, and none of it comes before that. */
void endpoint_admit_tracks(struct ticket *ticket);
/* Takes one use of profile, until the session ends: its worker may go on with a former profile for
 * a while. STATUS_FULL, and the use is given back: VIEWING_PROFILES_MAX others are there. */
MUST_CHECK enum status endpoint_keep_profile(struct viewing *viewing,
                                             const struct profile *profile);
/* session comes to watch or to feed stream; it leaves when it ends. */
void endpoint_stream_add(struct directory_stream *stream, struct session *session);
/* One line of the log about session; reason may be NULL. */
void endpoint_log_session(const char *what, const struct session *session, const char *reason,
                          int64_t now_ns);
/* What the end of a session means for its room; final: nobody comes back. The record stays until
 * the media plane closed it. */
void endpoint_conclude(struct endpoint *endpoint, struct session *session, bool final,
                       const char *reason);
/* Tells the owner, who has no say from then on. */
void endpoint_tell_ended(struct session *session, const char *reason);
/* Ends all that is left of a stream, its owners told, and the stream. */
void endpoint_stream_close(struct endpoint *endpoint, struct directory_stream *stream);
/* Frees what hangs on a session (a visitor of session_table_each), and the session itself. */
void endpoint_free_parts(void *context, struct session *session);
void endpoint_session_free(struct endpoint *endpoint, struct session *session);

#endif
