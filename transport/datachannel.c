#include "transport/datachannel.h"

#include <string.h>

#include "core/bytes.h"

/* RFC 8832 sections 8.2.1 and 5.1. */
enum { MESSAGE_ACK = 0x02, MESSAGE_OPEN = 0x03 };
enum { CHANNEL_UNORDERED = 0x80, CHANNEL_RELIABILITY = 0x7F };

static void take_name(struct bytes *bytes, size_t name_bytes, struct datachannel_name *name)
{
    const uint8_t *text = bytes_take(bytes, name_bytes);

    if (text == NULL)
        return;
    name->bytes = (uint8_t)name_bytes;
    memcpy(name->text, text, name_bytes);
}

static enum status read_open(struct bytes *bytes, struct datachannel *channel)
{
    struct datachannel read = {.ordered = false};
    const uint8_t type = bytes_u8(bytes);

    read.ordered = (type & CHANNEL_UNORDERED) == 0;
    read.priority = bytes_u16(bytes);
    const uint32_t limit = bytes_u32(bytes);
    const size_t label_bytes = bytes_u16(bytes);
    const size_t protocol_bytes = bytes_u16(bytes);

    if (!bytes_ok(bytes) || bytes_left(bytes) < label_bytes + protocol_bytes)
        return STATUS_SHORT;
    if (bytes_left(bytes) != label_bytes + protocol_bytes)
        return STATUS_MALFORMED;
    if ((type & CHANNEL_RELIABILITY) > DATACHANNEL_LIFETIME ||
        label_bytes > DATACHANNEL_NAME_BYTES_MAX || protocol_bytes > DATACHANNEL_NAME_BYTES_MAX)
        return STATUS_UNSUPPORTED;
    read.reliability = (enum datachannel_reliability)(type & CHANNEL_RELIABILITY);
    read.limit = read.reliability == DATACHANNEL_RELIABLE ? 0 : limit;
    take_name(bytes, label_bytes, &read.label);
    take_name(bytes, protocol_bytes, &read.protocol);
    *channel = read;
    return STATUS_OK;
}

enum status datachannel_read(const uint8_t *data, size_t data_bytes,
                             enum datachannel_message *message, struct datachannel *channel)
{
    struct bytes bytes = bytes_of(data, data_bytes);
    const uint8_t type = bytes_u8(&bytes);

    if (!bytes_ok(&bytes))
        return STATUS_SHORT;
    if (type == MESSAGE_ACK) {
        if (bytes_left(&bytes) > 0)
            return STATUS_MALFORMED;
        *message = DATACHANNEL_ACK;
        return STATUS_OK;
    }
    if (type != MESSAGE_OPEN)
        return STATUS_UNSUPPORTED;
    const enum status status = read_open(&bytes, channel);
    if (status == STATUS_OK)
        *message = DATACHANNEL_OPEN;
    return status;
}

size_t datachannel_write_open(const struct datachannel *channel,
                              uint8_t out[DATACHANNEL_OPEN_BYTES_MAX])
{
    struct bytes_writer writer = bytes_writer_of(out, DATACHANNEL_OPEN_BYTES_MAX);
    const unsigned order = channel->ordered ? 0 : CHANNEL_UNORDERED;

    bytes_put_u8(&writer, MESSAGE_OPEN);
    bytes_put_u8(&writer, (uint8_t)(channel->reliability | order));
    bytes_put_u16(&writer, channel->priority);
    bytes_put_u32(&writer, channel->limit);
    bytes_put_u16(&writer, channel->label.bytes);
    bytes_put_u16(&writer, channel->protocol.bytes);
    bytes_put(&writer, channel->label.text, channel->label.bytes);
    bytes_put(&writer, channel->protocol.text, channel->protocol.bytes);
    return bytes_written(&writer);
}

size_t datachannel_write_ack(uint8_t out[DATACHANNEL_ACK_BYTES])
{
    out[0] = MESSAGE_ACK;
    return DATACHANNEL_ACK_BYTES;
}

bool datachannel_is_named(const struct datachannel *channel, const char *name)
{
    return strlen(name) == channel->label.bytes &&
           memcmp(channel->label.text, name, channel->label.bytes) == 0;
}

bool datachannel_is_payload(uint32_t payload_protocol)
{
    return payload_protocol == DATACHANNEL_TEXT || payload_protocol == DATACHANNEL_BINARY ||
           payload_protocol == DATACHANNEL_TEXT_EMPTY ||
           payload_protocol == DATACHANNEL_BINARY_EMPTY;
}
