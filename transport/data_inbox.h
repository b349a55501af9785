/* transport/data_inbox.h - what the data thread hands back to the thread that owns a peer's
 * transport: posted into that thread's mailbox, and bounded. Thread: the owner's, but for what
 * data_inbox_owner gives. */
#ifndef TRANSPORT_DATA_INBOX_H
#define TRANSPORT_DATA_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mailbox.h"
#include "transport/data_peer.h"

enum { DATA_INBOX_DATAGRAMS_MAX = 4096 }; /* on their way to one owner */

/* Held by value in the owner; does not move. */
struct data_inbox {
    struct mailbox *mailbox; /* borrowed */
    void *context;           /* of the following, which mailbox_drain calls */
    void (*on_datagram)(void *context, uint64_t session, const uint8_t *datagram,
                        size_t datagram_bytes);
    void (*on_over)(void *context, uint64_t session, bool left);
    atomic_uint waiting;
};

/* The data thread's way in. */
struct data_owner data_inbox_owner(struct data_inbox *inbox);

#endif
