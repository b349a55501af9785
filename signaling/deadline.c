#include "signaling/deadline.h"

#include <stddef.h>

#include "core/mono.h"

void deadline_set(struct deadline_queue *queue, struct deadline *deadline, void *owner,
                  int64_t from_ns)
{
    int64_t due_ns = from_ns + queue->delay_ns;

    deadline_stop(deadline);
    if (queue->last != NULL && queue->last->due_ns > due_ns)
        due_ns = queue->last->due_ns; /* the order is what the queue lives on */
    *deadline = (struct deadline){
        .queue = queue, .previous = queue->last, .due_ns = due_ns, .owner = owner};
    if (queue->last != NULL)
        queue->last->next = deadline;
    else
        queue->first = deadline;
    queue->last = deadline;
}

void deadline_stop(struct deadline *deadline)
{
    struct deadline_queue *queue = deadline->queue;

    if (queue == NULL)
        return;
    if (deadline->previous != NULL)
        deadline->previous->next = deadline->next;
    else
        queue->first = deadline->next;
    if (deadline->next != NULL)
        deadline->next->previous = deadline->previous;
    else
        queue->last = deadline->previous;
    *deadline = (struct deadline){0};
}

void *deadline_take(struct deadline_queue *queue, int64_t now_ns, int64_t *due_ns)
{
    struct deadline *first = queue->first;

    if (first == NULL || first->due_ns > now_ns)
        return NULL;
    void *owner = first->owner;
    if (due_ns != NULL)
        *due_ns = first->due_ns;
    deadline_stop(first);
    return owner;
}

int64_t deadline_next_ns(const struct deadline_queue *queue)
{
    return queue->first != NULL ? queue->first->due_ns : MONO_NEVER;
}
