#include "core/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct profile browser = {
    .formats = {{{CODEC_OPUS, 0, 0, 0, 0}, 111, PROFILE_NO_PAYLOAD_TYPE},
                {{CODEC_VP8, 0, 0, 0, 0}, 96, 97},
                {{CODEC_VP9, 0, 2, 0, 0}, 100, 101},
                {{CODEC_VP9, 0, 0, 0, 0}, 98, 99},
                {{CODEC_H264, 1, 0x64, 0x00, 31}, 104, 105},
                {{CODEC_H264, 1, 0x42, 0xe0, 31}, 102, 103}},
    .format_count = 6,
    .extension_id = {[EXTENSION_AUDIO_LEVEL] = 1},
};

static void profile_intern_gives_equal_ones_once(void **state)
{
    (void)state;
    const struct profile *first = NULL;
    const struct profile *second = NULL;
    const struct profile *other = NULL;
    struct profile changed = browser;

    changed.formats[10].payload_type = 77; /* beyond format_count */
    assert_int_equal(profile_intern(&browser, &first), STATUS_OK);
    assert_int_equal(profile_intern(&changed, &second), STATUS_OK);
    assert_ptr_equal(first, second);
    changed.formats[1].rtx_payload_type = PROFILE_NO_PAYLOAD_TYPE;
    assert_int_equal(profile_intern(&changed, &other), STATUS_OK);
    assert_ptr_not_equal(first, other);
    assert_int_not_equal(first->index, other->index);
    changed.nack[TRACK_VIDEO] = true;
    assert_int_equal(profile_intern(&changed, &second), STATUS_OK);
    assert_ptr_not_equal(second, other);
}

/* A browser that nobody else has: one for each number. */
static struct profile odd_browser(unsigned number)
{
    struct profile odd = browser;

    odd.formats[0].payload_type = (uint8_t)(number & 0x7f);
    odd.formats[1].payload_type = (uint8_t)(number >> 7);
    odd.extension_id[EXTENSION_MID] = 14;
    return odd;
}

static void profile_intern_refuses_beyond_its_bound(void **state)
{
    (void)state;
    struct profile odd = browser;
    const struct profile *interned = NULL;
    const struct profile *last = NULL;
    enum status status = STATUS_OK;

    odd.format_count = PROFILE_FORMATS_MAX + 1;
    assert_int_equal(profile_intern(&odd, &interned), STATUS_MALFORMED);
    for (unsigned i = 0; i <= PROFILE_MAX && status == STATUS_OK; i++) {
        odd = odd_browser(i);
        last = interned;
        status = profile_intern(&odd, &interned);
    }
    assert_int_equal(status, STATUS_FULL);
    assert_int_equal(profile_intern(&browser, &interned), STATUS_OK); /* is there already */

    /* One who leaves makes room for another, and only he. */
    assert_int_equal(profile_intern(&odd, &interned), STATUS_FULL);
    profile_release(last);
    assert_int_equal(profile_intern(&odd, &interned), STATUS_OK);
    assert_int_equal(interned->formats[1].payload_type, odd.formats[1].payload_type);
    odd = odd_browser(PROFILE_MAX + 1);
    assert_int_equal(profile_intern(&odd, &interned), STATUS_FULL);
}

static void profile_intern_outlives_a_flood_of_odd_ones(void **state)
{
    (void)state;
    const struct profile *interned = NULL;

    for (unsigned i = 0; i < 4 * PROFILE_MAX; i++) {
        const struct profile odd = odd_browser(i);
        assert_int_equal(profile_intern(&odd, &interned), STATUS_OK);
        profile_release(interned);
    }
}

static void profile_find_prefers_the_exact_format(void **state)
{
    (void)state;
    static const struct {
        struct codec_format sent;
        int payload_type; /* -1: none */
    } cases[] = {
        {{CODEC_OPUS, 0, 0, 0, 0}, 111},        {{CODEC_VP8, 0, 0, 0, 0}, 96},
        {{CODEC_VP9, 0, 0, 0, 0}, 98},          {{CODEC_VP9, 0, 2, 0, 0}, 100},
        {{CODEC_VP9, 0, 1, 0, 0}, -1},          {{CODEC_H264, 1, 0x42, 0xe0, 42}, 102},
        {{CODEC_H264, 1, 0x4d, 0x00, 31}, 104}, {{CODEC_H264, 0, 0x42, 0xe0, 31}, 104},
        {{CODEC_AV1, 0, 0, 0, 0}, -1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct profile_format *found = profile_find(&browser, &cases[i].sent);
        assert_int_equal(found != NULL ? found->payload_type : -1, cases[i].payload_type);
    }
}

static void profile_extension_uris_differ(void **state)
{
    (void)state;
    for (int i = 0; i < EXTENSION_COUNT; i++) {
        assert_true(strlen(profile_extension_uri((enum extension)i)) > 0);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(profile_extension_uri((enum extension)i),
                                    profile_extension_uri((enum extension)j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profile_intern_gives_equal_ones_once),
        cmocka_unit_test(profile_find_prefers_the_exact_format),
        cmocka_unit_test(profile_extension_uris_differ),
        cmocka_unit_test(profile_intern_outlives_a_flood_of_odd_ones),
        cmocka_unit_test(profile_intern_refuses_beyond_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
