/* transport/media.h - the media plane as signaling sees it: it starts the ingest thread and the
 * workers, takes sessions in and gives events out. Thread: main. All calls return at once; results
 * come as events, which media_poll delivers on main. */
#ifndef TRANSPORT_MEDIA_H
#define TRANSPORT_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "core/stats.h"
#include "core/status.h"
#include "core/stream.h"
#include "transport/certificate.h"
#include "transport/data_peer.h"
#include "transport/ice.h"
#include "transport/sound_meter.h"
#include "transport/ticket.h"

enum { MEDIA_ANNOUNCE_MAX = 8, MEDIA_WORKERS_MAX = 64 };

enum media_send { MEDIA_SEND_GSO, MEDIA_SEND_MMSG, MEDIA_SEND_PLAIN };

struct media_announce {
    char address[ICE_ADDRESS_CHARS_MAX + 1];
    uint16_t port; /* of the viewers' port seen from outside; 0: media_port */
};

struct media_settings {
    uint16_t media_port;        /* viewers, UDP and TCP; 0: any free one (tests) */
    uint16_t spare_port;        /* instead, when another process has that; 0: none */
    uint16_t ingest_port_first; /* broadcasters, UDP */
    uint16_t ingest_port_last;
    struct media_announce
        announce[MEDIA_ANNOUNCE_MAX]; /* none: the machine's own addresses and loopback */
    unsigned announce_count;
    unsigned workers; /* 0: one a core */
    enum media_send send;
    bool tcp;                         /* the TCP side of media_port */
    uint32_t publisher_bandwidth_bps; /* that one broadcaster is expected to send, and told so */
    unsigned viewers_max;
    unsigned joins_max;         /* viewers answered and not connected yet, a worker */
    unsigned handshakes_max;    /* half-open at a time, a worker */
    int64_t ticket_deadline_ns; /* from answer to first check */
    int64_t handshake_deadline_ns;
    int64_t consent_ns;     /* RFC 7675: 30 s */
    int64_t history_age_ns; /* kept for NACKs */
    int64_t cache_age_ns;  /* of a stream's video since its last key frame, kept for those who join;
                              0: nothing is */
    unsigned cache_kbytes; /* of it, a stream; 0: nothing is kept */
    uint32_t replay_bps;   /* at which one viewer is given it; 0: nobody is */
    bool monitor_audio;    /* every stream's sound is listened to */
    int64_t monitor_silent_ns; /* and found silent after so long */
    bool data;                 /* data channels are served, within: */
    struct data_limits data_limits;
};

enum media_close_reason {
    MEDIA_CLOSED_BY_US,       /* media_end */
    MEDIA_CLOSED_BY_PEER,     /* DTLS close_notify */
    MEDIA_CLOSED_NO_CHECK,    /* no authenticated check came in time */
    MEDIA_CLOSED_HANDSHAKE,   /* DTLS failed or timed out */
    MEDIA_CLOSED_FINGERPRINT, /* the certificate does not match */
    MEDIA_CLOSED_CONSENT,     /* no check for consent_ns */
    MEDIA_CLOSED_RESOURCE,    /* memory, ports or a limit */
};

/* Short English phrase, static. */
const char *media_close_reason_text(enum media_close_reason reason);

/* What a broadcaster's offer asks; copied. */
struct media_publish {
    uint64_t session;
    uint32_t stream_id;
    struct ice_credentials remote;
    struct ice_candidate candidates[ICE_CANDIDATES_MAX];
    unsigned candidate_count;
    struct fingerprint fingerprint;
    bool dtls_client; /* the offer says setup:passive: we begin the handshake */
    struct publication publication;
    struct datachannel_terms data; /* port 0: it has no data channels */
};

/* Our side of a broadcaster's transport: complete candidate list. */
struct media_local {
    struct ice_credentials credentials;
    struct ice_candidate candidates[ICE_CANDIDATES_MAX];
    unsigned candidate_count;
};

/* All called on main, inside media_poll. Pointers are borrowed during the call. */
struct media_events {
    void *context;
    /* Answer to media_publish and media_publisher_restart. local NULL: failed. A session that did
     * not begin (port range exhausted ...) is closed; a restart that failed leaves it as it was. */
    void (*on_publisher_local)(void *context, uint64_t session, const struct media_local *local);
    /* DTLS is up, either side. */
    void (*on_connected)(void *context, uint64_t session);
    /* First media of a broadcaster, or a change of what it sends; also once a second while live
     * (numbers). */
    void (*on_stream_report)(void *context, uint32_t stream_id, const struct stream_report *report);
    /* How a stream sounds: told when the state changes, and once a second while its level does. */
    void (*on_sound)(void *context, uint32_t stream_id, const struct sound *sound);
    /* A viewer said text (UTF-8 or not, DATA_VIEWER_MESSAGE_BYTES_MAX at most) on its data channel
     * `chat`. */
    void (*on_chat)(void *context, uint64_t session, const char *text, size_t text_bytes);
    /* The session is over and its transport freed; exactly once for each session that was taken. */
    void (*on_closed)(void *context, uint64_t session, enum media_close_reason reason);
};

struct media;

/* settings and events are copied; certificate is borrowed for media's life. wake_main (any thread)
 * must lead to media_poll on main soon. STATUS_EXISTS: the ports are in use (logged). STATUS_SYSTEM
 * (logged). */
MUST_CHECK enum status media_create(const struct media_settings *settings,
                                    const struct certificate *certificate,
                                    const struct media_events *events,
                                    void (*wake_main)(void *context), void *wake_context,
                                    struct media **media);
/* Ends all sessions politely (DTLS close_notify), stops and joins the threads. NULL is allowed. */
void media_destroy(struct media *media);
void media_poll(struct media *media);

/* Viewers' side: the candidates that each answer carries, best first (UDP before TCP, announced
 * order, IPv4 host first). */
unsigned media_viewer_candidates(const struct media *media, struct ice_candidate *candidates,
                                 unsigned most);
/* Whether who comes now may have data channels. */
bool media_has_data(const struct media *media);
uint16_t media_port(const struct media *media);
unsigned media_workers(const struct media *media);

/* A stream must be open before anyone publishes to it or watches it; ids are never used again. */
void media_stream_open(struct media *media, uint32_t stream_id);
/* Ends the broadcaster and all viewers of the stream (on_closed for each), frees it. */
void media_stream_close(struct media *media, uint32_t stream_id);

/* What broadcasters are told that they may send, from now on; publisher_bandwidth_bps at first. */
void media_set_bandwidth(struct media *media, uint32_t bandwidth_bps);
/* Broadcasters. A publish to a stream that has a broadcaster takes over: the old session gets
 * on_closed (BY_US). */
void media_publish(struct media *media, const struct media_publish *publish);
/* candidate NULL: end of candidates. */
void media_publisher_candidate(struct media *media, uint64_t session,
                               const struct ice_candidate *candidate);
void media_publisher_restart(struct media *media, uint64_t session,
                             const struct ice_credentials *remote,
                             const struct ice_candidate *candidates, unsigned candidate_count);
/* What it sends changed by a later offer: its tracks, or whether it has data channels; its
 * transport stays. Both are copied. */
void media_publisher_update(struct media *media, uint64_t session,
                            const struct publication *publication,
                            const struct datachannel_terms *data);

/* Viewers. ticket is copied. STATUS_FULL: limit reached (answer 503). */
MUST_CHECK enum status media_subscribe(struct media *media, const struct ticket *ticket);
MUST_CHECK enum status media_viewer_restart(struct media *media, uint64_t session,
                                            const struct ice_credentials *local,
                                            const char *remote_ufrag);
/* What it takes changed by a later offer: profile (borrowed until on_closed, as those before it),
 * and rtx_ssrc and wanted of start, which is copied. */
void media_viewer_update(struct media *media, uint64_t session, const struct profile *profile,
                         const struct viewer_start *start);

/* Either kind. on_closed follows. Unknown sessions are ignored. */
void media_end(struct media *media, uint64_t session);

/* Counters of all threads. */
void media_stats(const struct media *media, struct stats *sum);
/* Of one worker, 0 .. media_workers - 1: its counters, and the CPU time that its thread took. */
const struct stats *media_worker_stats(const struct media *media, unsigned worker);
int64_t media_worker_cpu_ns(const struct media *media, unsigned worker);

#endif
