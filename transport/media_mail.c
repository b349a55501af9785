#include "transport/media_mail.h"

#include <stdlib.h>
#include <string.h>

/* One event on its way to main. */
struct event {
    struct message message;
    uint64_t session;
    enum media_close_reason reason;
};

struct local_event {
    struct message message;
    uint64_t session;
    bool has_local;
    struct media_local local;
};

struct report_event {
    struct message message;
    uint32_t stream_id;
    struct stream_report report;
};

struct sound_event {
    struct message message;
    uint32_t stream_id;
    struct sound sound;
};

struct chat_event {
    struct message message;
    uint64_t session;
    size_t text_bytes;
    char text[];
};

static void deliver_local(struct message *message, void *owner)
{
    struct local_event *event = (struct local_event *)(void *)message;
    const struct media_mail *mail = owner;

    mail->events.on_publisher_local(mail->events.context, event->session,
                                    event->has_local ? &event->local : NULL);
    free(event);
}

static void deliver_connected(struct message *message, void *owner)
{
    struct event *event = (struct event *)(void *)message;
    const struct media_mail *mail = owner;

    mail->events.on_connected(mail->events.context, event->session);
    free(event);
}

static void deliver_report(struct message *message, void *owner)
{
    struct report_event *event = (struct report_event *)(void *)message;
    const struct media_mail *mail = owner;

    mail->events.on_stream_report(mail->events.context, event->stream_id, &event->report);
    free(event);
}

static void deliver_sound(struct message *message, void *owner)
{
    struct sound_event *event = (struct sound_event *)(void *)message;
    const struct media_mail *mail = owner;

    mail->events.on_sound(mail->events.context, event->stream_id, &event->sound);
    free(event);
}

static void deliver_chat(struct message *message, void *owner)
{
    struct chat_event *event = (struct chat_event *)(void *)message;
    const struct media_mail *mail = owner;

    mail->events.on_chat(mail->events.context, event->session, event->text, event->text_bytes);
    free(event);
}

static void deliver_closed(struct message *message, void *owner)
{
    struct event *event = (struct event *)(void *)message;
    const struct media_mail *mail = owner;

    mail->events.on_closed(mail->events.context, event->session, event->reason);
    free(event);
}

/* An event must not be lost: a session would stay for ever. Out of memory ends the process, as it
 * does in GLib. */
static void *make_event(size_t bytes)
{
    void *event = malloc(bytes);

    if (event == NULL)
        abort();
    return event;
}

/* From the threads of ingest, workers, data and the audio monitor. */

void media_mail_publisher_local(void *context, uint64_t session, const struct media_local *local)
{
    struct media_mail *mail = context;
    struct local_event *event = make_event(sizeof *event);

    event->message.handle = deliver_local;
    event->session = session;
    event->has_local = local != NULL;
    if (local != NULL)
        event->local = *local;
    mailbox_post(&mail->mailbox, &event->message);
}

void media_mail_connected(void *context, uint64_t session)
{
    struct media_mail *mail = context;
    struct event *event = make_event(sizeof *event);

    event->message.handle = deliver_connected;
    event->session = session;
    mailbox_post(&mail->mailbox, &event->message);
}

void media_mail_stream_report(void *context, uint32_t stream_id, const struct stream_report *report)
{
    struct media_mail *mail = context;
    struct report_event *event = make_event(sizeof *event);

    event->message.handle = deliver_report;
    event->stream_id = stream_id;
    event->report = *report;
    mailbox_post(&mail->mailbox, &event->message);
}

void media_mail_sound(void *context, uint32_t stream_id, const struct sound *sound)
{
    struct media_mail *mail = context;
    struct sound_event *event = make_event(sizeof *event);

    event->message.handle = deliver_sound;
    event->stream_id = stream_id;
    event->sound = *sound;
    mailbox_post(&mail->mailbox, &event->message);
}

void media_mail_closed(void *context, uint64_t session, enum media_close_reason reason)
{
    struct media_mail *mail = context;
    struct event *event = make_event(sizeof *event);

    event->message.handle = deliver_closed;
    event->session = session;
    event->reason = reason;
    mailbox_post(&mail->mailbox, &event->message);
}

void media_mail_chat(void *context, uint64_t session, const char *text, size_t text_bytes)
{
    struct media_mail *mail = context;
    struct chat_event *event = make_event(sizeof *event + text_bytes);

    event->message.handle = deliver_chat;
    event->session = session;
    event->text_bytes = text_bytes;
    memcpy(event->text, text, text_bytes);
    mailbox_post(&mail->mailbox, &event->message);
}

static void drop_local(void *context, uint64_t session, const struct media_local *local)
{
    (void)context;
    (void)session;
    (void)local;
}

static void drop_connected(void *context, uint64_t session)
{
    (void)context;
    (void)session;
}

static void drop_report(void *context, uint32_t stream_id, const struct stream_report *report)
{
    (void)context;
    (void)stream_id;
    (void)report;
}

static void drop_sound(void *context, uint32_t stream_id, const struct sound *sound)
{
    (void)context;
    (void)stream_id;
    (void)sound;
}

static void drop_chat(void *context, uint64_t session, const char *text, size_t text_bytes)
{
    (void)context;
    (void)session;
    (void)text;
    (void)text_bytes;
}

static void drop_closed(void *context, uint64_t session, enum media_close_reason reason)
{
    (void)context;
    (void)session;
    (void)reason;
}

static const struct media_events nobody = {.on_publisher_local = drop_local,
                                           .on_connected = drop_connected,
                                           .on_stream_report = drop_report,
                                           .on_sound = drop_sound,
                                           .on_chat = drop_chat,
                                           .on_closed = drop_closed};

void media_mail_init(struct media_mail *mail, const struct media_events *events,
                     void (*wake_main)(void *context), void *wake_context)
{
    mail->events = *events;
    mailbox_init(&mail->mailbox, wake_main, wake_context);
}

void media_mail_deliver(struct media_mail *mail)
{
    (void)mailbox_drain(&mail->mailbox, mail);
}

void media_mail_discard(struct media_mail *mail)
{
    mail->events = nobody;
    media_mail_deliver(mail);
}
