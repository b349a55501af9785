/* signaling/chat_words.h - words that are not to be read in chat: a file of them, and how they are
 * masked. Case and full width do not matter. Immutable once read. Thread: main. */
#ifndef SIGNALING_CHAT_WORDS_H
#define SIGNALING_CHAT_WORDS_H

#include <stddef.h>

#include "core/status.h"

enum {
    CHAT_WORDS_FILE_BYTES_MAX = 1024 * 1024,
    CHAT_WORDS_TEXT_POINTS_MAX = 500, /* of a text that is masked */
};

struct chat_words;

/* Reads a file of UTF-8: one word a line, spaces around it and empty lines left out, and lines that
 * begin with '#'. path "": no words. STATUS_NOT_FOUND: unreadable; STATUS_MALFORMED: too large, or
 * not UTF-8. */
MUST_CHECK enum status chat_words_read(const char *path, struct chat_words **words);
/* The same from memory. */
MUST_CHECK enum status chat_words_parse(const char *text, size_t text_bytes,
                                        struct chat_words **words);
/* NULL is allowed. */
void chat_words_destroy(struct chat_words *words);
/* Puts one '*' for each code point of each word in text (valid UTF-8, terminated), which gets no
 * longer. Only its first CHAT_WORDS_TEXT_POINTS_MAX code points are looked at. */
void chat_words_mask(const struct chat_words *words, char *text);

#endif
