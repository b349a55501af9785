#include "signaling/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void name_is_valid_follows_the_rule(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"a", true},
        {"直播间1", true},
        {"room with blanks", true},
        {"..", true},
        {"", false},
        {"a/b", false},
        {"a\tb", false},
        {"a\x7f", false},
        {"\xc2\x85", false},         /* U+0085, a control character */
        {"\xc2\xa0", true},          /* U+00A0 */
        {"\xc0\xaf", false},         /* '/' in an overlong form */
        {"\xed\xa0\x80", false},     /* a surrogate */
        {"\xf4\x90\x80\x80", false}, /* beyond U+10FFFF */
        {"\xe7\x9b", false},         /* cut off */
        {"\xff", false},
        {"0123456789012345678901234567890123456789012345678901234567890123", true},
        {"01234567890123456789012345678901234567890123456789012345678901234", false},
        {"播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播"
         "播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播",
         true},
        {"播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播"
         "播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播播",
         false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (name_is_valid(cases[i].text, strlen(cases[i].text)) != cases[i].valid)
            fail_msg("%s", cases[i].text);
}

static void name_split_path_reads_room_and_stream(void **state)
{
    static const struct {
        const char *path;
        const char *room; /* NULL: refused */
        const char *stream;
    } cases[] = {
        {"/whip/a", "a", "main"},
        {"/whip/a/", "a", "main"},
        {"/whip/a/cam", "a", "cam"},
        {"/whip/a/cam/", "a", "cam"},
        {"/whip/%E7%9B%B4%e6%92%AD", "直播", "main"},
        {"/whip/a%20b/c+d", "a b", "c+d"},
        {"/whip/%41", "A", "main"},
        {"/whip/", NULL, NULL},
        {"/whip//cam", NULL, NULL},
        {"/whip/a/b/c", NULL, NULL},
        {"/whip/a%2Fb", NULL, NULL},
        {"/whip/a%00", NULL, NULL},
        {"/whip/a%4", NULL, NULL},
        {"/whip/a%", NULL, NULL},
        {"/whip/a%zz", NULL, NULL},
        {"/whip/%FF", NULL, NULL},
        {"/whip/a/%0a", NULL, NULL},
    };
    char room[NAME_BYTES_MAX + 1];
    char stream[NAME_BYTES_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const enum status status = name_split_path(cases[i].path, "/whip/", room, stream);
        if (cases[i].room == NULL) {
            assert_int_equal(status, STATUS_MALFORMED);
            continue;
        }
        assert_int_equal(status, STATUS_OK);
        assert_string_equal(room, cases[i].room);
        assert_string_equal(stream, cases[i].stream);
    }
}

static void name_decode_is_bounded(void **state)
{
    char segment[3 * (NAME_BYTES_MAX + 1) + 1] = "";
    char name[NAME_BYTES_MAX + 1];

    (void)state;
    for (unsigned i = 0; i <= NAME_BYTES_MAX; i++)
        strcat(segment, "%41");
    assert_int_equal(name_decode(segment, strlen(segment), name), STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_is_valid_follows_the_rule),
        cmocka_unit_test(name_split_path_reads_room_and_stream),
        cmocka_unit_test(name_decode_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
