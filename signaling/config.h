/* signaling/config.h - every setting of the program: its one table (key, type, default, range,
 * help) and the values read from default, file, environment and flags, later ones winning
 * (PROTOCOL.md section 1). Read at start; config_reload alone changes it later.
 * Thread: main. */
#ifndef SIGNALING_CONFIG_H
#define SIGNALING_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/log.h"
#include "core/status.h"
#include "signaling/journal_line.h"
#include "signaling/networks.h"
#include "transport/media.h"

enum { CONFIG_TEXT_BYTES_MAX = 512, CONFIG_ERROR_BYTES_MAX = 256 };

/* The operator's hooks, named as in SRS. */
enum hook { HOOK_ON_PUBLISH, HOOK_ON_UNPUBLISH, HOOK_ON_PLAY, HOOK_ON_STOP, HOOK_COUNT };

struct config {
    /* http */
    char http_bind[CONFIG_TEXT_BYTES_MAX]; /* default "": all addresses */
    uint16_t http_port;                    /* 8080; 0: any free one, printed at start (tests) */
    char http_certificate[CONFIG_TEXT_BYTES_MAX]; /* http.cert: PEM file; "": no TLS */
    char http_key[CONFIG_TEXT_BYTES_MAX];
    char http_origins[CONFIG_TEXT_BYTES_MAX]; /* "*" or a list separated by spaces or commas */
    struct networks http_proxies;             /* http.proxies: whose X-Forwarded-For is believed */
    bool http_share_port; /* http.share_port: another process may listen there too */
    /* media, ingest: media.port, media.announce, media.workers, media.send, media.tcp, ingest.ports
     * ("7100-7199"), ingest.bandwidth ... */
    struct media_settings media;
    /* ice servers handed to clients: ice.servers, a list of URLs; ice.username, ice.credential */
    char ice_servers[CONFIG_TEXT_BYTES_MAX];
    char ice_username[CONFIG_TEXT_BYTES_MAX];
    char ice_credential[CONFIG_TEXT_BYTES_MAX];
    char ice_secret[CONFIG_TEXT_BYTES_MAX]; /* shared with the TURN server; then the two above are
                                               made for each client */
    int64_t ice_credential_life_ns;         /* ice.credential_seconds, 86400 */
    /* auth */
    char auth_publish_key[CONFIG_TEXT_BYTES_MAX]; /* auth.publish_key; "": anyone may publish */
    char auth_watch_key[CONFIG_TEXT_BYTES_MAX];   /* auth.watch_key; "": anyone may watch */
    char auth_admin_key[CONFIG_TEXT_BYTES_MAX];   /* auth.admin_key; "": nobody may operate it */
    char auth_metrics_key[CONFIG_TEXT_BYTES_MAX]; /* auth.metrics_key; "": anyone may scrape */
    char auth_jwt_secret[CONFIG_TEXT_BYTES_MAX];  /* auth.jwt_secret; "": no HS256 tokens */
    char auth_jwt_public_keys[CONFIG_TEXT_BYTES_MAX]; /* PEM file; "": no RS256, ES256 tokens */
    int64_t auth_jwt_skew_ns;                         /* auth.jwt_skew_seconds, 30 */
    /* hooks */
    char hooks_url[HOOK_COUNT][CONFIG_TEXT_BYTES_MAX]; /* hooks.on_publish ...; "": not called */
    char hooks_server_id[CONFIG_TEXT_BYTES_MAX];       /* "": a random one each start */
    int64_t hooks_timeout_ns;                          /* hooks.timeout_ms, 2000 */
    bool hooks_open_when_down;                         /* hooks.when_down, closed */
    unsigned hooks_calls_max;                          /* hooks.calls, 128 */
    unsigned hooks_queue_max;                          /* hooks.queue, 10000 */
    int64_t hooks_farewell_ns;                         /* hooks.farewell_ms, 5000 */
    /* room */
    int64_t room_grace_ns;    /* room.grace, seconds, 30 */
    bool room_takeover;       /* room.takeover, yes */
    unsigned room_chat_lines; /* room.chat_lines, 50 */
    /* guests */
    unsigned guests_max;        /* guests.max, a room, 4 */
    unsigned guests_asking_max; /* guests.asking, a room, 20 */
    int64_t guests_interval_ns; /* guests.interval_seconds, 5 */
    /* chat */
    char chat_words[CONFIG_TEXT_BYTES_MAX]; /* file of words that are masked; "": none */
    unsigned chat_lines_per_second;         /* of a person, 2; 0: no limit */
    unsigned chat_burst;                    /* 10 */
    unsigned chat_room_lines_per_second;    /* 200; 0: no limit */
    unsigned chat_crowd;                    /* 200 members; more are a crowd */
    int64_t chat_kick_ns;                   /* chat.kick_seconds, 600 */
    /* limits */
    unsigned limits_messages_per_second;        /* 200 */
    unsigned limits_message_burst;              /* 2000 */
    unsigned limits_connections_per_address;    /* 0: none */
    unsigned limits_rooms;                      /* 10000 */
    unsigned limits_sessions_per_address;       /* 0: none */
    unsigned limits_sessions_per_room;          /* of viewers, 0: none */
    unsigned limits_publishers;                 /* 0: none */
    unsigned limits_requests_per_second;        /* an address, 0: none */
    unsigned limits_request_burst;              /* 50 */
    uint32_t limits_publisher_bps;              /* limits.publisher_kbps, 0: none */
    int64_t limits_publisher_excess_ns;         /* limits.publisher_excess_seconds, 10 */
    unsigned limits_streams_per_room;           /* 5 */
    int64_t limits_body_ns;                     /* limits.body_seconds, 30 */
    unsigned limits_relay_rooms;                /* 2000000 */
    unsigned limits_relay_rooms_per_connection; /* 10000 */
    unsigned limits_lobby_presence;             /* 200 */
    /* metrics */
    unsigned metrics_rooms; /* 100, by name */
    /* drain */
    int64_t drain_ns; /* drain.seconds, 5: from the first SIGTERM to the end */
    /* socketio */
    int64_t socketio_ping_interval_ns;   /* socketio.ping_interval_ms, 25000 */
    int64_t socketio_ping_timeout_ns;    /* socketio.ping_timeout_ms, 20000 */
    int64_t socketio_connect_timeout_ns; /* socketio.connect_timeout_ms, 45000 */
    unsigned socketio_payload_bytes;     /* 1000000 */
    unsigned socketio_connections;       /* 20000 */
    /* log */
    enum journal_format log_format; /* log.format: text, json */
    enum log_level log_level;       /* log.level: error, warning, info, debug */
};

/* What the command line asks for beside settings. */
enum config_action {
    CONFIG_RUN,
    CONFIG_CHECK,
    CONFIG_DOCTOR,
    CONFIG_HEALTH,
    CONFIG_HELP,
    CONFIG_REFERENCE,
    CONFIG_ROUTES,
    CONFIG_VERSION
};

/* Reads defaults, then --config FILE (INI), environment, flags. On failure error
 * (CONFIG_ERROR_BYTES_MAX) is one clear line; the program ends with status 2. */
MUST_CHECK enum status config_read(int argc, char **argv, struct config *config,
                                   enum config_action *action, char *error);
/* Reads it all again, as config_read with the same arguments did, and changes in config what may
 * change while the server runs; what may not is logged. On failure config is as it was and error is
 * one clear line. */
MUST_CHECK enum status config_reload(int argc, char **argv, struct config *config, char *error);
/* Prints the help text with every setting in its three forms, defaults and meaning. */
void config_print_help(void);
/* Prints docs/configure.md. */
void config_print_reference(void);

#endif
