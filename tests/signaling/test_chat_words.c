#include "signaling/chat_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char WORDS[] = "# a comment\n\n bad \r\nbadger\nwörd\n坏词\nugly one";

static void chat_words_masks_what_is_listed(void **state)
{
    static const struct {
        const char *text;
        const char *masked;
    } cases[] = {
        {"", ""},
        {"good", "good"},
        {"bad", "***"},
        {"a bad day", "a *** day"},
        {"BaD", "***"},
        {"ｂａｄ", "***"},
        {"badger", "******"}, /* the longest */
        {"badge", "***ge"},
        {"babad", "ba***"},
        {"badbad", "******"},
        {"ba", "ba"},
        {"WÖRD!", "****!"},
        {"这是坏词吗", "这是**吗"},
        {"坏 词", "坏 词"},
        {"an ugly one", "an ********"},
        {"comment #", "comment #"},
    };
    struct chat_words *words;

    (void)state;
    assert_int_equal(chat_words_parse(WORDS, strlen(WORDS), &words), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        strcpy(text, cases[i].text);
        chat_words_mask(words, text);
        assert_string_equal(text, cases[i].masked);
    }
    chat_words_destroy(words);
}

static void chat_words_looks_at_a_bounded_part_of_a_text(void **state)
{
    char text[2 * CHAT_WORDS_TEXT_POINTS_MAX + 4];
    struct chat_words *words;

    (void)state;
    assert_int_equal(chat_words_parse("bad", 3, &words), 0);
    memset(text, 'x', sizeof text);
    strcpy(text + sizeof text - 4, "bad");
    chat_words_mask(words, text);
    assert_int_equal(strlen(text), sizeof text - 1);
    assert_string_equal(text + sizeof text - 4, "bad");
    chat_words_destroy(words);
}

static void chat_words_refuses_a_bad_file(void **state)
{
    struct chat_words *words;

    (void)state;
    assert_int_equal(chat_words_parse("a\n\xff\n", 4, &words), STATUS_MALFORMED);
    assert_int_equal(chat_words_read("no-such-file", &words), STATUS_NOT_FOUND);
    assert_int_equal(chat_words_read("", &words), STATUS_OK);
    char text[] = "bad";
    chat_words_mask(words, text);
    assert_string_equal(text, "bad");
    chat_words_destroy(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chat_words_masks_what_is_listed),
        cmocka_unit_test(chat_words_looks_at_a_bounded_part_of_a_text),
        cmocka_unit_test(chat_words_refuses_a_bad_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
