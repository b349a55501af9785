/* transport/media_mail.h - what the threads of ingest, workers, data and the audio monitor tell
 * main, as events of media.h. Posted on any thread, with the media_mail as context; delivered on
 * main. */
#ifndef TRANSPORT_MEDIA_MAIL_H
#define TRANSPORT_MEDIA_MAIL_H

#include "core/mailbox.h"
#include "transport/media.h"

struct media_mail {
    struct mailbox mailbox;
    struct media_events events; /* main's */
};

/* wake_main is called on any thread. */
void media_mail_init(struct media_mail *mail, const struct media_events *events,
                     void (*wake_main)(void *context), void *wake_context);
/* Calls the events of all that was posted. Main. */
void media_mail_deliver(struct media_mail *mail);
/* Forgets what was posted, at the end: nobody is there who would want it. Main. */
void media_mail_discard(struct media_mail *mail);

/* Any thread; context is the media_mail, all else is copied. */
void media_mail_publisher_local(void *context, uint64_t session, const struct media_local *local);
void media_mail_connected(void *context, uint64_t session);
void media_mail_stream_report(void *context, uint32_t stream_id,
                              const struct stream_report *report);
void media_mail_sound(void *context, uint32_t stream_id, const struct sound *sound);
void media_mail_chat(void *context, uint64_t session, const char *text, size_t text_bytes);
void media_mail_closed(void *context, uint64_t session, enum media_close_reason reason);

#endif
