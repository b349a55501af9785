#include "core/mailbox.h"

#include <stddef.h>

void mailbox_init(struct mailbox *mailbox, void (*wake)(void *wake_context), void *wake_context)
{
    atomic_init(&mailbox->newest, NULL);
    mailbox->wake = wake;
    mailbox->wake_context = wake_context;
}

void mailbox_post(struct mailbox *mailbox, struct message *message)
{
    struct message *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);

    do {
        message->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, message,
                                                    memory_order_release, memory_order_relaxed));
    /* message is the owner's by now, and must not be touched. Who found the box empty wakes; who
     * did not knows that the one before him does. */
    if (newest == NULL && mailbox->wake != NULL)
        mailbox->wake(mailbox->wake_context);
}

unsigned mailbox_drain(struct mailbox *mailbox, void *owner)
{
    struct message *newest = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    struct message *oldest = NULL;
    unsigned count = 0;

    while (newest != NULL) {
        struct message *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct message *message = oldest;
        oldest = message->next; /* before handle, which frees it */
        message->handle(message, owner);
        count++;
    }
    return count;
}

bool mailbox_is_empty(const struct mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->newest, memory_order_acquire) == NULL;
}
