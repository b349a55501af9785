#include "signaling/shared_text.h"

#include <stdlib.h>
#include <string.h>

enum { SCRATCH_BYTES = 8192 };

static struct shared_text *make(size_t text_bytes)
{
    struct shared_text *text = malloc(sizeof *text + SHARED_TEXT_HEAD_BYTES + text_bytes + 1);

    if (text == NULL)
        return NULL;
    text->references = 1;
    text->bytes = text_bytes;
    text->data[SHARED_TEXT_HEAD_BYTES + text_bytes] = '\0';
    return text;
}

struct shared_text *shared_text_join(const void *first, size_t first_bytes, const void *second,
                                     size_t second_bytes)
{
    struct shared_text *text = make(first_bytes + second_bytes);

    if (text == NULL)
        return NULL;
    if (first_bytes > 0)
        memcpy(text->data + SHARED_TEXT_HEAD_BYTES, first, first_bytes);
    if (second_bytes > 0)
        memcpy(text->data + SHARED_TEXT_HEAD_BYTES + first_bytes, second, second_bytes);
    return text;
}

struct shared_text *shared_text_copy(const char *text, size_t text_bytes)
{
    return shared_text_join(text, text_bytes, NULL, 0);
}

struct shared_text *shared_text_of_json(const json_t *object)
{
    static char scratch[SCRATCH_BYTES]; /* most messages fit: they are written once, not twice */
    const size_t bytes = json_dumpb(object, scratch, sizeof scratch, JSON_COMPACT);

    if (bytes == 0)
        return NULL;
    if (bytes <= sizeof scratch)
        return shared_text_copy(scratch, bytes);
    struct shared_text *text = make(bytes);
    if (text != NULL)
        (void)json_dumpb(object, (char *)text->data + SHARED_TEXT_HEAD_BYTES, bytes, JSON_COMPACT);
    return text;
}

struct shared_text *shared_text_keep(struct shared_text *text)
{
    text->references++;
    return text;
}

void shared_text_release(struct shared_text *text)
{
    if (text != NULL && --text->references == 0)
        free(text);
}

const char *shared_text_get(const struct shared_text *text)
{
    return (const char *)text->data + SHARED_TEXT_HEAD_BYTES;
}
