/* transport/ticket_record.h - a ticket as it is kept for as long as a viewer stays: no longer than
 * its strings are, where struct ticket has room for the longest that RFC 8839 allows. Its strings
 * never change; any thread. */
#ifndef TRANSPORT_TICKET_RECORD_H
#define TRANSPORT_TICKET_RECORD_H

#include <stdint.h>

#include "transport/ticket.h"

struct ticket_record {
    uint64_t session;
    const struct profile *profile; /* borrowed from main's session */
    int64_t deadline_ns;
    struct viewer_quality *quality; /* borrowed */
    uint32_t stream_id;
    struct viewer_start start;
    struct datachannel_terms data;
    struct fingerprint fingerprint;
    uint16_t password_offset; /* of text */
    uint16_t remote_ufrag_offset;
    uint16_t text_bytes;
    char text[]; /* local ufrag, local password, remote ufrag; each terminated */
};

/* Returns a copy of ticket; NULL: out of memory. */
struct ticket_record *ticket_record_make(const struct ticket *ticket);
void ticket_record_destroy(struct ticket_record *record); /* wipes; NULL is allowed */
void ticket_record_read(const struct ticket_record *record, struct ticket *ticket);
/* Borrowed, terminated. */
const char *ticket_record_local_ufrag(const struct ticket_record *record);
const char *ticket_record_remote_ufrag(const struct ticket_record *record);

#endif
