#include "signaling/session.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/identifier.h"

struct session_table {
    GHashTable *by_number; /* &session->number: struct session, owned */
    GHashTable *by_id;     /* session->id: struct session, borrowed */
    uint64_t last_number;
};

static void free_session(gpointer session)
{
    free(((struct session *)session)->speaker);
    free(session);
}

enum status session_table_create(struct session_table **table)
{
    struct session_table *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->by_number = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, free_session);
    made->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    *table = made;
    return STATUS_OK;
}

void session_table_destroy(struct session_table *table)
{
    if (table == NULL)
        return;
    g_hash_table_destroy(table->by_id);
    g_hash_table_destroy(table->by_number);
    free(table);
}

uint64_t session_table_reserve(struct session_table *table)
{
    return ++table->last_number;
}

struct session *session_table_add_as(struct session_table *table, uint64_t number,
                                     enum session_kind kind, const char *peer, int64_t now_ns)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    session->number = number;
    session->kind = kind;
    session->state = SESSION_OPENING;
    session->opened_ns = now_ns;
    g_strlcpy(session->peer, peer, sizeof session->peer);
    identifier_make(session->id, SESSION_ID_CHARS);
    session_renew_tag(session);
    g_hash_table_insert(table->by_number, &session->number, session);
    g_hash_table_insert(table->by_id, session->id, session);
    return session;
}

struct session *session_table_add(struct session_table *table, enum session_kind kind,
                                  const char *peer, int64_t now_ns)
{
    return session_table_add_as(table, session_table_reserve(table), kind, peer, now_ns);
}

void session_table_remove(struct session_table *table, struct session *session)
{
    session_table_end(table, session);
    g_hash_table_remove(table->by_number, &session->number);
}

void session_table_end(struct session_table *table, struct session *session)
{
    g_hash_table_remove(table->by_id, session->id);
    session->state = SESSION_ENDING;
}

void session_table_each(const struct session_table *table,
                        void (*visit)(void *context, struct session *session), void *context)
{
    GHashTableIter iterator;
    gpointer session;

    g_hash_table_iter_init(&iterator, table->by_number);
    while (g_hash_table_iter_next(&iterator, NULL, &session))
        visit(context, session);
}

struct session *session_table_by_number(const struct session_table *table, uint64_t number)
{
    return g_hash_table_lookup(table->by_number, &number);
}

struct session *session_table_by_id(const struct session_table *table, const char *id,
                                    size_t id_chars)
{
    char key[SESSION_ID_CHARS + 1];

    if (id_chars != SESSION_ID_CHARS)
        return NULL;
    memcpy(key, id, SESSION_ID_CHARS);
    key[SESSION_ID_CHARS] = '\0';
    return g_hash_table_lookup(table->by_id, key);
}

unsigned session_table_count(const struct session_table *table, enum session_kind kind)
{
    GHashTableIter iterator;
    gpointer session;
    unsigned count = 0;

    g_hash_table_iter_init(&iterator, table->by_id);
    while (g_hash_table_iter_next(&iterator, NULL, &session))
        count += ((const struct session *)session)->kind == kind;
    return count;
}

unsigned session_table_count_peer(const struct session_table *table, const char *peer)
{
    GHashTableIter iterator;
    gpointer session;
    unsigned count = 0;

    g_hash_table_iter_init(&iterator, table->by_id);
    while (g_hash_table_iter_next(&iterator, NULL, &session))
        count += strcmp(((const struct session *)session)->peer, peer) == 0;
    return count;
}

const char *session_via_text(enum session_via via)
{
    switch (via) {
    case SESSION_VIA_WHIP:
        return "whip";
    case SESSION_VIA_WHEP:
        return "whep";
    case SESSION_VIA_WEBSOCKET:
        return "websocket";
    case SESSION_VIA_SOCKETIO:
        return "socketio";
    }
    return "";
}

void session_renew_tag(struct session *session)
{
    session->tag[0] = '"';
    identifier_make(session->tag + 1, SESSION_TAG_CHARS - 2);
    session->tag[SESSION_TAG_CHARS - 1] = '"';
    session->tag[SESSION_TAG_CHARS] = '\0';
}

bool session_matches(const struct session *session, const char *if_match)
{
    const char *at = if_match + strspn(if_match, " \t,");

    while (at[0] != '\0') {
        const size_t bytes = strcspn(at, " \t,");
        const bool any =
            (bytes == 1 && at[0] == '*') || (bytes == 3 && memcmp(at, "\"*\"", 3) == 0);
        /* A weak tag (W/"...") never matches here: RFC 9110 section 13.1.1 compares strongly. */
        if (any || (bytes == SESSION_TAG_CHARS && memcmp(at, session->tag, bytes) == 0))
            return true;
        at += bytes;
        at += strspn(at, " \t,");
    }
    return false;
}
