#include "core/mailbox.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { POSTERS = 3, POSTED_EACH = 20000 };

struct note {
    struct message message; /* first */
    unsigned poster;
    unsigned number;
};

struct reader {
    unsigned next[POSTERS];
    unsigned handled;
};

static void handle_note(struct message *message, void *owner)
{
    struct note *note = (struct note *)message;
    struct reader *reader = owner;

    assert_int_equal(note->number, reader->next[note->poster]);
    reader->next[note->poster]++;
    reader->handled++;
    free(note);
}

static void post_note(struct mailbox *mailbox, unsigned poster, unsigned number)
{
    struct note *note = malloc(sizeof *note);

    assert_non_null(note);
    *note = (struct note){.message.handle = handle_note, .poster = poster, .number = number};
    mailbox_post(mailbox, &note->message);
}

static void count_wake(void *context)
{
    atomic_fetch_add((_Atomic unsigned *)context, 1);
}

static void mailbox_handles_oldest_first_and_merges_wakes(void **state)
{
    (void)state;
    struct mailbox mailbox;
    struct reader reader = {0};
    _Atomic unsigned wakes = 0;

    mailbox_init(&mailbox, count_wake, &wakes);
    assert_true(mailbox_is_empty(&mailbox));
    assert_int_equal(mailbox_drain(&mailbox, &reader), 0);
    for (unsigned i = 0; i < 5; i++)
        post_note(&mailbox, 0, i);
    assert_int_equal(wakes, 1);
    assert_false(mailbox_is_empty(&mailbox));
    assert_int_equal(mailbox_drain(&mailbox, &reader), 5);
    post_note(&mailbox, 0, 5);
    assert_int_equal(wakes, 2);
    assert_int_equal(mailbox_drain(&mailbox, &reader), 1);
}

struct poster {
    struct mailbox *mailbox;
    unsigned number;
};

static void *post_many(void *context)
{
    struct poster *poster = context;

    for (unsigned i = 0; i < POSTED_EACH; i++)
        post_note(poster->mailbox, poster->number, i);
    return NULL;
}

static void mailbox_keeps_each_posters_order_between_threads(void **state)
{
    (void)state;
    struct mailbox mailbox;
    struct reader reader = {0};
    _Atomic unsigned wakes = 0;
    pthread_t threads[POSTERS];
    struct poster posters[POSTERS];

    mailbox_init(&mailbox, count_wake, &wakes);
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.mailbox = &mailbox, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    while (reader.handled < POSTERS * POSTED_EACH)
        if (mailbox_drain(&mailbox, &reader) == 0)
            sched_yield();
    for (unsigned i = 0; i < POSTERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(reader.next[i], POSTED_EACH);
    }
    assert_true(wakes >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mailbox_handles_oldest_first_and_merges_wakes),
        cmocka_unit_test(mailbox_keeps_each_posters_order_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
