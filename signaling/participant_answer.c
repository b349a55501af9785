#include <string.h>

#include "signaling/chat.h"
#include "signaling/guests.h"
#include "signaling/name.h"
#include "signaling/participant_parts.h"

static json_t *on_leave(struct participant_line *line, const struct request *request)
{
    (void)request;
    participant_part(line->participant);
    return json_pack("{s:s}", "type", "left");
}

struct chat_speaker participant_speaker(struct participant *participant)
{
    return (struct chat_speaker){.room = participant->member.room,
                                 .person = &participant->person,
                                 .from = participant->you,
                                 .name = participant->name};
}

static json_t *on_chat(struct participant_line *line, const struct request *request)
{
    const struct chat_speaker speaker = participant_speaker(line->participant);

    return chat_on_line(line->all->chat, &speaker, request, endpoint_now_ns(line->all->endpoint));
}

static json_t *on_like(struct participant_line *line, const struct request *request)
{
    const struct chat_speaker speaker = participant_speaker(line->participant);

    return chat_on_like(line->all->chat, &speaker, request, endpoint_now_ns(line->all->endpoint));
}

static json_t *on_offer(struct participant_line *line, const struct request *request)
{
    return peers_offer(&line->participant->peers, request);
}

static json_t *on_candidate(struct participant_line *line, const struct request *request)
{
    return peers_candidate(&line->participant->peers, request);
}

static json_t *on_layer(struct participant_line *line, const struct request *request)
{
    return peers_layer(&line->participant->peers, request);
}

static json_t *on_bye(struct participant_line *line, const struct request *request)
{
    return peers_bye(&line->participant->peers, request);
}

static json_t *on_guests(struct participant_line *line, const struct request *request)
{
    struct participant *participant = line->participant;
    const char *name = participant->name;

    if (request_text(request, "name", 1, NAME_POINTS_MAX, &name) == STATUS_MALFORMED)
        return request_error(request, "bad-message", "name must be 1 to 64 characters.");
    if (name != participant->name)
        participant_rename(participant, name, false);
    const struct guests_client client = {
        .peers = &participant->peers,
        .guest = &participant->guest,
        .may_host = participant_is_host(participant),
        .room = directory_room_name(participant->member.room),
        .from = participant->you,
        .name = participant->name,
    };
    return guests_receive(line->all->guests, request, &client);
}

static json_t *on_ping(struct participant_line *line, const struct request *request)
{
    (void)line;
    (void)request;
    return json_pack("{s:s}", "type", "pong");
}

struct kind {
    const char *type;
    bool joined; /* only for those who joined */
    json_t *(*handle)(struct participant_line *line, const struct request *request);
};

static const struct kind *find_kind(const char *type)
{
    static const struct kind kinds[] = {
        {"join", false, participant_on_join},
        {"leave", true, on_leave},
        {"offer", true, on_offer},
        {"candidate", true, on_candidate},
        {"layer", true, on_layer},
        {"chat", true, on_chat},
        {"like", true, on_like},
        {"mute", true, participant_on_mute},
        {"kick", true, participant_on_kick},
        {"bye", true, on_bye},
        {"ping", false, on_ping},
        {"ask", true, on_guests},
        {"withdraw", true, on_guests},
        {"accept", true, on_guests},
        {"decline", true, on_guests},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].type, type) == 0)
            return &kinds[i];
    return NULL;
}

static json_t *answer(struct participant_line *line, const struct request *request)
{
    if (request->type == NULL) {
        return request_error(request, "bad-message",
                             "A message is a JSON object with a string type.");
    }
    const struct kind *kind = find_kind(request->type);
    if (kind == NULL)
        return request_error(request, "unknown-type", "There is no message of that type.");
    if (kind->joined && line->participant == NULL)
        return request_error(request, "not-joined", "Join a room first.");
    return kind->handle(line, request);
}

json_t *participant_answer(struct participant_line *line, const json_t *value)
{
    const struct request request = request_read(value);

    return value != NULL ? answer(line, &request)
                         : request_error(&request, "bad-json", "This is not JSON.");
}
