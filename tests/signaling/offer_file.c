#include "tests/signaling/offer_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signaling/text.h"

enum { FILE_BYTES_MAX = 1 << 20 };

char *offer_file_read(const char *name)
{
    struct text_writer writer;
    char path[256];

    snprintf(path, sizeof path, "tests/signaling/offers/%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s is missing", path);
    text_writer_init(&writer, FILE_BYTES_MAX);
    for (int byte = fgetc(file); byte != EOF; byte = fgetc(file))
        text_put(&writer, byte == '\n' ? "\r%c" : "%c", byte);
    fclose(file);
    char *text = text_writer_finish(&writer);
    assert_non_null(text);
    return text;
}

char *offer_file_replace(char *text, const char *from, const char *to)
{
    struct text_writer writer;
    const char *at = text;

    assert_non_null(strstr(text, from));
    text_writer_init(&writer, FILE_BYTES_MAX);
    for (const char *found = strstr(at, from); found != NULL; found = strstr(at, from)) {
        text_put_view(&writer, text_between(at, found));
        text_put(&writer, "%s", to);
        at = found + strlen(from);
    }
    text_put(&writer, "%s", at);
    free(text);
    char *changed = text_writer_finish(&writer);
    assert_non_null(changed);
    return changed;
}

char *offer_file_without(char *text, const char *start)
{
    struct text_writer writer;
    struct text rest = text_of(text);

    text_writer_init(&writer, FILE_BYTES_MAX);
    while (rest.bytes > 0) {
        const struct text line = text_take(&rest, '\n');
        if (!text_starts(line, start)) {
            text_put_view(&writer, line);
            text_put(&writer, "\n");
        }
    }
    char *changed = text_writer_finish(&writer);
    assert_non_null(changed);
    assert_string_not_equal(changed, text);
    free(text);
    return changed;
}
