/* tests/transport/broadcaster.h - a broadcaster in the test's own process: libnice in the
 * controlling role, DTLS in either role, SRTP. It names no candidates of its own, as OBS does: the
 * server learns it from its checks. Thread: the test's; broadcaster_turn runs its loop. */
#ifndef TESTS_TRANSPORT_BROADCASTER_H
#define TESTS_TRANSPORT_BROADCASTER_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/dtls.h"
#include "transport/ice.h"
#include "transport/media.h"

enum { BROADCASTER_SSRC = 0x11223344, BROADCASTER_VIDEO_PAYLOAD_TYPE = 96 };

struct broadcaster;

/* What came back from the server. */
struct broadcaster_heard {
    unsigned plis;
    unsigned nacks;
    uint16_t nacked; /* packet id of the last */
    unsigned receiver_reports;
    bool dtls_closed;
};

struct broadcaster *broadcaster_create(enum dtls_role role);
void broadcaster_destroy(struct broadcaster *broadcaster); /* says nothing; NULL is allowed */

void broadcaster_read_offer(const struct broadcaster *broadcaster, uint64_t session,
                            uint32_t stream_id, struct media_publish *publish);
/* The server's answer; only candidates on loopback are used. expected: its certificate. */
void broadcaster_take_answer(struct broadcaster *broadcaster, const struct media_local *local,
                             const struct fingerprint *expected);
/* ICE restart on its side: new credentials of its own, then those of the server. */
void broadcaster_restart(struct broadcaster *broadcaster, struct ice_credentials *credentials);
void broadcaster_take_restart(struct broadcaster *broadcaster, const struct media_local *local);

/* Runs what is due, waits at most a few milliseconds. */
void broadcaster_turn(struct broadcaster *broadcaster);
bool broadcaster_is_selected(const struct broadcaster *broadcaster);  /* ICE */
bool broadcaster_is_connected(const struct broadcaster *broadcaster); /* DTLS */
/* Changes of the selected pair, first one included. */
unsigned broadcaster_selections(const struct broadcaster *broadcaster);

/* One VP8 packet, SRTP. */
void broadcaster_send_video(struct broadcaster *broadcaster, uint16_t sequence_number,
                            bool key_frame);
void broadcaster_send_raw(struct broadcaster *broadcaster, const uint8_t *datagram, unsigned bytes);
void broadcaster_close(struct broadcaster *broadcaster); /* close_notify */
const struct broadcaster_heard *broadcaster_heard(const struct broadcaster *broadcaster);

#endif
