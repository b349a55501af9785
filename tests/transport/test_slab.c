#include "transport/slab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCKS = 1000, WANTED_BYTES = 700 };

static struct slab slab = SLAB_OF(WANTED_BYTES);

static void take_all(uint8_t *blocks[BLOCKS])
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = slab_take(&slab);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % SLAB_ALIGNMENT_BYTES, 0);
        for (unsigned k = 0; k < WANTED_BYTES; k++)
            assert_int_equal(blocks[i][k], 0);
        memset(blocks[i], (int)(i % 251 + 1), WANTED_BYTES);
    }
}

static void slab_blocks_are_zero_and_apart(void **state)
{
    static uint8_t *blocks[BLOCKS];

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        take_all(blocks);
        for (unsigned i = 0; i < BLOCKS; i++) {
            assert_int_equal(blocks[i][0], i % 251 + 1);
            assert_int_equal(blocks[i][WANTED_BYTES - 1], i % 251 + 1);
            slab_give(&slab, blocks[i]);
        }
    }
    slab_give(&slab, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slab_blocks_are_zero_and_apart),
    };

    return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
