#include "signaling/socketio_packet.h"

#include "signaling/json_scan.h"

enum { ACKNOWLEDGEMENT_DIGITS_MAX = 15 }; /* exact in a JavaScript number */

static const char MAIN_SPACE[] = "/";

/* Takes decimal digits off the start; empty when there are none. */
static struct text take_digits(struct text *rest)
{
    struct text digits = {rest->at, 0};

    while (digits.bytes < rest->bytes && rest->at[digits.bytes] >= '0' &&
           rest->at[digits.bytes] <= '9')
        digits.bytes++;
    if (digits.bytes > 0) /* rest->at may be NULL: behind a namespace that ended the text */
        *rest = (struct text){rest->at + digits.bytes, rest->bytes - digits.bytes};
    return digits;
}

static bool is_binary(enum socketio_type type)
{
    return type == SOCKETIO_BINARY_EVENT || type == SOCKETIO_BINARY_ACK;
}

static enum status read_attachments(struct text *rest, struct socketio_packet *packet)
{
    const struct text digits = take_digits(rest);
    uint64_t count;

    if (!text_number(digits, SOCKETIO_ATTACHMENTS_MAX, &count) || rest->bytes == 0 ||
        rest->at[0] != '-')
        return STATUS_MALFORMED;
    packet->attachments = (unsigned)count;
    rest->at++;
    rest->bytes--;
    return STATUS_OK;
}

static enum status read_acknowledgement(struct text *rest, struct socketio_packet *packet)
{
    const struct text digits = take_digits(rest);
    uint64_t number;

    packet->acknowledgement = SOCKETIO_NO_ACKNOWLEDGEMENT;
    if (digits.bytes == 0)
        return STATUS_OK;
    if (digits.bytes > ACKNOWLEDGEMENT_DIGITS_MAX || !text_number(digits, INT64_MAX, &number))
        return STATUS_MALFORMED;
    packet->acknowledgement = (int64_t)number;
    return STATUS_OK;
}

/* An event's name: a string that is none of the client library's own events, or a number. */
static bool is_name(struct text name)
{
    static const char *const RESERVED[] = {
        "\"connect\"",       "\"connect_error\"", "\"disconnect\"",
        "\"disconnecting\"", "\"newListener\"",   "\"removeListener\"",
    };

    if (name.bytes == 0 ||
        (name.at[0] != '"' && name.at[0] != '-' && (name.at[0] < '0' || name.at[0] > '9')))
        return false;
    for (size_t i = 0; i < sizeof RESERVED / sizeof RESERVED[0]; i++)
        if (text_is(name, RESERVED[i]))
            return false;
    return true;
}

static enum status check_payload(const struct socketio_packet *packet)
{
    const struct text payload = packet->payload;
    struct text first;
    struct text others;

    if (payload.bytes > 0 && json_scan_whole(payload, packet->attachments) != STATUS_OK)
        return STATUS_MALFORMED;
    switch (packet->type) {
    case SOCKETIO_CONNECT:
        return payload.bytes == 0 || payload.at[0] == '{' ? STATUS_OK : STATUS_MALFORMED;
    case SOCKETIO_DISCONNECT:
        return payload.bytes == 0 ? STATUS_OK : STATUS_MALFORMED;
    case SOCKETIO_CONNECT_ERROR:
        return payload.bytes == 0 || payload.at[0] == '{' || payload.at[0] == '"'
                   ? STATUS_OK
                   : STATUS_MALFORMED;
    case SOCKETIO_ACK:
    case SOCKETIO_BINARY_ACK:
        return payload.bytes > 0 && payload.at[0] == '[' &&
                       packet->acknowledgement != SOCKETIO_NO_ACKNOWLEDGEMENT
                   ? STATUS_OK
                   : STATUS_MALFORMED;
    case SOCKETIO_EVENT:
    case SOCKETIO_BINARY_EVENT:
        if (payload.bytes == 0 || payload.at[0] != '[')
            return STATUS_MALFORMED;
        json_scan_first(payload, &first, &others);
        return is_name(first) ? STATUS_OK : STATUS_MALFORMED;
    case SOCKETIO_TYPES:
        break;
    }
    return STATUS_MALFORMED;
}

enum status socketio_packet_read(struct text text, struct socketio_packet *packet)
{
    struct socketio_packet read = {.space = text_of(MAIN_SPACE)};

    if (text.bytes == 0 || text.at[0] < '0' || text.at[0] >= '0' + SOCKETIO_TYPES)
        return STATUS_MALFORMED;
    read.type = (enum socketio_type)(text.at[0] - '0');
    struct text rest = {text.at + 1, text.bytes - 1};
    if (is_binary(read.type) && read_attachments(&rest, &read) != STATUS_OK)
        return STATUS_MALFORMED;
    if (rest.bytes > 0 && rest.at[0] == '/')
        read.space = text_take(&rest, ',');
    if (read_acknowledgement(&rest, &read) != STATUS_OK)
        return STATUS_MALFORMED;
    read.payload = text_trim(rest);
    if (check_payload(&read) != STATUS_OK)
        return STATUS_MALFORMED;
    *packet = read;
    return STATUS_OK;
}

void socketio_packet_put_head(const struct socketio_packet *packet, struct text_writer *out)
{
    text_put(out, "%d", (int)packet->type);
    if (is_binary(packet->type))
        text_put(out, "%u-", packet->attachments);
    if (!text_is(packet->space, MAIN_SPACE)) {
        text_put_view(out, packet->space);
        text_put_view(out, text_of(","));
    }
    if (packet->acknowledgement != SOCKETIO_NO_ACKNOWLEDGEMENT)
        text_put(out, "%lld", (long long)packet->acknowledgement);
}
