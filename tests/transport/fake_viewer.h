/* tests/transport/fake_viewer.h - a viewer as a worker sees it over real sockets: checks, a DTLS
 * client, SRTP by libsrtp2. Waits by poll, never by sleeping. */
#ifndef TESTS_TRANSPORT_FAKE_VIEWER_H
#define TESTS_TRANSPORT_FAKE_VIEWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/certificate.h"
#include "transport/dtls.h"
#include "transport/rtpsec.h"
#include "transport/tcp_framing.h"
#include "transport/ticket.h"

enum {
    FAKE_VIEWER_PACKETS_MAX = 256,
    FAKE_VIEWER_AUDIO_SSRC = 1000,
    FAKE_VIEWER_VIDEO_SSRC = 2000,
    FAKE_VIEWER_RTX_SSRC = 3000,
    FAKE_VIEWER_WAIT_MS = 5000
};

struct fake_viewer_packet {
    uint32_t ssrc;
    uint16_t sequence_number;
    uint16_t original_sequence_number; /* RTX: first two bytes of the payload */
    uint8_t payload_type;
};

struct fake_viewer {
    int descriptor;
    bool tcp;
    uint16_t port;                 /* of the server */
    struct ice_credentials remote; /* the server's */
    char ufrag[ICE_UFRAG_CHARS_MAX + 1];
    struct certificate *certificate;
    struct dtls_context *context;
    struct dtls *dtls;
    struct rtpsec *rtpsec;
    struct fingerprint server_fingerprint;
    bool closed;      /* close_notify came */
    unsigned answers; /* right ones to checks */
    unsigned datagrams;
    unsigned undecryptable;
    unsigned rtcp;
    unsigned count;
    struct fake_viewer_packet packets[FAKE_VIEWER_PACKETS_MAX];
    struct tcp_framing framing;
};

/* server is the other side's certificate. */
void fake_viewer_open(struct fake_viewer *viewer, uint16_t port, bool tcp,
                      const struct certificate *server);
void fake_viewer_close(struct fake_viewer *viewer);
/* What main would have put into the table when it answered this viewer's offer. */
struct ticket fake_viewer_ticket(struct fake_viewer *viewer, uint64_t session, uint32_t stream_id);
/* Another socket, hence another address; everything else stays. */
void fake_viewer_rebind(struct fake_viewer *viewer);

void fake_viewer_send(struct fake_viewer *viewer, const void *datagram, size_t bytes);
void fake_viewer_check(struct fake_viewer *viewer, bool use_candidate);
void fake_viewer_check_with(struct fake_viewer *viewer, const char *secret);
void fake_viewer_begin_dtls(struct fake_viewer *viewer);
void fake_viewer_send_rtcp(struct fake_viewer *viewer, const uint8_t *compound, size_t bytes);

/* Reads until *number is at least wanted; false after FAKE_VIEWER_WAIT_MS. */
bool fake_viewer_wait(struct fake_viewer *viewer, const unsigned *number, unsigned wanted);
bool fake_viewer_wait_connected(struct fake_viewer *viewer);
bool fake_viewer_wait_closed(struct fake_viewer *viewer);
/* Waits for something to read and reads it; false when FAKE_VIEWER_WAIT_MS brought nothing. */
bool fake_viewer_step(struct fake_viewer *viewer);
/* Reads what is there already. */
void fake_viewer_read(struct fake_viewer *viewer);
unsigned fake_viewer_count(const struct fake_viewer *viewer, uint32_t ssrc);

#endif
