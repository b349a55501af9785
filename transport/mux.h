/* transport/mux.h - what a datagram on the shared port is (RFC 7983), and whose: the worker's table
 * from address to viewer. An address comes in by an authenticated check only. An address that wrote
 * here while another worker owns its viewer is a foreign entry: datagrams go on to that worker.
 * Thread: the worker that owns it. */
#ifndef TRANSPORT_MUX_H
#define TRANSPORT_MUX_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "transport/address.h"

enum { MUX_FOREIGN_MAX = 4096 }; /* foreign entries of one worker */

enum mux_kind { MUX_STUN, MUX_DTLS, MUX_RTP, MUX_RTCP, MUX_OTHER };

/* By the first byte, RTCP by the second too (RFC 5761 section 4). */
enum mux_kind mux_kind_of(const uint8_t *datagram, size_t datagram_bytes);

struct mux;
struct viewer_session;

struct mux_entry {
    struct address address;
    struct viewer_session *session; /* borrowed; NULL: foreign */
    int worker;                     /* foreign: who owns the viewer */
    int64_t checked_ns;             /* foreign: last check that was passed on */
};

MUST_CHECK enum status mux_create(struct mux **mux);
void mux_destroy(struct mux *mux); /* NULL is allowed */
/* Borrowed until the table changes; NULL: a stranger. */
const struct mux_entry *mux_find(const struct mux *mux, const struct address *address);
/* session has address from now on; whoever had it has it no more. */
MUST_CHECK enum status mux_put(struct mux *mux, const struct address *address,
                               struct viewer_session *session);
/* STATUS_FULL: too many foreign ones. */
MUST_CHECK enum status mux_put_foreign(struct mux *mux, const struct address *address, int worker,
                                       int64_t now_ns);
/* Only if session has it. */
void mux_remove(struct mux *mux, const struct address *address,
                const struct viewer_session *session);
/* Removes foreign entries whose last check was before before_ns. */
void mux_expire_foreign(struct mux *mux, int64_t before_ns);
unsigned mux_entries(const struct mux *mux);

#endif
