#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "signaling/participant_parts.h"

/* What chat keeps of one who never joined, made with the first word; NULL: out of memory. */
static struct chat_person *person_of(const struct participants *all, struct session *session,
                                     int64_t now_ns)
{
    if (session->speaker == NULL) {
        session->speaker = calloc(1, sizeof *session->speaker);
        if (session->speaker != NULL)
            chat_person_init(all->chat, session->speaker, now_ns);
    }
    return session->speaker;
}

/* A viewer without a participant, as WHEP has them: known by its session's number. */
static enum status say_unjoined(const struct participants *all, struct session *session,
                                const char *text, int64_t now_ns)
{
    struct directory_room *room = session->stream->room;
    const char *name = directory_room_name(room);
    struct chat_person *person = person_of(all, session, now_ns);
    char from[DIRECTORY_FROM_CHARS + 1];

    if (person == NULL)
        return STATUS_NO_MEMORY;
    (void)snprintf(from, sizeof from, "%016" PRIx64, session->number);
    person->muted = outcasts_has(all->outcasts, OUTCAST_MUTED, name, session->peer, now_ns) ||
                    outcasts_has(all->outcasts, OUTCAST_KICKED, name, session->peer, now_ns);
    const struct chat_speaker speaker = {.room = room, .person = person, .from = from, .name = ""};
    return chat_say(all->chat, &speaker, text, now_ns);
}

void participant_on_say(void *context, struct session *session, const char *text)
{
    const struct participants *all = context;
    const int64_t now_ns = endpoint_now_ns(all->endpoint);
    const struct peers *peers = peers_of(session);
    enum status status;

    if (peers != NULL) {
        const struct chat_speaker speaker = participant_speaker(peers->context);
        status = chat_say(all->chat, &speaker, text, now_ns);
    } else {
        status = say_unjoined(all, session, text, now_ns);
    }
    if (status != STATUS_OK) /* a data channel has no answers */
        LOG_DEBUG("participant", "session %" PRIu64 " said what is not passed on: %s",
                  session->number, status_text(status));
}
