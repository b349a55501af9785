#include "signaling/description.h"
#include "signaling/participant_parts.h"

/* Serializes object, which is taken; false when out of memory. */
static bool write_message(json_t *object, struct participant_message *message)
{
    struct shared_text *shared = object != NULL ? shared_text_of_json(object) : NULL;

    if (shared == NULL) {
        json_decref(object);
        return false;
    }
    *message = (struct participant_message){.object = object,
                                            .text = shared_text_get(shared),
                                            .text_bytes = shared->bytes,
                                            .shared = shared};
    return true;
}

static void free_message(struct participant_message *message)
{
    shared_text_release(message->shared);
    json_decref(message->object);
}

void participant_send(struct participant_line *line, json_t *object)
{
    struct participant_message message;

    if (write_message(object, &message)) {
        line->output.send(line->output.context, &message);
        free_message(&message);
    }
}

/* Who in a room is meant: those of whose wants `mask` leaves exactly `wants`. */
struct audience {
    unsigned mask;
    unsigned wants;
};

static const struct audience everyone = {0, 0};

static void send_message(const struct directory_room *room, struct audience audience,
                         const struct participant_message *message)
{
    for (struct directory_member *member = directory_members(room); member != NULL;
         member = member->next) {
        const struct participant *participant = (struct participant *)member;
        const struct participant_line *line = participant->line;
        if (line != NULL && (participant->wants & audience.mask) == audience.wants)
            line->output.send(line->output.context, message);
    }
}

/* Takes object. may_drop: a slow client can do without. */
static void send_room(const struct directory_room *room, struct audience audience, bool may_drop,
                      json_t *object)
{
    struct participant_message message;

    if (!write_message(object, &message))
        return;
    message.may_drop = may_drop;
    send_message(room, audience, &message);
    free_message(&message);
}

/* -- streams and counts -- */

/* Adds the type to a description, which is taken. */
static json_t *with_type(json_t *object, const char *type)
{
    json_object_set_new(object, "type", json_string(type));
    return object;
}

static void on_stream(void *context, const struct directory_stream *stream,
                      enum directory_change change)
{
    static const char *const types[] = {
        [DIRECTORY_ADDED] = "stream-added",
        [DIRECTORY_CHANGED] = "stream-changed",
        [DIRECTORY_REMOVED] = "stream-removed",
    };
    json_t *message = change == DIRECTORY_REMOVED ? json_pack("{s:s}", "stream", stream->name)
                                                  : description_of_stream(stream);

    (void)context;
    send_room(stream->room, everyone, false, with_type(message, types[change]));
}

static json_t *make_sound(const struct directory_stream *stream)
{
    json_t *object = with_type(description_of_sound(&stream->sound), "sound");

    json_object_set_new(object, "stream", json_string(stream->name));
    return object;
}

/* Whoever publishes the stream is, and the room's host. */
static bool is_told_of_sound(const struct participant *participant,
                             const struct directory_stream *stream)
{
    return participant_is_host(participant) ||
           peers_publishes_stream(&participant->peers, stream->name);
}

static void on_sound(void *context, const struct directory_stream *stream)
{
    struct participant_message message;

    (void)context;
    if (!write_message(make_sound(stream), &message))
        return;
    for (struct directory_member *member = directory_members(stream->room); member != NULL;
         member = member->next) {
        const struct participant *participant = (struct participant *)member;
        const struct participant_line *line = participant->line;
        if (line != NULL && is_told_of_sound(participant, stream))
            line->output.send(line->output.context, &message);
    }
    free_message(&message);
}

void participant_tell_sounds(const struct participant *participant)
{
    for (const struct directory_stream *stream = directory_streams(participant->member.room);
         stream != NULL; stream = stream->next)
        if (stream->sound.state != SOUND_UNKNOWN && is_told_of_sound(participant, stream))
            participant_send(participant->line, make_sound(stream));
}

static void on_viewers(void *context, struct directory_room *room, unsigned count)
{
    (void)context;
    send_room(room, everyone, true,
              json_pack("{s:s, s:I}", "type", "viewers", "count", (json_int_t)count));
}

struct directory_listener participant_listener(struct participants *all)
{
    return (struct directory_listener){
        .context = all, .on_stream = on_stream, .on_sound = on_sound, .on_viewers = on_viewers};
}

/* -- chat -- */

/* Several lines are one `chats` for those who want that, and a `chat` each for the others. */
static void say(void *context, const struct directory_room *room, json_t *lines)
{
    static const struct audience one_by_one = {PARTICIPANT_WANTS_CHATS, 0};
    static const struct audience together = {PARTICIPANT_WANTS_CHATS, PARTICIPANT_WANTS_CHATS};
    const bool is_one = json_array_size(lines) == 1;

    (void)context;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        json_t *line = json_incref(json_array_get(lines, i));
        send_room(room, is_one ? everyone : one_by_one, true, line);
    }
    if (is_one)
        json_decref(lines);
    else
        send_room(room, together, true, json_pack("{s:s, s:o}", "type", "chats", "lines", lines));
}

static void like(void *context, const struct directory_room *room, json_t *message)
{
    static const struct audience wanting = {PARTICIPANT_WANTS_LIKES, PARTICIPANT_WANTS_LIKES};

    (void)context;
    send_room(room, wanting, true, message);
}

struct chat_outlet participant_chat_outlet(struct participants *all)
{
    return (struct chat_outlet){.context = all, .say = say, .like = like};
}

/* -- who comes and goes -- */

void participant_tell_presence(const struct participant *participant, bool here)
{
    static const struct audience wanting = {PARTICIPANT_WANTS_PRESENCE, PARTICIPANT_WANTS_PRESENCE};
    const struct directory_room *room = participant->member.room;
    const struct config *config = endpoint_config(participant->all->endpoint);

    if (directory_member_count(room) > config->chat_crowd)
        return;
    send_room(room, wanting, true,
              json_pack("{s:s, s:s, s:s, s:b}", "type", "presence", "from", participant->you,
                        "name", participant->name, "here", here));
}
