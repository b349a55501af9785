/* The first byte chooses the form of the payload; each packet that is read is written again and
 * must be read as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/engineio_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

static void check_again(enum engineio_payload_form form, const struct engineio_packet *packet)
{
    struct text_writer writer;
    struct engineio_packet again;

    text_writer_init(&writer, SIZE_MAX / 4);
    engineio_payload_put(form, packet, &writer);
    const size_t bytes = writer.bytes;
    char *payload = text_writer_finish(&writer);
    if (payload == NULL)
        abort();
    struct text rest = {payload, bytes};
    /* Text that was decoded twice may be decoded a third time: only its type is compared. */
    if (engineio_payload_next(form, &rest, &again) != STATUS_OK || again.type != packet->type ||
        again.binary != packet->binary ||
        (packet->owned == NULL && !text_equals(again.data, packet->data)))
        abort();
    engineio_packet_close(&again);
    free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    struct engineio_packet packet;

    if (length_bytes == 0)
        return 0;
    const enum engineio_payload_form form = (enum engineio_payload_form)(bytes[0] % 3);
    struct text rest = {(const char *)bytes + 1, length_bytes - 1};
    while (engineio_payload_next(form, &rest, &packet) == STATUS_OK) {
        check_again(form, &packet);
        engineio_packet_close(&packet);
    }
    return 0;
}
