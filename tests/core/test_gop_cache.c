#include "core/gop_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/mono.h"
#include "fake_egress.h"

static struct packet_pool *pool;
static struct gop_cache cache;
static int64_t now_ns;

static int set_up(void **state)
{
    (void)state;
    now_ns = 1000 * MONO_SECOND;
    assert_int_equal(packet_pool_create(40000, &pool), STATUS_OK);
    gop_cache_init(&cache, &(struct gop_cache_limits){.bytes_max = 0});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gop_cache_close(&cache);
    packet_pool_destroy(pool); /* asserts that all are back */
    return 0;
}

static void limit(uint64_t bytes_max, int64_t age_max_ns)
{
    gop_cache_init(&cache, &(struct gop_cache_limits){bytes_max, age_max_ns});
}

static bool push(int64_t number, bool key_frame)
{
    struct packet *packet = fake_video(pool, number, key_frame); /* of 1000 bytes */

    packet->arrival_ns = now_ns;
    bool kept = gop_cache_push(&cache, packet);
    packet_unref(packet);
    return kept;
}

/* What is kept, in order: count numbers. */
static void expect_kept(const int64_t *numbers, unsigned count)
{
    int64_t number = INT64_MIN / 2;

    assert_int_equal(packet_pool_taken(pool), count);
    assert_int_equal(cache.bytes, 1000 * count);
    for (unsigned i = 0; i < count; i++) {
        const struct packet *packet = gop_cache_next(&cache, number);
        assert_non_null(packet);
        assert_int_equal(packet->sequence_number, numbers[i]);
        assert_ptr_equal(gop_cache_find(&cache, numbers[i]), packet);
        number = packet->sequence_number + 1;
    }
    assert_null(gop_cache_next(&cache, number));
}

static void gop_cache_keeps_from_the_key_frame_on(void **state)
{
    (void)state;
    assert_false(push(7, false));
    assert_false(gop_cache_holds(&cache));
    assert_null(gop_cache_next(&cache, 0));
    assert_null(gop_cache_find(&cache, 7));
    assert_true(push(8, true));
    assert_true(push(9, false));
    assert_false(push(7, false)); /* late, from before */
    expect_kept((const int64_t[]){8, 9}, 2);
    assert_true(push(10, true));
    expect_kept((const int64_t[]){10}, 1);
    assert_null(gop_cache_find(&cache, 9));
    assert_null(gop_cache_find(&cache, 11));
}

static void gop_cache_puts_late_packets_into_holes(void **state)
{
    (void)state;
    assert_true(push(20, true));
    assert_true(push(23, false));
    assert_true(push(26, false));
    assert_true(push(24, false));
    assert_true(push(24, false)); /* again */
    expect_kept((const int64_t[]){20, 23, 24, 26}, 4);
}

static void gop_cache_keeps_what_overtook_the_key_frame(void **state)
{
    (void)state;
    assert_true(push(20, true));
    assert_true(push(21, false));
    assert_true(push(23, false));
    assert_true(push(24, false));
    assert_true(push(22, true)); /* 23 and 24 are its */
    expect_kept((const int64_t[]){22, 23, 24}, 3);
    assert_true(push(40, true)); /* far ahead: nothing is left */
    expect_kept((const int64_t[]){40}, 1);
    assert_false(push(22, true)); /* a key frame of old */
    expect_kept((const int64_t[]){40}, 1);
}

static void gop_cache_empties_itself_at_its_limits(void **state)
{
    (void)state;
    limit(3000, 0);
    assert_true(push(1, true) && push(2, false) && push(3, false));
    assert_false(push(4, false));
    expect_kept(NULL, 0);
    assert_false(push(5, false));
    assert_true(push(6, true)); /* until the next key frame */
    expect_kept((const int64_t[]){6}, 1);
    gop_cache_close(&cache);

    limit(0, MONO_SECOND);
    assert_true(push(1, true));
    now_ns += MONO_SECOND;
    assert_true(push(2, false));
    now_ns++;
    assert_false(push(3, false));
    expect_kept(NULL, 0);
    gop_cache_close(&cache);

    limit(0, 0);
    assert_true(push(1, true));
    assert_true(push(GOP_CACHE_PACKETS_MAX, false));
    assert_false(push(GOP_CACHE_PACKETS_MAX + 1, false));
    expect_kept(NULL, 0);
    gop_cache_close(&cache);

    limit(500, 0);
    assert_false(push(1, true)); /* not even the first */
    expect_kept(NULL, 0);
}

static void gop_cache_grows_and_keeps_order(void **state)
{
    (void)state;
    assert_true(push(100, true));
    for (int64_t i = 1; i < 3000; i++)
        assert_true(push(100 + i, false));
    assert_int_equal(packet_pool_taken(pool), 3000);
    for (int64_t i = 0; i < 3000; i++) {
        const struct packet *packet = gop_cache_find(&cache, 100 + i);
        assert_non_null(packet);
        assert_int_equal(packet->sequence_number, 100 + i);
    }
    gop_cache_clear(&cache);
    expect_kept(NULL, 0);
    assert_true(push(50000, true)); /* numbers go on elsewhere */
    expect_kept((const int64_t[]){50000}, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gop_cache_keeps_from_the_key_frame_on),
        TEST(gop_cache_puts_late_packets_into_holes),
        TEST(gop_cache_keeps_what_overtook_the_key_frame),
        TEST(gop_cache_empties_itself_at_its_limits),
        TEST(gop_cache_grows_and_keeps_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
