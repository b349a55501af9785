/* Text that is UTF-8, as engineio gives it: what is taken is sound JSON still when it is made
 * ASCII, and its head is written as it was read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/json_scan.h"
#include "signaling/name.h"
#include "signaling/socketio_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
    const struct text text = {(const char *)bytes, length_bytes};
    struct socketio_packet packet;
    struct socketio_packet again;
    struct text_writer writer;

    if (name_count_points(text.at, text.bytes) < 0 ||
        socketio_packet_read(text, &packet) != STATUS_OK)
        return 0;
    text_writer_init(&writer, SIZE_MAX / 4);
    socketio_packet_put_head(&packet, &writer);
    json_put_ascii(packet.payload, &writer);
    const size_t written_bytes = writer.bytes;
    char *written = text_writer_finish(&writer);
    if (written == NULL)
        abort();
    if (socketio_packet_read((struct text){written, written_bytes}, &again) != STATUS_OK ||
        again.type != packet.type || again.acknowledgement != packet.acknowledgement ||
        again.attachments != packet.attachments || !text_equals(again.space, packet.space))
        abort();
    free(written);
    return 0;
}
