/* signaling/description.h - streams and rooms as JSON, the same in WebSocket messages and in the
 * API (PROTOCOL.md section 3). All return a new reference, NULL when out of memory. Thread: main.
 */
#ifndef SIGNALING_DESCRIPTION_H
#define SIGNALING_DESCRIPTION_H

#include <jansson.h>

#include "signaling/directory.h"

/* {stream, name, live, audio, video, codec: {audio, video}, layers}. */
json_t *description_of_stream(const struct directory_stream *stream);
/* {`state`, `level_db`}. */
json_t *description_of_sound(const struct sound *sound);
/* Those of the room that are announced, an array. */
json_t *description_of_streams(const struct directory_room *room);

#endif
