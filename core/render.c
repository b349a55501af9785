#include "core/render.h"

#include <assert.h>
#include <stdbool.h>

#include "core/rtp.h"

enum {
    EXTENSION_BLOCK_BYTES = EGRESS_HEADER_BYTES_MAX - RTP_HEADER_BYTES - 4 - 3, /* less padding */
    ELEMENT_HEADER_BYTES = 2,
};

void render_reset(struct render *render)
{
    render->row_count = 0;
    render->arena_used_bytes = 0;
}

size_t render_header(const struct packet *packet, const struct profile *profile,
                     uint8_t payload_type, uint8_t *out)
{
    struct rtp_element_data elements[EXTENSION_COUNT];
    const struct rtp header = {
        .marker = packet->marker,
        .payload_type = payload_type,
        .sequence_number = (uint16_t)packet->sequence_number,
        .timestamp = packet->timestamp,
        .padding_bytes = packet->padding_bytes,
    };
    unsigned count = 0;
    unsigned block_bytes = 0;

    for (int i = EXTENSION_AUDIO_LEVEL; i < EXTENSION_COUNT; i++) {
        const struct packet_extension *extension = &packet->extension[i];
        unsigned element_bytes = ELEMENT_HEADER_BYTES + extension->bytes;
        if (extension->bytes == 0 || profile->extension_id[i] == 0 ||
            block_bytes + element_bytes > EXTENSION_BLOCK_BYTES)
            continue;
        block_bytes += element_bytes;
        elements[count++] = (struct rtp_element_data){
            .id = profile->extension_id[i],
            .bytes = extension->bytes,
            .data = &packet->data[extension->offset],
        };
    }
    size_t bytes = rtp_write_header(out, EGRESS_HEADER_BYTES_MAX, &header, elements, count);
    assert(bytes > 0);
    return bytes;
}

static void fill_row(struct render *render, struct render_row *row, struct packet *const *batch,
                     unsigned count)
{
    for (unsigned i = row->count; i < count; i++) {
        row->packets[i] = (struct rendered){0};
        if (batch[i]->kind != PACKET_MEDIA)
            continue;
        const struct profile_format *format = profile_find(row->profile, &batch[i]->format);
        if (format == NULL)
            continue;
        uint8_t *header = &render->arena[render->arena_used_bytes];
        size_t bytes = render_header(batch[i], row->profile, format->payload_type, header);
        row->packets[i] = (struct rendered){.header = header, .header_bytes = (uint16_t)bytes};
        render->arena_used_bytes += (unsigned)bytes;
    }
    row->count = count;
}

static bool has_room(const struct render *render, unsigned headers)
{
    return headers * EGRESS_HEADER_BYTES_MAX <= RENDER_ARENA_BYTES - render->arena_used_bytes;
}

const struct render_row *render_row(struct render *render, const struct profile *profile,
                                    struct packet *const *batch, unsigned count)
{
    struct render_row *row = NULL;

    for (unsigned i = 0; i < render->row_count && row == NULL; i++)
        if (render->rows[i].profile == profile)
            row = &render->rows[i];
    if (row != NULL && row->count >= count)
        return row;
    if (!has_room(render, row != NULL ? count - row->count : count))
        return NULL;
    if (row == NULL && render->row_count == RENDER_ROWS)
        return NULL;
    if (row == NULL) {
        row = &render->rows[render->row_count++];
        row->profile = profile;
        row->count = 0;
    }
    fill_row(render, row, batch, count);
    return row;
}
