/* tests/transport/relay_peers.h - a data relay and the peers at the far ends of its associations,
 * over a wire in memory; time passes only when the test lets it. */
#ifndef TESTS_TRANSPORT_RELAY_PEERS_H
#define TESTS_TRANSPORT_RELAY_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/association.h"
#include "transport/data_relay.h"

enum {
    RELAY_PEERS_MAX = 8,
    RELAY_PACKETS_MAX = 8192,
    RELAY_MESSAGES_MAX = 1024,
    RELAY_CHAT_MAX = 64,
    RELAY_CHANNELS_MAX = 4,
    RELAY_STREAMS = 2 * RELAY_CHANNELS_MAX,
    RELAY_SESSIONS_MAX = 6,
    RELAY_MESSAGE_BYTES_MAX = 65536,
    RELAY_QUEUE_BYTES_MAX = 128 * 1024
};

struct relay_peers;

struct relay_message {
    uint16_t stream;
    uint32_t payload_protocol;
    size_t bytes;
    uint8_t first; /* its first byte */
};

/* A browser. */
struct relay_peer {
    struct relay_peers *all;
    struct association *association; /* NULL: not there */
    uint64_t session;
    bool up;
    bool over;       /* its association is */
    bool told_over;  /* its owner was */
    bool is_deaf;    /* nothing reaches it any more */
    bool keeps_open; /* does not close its side of a channel that the relay closes */
    unsigned closed; /* channels, by the relay */
    struct datachannel channels[RELAY_STREAMS]; /* open to it, by stream */
    bool is_open[RELAY_STREAMS];
    unsigned message_count;
    struct relay_message messages[RELAY_MESSAGES_MAX];
};

struct relay_packet {
    struct relay_peer *from; /* to the relay, or */
    uint64_t to;
    size_t bytes;
    uint8_t data[ASSOCIATION_PACKET_BYTES_MAX];
};

struct relay_peers {
    struct data_relay *relay;
    struct stats stats;
    int64_t now_ns;
    struct relay_peer peers[RELAY_PEERS_MAX];
    unsigned chat_count;
    unsigned packet_count; /* on the wire, oldest first */
    struct relay_packet *packets;
};

void relay_peers_open(struct relay_peers *all);
void relay_peers_close(struct relay_peers *all);
/* Adds a peer of a media stream whose transport is connected; terms: it takes messages of
 * message_bytes_max, 0: of any length. */
struct relay_peer *relay_peers_add(struct relay_peers *all, uint32_t stream_id, bool publishes,
                                   uint32_t message_bytes_max);
/* Carries packets and reads what they bring, for so long. */
void relay_peers_run(struct relay_peers *all, int64_t for_ms);

/* What the peer's browser does. */
void relay_peer_open(struct relay_peer *peer, unsigned stream, const struct datachannel *channel);
void relay_peer_close(struct relay_peer *peer, unsigned stream);
enum status relay_peer_send(struct relay_peer *peer, unsigned stream, uint32_t payload_protocol,
                            uint8_t first, size_t bytes);
/* How many channels of that label are open to it; stream is that of the last. */
unsigned relay_peer_count(const struct relay_peer *peer, const char *label, unsigned *stream);
struct datachannel relay_channel_of(const char *label);

#endif
