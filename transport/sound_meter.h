/* transport/sound_meter.h - how loud one stream's Opus (RFC 6716) is: it is decoded to mono at a
 * low rate, for its level alone. What is lost on the way is left out, nothing is concealed. No
 * thread and no clock: packets and now_ns come in. */
#ifndef TRANSPORT_SOUND_METER_H
#define TRANSPORT_SOUND_METER_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum {
    SOUND_FLOOR_DB = -127,        /* what is said of nothing at all, as in RFC 6464 */
    SOUND_SILENT_DB = -70,        /* below is silence: a dead microphone, not a quiet room */
    SOUND_WINDOW_MS = 1000,       /* that a level is of */
    SOUND_CLIPPED_MS = 20,        /* of the window at full scale are clipping */
    SOUND_CLIPPED_HOLD_MS = 3000, /* how long it is told after it ended */
};

enum sound_state {
    SOUND_UNKNOWN, /* nothing arrived yet */
    SOUND_OK,
    SOUND_SILENT,
    SOUND_CLIPPING,
};

struct sound {
    enum sound_state state;
    int level_db; /* RMS, dBFS: 0 is a square wave at full scale; none while unknown */
};

/* "ok", "silent", "clipping", "unknown"; static. */
const char *sound_state_text(enum sound_state state);

struct sound_meter;

/* silent_ns: how long silence lasts until it is told. A decoder is made for the first packet. */
MUST_CHECK enum status sound_meter_create(int64_t silent_ns, struct sound_meter **meter);
void sound_meter_destroy(struct sound_meter *meter); /* NULL is allowed */
/* Takes one packet's payload (borrowed). STATUS_MALFORMED: not Opus. STATUS_FULL: more sound than
 * time, not decoded. STATUS_NO_MEMORY. */
MUST_CHECK enum status sound_meter_receive(struct sound_meter *meter, const uint8_t *payload,
                                           size_t payload_bytes, int64_t now_ns);
struct sound sound_meter_read(struct sound_meter *meter, int64_t now_ns);

#endif
