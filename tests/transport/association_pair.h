/* tests/transport/association_pair.h - two associations in one process over a wire in memory that
 * loses packets by a seed; time passes only when the test lets it. */
#ifndef TESTS_TRANSPORT_ASSOCIATION_PAIR_H
#define TESTS_TRANSPORT_ASSOCIATION_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/association.h"

enum { PAIR_STREAMS = 16, PAIR_PACKETS_MAX = 4096, PAIR_MESSAGES_MAX = 512 };

struct pair_message {
    uint16_t stream;
    uint32_t payload_protocol;
    size_t bytes;
    bool too_long;
    uint32_t number; /* the first four bytes, as the test wrote them */
};

struct pair;

struct pair_end {
    struct pair *pair;
    struct association *association;
    bool up;
    bool over;
    bool reads;                    /* else what comes stays in the association */
    unsigned closed[PAIR_STREAMS]; /* by the peer */
    unsigned done[PAIR_STREAMS];   /* closed by us */
    unsigned message_count;
    struct pair_message messages[PAIR_MESSAGES_MAX];
};

struct pair {
    struct pair_end ends[2];
    unsigned loss_percent;
    uint32_t random;
    int64_t now_ns;
    unsigned packet_count; /* on the wire, oldest first */
    struct pair_packet *packets;
};

/* Starts the stack and both ends. */
void pair_open(struct pair *pair, uint32_t send_queue_bytes, uint32_t receive_queue_bytes);
void pair_close(struct pair *pair);
/* Carries packets and reads what they bring, for so long. */
void pair_run(struct pair *pair, int64_t for_ms);
enum status pair_send(struct pair_end *end, const struct association_delivery *delivery,
                      uint32_t number, size_t bytes);

#endif
