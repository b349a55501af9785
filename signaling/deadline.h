/* signaling/deadline.h - deadlines that all lie the same time ahead when they are set, so that a
 * list is a queue in the order of time: setting, stopping and looking cost the same with one and
 * with a million. Pure; time comes in. */
#ifndef SIGNALING_DEADLINE_H
#define SIGNALING_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct deadline_queue;

/* Embedded in what it belongs to; zero: not set. */
struct deadline {
    struct deadline_queue *queue; /* NULL: not set */
    struct deadline *next;
    struct deadline *previous;
    int64_t due_ns;
    void *owner; /* borrowed */
};

struct deadline_queue {
    struct deadline *first;
    struct deadline *last;
    int64_t delay_ns;
};

/* Sets deadline, delay_ns after from_ns; it leaves the queue in which it was. */
void deadline_set(struct deadline_queue *queue, struct deadline *deadline, void *owner,
                  int64_t from_ns);
/* Takes it out of its queue, if it is in one. */
void deadline_stop(struct deadline *deadline);
/* Takes out the first that is due and returns its owner; NULL: none is. *due_ns (NULL allowed) is
 * when it was due. */
void *deadline_take(struct deadline_queue *queue, int64_t now_ns, int64_t *due_ns);
/* When the first is due; MONO_NEVER: none is set. */
int64_t deadline_next_ns(const struct deadline_queue *queue);

#endif
