/* signaling/socketio_assembly.h - a Socket.IO packet whose attachments are still coming
 * (socketio/socket.io-protocol, "Packet encoding"). Pure; thread: main. */
#ifndef SIGNALING_SOCKETIO_ASSEMBLY_H
#define SIGNALING_SOCKETIO_ASSEMBLY_H

#include "core/status.h"
#include "signaling/socketio.h"

struct socketio_assembly;

/* text, which is copied, is the packet. bytes_max: of the packet and its attachments together.
 * STATUS_MALFORMED or STATUS_NO_MEMORY. */
MUST_CHECK enum status socketio_assembly_create(struct text text, size_t bytes_max,
                                                struct socketio_assembly **created);
/* NULL is allowed. */
void socketio_assembly_destroy(struct socketio_assembly *assembly);
/* The next attachment, which is copied; at most as many as the packet says. STATUS_FULL: too many
 * bytes; STATUS_NO_MEMORY. */
MUST_CHECK enum status socketio_assembly_add(struct socketio_assembly *assembly, struct text data);
/* The packet and its attachments, borrowed from assembly; NULL: some are still to come. */
const struct socketio_packet *socketio_assembly_whole(const struct socketio_assembly *assembly,
                                                      struct socketio_attachments *attachments);

#endif
