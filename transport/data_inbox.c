#include "transport/data_inbox.h"

#include <stdlib.h>
#include <string.h>

struct datagram_message {
    struct message message;
    struct data_inbox *inbox;
    uint64_t session;
    size_t bytes;
    uint8_t datagram[];
};

struct over_message {
    struct message message;
    struct data_inbox *inbox;
    uint64_t session;
    bool left;
};

static void handle_datagram(struct message *message, void *owner)
{
    struct datagram_message *ready = (struct datagram_message *)(void *)message;
    struct data_inbox *inbox = ready->inbox;

    (void)owner;
    atomic_fetch_sub_explicit(&inbox->waiting, 1, memory_order_relaxed);
    inbox->on_datagram(inbox->context, ready->session, ready->datagram, ready->bytes);
    free(ready);
}

static void handle_over(struct message *message, void *owner)
{
    struct over_message *over = (struct over_message *)(void *)message;

    (void)owner;
    over->inbox->on_over(over->inbox->context, over->session, over->left);
    free(over);
}

static bool send_datagram(void *context, uint64_t session, const uint8_t *datagram,
                          size_t datagram_bytes)
{
    struct data_inbox *inbox = context;

    if (atomic_load_explicit(&inbox->waiting, memory_order_relaxed) >= DATA_INBOX_DATAGRAMS_MAX)
        return false;
    struct datagram_message *ready = malloc(sizeof *ready + datagram_bytes);
    if (ready == NULL)
        return false;
    ready->message.handle = handle_datagram;
    ready->inbox = inbox;
    ready->session = session;
    ready->bytes = datagram_bytes;
    memcpy(ready->datagram, datagram, datagram_bytes);
    atomic_fetch_add_explicit(&inbox->waiting, 1, memory_order_relaxed);
    mailbox_post(inbox->mailbox, &ready->message);
    return true;
}

static void end_session(void *context, uint64_t session, bool left)
{
    struct data_inbox *inbox = context;
    struct over_message *over = malloc(sizeof *over);

    if (over == NULL)
        return; /* its media go on; consent ends them */
    over->message.handle = handle_over;
    over->inbox = inbox;
    over->session = session;
    over->left = left;
    mailbox_post(inbox->mailbox, &over->message);
}

struct data_owner data_inbox_owner(struct data_inbox *inbox)
{
    return (struct data_owner){.context = inbox, .send = send_datagram, .on_over = end_session};
}
