#include "bench/publish/vp8_payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { PAYLOAD_MAX = 1172, FRAME_MAX = 20000, SLICE_MAX = PAYLOAD_MAX - 4 };

static void vp8_payload_cuts_evenly_and_loses_nothing_by_table(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        unsigned count;
    } frames[] = {{1, 1},
                  {SLICE_MAX, 1},
                  {SLICE_MAX + 1, 2},
                  {3 * SLICE_MAX, 3},
                  {3 * SLICE_MAX + 1, 4},
                  {FRAME_MAX, 18}};
    static uint8_t frame[FRAME_MAX];
    static uint8_t joined[FRAME_MAX];
    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct vp8_payload payload = vp8_payload_of(frame, frames[i].bytes, 0x8123, PAYLOAD_MAX);
        uint8_t out[PAYLOAD_MAX];
        size_t bytes = 0;
        size_t joined_bytes = 0;
        unsigned count = 0;
        size_t least = frames[i].bytes / frames[i].count;
        while ((bytes = vp8_payload_next(&payload, out)) > 0) {
            assert_in_range(bytes - 4, least, least + 1);
            assert_true(bytes <= PAYLOAD_MAX);
            const uint8_t descriptor[] = {count == 0 ? 0x90 : 0x80, 0x80, 0x81, 0x23};
            assert_memory_equal(out, descriptor, sizeof descriptor);
            memcpy(joined + joined_bytes, out + 4, bytes - 4);
            joined_bytes += bytes - 4;
            count++;
        }
        assert_int_equal(count, frames[i].count);
        assert_int_equal(joined_bytes, frames[i].bytes);
        assert_memory_equal(joined, frame, joined_bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vp8_payload_cuts_evenly_and_loses_nothing_by_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
