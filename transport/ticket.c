#include "transport/ticket.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "transport/ticket_record.h"

/* One user name of a ticket. A ticket has a second one while an ICE restart is under way. */
struct user {
    struct user *next; /* in its bucket */
    struct entry *entry;
    struct ticket_record *record; /* with this user's credentials; NULL: not in use */
};

struct entry {
    uint64_t session;
    struct user users[2];
    unsigned current; /* of users */
    int owner_worker;
    bool joining;
    struct entry *next;          /* in its bucket */
    struct entry *older, *newer; /* unclaimed ones, in the order of put */
};

struct ticket_table {
    pthread_mutex_t lock;
    unsigned most;
    unsigned count;
    unsigned joining_max;
    unsigned joining;
    struct entry *oldest, *newest; /* unclaimed */
    uint64_t seed;                 /* ufrags of strangers are hashed too */
    uint32_t mask;
    struct entry **sessions;
    struct user **users;
};

enum status ticket_table_create(unsigned most, unsigned joining_max, struct ticket_table **table)
{
    struct ticket_table *made = calloc(1, sizeof *made);
    uint32_t buckets = 64;

    if (made == NULL)
        return STATUS_NO_MEMORY;
    while (buckets < most && buckets < 1U << 20)
        buckets *= 2;
    made->most = most;
    made->joining_max = joining_max;
    made->mask = buckets - 1;
    made->sessions = calloc(buckets, sizeof(struct entry *));
    made->users = calloc(buckets, sizeof(struct user *));
    pthread_mutex_init(&made->lock, NULL);
    if (made->sessions == NULL || made->users == NULL) {
        ticket_table_destroy(made);
        return STATUS_NO_MEMORY;
    }
    if (getrandom(&made->seed, sizeof made->seed, 0) != sizeof made->seed)
        made->seed = (uint64_t)(uintptr_t)made;
    *table = made;
    return STATUS_OK;
}

static struct entry **session_bucket(struct ticket_table *table, uint64_t session)
{
    const uint64_t mixed = (session ^ table->seed) * UINT64_C(0x9e3779b97f4a7c15);
    return &table->sessions[(uint32_t)(mixed >> 32) & table->mask];
}

static struct user **user_bucket(struct ticket_table *table, const char *ufrag, size_t chars)
{
    uint64_t mixed = table->seed ^ UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < chars; i++)
        mixed = (mixed ^ (uint8_t)ufrag[i]) * UINT64_C(0x100000001b3);
    return &table->users[(uint32_t)(mixed >> 32) & table->mask];
}

static struct entry *find_session(struct ticket_table *table, uint64_t session)
{
    struct entry *entry = *session_bucket(table, session);

    while (entry != NULL && entry->session != session)
        entry = entry->next;
    return entry;
}

static bool is_ufrag(const struct user *user, const char *ufrag, size_t chars)
{
    const char *ours = ticket_record_local_ufrag(user->record);

    return strlen(ours) == chars && memcmp(ours, ufrag, chars) == 0;
}

static struct user *find_user(struct ticket_table *table, const char *ufrag, size_t chars)
{
    struct user *user = *user_bucket(table, ufrag, chars);

    while (user != NULL && !is_ufrag(user, ufrag, chars))
        user = user->next;
    return user;
}

/* Takes record. */
static void add_user(struct ticket_table *table, struct entry *entry, unsigned number,
                     struct ticket_record *record)
{
    struct user *user = &entry->users[number];
    const char *ufrag = ticket_record_local_ufrag(record);
    struct user **bucket = user_bucket(table, ufrag, strlen(ufrag));

    user->entry = entry;
    user->record = record;
    user->next = *bucket;
    *bucket = user;
}

static void remove_user(struct ticket_table *table, struct user *user)
{
    if (user->record == NULL)
        return;
    const char *ufrag = ticket_record_local_ufrag(user->record);
    struct user **link = user_bucket(table, ufrag, strlen(ufrag));
    while (*link != user)
        link = &(*link)->next;
    *link = user->next;
    ticket_record_destroy(user->record);
    user->record = NULL;
}

static void append_unclaimed(struct ticket_table *table, struct entry *entry)
{
    entry->older = table->newest;
    if (table->newest != NULL)
        table->newest->newer = entry;
    else
        table->oldest = entry;
    table->newest = entry;
}

static void remove_unclaimed(struct ticket_table *table, struct entry *entry)
{
    if (entry->older != NULL)
        entry->older->newer = entry->newer;
    else
        table->oldest = entry->newer;
    if (entry->newer != NULL)
        entry->newer->older = entry->older;
    else
        table->newest = entry->older;
}

static void end_join(struct ticket_table *table, struct entry *entry)
{
    table->joining -= entry->joining;
    entry->joining = false;
}

static void remove_entry(struct ticket_table *table, struct entry *entry)
{
    struct entry **link = session_bucket(table, entry->session);

    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    remove_user(table, &entry->users[0]);
    remove_user(table, &entry->users[1]);
    if (entry->owner_worker == TICKET_UNCLAIMED)
        remove_unclaimed(table, entry);
    end_join(table, entry);
    table->count--;
    free(entry);
}

void ticket_table_destroy(struct ticket_table *table)
{
    if (table == NULL)
        return;
    for (uint32_t i = 0; table->sessions != NULL && table->users != NULL && i <= table->mask; i++)
        while (table->sessions[i] != NULL)
            remove_entry(table, table->sessions[i]);
    pthread_mutex_destroy(&table->lock);
    free(table->sessions);
    free(table->users);
    free(table);
}

static enum status put_locked(struct ticket_table *table, const struct ticket *ticket)
{
    if (table->count >= table->most || table->joining >= table->joining_max)
        return STATUS_FULL;
    if (find_session(table, ticket->session) != NULL ||
        find_user(table, ticket->local.ufrag, strlen(ticket->local.ufrag)) != NULL)
        return STATUS_EXISTS;

    struct entry *entry = calloc(1, sizeof *entry);
    struct ticket_record *record = ticket_record_make(ticket);
    if (entry == NULL || record == NULL) {
        ticket_record_destroy(record);
        free(entry);
        return STATUS_NO_MEMORY;
    }
    entry->session = ticket->session;
    entry->owner_worker = TICKET_UNCLAIMED;
    add_user(table, entry, 0, record);
    struct entry **bucket = session_bucket(table, ticket->session);
    entry->next = *bucket;
    *bucket = entry;
    append_unclaimed(table, entry);
    entry->joining = true;
    table->joining++;
    table->count++;
    return STATUS_OK;
}

enum status ticket_table_put(struct ticket_table *table, const struct ticket *ticket)
{
    pthread_mutex_lock(&table->lock);
    const enum status status = put_locked(table, ticket);
    pthread_mutex_unlock(&table->lock);
    return status;
}

static enum status restart_locked(struct ticket_table *table, uint64_t session,
                                  const struct ice_credentials *local, const char *remote_ufrag)
{
    struct entry *entry = find_session(table, session);

    if (entry == NULL)
        return STATUS_NOT_FOUND;
    if (find_user(table, local->ufrag, strlen(local->ufrag)) != NULL)
        return STATUS_EXISTS;
    struct ticket ticket;
    ticket_record_read(entry->users[entry->current].record, &ticket);
    ticket.local = *local;
    strncpy(ticket.remote_ufrag, remote_ufrag, ICE_UFRAG_CHARS_MAX);
    ticket.remote_ufrag[ICE_UFRAG_CHARS_MAX] = '\0';
    struct ticket_record *record = ticket_record_make(&ticket);
    explicit_bzero(&ticket.local, sizeof ticket.local);
    if (record == NULL)
        return STATUS_NO_MEMORY;
    const unsigned other = 1 - entry->current;
    remove_user(table, &entry->users[other]); /* of a restart that was never used */
    add_user(table, entry, other, record);
    return STATUS_OK;
}

enum status ticket_table_restart(struct ticket_table *table, uint64_t session,
                                 const struct ice_credentials *local, const char *remote_ufrag)
{
    pthread_mutex_lock(&table->lock);
    const enum status status = restart_locked(table, session, local, remote_ufrag);
    pthread_mutex_unlock(&table->lock);
    return status;
}

static void update_locked(struct entry *entry, const struct profile *profile,
                          const struct viewer_start *start)
{
    for (unsigned i = 0; i < 2; i++) {
        struct ticket_record *record = entry->users[i].record;
        if (record == NULL)
            continue;
        record->profile = profile;
        record->start = *start;
    }
}

enum status ticket_table_update(struct ticket_table *table, uint64_t session,
                                const struct profile *profile, const struct viewer_start *start,
                                int *owner_worker)
{
    pthread_mutex_lock(&table->lock);
    struct entry *entry = find_session(table, session);
    if (entry != NULL) {
        update_locked(entry, profile, start);
        *owner_worker = entry->owner_worker;
    }
    pthread_mutex_unlock(&table->lock);
    return entry != NULL ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status ticket_table_find(struct ticket_table *table, const char *ufrag, size_t ufrag_chars,
                              struct ticket *ticket, int *owner_worker)
{
    enum status status = STATUS_NOT_FOUND;

    if (ufrag_chars == 0)
        return status;
    pthread_mutex_lock(&table->lock);
    const struct user *user = find_user(table, ufrag, ufrag_chars);
    if (user != NULL) {
        ticket_record_read(user->record, ticket);
        *owner_worker = user->entry->owner_worker;
        status = STATUS_OK;
    }
    pthread_mutex_unlock(&table->lock);
    return status;
}

static enum status claim_locked(struct ticket_table *table, uint64_t session, int worker,
                                int *owner_worker)
{
    struct entry *entry = find_session(table, session);

    if (entry == NULL)
        return STATUS_NOT_FOUND;
    if (entry->owner_worker != TICKET_UNCLAIMED) {
        *owner_worker = entry->owner_worker;
        return STATUS_EXISTS;
    }
    remove_unclaimed(table, entry);
    entry->owner_worker = worker;
    *owner_worker = worker;
    return STATUS_OK;
}

enum status ticket_table_claim(struct ticket_table *table, uint64_t session, int worker,
                               int *owner_worker)
{
    pthread_mutex_lock(&table->lock);
    const enum status status = claim_locked(table, session, worker, owner_worker);
    pthread_mutex_unlock(&table->lock);
    return status;
}

void ticket_table_connected(struct ticket_table *table, uint64_t session)
{
    pthread_mutex_lock(&table->lock);
    struct entry *entry = find_session(table, session);
    if (entry != NULL)
        end_join(table, entry);
    pthread_mutex_unlock(&table->lock);
}

void ticket_table_settle(struct ticket_table *table, uint64_t session, const char *ufrag)
{
    pthread_mutex_lock(&table->lock);
    struct entry *entry = find_session(table, session);
    const struct ticket_record *other =
        entry != NULL ? entry->users[1 - entry->current].record : NULL;
    if (other != NULL && strcmp(ticket_record_local_ufrag(other), ufrag) == 0) {
        remove_user(table, &entry->users[entry->current]);
        entry->current = 1 - entry->current;
    }
    pthread_mutex_unlock(&table->lock);
}

void ticket_table_remove(struct ticket_table *table, uint64_t session)
{
    pthread_mutex_lock(&table->lock);
    struct entry *entry = find_session(table, session);
    if (entry != NULL)
        remove_entry(table, entry);
    pthread_mutex_unlock(&table->lock);
}

static enum status withdraw_locked(struct ticket_table *table, uint64_t session, int *owner_worker)
{
    struct entry *entry = find_session(table, session);

    if (entry == NULL)
        return STATUS_NOT_FOUND;
    if (entry->owner_worker != TICKET_UNCLAIMED) {
        *owner_worker = entry->owner_worker;
        return STATUS_EXISTS;
    }
    remove_entry(table, entry);
    return STATUS_OK;
}

enum status ticket_table_withdraw(struct ticket_table *table, uint64_t session, int *owner_worker)
{
    pthread_mutex_lock(&table->lock);
    const enum status status = withdraw_locked(table, session, owner_worker);
    pthread_mutex_unlock(&table->lock);
    return status;
}

unsigned ticket_table_withdraw_stream(struct ticket_table *table, uint32_t stream_id,
                                      uint64_t *sessions, unsigned most)
{
    unsigned removed = 0;

    pthread_mutex_lock(&table->lock);
    for (struct entry *entry = table->oldest, *newer; entry != NULL && removed < most;
         entry = newer) {
        newer = entry->newer;
        if (entry->users[entry->current].record->stream_id == stream_id) {
            sessions[removed++] = entry->session;
            remove_entry(table, entry);
        }
    }
    pthread_mutex_unlock(&table->lock);
    return removed;
}

unsigned ticket_table_expire(struct ticket_table *table, int64_t now_ns, uint64_t *sessions,
                             unsigned most)
{
    unsigned removed = 0;

    pthread_mutex_lock(&table->lock);
    for (struct entry *entry = table->oldest, *newer; entry != NULL && removed < most;
         entry = newer) {
        newer = entry->newer;
        if (entry->users[entry->current].record->deadline_ns <= now_ns) {
            sessions[removed++] = entry->session;
            remove_entry(table, entry);
        }
    }
    pthread_mutex_unlock(&table->lock);
    return removed;
}
