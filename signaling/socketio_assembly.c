#include "signaling/socketio_assembly.h"

#include <stdlib.h>
#include <string.h>

struct socketio_assembly {
    struct socketio_packet packet; /* borrows from text */
    char *text;
    char *copies[SOCKETIO_ATTACHMENTS_MAX];
    struct text attachments[SOCKETIO_ATTACHMENTS_MAX]; /* the same, as others see them */
    unsigned count;
    size_t bytes;
    size_t bytes_max;
};

static char *copy(struct text text)
{
    char *made = malloc(text.bytes + 1);

    if (made != NULL && text.bytes > 0)
        memcpy(made, text.at, text.bytes);
    return made;
}

enum status socketio_assembly_create(struct text text, size_t bytes_max,
                                     struct socketio_assembly **created)
{
    struct socketio_assembly *assembly = calloc(1, sizeof *assembly);

    if (assembly == NULL)
        return STATUS_NO_MEMORY;
    assembly->bytes = text.bytes;
    assembly->bytes_max = bytes_max;
    assembly->text = copy(text);
    enum status status = STATUS_NO_MEMORY;
    if (assembly->text != NULL)
        status = socketio_packet_read((struct text){assembly->text, text.bytes}, &assembly->packet);
    if (status != STATUS_OK) {
        socketio_assembly_destroy(assembly);
        return status;
    }
    *created = assembly;
    return STATUS_OK;
}

void socketio_assembly_destroy(struct socketio_assembly *assembly)
{
    if (assembly == NULL)
        return;
    for (unsigned i = 0; i < assembly->count; i++)
        free(assembly->copies[i]);
    free(assembly->text);
    free(assembly);
}

enum status socketio_assembly_add(struct socketio_assembly *assembly, struct text data)
{
    if (assembly->count >= assembly->packet.attachments ||
        assembly->bytes + data.bytes > assembly->bytes_max)
        return STATUS_FULL;
    char *made = copy(data);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    assembly->attachments[assembly->count] = (struct text){made, data.bytes};
    assembly->copies[assembly->count++] = made;
    assembly->bytes += data.bytes;
    return STATUS_OK;
}

const struct socketio_packet *socketio_assembly_whole(const struct socketio_assembly *assembly,
                                                      struct socketio_attachments *attachments)
{
    if (assembly->count < assembly->packet.attachments)
        return NULL;
    *attachments = (struct socketio_attachments){assembly->attachments, assembly->count};
    return &assembly->packet;
}
