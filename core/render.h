/* core/render.h - the RTP headers of a batch, rendered once for each profile in the audience
 * instead of once a viewer. A header is the same, byte for byte, whenever it is rendered for the
 * same packet and profile: resending under the same SRTP index depends on it (RFC 3711
 * section 9.1). Held by value, big; thread: the worker that owns it. No allocation. */
#ifndef CORE_RENDER_H
#define CORE_RENDER_H

#include <stddef.h>
#include <stdint.h>

#include "core/egress.h"
#include "core/packet.h"
#include "core/profile.h"

enum { RENDER_ROWS = 16, RENDER_ARENA_BYTES = 32 * 1024 };

/* One packet's header; header_bytes 0: the profile cannot take the packet, or it is no media. */
struct rendered {
    const uint8_t *header;
    uint16_t header_bytes;
};

struct render_row {
    const struct profile *profile;
    unsigned count; /* packets rendered so far */
    struct rendered packets[EGRESS_BATCH_MAX];
};

/* Ready for use when all zero. */
struct render {
    unsigned row_count;
    unsigned arena_used_bytes;
    struct render_row rows[RENDER_ROWS];
    uint8_t arena[RENDER_ARENA_BYTES];
};

/* Forgets all rows; nothing that was rendered may be used any more. */
void render_reset(struct render *render);
/* The row of profile for the batch, borrowed until render_reset; between two resets the batch may
 * only grow. NULL when there is no room: flush, reset and ask again. */
const struct render_row *render_row(struct render *render, const struct profile *profile,
                                    struct packet *const *batch, unsigned count);

/* Writes the header of a media packet with payload_type and profile's extension ids to out (room
 * for EGRESS_HEADER_BYTES_MAX); sequence number, timestamp and SSRC are the packet's or 0, for the
 * viewer's to replace. Returns its bytes. Extensions that do not fit are left out. */
size_t render_header(const struct packet *packet, const struct profile *profile,
                     uint8_t payload_type, uint8_t *out);

#endif
