/* core/mailbox.h - the one way to ask another thread for something: any thread posts, the owner
 * drains. Messages are embedded in the poster's own struct (container), handled and freed by the
 * owner. Wake-ups merge: wake is called only for the first message after a drain began. Messages of
 * one poster stay in order. */
#ifndef CORE_MAILBOX_H
#define CORE_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

struct message {
    struct message *next; /* the mailbox's own while posted */
    /* Runs on the owner's thread; takes the message (frees its container). owner is what
     * mailbox_drain was given. */
    void (*handle)(struct message *message, void *owner);
};

struct mailbox {
    _Atomic(struct message *) newest;
    void (*wake)(void *wake_context); /* any thread; e.g. writes to an eventfd */
    void *wake_context;
};

void mailbox_init(struct mailbox *mailbox, void (*wake)(void *wake_context), void *wake_context);
/* Any thread. Takes message. */
void mailbox_post(struct mailbox *mailbox, struct message *message);
/* Owner. Handles all that was posted before the call, oldest first; returns how many. */
unsigned mailbox_drain(struct mailbox *mailbox, void *owner);
bool mailbox_is_empty(const struct mailbox *mailbox);

#endif
