#include "bench/publish/clock_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t value_of(const uint8_t *blocks, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++)
        value = value << 1 | blocks[i];
    return value;
}

/* The test vector of web/js/clock_code.js. */
static void clock_code_blocks_match_the_definition(void **state)
{
    (void)state;
    uint8_t blocks[CLOCK_CODE_BLOCKS];
    clock_code_blocks(UINT64_C(1700000000000), blocks);
    assert_int_equal(value_of(blocks, 2), 2);
    assert_int_equal(value_of(blocks + 2, 48), 0x018BCFE56800);
    assert_int_equal(value_of(blocks + 50, 8), 0x7F);
    assert_int_equal(value_of(blocks + 58, 2), 1);
}

static void clock_code_draws_into_its_row_only_by_table(void **state)
{
    (void)state;
    enum { BYTES_MAX = 1280 * 720, UNTOUCHED = 99 };
    static const struct {
        unsigned width;
        unsigned height;
    } sizes[] = {{1280, 720}, {640, 360}, {64, 64}, {66, 70}, {854, 480}};
    static uint8_t luma[BYTES_MAX];
    uint8_t blocks[CLOCK_CODE_BLOCKS];
    clock_code_blocks(12345, blocks);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned width = sizes[i].width;
        unsigned rows = sizes[i].height / CLOCK_CODE_ROWS;
        memset(luma, UNTOUCHED, sizeof luma);
        clock_code_draw(12345, luma, width, sizes[i].height);
        for (unsigned x = 0; x < width; x++) {
            unsigned block = 0;
            while ((block + 1) * width / CLOCK_CODE_COLUMNS <= x)
                block++;
            int expected = block >= CLOCK_CODE_BLOCKS ? UNTOUCHED : blocks[block] != 0 ? 235 : 16;
            assert_int_equal(luma[x], expected);
            assert_int_equal(luma[(size_t)(rows - 1) * width + x], expected);
            assert_int_equal(luma[(size_t)rows * width + x], UNTOUCHED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_code_blocks_match_the_definition),
        cmocka_unit_test(clock_code_draws_into_its_row_only_by_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
