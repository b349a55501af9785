/* transport/association.h - one SCTP association that carries data channels (RFC 8831), as usrsctp
 * gives it: packets of DTLS application data in and out (RFC 8261), messages of streams on top.
 * usrsctp is one stack a process, with locks and timers of its own, and calls its output on
 * whatever thread is inside it. So all of it runs on one thread: association_start and all that
 * follows are that thread's alone (data.h). */
#ifndef TRANSPORT_ASSOCIATION_H
#define TRANSPORT_ASSOCIATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mono.h"
#include "core/status.h"
#include "transport/datachannel.h"
#include "transport/dtls.h"

enum {
    ASSOCIATION_PACKET_BYTES_MAX = DTLS_DATA_BYTES_MAX,
    ASSOCIATION_STREAMS_MAX = 130, /* each way */
};

#define ASSOCIATION_TURN_NS (10 * MONO_MS) /* how exact usrsctp's timers are */

struct association_settings {
    uint64_t id; /* not 0; never used twice in the process: what usrsctp takes for an address */
    uint16_t local_port;
    uint16_t remote_port;
    uint16_t streams; /* each way, 1..ASSOCIATION_STREAMS_MAX */
    /* Sent and not acknowledged, or not sent yet; association_send is refused beyond it. */
    uint32_t send_queue_bytes;
    /* Received and not read; the peer waits beyond it. Twice the longest message, at least. */
    uint32_t receive_queue_bytes;
    void *context; /* of the following; they are called during any function here, must not call
                      back, and the packet is borrowed */
    void (*send)(void *context, const uint8_t *packet, size_t packet_bytes);
    void (*on_ready)(void *context); /* association_read has something */
};

struct association;

/* The stack. STATUS_EXISTS: it runs already. */
MUST_CHECK enum status association_start(void);
/* All associations are destroyed before. Nothing when it does not run. */
void association_stop(void);
/* Timers: every ASSOCIATION_TURN_NS while there is any association. */
void association_turn(int64_t now_ns);

/* Begins the handshake (both sides may: RFC 8831 section 6.2). STATUS_SYSTEM (logged),
 * STATUS_NO_MEMORY. */
MUST_CHECK enum status association_create(const struct association_settings *settings,
                                          struct association **association);
/* Aborts what is not over. NULL is allowed. */
void association_destroy(struct association *association);

/* One packet from the peer; what is none is dropped. */
void association_receive(struct association *association, const uint8_t *packet,
                         size_t packet_bytes);

enum association_event {
    ASSOCIATION_NOTHING,
    ASSOCIATION_UP,
    ASSOCIATION_MESSAGE,
    ASSOCIATION_REST,          /* message->bytes more of a message that was told as too long */
    ASSOCIATION_STREAM_CLOSED, /* the peer closed its side of message->stream */
    ASSOCIATION_STREAM_DONE,   /* ours of message->stream is closed: it may be used again */
    ASSOCIATION_OVER           /* lost, shut down, or refused; only association_destroy is of use */
};

struct association_message {
    uint16_t stream;
    uint32_t payload_protocol; /* enum datachannel_payload, or anything */
    size_t bytes;
    bool too_long; /* cut: it did not fit into the room */
};

/* What happened next. room takes a message's bytes. message is filled as far as the event says. */
enum association_event association_read(struct association *association, uint8_t *room,
                                        size_t room_bytes, struct association_message *message);

struct association_delivery {
    uint16_t stream;
    uint32_t payload_protocol;
    bool ordered;
    enum datachannel_reliability reliability;
    uint32_t limit;
};

/* One message, 1 byte at least, copied. STATUS_FULL: the send queue is; STATUS_CLOSED: not up, or
 * no such stream. */
MUST_CHECK enum status association_send(struct association *association,
                                        const struct association_delivery *delivery,
                                        const uint8_t *data, size_t data_bytes);
/* Closes our side of a stream, when what was sent on it has arrived (RFC 6525). */
void association_close_stream(struct association *association, uint16_t stream);

#endif
