/* bench/load/client.h - one viewer of the swarm after its join: a socket, checks, a handshake,
 * reports, and counters. Thread: the swarm's. */
#ifndef BENCH_LOAD_CLIENT_H
#define BENCH_LOAD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/tally.h"
#include "bench/load/whep.h"
#include "transport/dtls.h"
#include "transport/rtpsec.h"
#include "transport/seal.h"
#include "transport/tcp_framing.h"

enum { CLIENT_STREAMS_MAX = 4 }; /* audio, video, and what is resent of each */

/* What all clients share; the swarm's. */
struct client_totals {
    uint64_t packets;
    uint64_t bytes;
    uint64_t decrypted;
    uint64_t undecryptable;
    struct tally_times first_packet; /* since the POST began */
    struct tally_times connected;    /* since the POST began */
    struct tally_times latency;      /* capture to arrival, by sender reports */
    bool measuring;
    bool plain; /* sockets without UDP_GRO: the kernel cuts what comes as one message */
};

/* How a stream's timestamps relate to the wall clock, from the latest sender report. */
struct client_clock {
    uint32_t ssrc;
    uint32_t timestamp;
    int64_t wall_ns; /* 0: unknown */
};

enum client_state {
    CLIENT_CHECKING,
    CLIENT_HANDSHAKING,
    CLIENT_CONNECTED,
    CLIENT_FAILED,
    CLIENT_LEFT, /* was connected */
};

struct client {
    int descriptor;
    bool tcp;
    bool sampled; /* decrypts */
    enum client_state state;
    unsigned number;              /* the swarm's */
    struct client_totals *totals; /* borrowed */
    char *username;               /* "theirs:ours" */
    char *password;               /* theirs */
    char *own_password;
    struct dtls *dtls;
    struct seal *seal;     /* our reports */
    struct rtpsec *rtpsec; /* sampled: opens what comes */
    struct tcp_framing *framing;
    int64_t joined_ns;
    int64_t connected_ns;
    int64_t next_check_ns;
    int64_t check_wait_ns; /* until the next one, while there is no answer */
    int64_t next_report_ns;
    int64_t deadline_ns;
    uint32_t ssrc;
    struct tally_stream streams[CLIENT_STREAMS_MAX];
    struct client_clock clocks[CLIENT_STREAMS_MAX];
};

/* Opens the socket and sends the first check. joined_ns: when the POST began. */
MUST_CHECK enum status client_open(struct client *client, const struct whep_session *session,
                                   const struct ice_credentials *local,
                                   struct dtls_context *context, bool sampled,
                                   struct client_totals *totals, int64_t joined_ns);
void client_close(struct client *client);
/* The socket is readable. */
void client_read(struct client *client, int64_t now_ns);
/* Every few tens of milliseconds: checks, retransmissions, reports. */
void client_turn(struct client *client, int64_t now_ns);
/* Connected, and with media, for so long. */
bool client_has_stayed(const struct client *client, int64_t stay_ns, int64_t now_ns);
/* Nothing more is sent or read; its session ends otherwise. */
void client_leave(struct client *client);

#endif
