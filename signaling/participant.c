#include "signaling/participant.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/mono.h"
#include "signaling/drain.h"
#include "signaling/guests.h"
#include "signaling/identifier.h"
#include "signaling/name.h"
#include "signaling/participant_parts.h"

/* Participants. */

static void recount(struct participant *participant)
{
    directory_member_set(endpoint_directory(participant->all->endpoint), &participant->member,
                         participant->line != NULL || peers_is_active(&participant->peers),
                         peers_publishes(&participant->peers));
}

static bool peers_send(void *context, json_t *message)
{
    const struct participant *participant = context;

    if (participant->line == NULL) {
        json_decref(message);
        return false;
    }
    participant_send(participant->line, message);
    return true;
}

static void on_peers_change(void *context)
{
    recount(context);
}

static struct peers_client client_of(void *context)
{
    const struct participant *participant = context;

    return (struct peers_client){
        .room = directory_room_name(participant->member.room),
        .name = participant->name,
        .subject = participant->subject,
        .address = participant->address,
        .via = participant->via,
        .user_agent = participant->user_agent,
        .may_publish = participant->may_publish,
        .credential = participant->credential,
        .granted = guests_stream(participant->guest),
    };
}

static void attach(struct participant *participant, struct participant_line *line)
{
    participant->all->lost -= participant->line == NULL;
    if (participant->line != NULL)
        participant->line->participant = NULL;
    participant->line = line;
    line->participant = participant;
    memcpy(participant->address, line->address, sizeof participant->address);
    memcpy(participant->user_agent, line->user_agent, sizeof participant->user_agent);
    participant->via = line->via;
}

static void detach(struct participant *participant)
{
    participant->line->participant = NULL;
    participant->line = NULL;
    participant->lost_ns = endpoint_now_ns(participant->all->endpoint);
    participant->all->lost++;
    guests_lose(participant->guest);
}

void participant_part(struct participant *participant)
{
    struct participants *all = participant->all;

    participant->wants = 0;
    participant_tell_presence(participant, false);
    if (participant->line != NULL)
        participant->line->participant = NULL;
    else
        all->lost--;
    peers_end_all(&participant->peers);
    guests_forget(participant->guest);
    directory_leave(endpoint_directory(all->endpoint), &participant->member);
    g_hash_table_remove(all->by_resume, participant->resume);
    free(participant);
}

static struct participant *make(struct participants *all, const char *name)
{
    struct participant *participant = calloc(1, sizeof *participant);
    if (participant == NULL)
        return NULL;
    participant->all = all;
    participant->peers = (struct peers){
        .endpoint = all->endpoint,
        .context = participant,
        .send = peers_send,
        .on_change = on_peers_change,
        .client = client_of,
    };
    participant_rename(participant, name, false);
    chat_person_init(all->chat, &participant->person, endpoint_now_ns(all->endpoint));
    identifier_make(participant->you, DIRECTORY_FROM_CHARS);
    return participant;
}

/* A resume secret is good for one return. */
static void renew_resume(struct participant *participant)
{
    GHashTable *by_resume = participant->all->by_resume;

    g_hash_table_remove(by_resume, participant->resume);
    identifier_make(participant->resume, PARTICIPANT_RESUME_CHARS);
    g_hash_table_insert(by_resume, participant->resume, participant);
}

/* Joining. */

static json_t *make_reconnect(unsigned after_ms)
{
    return json_pack("{s:s, s:I}", "type", "reconnect", "after_ms", (json_int_t)after_ms);
}

/* Who comes back, or NULL. */
static struct participant *find_resumed(const struct participants *all,
                                        const struct participant_join *join)
{
    struct participant *participant = g_hash_table_lookup(all->by_resume, join->resume);

    return participant != NULL &&
                   strcmp(directory_room_name(participant->member.room), join->room) == 0
               ? participant
               : NULL;
}

/* Whether the host threw out who joins, not long ago. */
static bool is_kept_out(const struct participant_line *line, const struct participant_join *join)
{
    const struct outcasts *outcasts = line->all->outcasts;
    const int64_t now_ns = endpoint_now_ns(line->all->endpoint);

    return outcasts_has(outcasts, OUTCAST_KICKED, join->room, line->address, now_ns) ||
           outcasts_has(outcasts, OUTCAST_KICKED, join->room, join->resume, now_ns);
}

static enum status enter(struct participant_line *line, const struct participant_join *join)
{
    struct participants *all = line->all;
    struct participant *participant = make(all, join->name);
    if (participant == NULL)
        return STATUS_NO_MEMORY;
    participant->person.muted = outcasts_has(all->outcasts, OUTCAST_MUTED, join->room,
                                             line->address, endpoint_now_ns(all->endpoint));
    const enum status status =
        directory_join(endpoint_directory(all->endpoint), join->room, &participant->member);
    if (status != STATUS_OK) {
        free(participant);
        return status;
    }
    participant->is_named = join->is_named;
    all->lost++; /* until attach */
    renew_resume(participant);
    attach(participant, line);
    return STATUS_OK;
}

json_t *participant_on_join(struct participant_line *line, const struct request *request)
{
    struct participant_join join;
    json_t *error = participant_read_join(request, &join);
    struct endpoint *endpoint = line->all->endpoint;
    if (error != NULL)
        return error;
    if (is_kept_out(line, &join))
        return request_error(request, "forbidden", "The host removed you from this room.");

    struct participant *resumed = find_resumed(line->all, &join);
    struct access_answer access;
    endpoint_ask(endpoint, ACCESS_WATCH, join.room, join.token, &access);
    if (access.status != STATUS_OK && resumed == NULL) /* resume stands for what was shown before */
        return request_error(request, "forbidden", access.why);
    join.is_named = access.name[0] != '\0';
    join.subject = access.subject;
    if (join.is_named)
        join.name = access.name;
    if (resumed == NULL && endpoint_is_draining(endpoint))
        return make_reconnect(drain_return_after_ms(endpoint));
    if (line->participant != NULL && line->participant != resumed)
        participant_part(line->participant);
    if (resumed != NULL && line->participant != resumed)
        attach(resumed, line);
    else if (resumed == NULL && enter(line, &join) != STATUS_OK)
        return request_error(request, "full", "The server has no room for another room now.");
    struct participant *participant = line->participant;
    participant_take_rights(participant, &join, resumed != NULL);
    if (resumed != NULL) {
        renew_resume(participant);
        participant_rename(participant, join.name, join.is_named);
        recount(participant);
    }
    if (resumed != NULL || participant_is_host(participant))
        guests_greet(participant->all->guests, join.room);
    participant->wants = 0;
    if (resumed == NULL)
        participant_tell_presence(participant, true); /* to the others */
    participant->wants = join.wants;
    participant_send(line, participant_make_joined(participant));
    participant_tell_sounds(participant);
    peers_tell_ended(&participant->peers);
    return NULL;
}

/* Time and life. */

static void on_tick(void *context, int64_t now_ns)
{
    struct participants *all = context;
    GHashTableIter iterator;
    gpointer value;
    GSList *gone = NULL;

    guests_tick(all->guests, now_ns);
    chat_tick(all->chat, now_ns);
    /* Who was told to move may have moved, or not find another server: his media go on. */
    if (all->lost == 0 || endpoint_is_draining(all->endpoint))
        return;
    g_hash_table_iter_init(&iterator, all->by_resume);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        struct participant *participant = value;
        if (participant->line == NULL &&
            now_ns - participant->lost_ns >= mono_from_ms(PARTICIPANT_RESUME_MS))
            gone = g_slist_prepend(gone, participant);
    }
    for (const GSList *at = gone; at != NULL; at = at->next)
        participant_part(at->data);
    g_slist_free(gone);
}

static void on_drain(void *context)
{
    const struct participants *all = context;
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, all->by_resume);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const struct participant *participant = value;
        const bool publishes = peers_publishes(&participant->peers);

        if (participant->line != NULL)
            participant_send(participant->line, make_reconnect(drain_move_after_ms(
                                                    participant->all->endpoint, publishes)));
    }
}

static unsigned count(const void *context)
{
    const struct participants *all = context;

    return g_hash_table_size(all->by_resume) - all->lost;
}

static enum status create_parts(struct participants *all)
{
    const struct chat_outlet outlet = participant_chat_outlet(all);
    const struct guests_outlet hosts = participant_guests_outlet(all);
    enum status status = chat_create(endpoint_config(all->endpoint), &outlet, &all->chat);

    if (status == STATUS_OK)
        status = outcasts_create(&all->outcasts);
    if (status == STATUS_OK)
        status = guests_create(all->endpoint, &hosts, &all->guests);
    return status;
}

static void destroy_parts(struct participants *all)
{
    guests_destroy(all->guests);
    outcasts_destroy(all->outcasts);
    chat_destroy(all->chat);
}

enum status participants_create(struct endpoint *endpoint, struct participants **participants)
{
    struct participants *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->endpoint = endpoint;
    const enum status status = create_parts(made);
    if (status != STATUS_OK) {
        destroy_parts(made);
        free(made);
        return status;
    }
    const struct directory_listener listener = participant_listener(made);
    made->by_resume = g_hash_table_new(g_str_hash, g_str_equal);
    endpoint_listen(endpoint, &(struct endpoint_listener){.context = made,
                                                          .on_tick = on_tick,
                                                          .on_drain = on_drain,
                                                          .participants = count,
                                                          .on_say = participant_on_say});
    directory_listen(endpoint_directory(endpoint), &listener);
    *participants = made;
    return STATUS_OK;
}

void participants_destroy(struct participants *participants)
{
    GHashTableIter iterator;
    gpointer value;

    if (participants == NULL)
        return;
    endpoint_listen(participants->endpoint, NULL);
    directory_listen(endpoint_directory(participants->endpoint), NULL);
    g_hash_table_iter_init(&iterator, participants->by_resume);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        struct participant *participant = value;
        g_hash_table_iter_remove(&iterator);
        peers_abandon_all(&participant->peers);
        directory_leave(endpoint_directory(participants->endpoint), &participant->member);
        free(participant);
    }
    g_hash_table_destroy(participants->by_resume);
    destroy_parts(participants);
    free(participants);
}

struct participant_line *participant_open(struct participants *participants,
                                          const struct participant_output *output,
                                          const struct participant_caller *caller)
{
    struct participant_line *line = calloc(1, sizeof *line);
    if (line == NULL)
        return NULL;
    line->all = participants;
    line->output = *output;
    line->via = caller->via;
    g_strlcpy(line->address, caller->address, sizeof line->address);
    g_strlcpy(line->user_agent, caller->user_agent, sizeof line->user_agent);
    return line;
}

void participant_close(struct participant_line *line)
{
    struct participant *participant = line->participant;

    if (participant != NULL) {
        const bool idle =
            !peers_is_active(&participant->peers) && guests_stream(participant->guest) == NULL;
        if (idle && participant->all->lost >= PARTICIPANT_IDLE_LOST_MAX) {
            participant_part(participant);
        } else {
            detach(participant);
            peers_lose(&participant->peers);
            recount(participant);
        }
    }
    free(line);
}

void participant_receive(struct participant_line *line, const json_t *value)
{
    participant_send(line, participant_answer(line, value));
}

bool participant_is_joined(const struct participant_line *line)
{
    return line->participant != NULL;
}

bool participant_has_peer(const struct participant_line *line, const char *id)
{
    return line->participant != NULL && peers_has(&line->participant->peers, id);
}

void participant_refuse(struct participant_line *line, const char *code, const char *message)
{
    const struct request unread = {0};

    participant_send(line, request_error(&unread, code, message));
}
