#include "transport/mux.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Never looked into: the table only carries them. */
static uint64_t records[2];
#define FIRST ((struct viewer_session *)(void *)&records[0])
#define SECOND ((struct viewer_session *)(void *)&records[1])

static struct address address_of(unsigned number)
{
    struct address address = {
        .ip = {[10] = 0xff, [11] = 0xff, 10, 0, (uint8_t)(number >> 8), (uint8_t)number},
        .port = (uint16_t)(1 + number % 60000)};
    return address;
}

static void mux_tells_protocols_by_the_first_byte(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[2];
        enum mux_kind expected;
    } cases[] = {
        {{0, 1}, MUX_STUN},    {{3, 0}, MUX_STUN},      {{4, 0}, MUX_OTHER},
        {{19, 0}, MUX_OTHER},  {{20, 0}, MUX_DTLS},     {{63, 0}, MUX_DTLS},
        {{64, 0}, MUX_OTHER},  {{127, 0}, MUX_OTHER},   {{128, 96}, MUX_RTP},
        {{191, 191}, MUX_RTP}, {{128, 192}, MUX_RTCP},  {{128, 223}, MUX_RTCP},
        {{128, 224}, MUX_RTP}, {{192, 200}, MUX_OTHER}, {{255, 255}, MUX_OTHER},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(mux_kind_of(cases[i].bytes, 2), cases[i].expected);
        assert_int_equal(mux_kind_of(cases[i].bytes, 1), MUX_OTHER);
        assert_int_equal(mux_kind_of(cases[i].bytes, 0), MUX_OTHER);
    }
}

static struct mux *make_mux(void)
{
    struct mux *mux = NULL;

    assert_int_equal(mux_create(&mux), STATUS_OK);
    return mux;
}

static void mux_gives_an_address_to_its_latest_session(void **state)
{
    (void)state;
    struct mux *mux = make_mux();
    const struct address address = address_of(7);

    assert_null(mux_find(mux, &address));
    assert_int_equal(mux_put(mux, &address, FIRST), STATUS_OK);
    assert_int_equal(mux_put(mux, &address, SECOND), STATUS_OK);
    assert_int_equal(mux_entries(mux), 1);
    mux_remove(mux, &address, FIRST); /* it has lost it */
    assert_ptr_equal(mux_find(mux, &address)->session, SECOND);
    mux_remove(mux, &address, SECOND);
    assert_null(mux_find(mux, &address));
    mux_destroy(mux);
}

static void mux_keeps_every_entry_as_it_grows_and_shrinks(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct mux *mux = make_mux();

    for (unsigned i = 0; i < MANY; i++) {
        const struct address address = address_of(i);
        assert_int_equal(mux_put(mux, &address, FIRST), STATUS_OK);
    }
    assert_int_equal(mux_entries(mux), MANY);
    for (unsigned i = 0; i < MANY; i += 2) {
        const struct address address = address_of(i);
        mux_remove(mux, &address, FIRST);
    }
    for (unsigned i = 0; i < MANY; i++) {
        const struct address address = address_of(i);
        assert_int_equal(mux_find(mux, &address) != NULL, i % 2);
    }
    mux_destroy(mux);
}

static void mux_bounds_and_expires_foreign_entries(void **state)
{
    (void)state;
    struct mux *mux = make_mux();
    const struct address own = address_of(50000);
    const struct address one_more = address_of(50001);
    const struct address first = address_of(0);

    assert_int_equal(mux_put(mux, &own, FIRST), STATUS_OK);
    for (unsigned i = 0; i < MUX_FOREIGN_MAX; i++) {
        const struct address address = address_of(i);
        assert_int_equal(mux_put_foreign(mux, &address, 3, (int64_t)i), STATUS_OK);
    }
    assert_int_equal(mux_put_foreign(mux, &one_more, 3, 0), STATUS_FULL);
    assert_int_equal(mux_put_foreign(mux, &first, 2, MUX_FOREIGN_MAX), STATUS_OK); /* again */
    assert_int_equal(mux_find(mux, &first)->worker, 2);
    mux_expire_foreign(mux, MUX_FOREIGN_MAX);
    assert_int_equal(mux_entries(mux), 2);
    assert_non_null(mux_find(mux, &own));
    assert_non_null(mux_find(mux, &first));
    assert_int_equal(mux_put(mux, &first, FIRST), STATUS_OK); /* it became ours */
    mux_expire_foreign(mux, INT64_MAX);
    assert_int_equal(mux_entries(mux), 2);
    mux_destroy(mux);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mux_tells_protocols_by_the_first_byte),
        cmocka_unit_test(mux_gives_an_address_to_its_latest_session),
        cmocka_unit_test(mux_keeps_every_entry_as_it_grows_and_shrinks),
        cmocka_unit_test(mux_bounds_and_expires_foreign_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
