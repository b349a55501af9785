#include "transport/ticket_record.h"

#include <stdlib.h>
#include <string.h>

struct ticket_record *ticket_record_make(const struct ticket *ticket)
{
    const size_t ufrag_bytes = strlen(ticket->local.ufrag) + 1;
    const size_t password_bytes = strlen(ticket->local.password) + 1;
    const size_t remote_bytes = strlen(ticket->remote_ufrag) + 1;
    const size_t text_bytes = ufrag_bytes + password_bytes + remote_bytes;
    struct ticket_record *made = calloc(1, sizeof *made + text_bytes);

    if (made == NULL)
        return NULL;
    made->session = ticket->session;
    made->profile = ticket->profile;
    made->deadline_ns = ticket->deadline_ns;
    made->quality = ticket->quality;
    made->stream_id = ticket->stream_id;
    made->start = ticket->start;
    made->data = ticket->data;
    made->fingerprint = ticket->fingerprint;
    made->password_offset = (uint16_t)ufrag_bytes;
    made->remote_ufrag_offset = (uint16_t)(ufrag_bytes + password_bytes);
    made->text_bytes = (uint16_t)text_bytes;
    memcpy(made->text, ticket->local.ufrag, ufrag_bytes);
    memcpy(made->text + made->password_offset, ticket->local.password, password_bytes);
    memcpy(made->text + made->remote_ufrag_offset, ticket->remote_ufrag, remote_bytes);
    return made;
}

void ticket_record_destroy(struct ticket_record *record)
{
    if (record == NULL)
        return;
    explicit_bzero(record, sizeof *record + record->text_bytes);
    free(record);
}

void ticket_record_read(const struct ticket_record *record, struct ticket *ticket)
{
    *ticket = (struct ticket){.session = record->session,
                              .stream_id = record->stream_id,
                              .fingerprint = record->fingerprint,
                              .profile = record->profile,
                              .start = record->start,
                              .data = record->data,
                              .deadline_ns = record->deadline_ns,
                              .quality = record->quality};
    memcpy(ticket->local.ufrag, record->text, record->password_offset);
    memcpy(ticket->local.password, record->text + record->password_offset,
           (size_t)record->remote_ufrag_offset - record->password_offset);
    memcpy(ticket->remote_ufrag, record->text + record->remote_ufrag_offset,
           (size_t)record->text_bytes - record->remote_ufrag_offset);
}

const char *ticket_record_local_ufrag(const struct ticket_record *record)
{
    return record->text;
}

const char *ticket_record_remote_ufrag(const struct ticket_record *record)
{
    return record->text + record->remote_ufrag_offset;
}
