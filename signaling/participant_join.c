#include <glib.h>
#include <string.h>

#include "signaling/chat_room.h"
#include "signaling/description.h"
#include "signaling/exchange.h"
#include "signaling/ice_servers.h"
#include "signaling/name.h"
#include "signaling/participant_parts.h"

/* Names of events that are not known here are left out: a newer page may ask for them. */
static unsigned read_wants(const json_t *names)
{
    static const char *const known[] = {"chats", "likes", "presence"};
    unsigned wants = 0;

    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        for (unsigned bit = 0; name != NULL && bit < sizeof known / sizeof known[0]; bit++)
            if (strcmp(name, known[bit]) == 0)
                wants |= 1u << bit;
    }
    return wants;
}

json_t *participant_read_join(const struct request *request, struct participant_join *join)
{
    const char *room;
    enum status status = request_text(request, "room", 0, EXCHANGE_BODY_BYTES_MAX, &room);

    *join = (struct participant_join){.room = "", .name = "", .resume = "", .subject = ""};
    if (status != STATUS_OK)
        return request_error(request, "bad-message", "room must be the room's name.");
    if (!name_is_valid(room, strlen(room))) {
        return request_error(request, "bad-room",
                             "A room's name is 1 to 64 characters, without '/' and control "
                             "characters.");
    }
    join->room = room;
    if (request_text(request, "name", 0, NAME_POINTS_MAX, &join->name) == STATUS_MALFORMED)
        return request_error(request, "bad-message", "name must be up to 64 characters.");
    if (request_text(request, "token", 0, ACCESS_TOKEN_BYTES_MAX, &join->token) == STATUS_MALFORMED)
        return request_error(request, "bad-message", "token must be a key or a token.");
    if (request_text(request, "resume", 0, CONFIG_TEXT_BYTES_MAX, &join->resume) ==
        STATUS_MALFORMED)
        return request_error(request, "bad-message", "resume must be what joined gave.");
    const json_t *wants = json_object_get(request->object, "wants");
    if (wants != NULL && !json_is_null(wants) && !json_is_array(wants))
        return request_error(request, "bad-message", "wants must be a list of events.");
    join->wants = read_wants(wants);
    return NULL;
}

void participant_rename(struct participant *participant, const char *name, bool by_token)
{
    if (participant->is_named && !by_token)
        return;
    g_strlcpy(participant->name, name, sizeof participant->name);
    chat_mask_name(participant->all->chat, participant->name);
    participant->is_named = by_token;
}

void participant_take_rights(struct participant *participant, const struct participant_join *join,
                             bool resumes)
{
    struct access_answer access;

    endpoint_ask(participant->all->endpoint, ACCESS_PUBLISH, join->room, join->token, &access);
    if (join->subject[0] != '\0')
        g_strlcpy(participant->subject, join->subject, sizeof participant->subject);
    if (resumes && participant->may_publish && access.status != STATUS_OK)
        return;
    participant->may_publish = access.status == STATUS_OK;
    participant->credential = access.credential;
}

json_t *participant_make_joined(const struct participant *participant)
{
    const struct directory_room *room = participant->member.room;
    const struct chat_room *chat = directory_chat(room);

    json_t *joined =
        json_pack("{s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:s}", "type", "joined", "room",
                  directory_room_name(room), "you", participant->you, "streams",
                  description_of_streams(room), "viewers", (json_int_t)directory_viewers(room),
                  "iceServers", ice_servers_json(endpoint_config(participant->all->endpoint)),
                  "chat", chat_room_history(chat), "resume", participant->resume);
    if ((participant->wants & PARTICIPANT_WANTS_LIKES) != 0) {
        json_object_set_new(joined, "likes",
                            json_integer(chat != NULL ? (json_int_t)chat->likes : 0));
    }
    if (participant_is_host(participant))
        json_object_set_new(joined, "host", json_true());
    if (access_is_guarded(endpoint_config(participant->all->endpoint), ACCESS_WATCH))
        json_object_set_new(joined, "watch_key", json_true());
    return joined;
}

bool participant_identify(const struct session *session, const char **from, const char **name,
                          bool *muted)
{
    const struct peers *peers = peers_of(session);

    if (peers == NULL)
        return false;
    const struct participant *participant = peers->context;
    *from = participant->you;
    *name = participant->name;
    *muted = participant->person.muted;
    return true;
}
