#include <string.h>

#include "signaling/participant_parts.h"

bool participant_is_host(const struct participant *participant)
{
    const struct config *config = endpoint_config(participant->all->endpoint);

    return access_is_guarded(config, ACCESS_PUBLISH)
               ? participant->may_publish
               : peers_publishes_stream(&participant->peers, "main");
}

static struct participant *find(const struct directory_room *room, const char *from)
{
    for (struct directory_member *member = directory_members(room); member != NULL;
         member = member->next) {
        struct participant *participant = (struct participant *)member;
        if (strcmp(participant->you, from) == 0)
            return participant;
    }
    return NULL;
}

/* The other one that a host's message is about; on failure *error answers it. */
static struct participant *find_other(const struct participant *host, const struct request *request,
                                      json_t **error)
{
    const char *from = "";

    if (!participant_is_host(host)) {
        *error = request_error(request, "forbidden", "Only the room's host may do that.");
        return NULL;
    }
    if (request_text(request, "from", 1, DIRECTORY_FROM_CHARS, &from) == STATUS_OK) {
        struct participant *other = find(host->member.room, from);
        if (other != NULL && other != host)
            return other;
    }
    *error = request_error(request, "bad-message", "from must be another one in the room.");
    return NULL;
}

/* The address that may be kept out: not the host's own, who may share it with others. */
static const char *strange_address(const struct participant *host, const struct participant *other)
{
    return strcmp(host->address, other->address) != 0 ? other->address : "";
}

/* Returns what all concerned are told, a new reference; NULL: out of memory. */
static json_t *mute(struct participant *participant, const char *address, bool off)
{
    struct outcasts *outcasts = participant->all->outcasts;
    const struct endpoint *endpoint = participant->all->endpoint;
    const char *room = directory_room_name(participant->member.room);

    participant->person.muted = !off;
    if (off)
        outcasts_forgive(outcasts, OUTCAST_MUTED, room, address);
    else
        outcasts_add(outcasts, OUTCAST_MUTED, room, address,
                     endpoint_now_ns(endpoint) + endpoint_config(endpoint)->chat_kick_ns);
    json_t *muted =
        json_pack("{s:s, s:s, s:b}", "type", "muted", "from", participant->you, "muted", !off);
    if (participant->line != NULL)
        participant_send(participant->line, json_incref(muted));
    return muted;
}

json_t *participant_on_mute(struct participant_line *line, const struct request *request)
{
    const struct participant *host = line->participant;
    json_t *error = NULL;
    bool off;

    struct participant *other = find_other(host, request, &error);
    if (other == NULL)
        return error;
    if (request_flag(request, "off", &off) != STATUS_OK)
        return request_error(request, "bad-message", "off must be true or false.");
    return mute(other, strange_address(host, other), off);
}

json_t *participant_on_kick(struct participant_line *line, const struct request *request)
{
    static const struct request join = {.type = "join"};
    const struct participant *host = line->participant;
    struct participants *all = line->all;
    const char *room = directory_room_name(host->member.room);
    const int64_t until_ns =
        endpoint_now_ns(all->endpoint) + endpoint_config(all->endpoint)->chat_kick_ns;
    json_t *error = NULL;

    struct participant *other = find_other(host, request, &error);
    if (other == NULL)
        return error;
    json_t *kicked = json_pack("{s:s, s:s}", "type", "kicked", "from", other->you);
    struct participant_line *lost = other->line;
    outcasts_add(all->outcasts, OUTCAST_KICKED, room, strange_address(host, other), until_ns);
    outcasts_add(all->outcasts, OUTCAST_KICKED, room, other->resume, until_ns);
    peers_kick_all(&other->peers);
    participant_part(other);
    if (lost != NULL) {
        participant_send(lost,
                         request_error(&join, "forbidden", "The host removed you from this room."));
    }
    return kicked;
}

/* address, unless a host of the room has it too: "". */
static const char *address_of_no_host(const struct directory_room *room, const char *address)
{
    for (struct directory_member *member = directory_members(room); member != NULL;
         member = member->next) {
        const struct participant *participant = (struct participant *)member;
        if (participant_is_host(participant) && strcmp(participant->address, address) == 0)
            return "";
    }
    return address;
}

enum status participant_mute(const struct directory_room *room, const char *from, bool off)
{
    struct participant *participant = find(room, from);

    if (participant == NULL)
        return STATUS_NOT_FOUND;
    json_decref(mute(participant, address_of_no_host(room, participant->address), off));
    return STATUS_OK;
}

static unsigned tell_hosts(void *context, const char *room_name, json_t *message)
{
    const struct participants *all = context;
    const struct directory_room *room =
        directory_find(endpoint_directory(all->endpoint), room_name);
    unsigned hosts = 0;

    for (struct directory_member *member = room != NULL ? directory_members(room) : NULL;
         member != NULL; member = member->next) {
        const struct participant *participant = (struct participant *)member;
        if (participant->line == NULL || !participant_is_host(participant))
            continue;
        hosts++;
        if (message != NULL)
            participant_send(participant->line, json_incref(message));
    }
    json_decref(message);
    return hosts;
}

struct guests_outlet participant_guests_outlet(struct participants *all)
{
    return (struct guests_outlet){.context = all, .tell_hosts = tell_hosts};
}
