/* tests/scenario/sim_payload.h - what the broadcaster puts into a payload and the viewer checks:
 * real enough at the front for core/codec.h, behind it the frame's number and which part of it this
 * is. */
#ifndef TESTS_SCENARIO_SIM_PAYLOAD_H
#define TESTS_SCENARIO_SIM_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec.h"

enum { SIM_PAYLOAD_BYTES_MIN = 12, SIM_PAYLOAD_PARTS_MAX = 128 };

struct sim_payload {
    enum codec codec;
    bool key_frame;
    uint8_t broadcast; /* which of the room's broadcasts */
    uint32_t frame;
    uint8_t part;
    uint8_t parts;
};

/* Writes it, padded to bytes with a pattern. */
void sim_payload_write(const struct sim_payload *payload, uint8_t *out, size_t bytes);
/* False when a byte is not as written. */
bool sim_payload_read(enum codec codec, const uint8_t *data, size_t bytes,
                      struct sim_payload *payload);

#endif
