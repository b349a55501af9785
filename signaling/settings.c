#include "signaling/settings.h"

#include <string.h>

#define FIELD(name) offsetof(struct config, name)

const struct setting settings[] = {
    {"http.port", SETTING_PORT, FIELD(http_port), "8080", 0, 65535,
     "HTTP and WebSocket port; 0: any free one"},
    {"http.bind", SETTING_TEXT, FIELD(http_bind), "", 0, 0,
     "address or interface to listen on; empty: all"},
    {"http.cert", SETTING_TEXT, FIELD(http_certificate), "", 0, 0,
     "TLS certificate chain, PEM file; empty: no TLS"},
    {"http.key", SETTING_TEXT, FIELD(http_key), "", 0, 0, "TLS private key, PEM file"},
    {"http.origins", SETTING_TEXT, FIELD(http_origins), "*", 0, 0,
     "web origins that may use the server: * or a list like https://a.example,https://b.example"},
    {"http.proxies", SETTING_NETWORKS, FIELD(http_proxies), "", 0, 0,
     "your proxies, a list like 127.0.0.1 10.0.0.0/8 2001:db8::/32: from these X-Forwarded-For "
     "tells "
     "the client's address; empty: whoever connects is the client; see docs/tls-and-turn.md"},
    {"http.share_port", SETTING_YES_NO, FIELD(http_share_port), "no", 0, 0,
     "share the HTTP port with another manycast process, which takes over when this one drains"},
    {"media.port", SETTING_PORT, FIELD(media.media_port), "7000", 0, 65535,
     "viewers' media, UDP and TCP; 0: any free one"},
    {"media.spare_port", SETTING_PORT, FIELD(media.spare_port), "0", 0, 65535,
     "instead of media.port when another process has that: a second server may start while the "
     "first drains; 0: none, it does not start"},
    {"media.announce", SETTING_ANNOUNCE, 0, "", 0, 0,
     "addresses put into candidates, ADDRESS or ADDRESS:PORT, several allowed; empty: the "
     "machine's own"},
    {"media.workers", SETTING_NUMBER, FIELD(media.workers), "0", 0, MEDIA_WORKERS_MAX,
     "worker threads; 0: one a core"},
    {"media.send", SETTING_SEND, FIELD(media.send), "gso", 0, 0,
     "how packets leave: gso (several a message), mmsg (several a call), plain"},
    {"media.tcp", SETTING_YES_NO, FIELD(media.tcp), "yes", 0, 0,
     "take viewers over TCP on media.port too"},
    {"media.viewers", SETTING_NUMBER, FIELD(media.viewers_max), "20000", 1, 1000000,
     "viewers at a time"},
    {"media.joins", SETTING_NUMBER, FIELD(media.joins_max), "2000", 1, 100000,
     "viewers on their way in at a time, each worker: answered, not connected yet; more are "
     "refused"},
    {"media.handshakes", SETTING_NUMBER, FIELD(media.handshakes_max), "500", 1, 100000,
     "DTLS handshakes under way at a time, each worker"},
    {"media.ticket_seconds", SETTING_SECONDS, FIELD(media.ticket_deadline_ns), "15", 1, 300,
     "from the answer to a viewer's first connectivity check"},
    {"media.handshake_seconds", SETTING_SECONDS, FIELD(media.handshake_deadline_ns), "10", 1, 300,
     "from the first check to the end of the DTLS handshake"},
    {"media.consent_seconds", SETTING_SECONDS, FIELD(media.consent_ns), "30", 5, 300,
     "media stop this long after the last check (RFC 7675)"},
    {"media.history_ms", SETTING_MILLISECONDS, FIELD(media.history_age_ns), "1000", 100, 5000,
     "how long packets are kept to be sent again"},
    {"media.cache_ms", SETTING_MILLISECONDS, FIELD(media.cache_age_ns), "12000", 0, 60000,
     "how much of a stream's video since its last key frame is kept, so that who joins sees it at "
     "once; 0: none"},
    {"media.cache_kbytes", SETTING_NUMBER, FIELD(media.cache_kbytes), "8192", 0, 1048576,
     "how much memory that may take, each stream; 0: none"},
    {"media.cache_kbps", SETTING_KILOBITS, FIELD(media.replay_bps), "50000", 1000, 1000000,
     "bit rate at which one who joins is given it"},
    {"data.enabled", SETTING_YES_NO, FIELD(media.data), "yes", 0, 0,
     "serve data channels: a broadcaster's go to all viewers that have some"},
    {"data.sessions", SETTING_NUMBER, FIELD(media.data_limits.sessions_max), "2000", 1, 1000000,
     "broadcasters and viewers with data channels at a time; later ones get media only"},
    {"data.channels", SETTING_NUMBER, FIELD(media.data_limits.channels_max), "16", 1,
     DATA_CHANNELS_MAX, "data channels of one broadcaster"},
    {"data.message_bytes", SETTING_NUMBER, FIELD(media.data_limits.message_bytes_max), "65536",
     1024, 262144, "longest message taken from a broadcaster's data channel"},
    {"data.queue_bytes", SETTING_NUMBER, FIELD(media.data_limits.queue_bytes_max), "524288", 16384,
     16777216,
     "how far a viewer may fall behind on data channels: beyond it unreliable messages are "
     "dropped, "
     "and with a reliable one the viewer loses its data channels"},
    {"data.kbps", SETTING_KILOBITS, FIELD(media.data_limits.publisher_bps), "2000", 1, 100000,
     "bit rate at which a broadcaster's data channel messages are taken; it waits beyond"},
    {"data.messages_per_second", SETTING_NUMBER, FIELD(media.data_limits.publisher_messages_max),
     "500", 1, 100000, "messages a second taken from a broadcaster's data channels"},
    {"data.viewer_messages_per_second", SETTING_NUMBER,
     FIELD(media.data_limits.viewer_messages_max), "10", 1, 1000,
     "messages a second taken from a viewer's data channels"},
    {"monitor.audio", SETTING_YES_NO, FIELD(media.monitor_audio), "yes", 0, 0,
     "listen to every stream's sound: its level, silence and clipping are told to its broadcaster "
     "and by the API"},
    {"monitor.silent_seconds", SETTING_SECONDS, FIELD(media.monitor_silent_ns), "10", 1, 3600,
     "how long a stream is below -70 dBFS until it is found silent"},
    {"ingest.ports", SETTING_PORTS, FIELD(media.ingest_port_first), "7100-7199", 1, 65535,
     "broadcasters' ICE, UDP: FIRST-LAST"},
    {"ingest.kbps", SETTING_KILOBITS, FIELD(media.publisher_bandwidth_bps), "8000", 100, 100000,
     "bit rate that a broadcaster is told it may send"},
    {"ice.servers", SETTING_TEXT, FIELD(ice_servers), "", 0, 0,
     "STUN and TURN servers told to clients, a list like stun:a.example:3478,turn:a.example:3478"},
    {"ice.username", SETTING_TEXT, FIELD(ice_username), "", 0, 0, "user name for the TURN servers"},
    {"ice.credential", SETTING_SECRET, FIELD(ice_credential), "", 0, 0,
     "password for the TURN servers"},
    {"ice.secret", SETTING_SECRET, FIELD(ice_secret), "", 0, 0,
     "secret shared with the TURN server (coturn: static-auth-secret): each client gets a user "
     "name "
     "and password of its own that expire; instead of ice.username and ice.credential"},
    {"ice.credential_seconds", SETTING_SECONDS, FIELD(ice_credential_life_ns), "86400", 60, 2592000,
     "how long they are good"},
    {"auth.publish_key", SETTING_SECRET, FIELD(auth_publish_key), "", 0, 0,
     "stream key: whoever publishes must show it; empty: anyone may publish"},
    {"auth.watch_key", SETTING_SECRET, FIELD(auth_watch_key), "", 0, 0,
     "key for watching: whoever enters a room must show it, or the stream key; empty: anyone may "
     "watch"},
    {"auth.admin_key", SETTING_SECRET, FIELD(auth_admin_key), "", 0, 0,
     "operator's key: whoever drains the server over HTTP must show it; it opens the rest too; "
     "empty: only signals drain the server"},
    {"auth.metrics_key", SETTING_SECRET, FIELD(auth_metrics_key), "", 0, 0,
     "key for /metrics: whoever scrapes must show it as a bearer token; empty: anyone may"},
    {"auth.jwt_secret", SETTING_SECRET, FIELD(auth_jwt_secret), "", 0, 0,
     "secret of at least 32 bytes that signs JSON Web Tokens by HS256; with it, or with "
     "auth.jwt_public_keys, everyone needs a token or a key; see docs/access.md"},
    {"auth.jwt_public_keys", SETTING_TEXT, FIELD(auth_jwt_public_keys), "", 0, 0,
     "PEM file of public keys that check JSON Web Tokens signed by RS256 (RSA, 2048 bits or more) "
     "or ES256 (P-256); read again at SIGHUP"},
    {"auth.jwt_skew_seconds", SETTING_SECONDS, FIELD(auth_jwt_skew_ns), "30", 0, 3600,
     "how far the clock of who signs tokens may be off"},
    {"hooks.on_publish", SETTING_SECRET, FIELD(hooks_url[HOOK_ON_PUBLISH]), "", 0, 0,
     "http(s) address that is asked by POST whether somebody may publish; empty: nobody is asked; "
     "see docs/hooks.md"},
    {"hooks.on_unpublish", SETTING_SECRET, FIELD(hooks_url[HOOK_ON_UNPUBLISH]), "", 0, 0,
     "http(s) address that is told that a broadcaster's session ended"},
    {"hooks.on_play", SETTING_SECRET, FIELD(hooks_url[HOOK_ON_PLAY]), "", 0, 0,
     "http(s) address that is asked by POST whether somebody may watch"},
    {"hooks.on_stop", SETTING_SECRET, FIELD(hooks_url[HOOK_ON_STOP]), "", 0, 0,
     "http(s) address that is told that a viewer's session ended"},
    {"hooks.timeout_ms", SETTING_MILLISECONDS, FIELD(hooks_timeout_ns), "2000", 100, 8000,
     "how long a hook's answer may take, with the time that the call waits for its turn"},
    {"hooks.when_down", SETTING_DOOR, FIELD(hooks_open_when_down), "closed", 0, 0,
     "when a hook hangs, is down or answers rubbish: closed refuses (503), open lets in"},
    {"hooks.calls", SETTING_NUMBER, FIELD(hooks_calls_max), "128", 1, 10000,
     "calls of hooks under way at a time"},
    {"hooks.queue", SETTING_NUMBER, FIELD(hooks_queue_max), "10000", 1, 1000000,
     "calls that wait for their turn; who comes beyond is treated as if the hook were down, and an "
     "end beyond is not told"},
    {"hooks.farewell_ms", SETTING_MILLISECONDS, FIELD(hooks_farewell_ns), "5000", 0, 60000,
     "how long the server waits, as it stops, until hooks were told of the last ends"},
    {"hooks.server_id", SETTING_TEXT, FIELD(hooks_server_id), "", 0, 0,
     "name of this server in what hooks are sent; empty: a random one each start"},
    {"room.grace_seconds", SETTING_SECONDS, FIELD(room_grace_ns), "30", 0, 3600,
     "how long a room waits for its broadcaster to come back"},
    {"room.takeover", SETTING_YES_NO, FIELD(room_takeover), "yes", 0, 0,
     "a second publisher with the same credential takes a live stream over"},
    {"room.chat_lines", SETTING_NUMBER, FIELD(room_chat_lines), "50", 0, 1000,
     "chat lines a newcomer is shown"},
    {"guests.max", SETTING_NUMBER, FIELD(guests_max), "4", 0, 64,
     "guests beside the host of a room; limits.streams_per_room counts them too"},
    {"guests.asking", SETTING_NUMBER, FIELD(guests_asking_max), "20", 0, 1000,
     "who may wait for the host's answer at a time, each room"},
    {"guests.interval_seconds", SETTING_SECONDS, FIELD(guests_interval_ns), "5", 0, 3600,
     "how long a viewer waits between asking twice"},
    {"chat.words", SETTING_TEXT, FIELD(chat_words), "", 0, 0,
     "file of words that chat shows as ***, UTF-8, one a line; empty: none"},
    {"chat.lines_per_second", SETTING_NUMBER, FIELD(chat_lines_per_second), "2", 0, 10000,
     "chat lines a second, each person; 0: no limit"},
    {"chat.burst", SETTING_NUMBER, FIELD(chat_burst), "10", 1, 10000,
     "chat lines at once, each person"},
    {"chat.room_lines_per_second", SETTING_NUMBER, FIELD(chat_room_lines_per_second), "200", 0,
     100000, "chat lines a second, all in a room; 0: no limit"},
    {"chat.crowd", SETTING_NUMBER, FIELD(chat_crowd), "200", 0, 1000000,
     "with more members in a room chat goes out ten times a second, not at once, and who comes and "
     "goes is not told"},
    {"chat.kick_seconds", SETTING_SECONDS, FIELD(chat_kick_ns), "600", 0, 86400,
     "how long one whom the host kicked is kept out, and one who was muted stays mute"},
    {"limits.messages_per_second", SETTING_NUMBER, FIELD(limits_messages_per_second), "200", 1,
     100000, "WebSocket messages a second, each connection"},
    {"limits.message_burst", SETTING_NUMBER, FIELD(limits_message_burst), "2000", 1, 1000000,
     "WebSocket messages at once, each connection"},
    {"limits.connections_per_address", SETTING_NUMBER, FIELD(limits_connections_per_address), "0",
     0, 1000000, "WebSocket connections an address; 0: no limit"},
    {"limits.sessions_per_address", SETTING_NUMBER, FIELD(limits_sessions_per_address), "0", 0,
     1000000, "media sessions an address; 0: no limit"},
    {"limits.sessions_per_room", SETTING_NUMBER, FIELD(limits_sessions_per_room), "0", 0, 1000000,
     "viewers' media sessions in a room, one for each stream that a page shows; 0: no limit"},
    {"limits.publishers", SETTING_NUMBER, FIELD(limits_publishers), "0", 0, 1000000,
     "broadcasters' media sessions on the server; 0: no limit"},
    {"limits.requests_per_second", SETTING_NUMBER, FIELD(limits_requests_per_second), "0", 0,
     1000000,
     "POST, PATCH, DELETE and WebSocket connects a second, each address (IPv6: each /64); more are "
     "answered 429; 0: no limit; behind a proxy set http.proxies, else all come from one address"},
    {"limits.request_burst", SETTING_NUMBER, FIELD(limits_request_burst), "50", 1, 1000000,
     "of these at once, each address"},
    {"limits.publisher_kbps", SETTING_KILOBITS, FIELD(limits_publisher_bps), "0", 0, 1000000,
     "bit rate beyond which a broadcaster is ended (bye, reason bit-rate); one whose browser heeds "
     "REMB keeps below nine tenths of it, and of ingest.kbps; 0: no limit"},
    {"limits.publisher_excess_seconds", SETTING_SECONDS, FIELD(limits_publisher_excess_ns), "10", 0,
     3600, "how long it may send more than that"},
    {"limits.body_seconds", SETTING_SECONDS, FIELD(limits_body_ns), "30", 1, 3600,
     "how long the body of an HTTP request may take; its head, and a pause in the body, may take "
     "10 s, as a connection without a request may"},
    {"limits.rooms", SETTING_NUMBER, FIELD(limits_rooms), "10000", 1, 10000000, "rooms at a time"},
    {"limits.streams_per_room", SETTING_NUMBER, FIELD(limits_streams_per_room), "8", 1, 100,
     "streams in a room"},
    {"limits.relay_rooms", SETTING_NUMBER, FIELD(limits_relay_rooms), "2000000", 1, 100000000,
     "Socket.IO relay rooms at a time"},
    {"limits.relay_rooms_per_connection", SETTING_NUMBER, FIELD(limits_relay_rooms_per_connection),
     "10000", 1, 100000000, "Socket.IO relay rooms that one connection may be in"},
    {"limits.lobby_presence", SETTING_NUMBER, FIELD(limits_lobby_presence), "200", 0, 1000000,
     "in a Socket.IO lobby of more than so many, who leaves is not announced"},
    {"metrics.rooms", SETTING_NUMBER, FIELD(metrics_rooms), "100", 0, 10000,
     "rooms that /metrics tells by name, the largest; the others are told together"},
    {"socketio.ping_interval_ms", SETTING_MILLISECONDS, FIELD(socketio_ping_interval_ns), "25000",
     100, 3600000, "Socket.IO: how often a client is pinged (old ones ping themselves)"},
    {"socketio.ping_timeout_ms", SETTING_MILLISECONDS, FIELD(socketio_ping_timeout_ns), "20000",
     100, 3600000, "Socket.IO: how long its answer may take"},
    {"socketio.connect_timeout_ms", SETTING_MILLISECONDS, FIELD(socketio_connect_timeout_ns),
     "45000", 100, 3600000, "Socket.IO: how long a client may take to enter a namespace"},
    {"socketio.payload_bytes", SETTING_NUMBER, FIELD(socketio_payload_bytes), "1000000", 65536,
     100000000, "Socket.IO: largest message with its binary parts, largest body of a POST"},
    {"socketio.connections", SETTING_NUMBER, FIELD(socketio_connections), "20000", 1, 10000000,
     "Socket.IO connections at a time"},
    {"drain.seconds", SETTING_SECONDS, FIELD(drain_ns), "5", 0, 86400,
     "how long those who are there may stay after SIGTERM, while they are told to reconnect; it "
     "ends sooner when all have left"},
    {"log.level", SETTING_LEVEL, FIELD(log_level), "info", 0, 0, "error, warning, info or debug"},
    {"log.format", SETTING_LOG_FORMAT, FIELD(log_format), "text", 0, 0,
     "text, or json: one object a line with time, level, area and message"},
};

const size_t settings_count = sizeof settings / sizeof settings[0];

const struct setting *settings_find(const char *key)
{
    for (size_t i = 0; i < settings_count; i++)
        if (strcmp(settings[i].key, key) == 0)
            return &settings[i];
    return NULL;
}

const struct setting *settings_find_flag(const char *flag, size_t flag_bytes)
{
    char name[SETTING_NAME_BYTES_MAX];

    for (size_t i = 0; i < settings_count; i++) {
        setting_flag_name(settings[i].key, name);
        if (strlen(name) == flag_bytes && memcmp(name, flag, flag_bytes) == 0)
            return &settings[i];
    }
    return NULL;
}

bool settings_is_fixed(const struct setting *setting)
{
    static const char *const FIXED[] = {
        "http.port",
        "http.bind",
        "http.share_port",
        "media.",
        "ingest.",
        "monitor.",
        "chat.words",
        "limits.relay_rooms",
        "limits.lobby_presence",
    };

    for (size_t i = 0; i < sizeof FIXED / sizeof FIXED[0]; i++)
        if (strncmp(setting->key, FIXED[i], strlen(FIXED[i])) == 0)
            return true;
    return false;
}
