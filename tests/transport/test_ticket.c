#include "transport/ticket.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct ticket_table *make_table(unsigned most)
{
    struct ticket_table *table = NULL;

    assert_int_equal(ticket_table_create(most, most, &table), STATUS_OK);
    return table;
}

static struct ice_credentials credentials_of(unsigned number)
{
    struct ice_credentials credentials = {.password = "password-of-enough-chars"};

    snprintf(credentials.ufrag, sizeof credentials.ufrag, "user%u", number);
    return credentials;
}

static struct ticket ticket_of(uint64_t session, int64_t deadline_ns)
{
    struct ticket ticket = {.session = session,
                            .stream_id = (uint32_t)(session % 2),
                            .local = credentials_of((unsigned)session),
                            .remote_ufrag = "them",
                            .deadline_ns = deadline_ns};
    return ticket;
}

static enum status find(struct ticket_table *table, const char *ufrag, struct ticket *ticket,
                        int *owner)
{
    return ticket_table_find(table, ufrag, strlen(ufrag), ticket, owner);
}

static void ticket_is_found_by_its_ufrag_alone(void **state)
{
    (void)state;
    static const struct {
        const char *ufrag;
        enum status expected;
    } cases[] = {
        {"user7", STATUS_OK},       {"user", STATUS_NOT_FOUND}, {"user77", STATUS_NOT_FOUND},
        {"them", STATUS_NOT_FOUND}, {"", STATUS_NOT_FOUND},     {"USER7", STATUS_NOT_FOUND},
    };
    struct ticket_table *table = make_table(8);
    const struct ticket put = ticket_of(7, 100);

    assert_int_equal(ticket_table_put(table, &put), STATUS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ticket ticket = {.session = 0};
        int owner = 5;
        assert_int_equal(find(table, cases[i].ufrag, &ticket, &owner), cases[i].expected);
        assert_int_equal(ticket.session, cases[i].expected == STATUS_OK ? 7 : 0);
        assert_int_equal(owner, cases[i].expected == STATUS_OK ? TICKET_UNCLAIMED : 5);
    }
    ticket_table_destroy(table);
}

static void ticket_put_refuses_when_full_or_taken(void **state)
{
    (void)state;
    struct ticket_table *table = make_table(2);
    struct ticket first = ticket_of(1, 100);
    struct ticket second = ticket_of(2, 100);
    const struct ticket third = ticket_of(3, 100);

    assert_int_equal(ticket_table_put(table, &first), STATUS_OK);
    assert_int_equal(ticket_table_put(table, &first), STATUS_EXISTS);
    second.local = first.local;
    assert_int_equal(ticket_table_put(table, &second), STATUS_EXISTS);
    second = ticket_of(2, 100);
    assert_int_equal(ticket_table_put(table, &second), STATUS_OK);
    assert_int_equal(ticket_table_put(table, &third), STATUS_FULL);
    ticket_table_remove(table, 1);
    ticket_table_remove(table, 1);
    assert_int_equal(ticket_table_put(table, &third), STATUS_OK);
    ticket_table_destroy(table);
}

static void ticket_put_refuses_when_too_many_are_joining(void **state)
{
    (void)state;
    enum { JOINING_MAX = 20 };
    struct ticket_table *table = NULL;
    int owner = 0;

    assert_int_equal(ticket_table_create(2 * JOINING_MAX, JOINING_MAX, &table), STATUS_OK);
    for (uint64_t i = 1; i <= JOINING_MAX; i++) {
        const struct ticket ticket = ticket_of(i, 100);
        assert_int_equal(ticket_table_put(table, &ticket), STATUS_OK);
    }
    const struct ticket more = ticket_of(JOINING_MAX + 1, 100);
    const struct ticket last = ticket_of(JOINING_MAX + 2, 100);
    assert_int_equal(ticket_table_put(table, &more), STATUS_FULL);
    assert_int_equal(ticket_table_claim(table, 5, 0, &owner), STATUS_OK);
    assert_int_equal(ticket_table_put(table, &more), STATUS_FULL); /* its handshake is to come */
    ticket_table_connected(table, 5);
    ticket_table_connected(table, 5);
    assert_int_equal(ticket_table_put(table, &more), STATUS_OK);
    assert_int_equal(ticket_table_put(table, &last), STATUS_FULL);
    ticket_table_remove(table, 5); /* it counts no more */
    assert_int_equal(ticket_table_put(table, &last), STATUS_FULL);
    ticket_table_remove(table, 6);
    assert_int_equal(ticket_table_put(table, &last), STATUS_OK);
    ticket_table_destroy(table);
}

static void ticket_expires_only_when_unclaimed(void **state)
{
    (void)state;
    struct ticket_table *table = make_table(8);
    uint64_t sessions[8];
    int owner = 0;

    for (uint64_t i = 1; i <= 4; i++) {
        const struct ticket ticket = ticket_of(i, (int64_t)i * 10);
        assert_int_equal(ticket_table_put(table, &ticket), STATUS_OK);
    }
    assert_int_equal(ticket_table_claim(table, 1, 0, &owner), STATUS_OK);
    assert_int_equal(ticket_table_expire(table, 19, sessions, 8), 0);
    assert_int_equal(ticket_table_expire(table, 30, sessions, 8), 2);
    assert_int_equal(sessions[0], 2);
    assert_int_equal(sessions[1], 3);
    assert_int_equal(ticket_table_expire(table, INT64_MAX, sessions, 8), 1);
    assert_int_equal(ticket_table_expire(table, INT64_MAX, sessions, 8), 0);
    ticket_table_destroy(table);
}

static void ticket_withdraw_tells_who_owns_it(void **state)
{
    (void)state;
    struct ticket_table *table = make_table(8);
    uint64_t sessions[8];
    int owner = 9;

    for (uint64_t i = 1; i <= 4; i++) {
        const struct ticket ticket = ticket_of(i, 100);
        assert_int_equal(ticket_table_put(table, &ticket), STATUS_OK);
    }
    assert_int_equal(ticket_table_claim(table, 1, 3, &owner), STATUS_OK);
    assert_int_equal(ticket_table_withdraw(table, 1, &owner), STATUS_EXISTS);
    assert_int_equal(owner, 3);
    assert_int_equal(ticket_table_withdraw(table, 2, &owner), STATUS_OK);
    assert_int_equal(ticket_table_withdraw(table, 2, &owner), STATUS_NOT_FOUND);
    assert_int_equal(ticket_table_claim(table, 2, 3, &owner), STATUS_NOT_FOUND);
    assert_int_equal(ticket_table_withdraw_stream(table, 1, sessions, 8), 1);
    assert_int_equal(sessions[0], 3);
    assert_int_equal(ticket_table_withdraw_stream(table, 1, sessions, 8), 0);
    ticket_table_destroy(table);
}

static void ticket_restart_keeps_the_old_user_until_the_new_is_used(void **state)
{
    (void)state;
    struct ticket_table *table = make_table(8);
    const struct ticket put = ticket_of(1, 100);
    const struct ice_credentials abandoned = credentials_of(40);
    const struct ice_credentials fresh = credentials_of(41);
    struct ticket ticket;
    int owner = 0;

    assert_int_equal(ticket_table_restart(table, 1, &fresh, "new"), STATUS_NOT_FOUND);
    assert_int_equal(ticket_table_put(table, &put), STATUS_OK);
    assert_int_equal(ticket_table_claim(table, 1, 2, &owner), STATUS_OK);
    assert_int_equal(ticket_table_restart(table, 1, &abandoned, "new"), STATUS_OK);
    assert_int_equal(ticket_table_restart(table, 1, &fresh, "new"), STATUS_OK);
    assert_int_equal(find(table, "user40", &ticket, &owner), STATUS_NOT_FOUND);
    assert_int_equal(find(table, "user1", &ticket, &owner), STATUS_OK);
    assert_string_equal(ticket.remote_ufrag, "them");
    assert_int_equal(find(table, "user41", &ticket, &owner), STATUS_OK);
    assert_string_equal(ticket.remote_ufrag, "new");
    assert_string_equal(ticket.local.ufrag, "user41");
    assert_int_equal(owner, 2);

    ticket_table_settle(table, 1, "user1"); /* the one in use: nothing happens */
    assert_int_equal(find(table, "user41", &ticket, &owner), STATUS_OK);
    ticket_table_settle(table, 1, "user41");
    assert_int_equal(find(table, "user1", &ticket, &owner), STATUS_NOT_FOUND);
    assert_int_equal(find(table, "user41", &ticket, &owner), STATUS_OK);
    ticket_table_remove(table, 1);
    assert_int_equal(find(table, "user41", &ticket, &owner), STATUS_NOT_FOUND);
    ticket_table_destroy(table);
}

enum { RACERS = 4, RACED = 500 };

struct racer {
    struct ticket_table *table;
    int worker;
    unsigned won;
    unsigned lost;
    bool wrong;
};

static void *race(void *argument)
{
    struct racer *racer = argument;

    for (uint64_t session = 1; session <= RACED; session++) {
        int owner = TICKET_UNCLAIMED;
        const enum status status = ticket_table_claim(racer->table, session, racer->worker, &owner);
        racer->won += status == STATUS_OK;
        racer->lost += status == STATUS_EXISTS;
        racer->wrong = racer->wrong || (status == STATUS_OK) != (owner == racer->worker);
    }
    return NULL;
}

static void ticket_claim_is_won_once_when_raced(void **state)
{
    (void)state;
    struct ticket_table *table = make_table(RACED);
    struct racer racers[RACERS];
    pthread_t threads[RACERS];
    unsigned won = 0;

    for (uint64_t i = 1; i <= RACED; i++) {
        const struct ticket ticket = ticket_of(i, 100);
        assert_int_equal(ticket_table_put(table, &ticket), STATUS_OK);
    }
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.table = table, .worker = i};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(racers[i].wrong);
        assert_int_equal(racers[i].won + racers[i].lost, RACED);
        won += racers[i].won;
    }
    assert_int_equal(won, RACED);
    ticket_table_destroy(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticket_is_found_by_its_ufrag_alone),
        cmocka_unit_test(ticket_put_refuses_when_full_or_taken),
        cmocka_unit_test(ticket_put_refuses_when_too_many_are_joining),
        cmocka_unit_test(ticket_expires_only_when_unclaimed),
        cmocka_unit_test(ticket_withdraw_tells_who_owns_it),
        cmocka_unit_test(ticket_restart_keeps_the_old_user_until_the_new_is_used),
        cmocka_unit_test(ticket_claim_is_won_once_when_raced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
