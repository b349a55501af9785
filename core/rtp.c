#include "core/rtp.h"

#include "core/bytes.h"

enum {
    ONE_BYTE_FORM = 0xBEDE,
    TWO_BYTE_FORM = 0x1000, /* low 4 bits are the application's */
    ONE_BYTE_FORM_STOP = 15,
    ONE_BYTE_FORM_BYTES_MAX = 16,
};

/* Reads the elements of one extension block; data is the packet's first byte. */
static void read_elements(struct rtp *rtp, const uint8_t *data, uint16_t profile,
                          struct bytes block)
{
    bool one_byte = profile == ONE_BYTE_FORM;

    if (!one_byte && (profile & 0xfff0) != TWO_BYTE_FORM)
        return;
    while (bytes_left(&block) > 0 && rtp->element_count < RTP_ELEMENTS_MAX) {
        uint8_t first = bytes_u8(&block);
        if (first == 0) /* padding */
            continue;
        uint8_t id = one_byte ? first >> 4 : first;
        uint8_t bytes = one_byte ? (uint8_t)((first & 0x0f) + 1) : bytes_u8(&block);
        if (one_byte && (id == 0 || id == ONE_BYTE_FORM_STOP))
            return;
        const uint8_t *at = bytes_take(&block, bytes);
        if (!bytes_ok(&block))
            return;
        rtp->elements[rtp->element_count++] =
            (struct rtp_element){.id = id, .bytes = bytes, .offset = (uint16_t)(at - data)};
    }
}

enum status rtp_parse(const uint8_t *data, size_t data_bytes, struct rtp *rtp)
{
    struct rtp read = {0};

    if (data_bytes > UINT16_MAX)
        return STATUS_MALFORMED;
    if (data_bytes < RTP_HEADER_BYTES)
        return STATUS_SHORT;
    struct bytes bytes = bytes_of(data, data_bytes);
    uint8_t first = bytes_u8(&bytes);
    uint8_t second = bytes_u8(&bytes);
    if (first >> 6 != 2)
        return STATUS_UNSUPPORTED;
    read.marker = second & 0x80;
    read.payload_type = second & 0x7f;
    read.sequence_number = bytes_u16(&bytes);
    read.timestamp = bytes_u32(&bytes);
    read.ssrc = bytes_u32(&bytes);
    bytes_skip(&bytes, (size_t)(first & 0x0f) * 4); /* CSRC */
    if (first & 0x10) {
        uint16_t profile = bytes_u16(&bytes);
        uint16_t words = bytes_u16(&bytes);
        struct bytes block = bytes_cut(&bytes, (size_t)words * 4);
        read_elements(&read, data, profile, block);
    }
    if (!bytes_ok(&bytes))
        return STATUS_SHORT;
    size_t left = bytes_left(&bytes);
    if (first & RTP_PADDING_BIT) {
        uint8_t padding = data[data_bytes - 1];
        if (padding == 0 || padding > left)
            return STATUS_MALFORMED;
        read.padding_bytes = padding;
        left -= padding;
    }
    read.payload_offset = (uint16_t)(bytes.at - data);
    read.payload_bytes = (uint16_t)left;
    *rtp = read;
    return STATUS_OK;
}

const struct rtp_element *rtp_find_element(const struct rtp *rtp, uint8_t id)
{
    for (unsigned i = 0; id != 0 && i < rtp->element_count; i++)
        if (rtp->elements[i].id == id)
            return &rtp->elements[i];
    return NULL;
}

static void put_elements(struct bytes_writer *writer, const struct rtp_element_data *elements,
                         unsigned count)
{
    bool one_byte = true;

    for (unsigned i = 0; i < count; i++) {
        one_byte =
            one_byte && elements[i].bytes >= 1 && elements[i].bytes <= ONE_BYTE_FORM_BYTES_MAX;
    }
    bytes_put_u16(writer, one_byte ? ONE_BYTE_FORM : TWO_BYTE_FORM);
    size_t words_at = bytes_written(writer);
    bytes_put_u16(writer, 0);
    for (unsigned i = 0; i < count; i++) {
        if (one_byte) {
            bytes_put_u8(writer, (uint8_t)(elements[i].id << 4 | (elements[i].bytes - 1)));
        } else {
            bytes_put_u8(writer, elements[i].id);
            bytes_put_u8(writer, elements[i].bytes);
        }
        bytes_put(writer, elements[i].data, elements[i].bytes);
    }
    size_t block_bytes = bytes_written(writer) - words_at - 2;
    bytes_put_zeros(writer, (4 - block_bytes % 4) % 4);
    bytes_patch_u16(writer, words_at, (uint16_t)((block_bytes + 3) / 4));
}

size_t rtp_write_header(uint8_t *out, size_t capacity_bytes, const struct rtp *rtp,
                        const struct rtp_element_data *elements, unsigned count)
{
    struct bytes_writer writer = bytes_writer_of(out, capacity_bytes);

    bytes_put_u8(&writer, (uint8_t)(0x80 | (rtp->padding_bytes > 0 ? RTP_PADDING_BIT : 0) |
                                    (count > 0 ? 0x10 : 0)));
    bytes_put_u8(&writer, (uint8_t)((rtp->marker ? 0x80 : 0) | rtp->payload_type));
    bytes_put_u16(&writer, rtp->sequence_number);
    bytes_put_u32(&writer, rtp->timestamp);
    bytes_put_u32(&writer, rtp->ssrc);
    if (count > 0)
        put_elements(&writer, elements, count);
    return bytes_writer_ok(&writer) ? bytes_written(&writer) : 0;
}

int rtp_sequence_difference(uint16_t a, uint16_t b)
{
    int ahead = (uint16_t)(b - a);

    return ahead >= 0x8000 ? ahead - 0x10000 : ahead;
}

bool rtp_sequence_less(uint16_t a, uint16_t b)
{
    return rtp_sequence_difference(a, b) > 0;
}

int64_t rtp_sequence_extend(int64_t reference, uint16_t sequence_number)
{
    return reference + rtp_sequence_difference((uint16_t)reference, sequence_number);
}
